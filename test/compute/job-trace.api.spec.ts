import { readFile } from 'node:fs/promises';
import { startTestApp, type TestApp } from '../support/app.js';
import { generatedTrace, readWorkload, sweep, writeWorkload, type Job } from '../support/workload.js';

/**
 * Jobs are sent one after the other, because their order decides. `TRACE_JOBS=18000` is the whole trace, which takes
 * some minutes; `TRACE_FILE` is a log in Standard Workload Format, with `TRACE_CHIPS` installed chips.
 */
const JOBS = Number(process.env['TRACE_JOBS'] ?? 250);
const FILE = process.env['TRACE_FILE'];
/** So few chips that a short trace also overloads them. The whole trace is written for 4,096 chips. */
const CHIPS = Number(process.env['TRACE_CHIPS'] ?? (JOBS < 5_000 && FILE === undefined ? 64 : 4_096));
const START = Date.parse('2027-01-01T00:00:00Z');
const MS_PER_JOB_MAX = 250;
const PUBLIC_LAW = { freeReason: 'public-law-entity', freeEvidenceRef: 'statutes of the university' };

let ledger: TestApp;
beforeAll(async () => {
  ledger = await startTestApp();
});
afterAll(() => ledger.stop());

/** A facility with its chips, and a grant with enough chip-hours for all jobs. */
async function prepared(): Promise<{ facilityId: string; grantId: string }> {
  const idOf = async (path: string, body: object, key?: string): Promise<string> =>
    String((await ledger.must(ledger.post(path, body, key === undefined ? {} : { key }))).body.id);
  const partnerId = await idOf('/v1/partners', { legalName: 'Many jobs', country: 'FI', legalForm: 'university' });
  const category = { category: 'research', basis: 'Statutes', evidenceRef: 'e', effectiveFrom: '2020-01-01' };
  await idOf(`/v1/partners/${partnerId}/classifications`, category);
  const facilityId = await idOf('/v1/facilities', { name: 'Traced', country: 'FI', kind: 'ai-factory' });
  const chips = { chipModel: 'node', chips: CHIPS, effectiveFrom: '2027-01-01' };
  await idOf(`/v1/facilities/${facilityId}/capacity`, chips);
  const times = { opensAt: '2020-01-01T00:00:00Z', closesAt: '2199-01-01T00:00:00Z' };
  const call = { facilityId, mode: 'regular', title: 'All jobs', ...times, chipHours: 100_000_000_000 };
  const callId = await idOf('/v1/access-calls', call);
  const request = { callId, partnerId, chipHours: 100_000_000_000, sector: 'science', purpose: 'Run the trace.' };
  const grantId = await idOf('/v1/access-requests', request);
  const validity = { validFrom: '2027-01-01T00:00:00Z', validTo: '2199-01-01T00:00:00Z' };
  const granted = {
    outcome: 'granted',
    chipHours: 100_000_000_000,
    priceBasis: 'free',
    ...PUBLIC_LAW,
    reasonCodes: ['trace'],
  };
  const panel = await ledger.keyFor(['panel']);
  await idOf(`/v1/access-requests/${grantId}/decision`, { ...granted, ...validity }, panel);
  return { facilityId, grantId };
}

async function replay(jobs: readonly Job[]): Promise<boolean[]> {
  const { facilityId, grantId } = await prepared();
  const outcomes: boolean[] = [];
  for (const { startS, runS, processors } of jobs) {
    const [from, to] = [startS, startS + runS].map((s) => new Date(START + s * 1_000).toISOString());
    const body = { grantId, chipModel: 'node', chips: processors, from, to };
    const answer = await ledger.post(`/v1/facilities/${facilityId}/allocations`, body);
    const isRefused = answer.status === 409 && answer.body.code === 'capacity-exceeded';
    if (answer.status !== 201 && !isRefused) throw new Error(`Neither: ${answer.status} ${answer.text}`);
    outcomes.push(answer.status === 201);
  }
  return outcomes;
}

describe('a trace of jobs that is sent through the API', () => {
  it(
    'is accepted and refused, job by job, as in an independent sweep',
    async () => {
      const log = FILE === undefined ? writeWorkload(generatedTrace(JOBS)) : await readFile(FILE, 'utf8');
      const jobs = readWorkload(log).slice(0, JOBS);
      const outcomes = await replay(jobs);
      expect(outcomes).toEqual(sweep(jobs, CHIPS));
      expect(new Set(outcomes)).toEqual(new Set([true, false]));
    },
    30_000 + JOBS * MS_PER_JOB_MAX,
  );
});

describe('a log in Standard Workload Format', () => {
  it('is read with the values of its text', () => {
    const jobs = generatedTrace(50);
    expect(readWorkload(writeWorkload(jobs))).toEqual(jobs);
  });

  it('starts a job after its wait, and leaves out jobs that never ran', () => {
    const rest = '-1 -1 1 -1 -1 -1 -1 -1 -1 -1';
    const log = [
      '; comment',
      `1 10 5 60 8 -1 -1 4 ${rest}`,
      `2 10 -1 60 -1 -1 -1 4 ${rest}`,
      `3 10 5 0 8 -1 -1 8 ${rest}`,
    ];
    expect(readWorkload(log.join('\r\n'))).toEqual([
      { startS: 15, runS: 60, processors: 8 },
      { startS: 10, runS: 60, processors: 4 },
    ]);
    expect(() => readWorkload('1 2 3')).toThrow('Line 1');
  });
});
