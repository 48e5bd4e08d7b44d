import fc from 'fast-check';
import {
  RECORDS_PER_EVENT_MAX,
  reportUsage as reportWithReasons,
  usage,
  type FlaggedUsage,
  type ReportedUsage,
  type Usage,
  type UsageReported,
} from '../../src/access/usage.js';
import type { Allocation } from '../../src/compute/facility.js';
import type { EventOutline } from '../../src/ledger/aggregate.js';
import type { Envelope } from '../../src/ledger/event.js';
import { MS_PER_HOUR, parseInstant } from '../../src/ledger/time.js';
import { given, refusalOf } from '../support/given.js';

const FROM = '2026-04-01T00:00:00Z';
const TO = '2026-04-01T10:00:00Z';

/** 10 chips for 10 hours: 100 chip-hours. */
const allocation = (change: Partial<Allocation> = {}): Allocation => ({
  allocationId: 'allocation',
  grantId: 'grant',
  partnerId: 'partner',
  category: 'sme',
  country: 'FR',
  mode: 'regular',
  chipModel: 'model',
  chips: 10,
  from: parseInstant(FROM),
  to: parseInstant(TO),
  protection: 'category',
  released: false,
  ...change,
});
const report = (chipHours: number, change: Partial<ReportedUsage> = {}): ReportedUsage => ({
  allocation: allocation(),
  from: FROM,
  to: TO,
  chipHours,
  index: 0,
  ...change,
});
/** Every interval of these specs is over by now. */
const NOW = '2200-01-01T00:00:00Z';
const reportUsage = (state: Usage, facilityId: string, reports: readonly ReportedUsage[], now = NOW): UsageReported[] =>
  reportWithReasons(state, facilityId, reports, now).events;

const facts = {
  allocationId: 'allocation',
  grantId: 'grant',
  partnerId: 'partner',
  category: 'sme' as const,
  country: 'FR',
  mode: 'regular' as const,
};
const reported = (...chipHours: number[]) => ({
  type: 'usage-reported' as const,
  data: {
    facilityId: 'facility',
    records: chipHours.map((hours) => ({ ...facts, from: FROM, to: TO, chipHours: hours })),
  },
});
const flagsOf = (events: ReturnType<typeof reportUsage>) =>
  events.flatMap((event) => event.data.records.map((record) => record.flag));

describe('a report of usage', () => {
  const nothing = given(usage);

  test('contains the partner and the chip-hours, with the facts of the allocation', () => {
    nothing.when((state) => reportUsage(state, 'facility', [report(60)])).then([reported(60)]);
  });

  test('has a flag on the record that exceeds the chip-hours of the allocation, and none on the record that reaches them', () => {
    const some = given(usage, [reported(60)]);
    some.when((state) => reportUsage(state, 'facility', [report(40)])).then([reported(40)]);
    expect(flagsOf(reportUsage(some.state, 'facility', [report(41)]))).toEqual(['exceeds-allocation']);
    expect(flagsOf(reportUsage(some.state, 'facility', [report(40), report(1)]))).toEqual([
      undefined,
      'exceeds-allocation',
    ]);
  });

  test('counts parts of hours exactly', () => {
    const halfHour = allocation({ chips: 3, to: parseInstant('2026-04-01T00:20:00Z') });
    const inside = { allocation: halfHour, to: '2026-04-01T00:20:00Z' };
    expect(flagsOf(reportUsage(nothing.state, 'facility', [report(1, inside), report(1, inside)]))).toEqual([
      undefined,
      'exceeds-allocation',
    ]);
    const shorter = { ...inside, allocation: allocation({ chips: 3, to: parseInstant('2026-04-01T00:19:59.999Z') }) };
    expect(flagsOf(reportUsage(nothing.state, 'facility', [report(1, shorter)]))).toEqual(['exceeds-allocation']);
  });

  test('stays exact beyond the precision of a double: 100,000 chips for ten years', () => {
    const to = parseInstant(FROM) + 87_600 * MS_PER_HOUR;
    const vast = { allocation: allocation({ chips: 100_000, to }), to: new Date(to).toISOString() };
    expect(flagsOf(reportUsage(nothing.state, 'facility', [report(8_760_000_000, vast)]))).toEqual([undefined]);
    expect(flagsOf(reportUsage(nothing.state, 'facility', [report(8_760_000_001, vast)]))).toEqual([
      'exceeds-allocation',
    ]);
  });

  test.each([
    ['begins with the allocation and ends with it', FROM, TO, undefined],
    ['begins before the allocation', '2026-03-31T23:59:59.999Z', TO, 'outside-allocation'],
    ['ends after the allocation', FROM, '2026-04-01T10:00:00.001Z', 'outside-allocation'],
  ])('compares half-open intervals: an interval that %s', (_what, from, to, flag) => {
    expect(flagsOf(reportUsage(nothing.state, 'facility', [report(1, { from, to })]))).toEqual([flag]);
  });

  test('is compared with the end after a release', () => {
    const released = allocation({ to: parseInstant('2026-04-01T05:00:00Z'), released: true });
    const events = reportUsage(nothing.state, 'facility', [
      report(50, { allocation: released, to: '2026-04-01T05:00:00Z' }),
      report(0, { allocation: released }),
      report(1, { allocation: released }),
    ]);
    expect(flagsOf(events)).toEqual([undefined, 'outside-allocation', 'exceeds-allocation']);
  });

  describe('on more than its chips give in its interval', () => {
    // 100 chips for 100 hours: the whole allocation is far from used up.
    const ample = allocation({ chips: 100, to: parseInstant(FROM) + 100 * MS_PER_HOUR });
    const hour = (number: number): string => new Date(parseInstant(FROM) + number * MS_PER_HOUR).toISOString();
    const during = (from: number, to: number, chipHours: number, chips = 100): ReportedUsage =>
      report(chipHours, { allocation: { ...ample, chips }, from: hour(from), to: hour(to) });
    const resultOf = (reports: readonly ReportedUsage[], state: Usage = nothing.state) =>
      reportWithReasons(
        state,
        'facility',
        reports.map((each, index) => ({ ...each, index })),
        NOW,
      );
    const flags = (...reports: readonly ReportedUsage[]) => flagsOf(resultOf(reports).events);
    const reasons = (...reports: readonly ReportedUsage[]): readonly FlaggedUsage[] => resultOf(reports).flagged;

    test('has a flag from one chip-hour more than chips times hours on, with the numbers that decided', () => {
      expect(flags(during(0, 1, 100))).toEqual([undefined]);
      expect(flags(during(0, 1, 101))).toEqual(['exceeds-interval']);
      expect(reasons(during(0, 1, 100), during(1, 2, 101))).toEqual([
        {
          index: 1,
          allocationId: 'allocation',
          flag: 'exceeds-interval',
          chipHours: 101,
          from: '2026-04-01T01:00:00Z',
          to: '2026-04-01T02:00:00Z',
          chipHoursPossible: 100,
          detail:
            '101 chip-hours are reported in the record from 2026-04-01T01:00:00Z to 2026-04-01T02:00:00Z; its 100 chips give 100 in that time.',
        },
      ]);
    });

    test('may be rounded up by half a chip-hour: 0.5 chip-hours are 1, and 0.4999 are none', () => {
      const chip = allocation({ chips: 1, to: parseInstant(FROM) + 100 * MS_PER_HOUR });
      const upTo = (to: string) =>
        flagsOf(reportUsage(nothing.state, 'facility', [report(1, { allocation: chip, to })]));
      expect(upTo('2026-04-01T00:30:00Z')).toEqual([undefined]);
      expect(upTo('2026-04-01T00:29:59.999Z')).toEqual(['exceeds-interval']);
    });

    test('is the sum of the records that overlap: the same record again, a part of it, and one that begins before it', () => {
      expect(flags(during(2, 4, 100), during(2, 4, 101))).toEqual([undefined, undefined]);
      expect(flags(during(2, 4, 100), during(2, 4, 102))).toEqual([undefined, 'exceeds-interval']);
      expect(flags(during(2, 4, 200), during(2, 3, 2))).toEqual([undefined, 'exceeds-interval']);
      expect(flags(during(2, 4, 200), during(1, 3, 101))).toEqual([undefined, undefined]);
      expect(flags(during(2, 4, 200), during(1, 3, 102))).toEqual([undefined, 'exceeds-interval']);
      expect(reasons(during(2, 4, 200), during(2, 4, 200))).toMatchObject([
        { index: 1, chipHours: 400, chipHoursPossible: 200, from: '2026-04-01T02:00:00Z', to: '2026-04-01T04:00:00Z' },
      ]);
    });

    test('does not overlap the record that ends where it begins, nor one of another allocation', () => {
      expect(flags(during(0, 1, 100), during(1, 2, 100), during(0, 1, 100))).toEqual([undefined, undefined, undefined]);
      const other = during(0, 1, 100);
      expect(
        flags(during(0, 1, 100), { ...other, allocation: { ...other.allocation, allocationId: 'other' } }),
      ).toEqual([undefined, undefined]);
    });

    test('is compared with the reports before it, also with those of schema 1', () => {
      const before = resultOf([during(0, 1, 100)]).events.reduce(usage.evolve, usage.initial);
      expect(flagsOf(resultOf([during(0, 1, 2)], before).events)).toEqual(['exceeds-interval']);
      const { upcasts } = usage.events['usage-reported'] as EventOutline;
      const [event] = resultOf([during(0, 1, 100)]).events;
      expect(upcasts?.[1]?.lift(event?.data as never, {} as Envelope)).toEqual(event?.data);
    });

    test('is not the flag of a record that exceeds the allocation, and is that of one outside of it', () => {
      const small = { ...ample, to: parseInstant(FROM) + MS_PER_HOUR };
      expect(flags(report(101, { allocation: small, to: hour(1) }))).toEqual(['exceeds-allocation']);
      expect(flags(during(-1, 0, 101))).toEqual(['exceeds-interval']);
      expect(flags(during(-1, 0, 100))).toEqual(['outside-allocation']);
      expect(reasons(during(-1, 0, 100))).toMatchObject([
        {
          flag: 'outside-allocation',
          detail: expect.stringMatching(/ The allocation is from 2026-04-01T00:00:00Z to /),
        },
      ]);
    });

    test('counts hours of the day on which clocks change as instants: 25 of local time are 25 of UTC', () => {
      const long = { from: '2026-10-24T22:00:00Z', to: '2026-10-25T23:00:00Z' };
      const autumn = { ...ample, from: parseInstant(long.from), to: parseInstant('2026-11-30T00:00:00Z') };
      expect(flags(report(2_500, { allocation: autumn, ...long }))).toEqual([undefined]);
      expect(flags(report(2_501, { allocation: autumn, ...long }))).toEqual(['exceeds-interval']);
    });

    test('never has the flag when chips really delivered what is reported, however records overlap and are rounded', () => {
      // Jobs hold whole chips of the allocation for whole minutes, never more than there are.
      const job = fc.record({
        chip: fc.integer({ min: 0, max: 3 }),
        start: fc.integer({ min: 0, max: 600 }),
        minutes: fc.integer({ min: 1, max: 90 }),
      });
      fc.assert(
        fc.property(fc.array(job, { maxLength: 30 }), (jobs) => {
          const free = [0, 0, 0, 0];
          const reports = [...jobs]
            .sort((a, b) => a.start - b.start)
            .map(({ chip, start, minutes }) => {
              const begin = Math.max(start, free[chip] ?? 0);
              free[chip] = begin + minutes;
              return during(begin / 60, (begin + minutes) / 60, Math.round(minutes / 60), 4);
            });
          expect(flags(...reports)).not.toContain('exceeds-interval');
        }),
      );
    });
  });

  test('is refused with an empty interval, with a pointer to it', () => {
    const refusal = refusalOf(() =>
      reportUsage(nothing.state, 'facility', [report(1), report(1, { to: FROM, index: 1 })]),
    );
    expect([refusal.code, refusal.errors[0]?.pointer]).toEqual(['usage-interval-out-of-order', '/records/1/to']);
  });

  test('is of a time that has begun, up to a day ahead, which is the rest of a day that runs', () => {
    const at = (from: string, to: string) => () =>
      reportUsage(nothing.state, 'facility', [report(1), report(1, { from, to, index: 1 })], '2026-04-02T22:00:00Z');
    for (const [from, to] of [
      ['2026-04-02T22:00:00Z', '2026-04-03T22:00:00Z'],
      ['2026-04-02T00:00:00Z', '2026-04-03T00:00:00Z'],
    ] as const) {
      expect(at(from, to)()[0]?.data.records).toHaveLength(2);
    }
    for (const [from, to, pointer] of [
      ['2026-04-02T22:00:00.001Z', '2026-04-03T22:00:00Z', '/records/1/from'],
      ['2026-04-02T22:00:00Z', '2026-04-03T22:00:00.001Z', '/records/1/to'],
      ['2026-04-03T00:00:00Z', '2026-04-04T00:00:00Z', '/records/1/from'],
    ] as const) {
      const refusal = refusalOf(at(from, to));
      expect([refusal.code, refusal.errors[0]?.pointer]).toEqual(['usage-in-future', pointer]);
      expect(refusal.facts).toMatchObject({ now: '2026-04-02T22:00:00Z', latestTo: '2026-04-03T22:00:00Z' });
    }
  });

  test('makes events well below their limit, also with the longest values', () => {
    const id = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
    const longest = allocation({
      allocationId: id,
      grantId: id,
      partnerId: id,
      category: 'large-enterprise',
      mode: 'ai-for-science',
      to: parseInstant('2026-04-01T09:59:59.999Z'),
    });
    const long = report(100_000_000_000, {
      allocation: longest,
      from: '2026-04-01T00:00:00.001Z',
      to: '2026-04-01T09:59:59.999Z',
    });
    const events = reportUsage(nothing.state, 'facility', Array<ReportedUsage>(RECORDS_PER_EVENT_MAX + 1).fill(long));
    expect(events.map((event) => event.data.records.length)).toEqual([RECORDS_PER_EVENT_MAX, 1]);
    expect(JSON.stringify(events[0]).length).toBeLessThan(55_000);
  });

  test('keeps every record in order, adds up, and flags exactly the records beyond the allocation, for any division into reports', () => {
    const record = fc.record({
      allocation: fc.integer({ min: 0, max: 3 }),
      chipHours: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 400 }), fc.integer({ min: 1, max: 400 }), (records, cut) => {
        const reports = records.map((each, index) =>
          report(each.chipHours, { allocation: allocation({ allocationId: `allocation-${each.allocation}` }), index }),
        );
        const first = reportUsage(usage.initial, 'facility', reports.slice(0, cut));
        const between = first.reduce(usage.evolve, usage.initial);
        const second = reportUsage(between, 'facility', reports.slice(cut));
        const written = [...first, ...second].flatMap((event) => event.data.records);
        const totals = new Map<string, number>();
        const expected = reports.map(({ allocation: { allocationId }, chipHours }) => {
          const total = (totals.get(allocationId) ?? 0) + chipHours;
          totals.set(allocationId, total);
          return [allocationId, chipHours, total > 100 ? 'exceeds-allocation' : undefined];
        });
        expect(written.map((each) => [each.allocationId, each.chipHours, each.flag])).toEqual(expected);
        const after = second.reduce(usage.evolve, between);
        expect([...after.byAllocation].map(([id, { chipHours }]) => [id, Number(chipHours)]).sort()).toEqual(
          [...totals].sort(),
        );
      }),
    );
  });
});

test('a report of usage does not change an earlier state', () => {
  const before = given(usage, [reported(60)]).state;
  usage.evolve(before, reported(1));
  expect(before.byAllocation.get('allocation')).toMatchObject({ chipHours: 60n, run: { records: 1 } });
});
