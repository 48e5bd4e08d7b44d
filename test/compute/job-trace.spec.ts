import { allocate } from '../../src/compute/allocation.js';
import { facility, type Facility, type FacilityEvent } from '../../src/compute/facility.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { formatInstant } from '../../src/ledger/time.js';
import { FACILITY_ID, fold, grantOf, installedEvent, registeredEvent } from './history.js';

const JOBS = 18_000;
const SEED = 12_020_116;
const CHIPS = 4_096;
const START = Date.parse('2027-01-01T00:00:00Z');
const MONTH_S = 30 * 24 * 3_600;

interface Job {
  readonly startS: number;
  readonly runS: number;
  readonly processors: number;
}

/**
 * Jobs as in a log in Standard Workload Format: many short ones, few long ones, processors in powers of two, bursts at
 * whole hours; about twice what the facility can take.
 */
function trace(): Job[] {
  let random = SEED;
  const below = (limit: number): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((random / 2 ** 32) * limit);
  };
  return Array.from({ length: JOBS }, () => {
    const burst = below(4) === 0;
    const startS = burst ? below(MONTH_S / 3_600) * 3_600 : below(MONTH_S);
    const runS = 1 + below(60 * 10 ** below(4));
    return { startS, runS, processors: 2 ** below(12) };
  });
}

interface Segment {
  readonly fromS: number;
  used: number;
}

/** First come, first served on a plain list of segments of equal use: no tree, no prefix sums, no categories. */
function sweep(jobs: readonly Job[]): boolean[] {
  const segments: Segment[] = [{ fromS: 0, used: 0 }];
  return jobs.map(({ startS, runS, processors }) => {
    const first = cutAt(segments, startS);
    const inside = segments.slice(first, cutAt(segments, startS + runS));
    const fits = inside.every(({ used }) => used + processors <= CHIPS);
    if (fits) for (const segment of inside) segment.used += processors;
    return fits;
  });
}

/** Makes a segment start at this second, if none does, and returns its place. */
function cutAt(segments: Segment[], atS: number): number {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle]?.fromS ?? 0) < atS) low = middle + 1;
    else high = middle;
  }
  if (segments[low]?.fromS !== atS) segments.splice(low, 0, { fromS: atS, used: segments[low - 1]?.used ?? 0 });
  return low;
}

function replay(jobs: readonly Job[]): boolean[] {
  let state: Facility = fold([registeredEvent(), installedEvent(CHIPS, '2027-01-01T00:00:00Z')]);
  const grant = grantOf({ chipHours: 100_000_000 });
  return jobs.map(({ startS, runS, processors }, index) => {
    const from = formatInstant(START + startS * 1_000);
    const to = formatInstant(START + (startS + runS) * 1_000);
    const input = { allocationId: `job ${index}`, chipModel: 'GB300', chips: processors, from, to };
    let events: FacilityEvent[];
    try {
      events = allocate(state, FACILITY_ID, grant, input);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'capacity-exceeded') return false;
      throw error;
    }
    state = events.reduce((current, event) => facility.evolve(current, event), state);
    return true;
  });
}

describe('a trace of 18,000 jobs for an overloaded facility', () => {
  it('is accepted and refused, job by job, as an independent sweep says', () => {
    const jobs = trace();
    const outcomes = replay(jobs);
    const refused = outcomes.filter((accepted) => !accepted).length;
    // Overloaded, yet not blocked: otherwise the comparison would say little.
    expect(refused).toBeGreaterThan(JOBS / 10);
    expect(refused).toBeLessThan((JOBS * 9) / 10);
    expect(outcomes).toEqual(sweep(jobs));
  });
});
