import { allocate } from '../../src/access/allocation.js';
import { facility, type Facility } from '../../src/compute/facility.js';
import type { FacilityEvent } from '../../src/compute/facility-events.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { formatInstant } from '../../src/ledger/time.js';
import { generatedTrace, sweep, type Job } from '../support/workload.js';
import { FACILITY_ID, fold, grantOf, installedEvent, registeredEvent } from './history.js';

const JOBS = 18_000;
const CHIPS = 4_096;
const START = Date.parse('2027-01-01T00:00:00Z');

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
  it('is accepted and refused, job by job, as in an independent sweep', () => {
    const jobs = generatedTrace(JOBS);
    const outcomes = replay(jobs);
    const refused = outcomes.filter((accepted) => !accepted).length;
    // The facility must be overloaded but not blocked: otherwise the comparison would prove little.
    expect(refused).toBeGreaterThan(JOBS / 10);
    expect(refused).toBeLessThan((JOBS * 9) / 10);
    expect(outcomes).toEqual(sweep(jobs, CHIPS));
  });
});
