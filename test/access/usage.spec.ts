import fc from 'fast-check';
import { RECORDS_PER_EVENT_MAX, reportUsage, usage, type ReportedUsage } from '../../src/access/usage.js';
import type { Allocation } from '../../src/compute/facility.js';
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
    const vast = { allocation: allocation({ chips: 100_000, to }) };
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

  test('is refused with an empty interval, with a pointer to it', () => {
    const refusal = refusalOf(() =>
      reportUsage(nothing.state, 'facility', [report(1), report(1, { to: FROM, index: 1 })]),
    );
    expect([refusal.code, refusal.errors[0]?.pointer]).toEqual(['usage-interval-out-of-order', '/records/1/to']);
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
        expect([...after.chipHoursByAllocation].map(([id, hours]) => [id, Number(hours)]).sort()).toEqual(
          [...totals].sort(),
        );
      }),
    );
  });
});

test('a report of usage does not change an earlier state', () => {
  const before = given(usage, [reported(60)]).state;
  usage.evolve(before, reported(1));
  expect(before.chipHoursByAllocation.get('allocation')).toBe(60n);
});
