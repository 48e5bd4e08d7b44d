import fc from 'fast-check';
import type { RecordedEvent } from '../../../src/ledger/event.js';
import { MS_PER_DAY, MS_PER_HOUR, parseInstant } from '../../../src/ledger/time.js';
import type { AllocationFacts } from '../../../src/compute/facility-events.js';
import { capacityReport, type CapacityReport } from '../../../src/transparency/method-1/capacity-report.js';
import { chipMs } from '../../../src/transparency/measures/chip-time.js';
import { fold, initialFoldState } from '../../../src/transparency/method-1/fold.js';
import { History, randomHistory } from '../history.js';
import { stories } from '../stories.js';

const reportOf = (events: readonly RecordedEvent[], facilityId?: string): CapacityReport =>
  capacityReport(events.reduce(fold, initialFoldState()), facilityId);

const FACILITY = 'facility-helsinki';
const capacity = (chips: number, effectiveFrom: string) => ({ chipModel: 'h200', chips, effectiveFrom });
const allocation: AllocationFacts = {
  allocationId: 'a',
  grantId: 'g',
  partnerId: 'p',
  category: 'sme',
  country: 'FI',
  mode: 'regular',
  chipModel: 'h200',
  chips: 10,
  from: '2026-01-31T00:00:00Z',
  to: '2026-02-03T00:00:00Z',
  protection: 'category',
};
const installed = (): History =>
  new History()
    .record(FACILITY, { type: 'facility-registered', data: { name: 'Helsinki', country: 'FI', kind: 'ai-factory' } })
    .record(FACILITY, { type: 'capacity-installed', data: capacity(100, '2026-01-01T00:00:00Z') });

describe('the capacity report', () => {
  it('shows installed chip-hours from the instant of installation to the month of the position', () => {
    const { events } = installed().record(FACILITY, {
      type: 'capacity-retired',
      data: capacity(40, '2026-02-15T00:00:00Z'),
    });
    expect(reportOf(events).rows).toMatchObject([
      {
        facilityName: 'Helsinki',
        month: '2026-01',
        installedChipHours: 100 * 24 * 31,
        allocatedChipHours: 0,
        freeChipHours: 100 * 24 * 31,
      },
      { month: '2026-02', installedChipHours: 100 * 24 * 14 + 60 * 24 * 14 },
      { month: '2026-03', installedChipHours: 60 * 24 * 31 },
    ]);
  });

  it('splits an allocation over its months to the hour', () => {
    const { events } = installed().record(FACILITY, { type: 'chips-allocated', data: allocation });
    const months = reportOf(events).rows.map(({ month, allocatedChipHours, freeChipHours }) => [
      month,
      allocatedChipHours,
      freeChipHours,
    ]);
    expect(months).toEqual([
      ['2026-01', 240, 74_160],
      ['2026-02', 480, 66_720],
      ['2026-03', 0, 74_400],
    ]);
  });

  it.each([
    ['before it begins: nothing is left', '2026-01-01T00:00:00Z', 0, 0],
    ['at its begin: nothing is left', allocation.from, 0, 0],
    ['inside: what lies before is left', '2026-02-01T12:00:00Z', 240, 120],
    ['at its end: everything is left', allocation.to, 240, 480],
    ['after its end: everything is left', '2026-06-01T00:00:00Z', 240, 480],
  ])('takes off released chip-hours, when the release is %s', (_when, at, january, february) => {
    const { events } = installed()
      .record(FACILITY, { type: 'chips-allocated', data: allocation })
      .record(FACILITY, { type: 'allocation-released', data: { ...allocation, at, reason: 'r' } });
    expect(reportOf(events).rows.map(({ allocatedChipHours }) => allocatedChipHours)).toEqual([january, february, 0]);
  });

  it('shows planned months, but no month after an allocation that ends with a month', () => {
    const planned = { ...allocation, from: '2026-04-01T00:00:00Z', to: '2026-05-01T00:00:00Z' };
    const { events } = installed().record(FACILITY, { type: 'chips-allocated', data: planned });
    expect(reportOf(events).rows.map(({ month }) => month)).toEqual(['2026-01', '2026-02', '2026-03', '2026-04']);
    expect(reportOf(events).rows.at(-1)).toMatchObject({ allocatedChipHours: 7200 });
  });

  it('has a bound: two years ahead and ten years in all', () => {
    const { events } = installed()
      .record(FACILITY, { type: 'chips-allocated', data: { ...allocation, to: '2190-01-01T00:00:00Z' } })
      .record(FACILITY, { type: 'capacity-installed', data: capacity(5, '1970-01-01T00:00:00Z') });
    const { rows } = reportOf(events);
    expect([rows.length, rows[0]?.month, rows.at(-1)?.month]).toEqual([120, '2018-04', '2028-03']);
    expect(rows[0]?.installedChipHours).toBe(5 * 24 * 30);
  });

  it('spreads use evenly over the months of its interval without losing an hour', () => {
    const { chips: _chips, chipModel: _model, ...facts } = allocation;
    const records = [{ ...facts, chipHours: 301 }];
    const { events } = installed().record('usage-helsinki', {
      type: 'usage-reported',
      data: { facilityId: 'helsinki', records },
    });
    expect(reportOf(events).rows.map(({ usedChipHours }) => usedChipHours)).toEqual([100, 201, 0]);
  });

  it('narrows to one facility and marks illustrative facilities', () => {
    const history = installed().record('facility-bologna', {
      type: 'facility-registered',
      data: { name: 'Bologna', country: 'IT', kind: 'ai-factory', illustrative: true },
    });
    history.record('facility-bologna', { type: 'capacity-installed', data: capacity(1, '2026-03-01T00:00:00Z') });
    const { rows, illustrative } = reportOf(history.events);
    expect([rows[0]?.facilityName, rows.length, illustrative]).toEqual(['Bologna', 4, true]);
    expect(reportOf(history.events, 'helsinki')).toMatchObject({ facilityId: 'helsinki', illustrative: false });
    expect(reportOf(history.events, 'helsinki').rows).toHaveLength(3);
  });

  it('is empty before anything is installed', () => {
    expect(reportOf([])).toMatchObject({ rows: [], totals: [], asOf: null });
    expect(reportOf(installed().events.slice(0, 1)).rows).toEqual([]);
  });

  it('equals, for any history, a sum over every allocation and month, and adds up by row', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { history, allocations } = randomHistory(choices);
        for (const row of reportOf(history.events).rows) {
          const [start, end] = bounds(row.month);
          const own = allocations.filter(({ facilityId }) => facilityId === row.facilityId);
          const exact = own.reduce(
            (sum, { facts, end: to }) => sum + overlap(facts.chips, parseInstant(facts.from), to, start, end),
            0n,
          );
          expect(row.allocatedChipHours).toBe(Math.round(Number(exact) / MS_PER_HOUR));
          const since = Math.max(start, parseInstant('2026-01-10T12:00:00Z'));
          expect(row.installedChipHours).toBe(Math.round((1000 * Math.max(0, end - since)) / MS_PER_HOUR));
          expect(row.outageChipHours + row.allocatedChipHours + row.freeChipHours).toBe(row.installedChipHours);
        }
      }),
    );
  });
});

function bounds(month: string): [start: number, end: number] {
  const start = parseInstant(`${month}-01`);
  return [start, parseInstant(`${new Date(start + 32 * MS_PER_DAY).toISOString().slice(0, 7)}-01`)];
}

function overlap(chips: number, from: number, to: number, start: number, end: number): bigint {
  const [first, last] = [Math.max(from, start), Math.min(to, end)];
  return first < last ? chipMs(chips, first, last) : 0n;
}
