import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosignerKeyOf, formatVerifierKey, noteKeyOf, signingKey } from '../../../src/tlog/note-key.js';
import type { YearlyFile } from '../../../src/transparency/yearly/yearly-file.js';
import { startProgramme, type Programme } from '../../access/programme.js';
import { ppp, type Ran } from '../../support/command-line.js';

const OTHER_VKEY = formatVerifierKey(noteKeyOf(signingKey('localhost/log', Buffer.alloc(32, 1))));

const WITNESS_VKEY = formatVerifierKey(cosignerKeyOf(signingKey('witness.example/w', Buffer.alloc(32, 5))));

let folder: string;
let programme: Programme;
let vkey: string;
let usagePosition: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-yearly-'));
  programme = await startProgramme();
  const { ledger } = programme;
  const facilityId = await programme.facility();
  const grantId = await programme.grant(await programme.call(facilityId), await programme.partner());
  const allocationId = await programme.allocate(facilityId, grantId);
  const record = { allocationId, from: '2026-06-01T00:00:00Z', to: '2026-06-08T00:00:00Z', chipHours: 1_500 };
  const usage = await ledger.must(ledger.post('/v1/usage', { records: [record] }));
  usagePosition = Number(usage.body.position);
  await signed(usagePosition);
  vkey = (await ledger.get('/log/vkey', { key: null })).text.trim();
});
afterAll(async () => {
  await programme.ledger.stop();
  await rm(folder, { recursive: true });
});

/** A receipt waits until the log has signed the event. */
async function signed(position: number): Promise<void> {
  const { ledger } = programme;
  const { data } = (await ledger.get(`/v1/events?after=${position - 1}`)).body;
  await ledger.get(`/v1/events/${data[0].id}/proof`, { key: null });
}

const run = (...args: readonly string[]): Promise<Ran> => ppp('audit', 'yearly', ...args);

describe('ppp-ledger audit yearly', () => {
  it('writes the file of a year from the published log, every figure with its positions', async () => {
    const { ledger } = programme;
    const { code, out, err } = await run('--year', '2026', '--url', ledger.url, '--format', 'json', '--vkey', vkey);
    expect([code, err]).toEqual([0, expect.stringContaining('signed with your key')]);
    const file = JSON.parse(out) as YearlyFile;
    expect(file).toMatchObject({ year: 2026, position: usagePosition, treeSize: usagePosition });
    expect(file.total.figures).toMatchObject({
      requestsSubmitted: { value: 1 },
      chipHoursGrantedFree: { value: 40_000 },
      // 10 chips for the 30 days of June.
      chipHoursAllocated: { value: 7_200 },
      chipHoursUsed: { value: 1_500, positions: [[usagePosition, usagePosition]] },
      chipHoursUsedFlagged: { value: 0, positions: [] },
    });
    const report = await ledger.get(`/v1/transparency/equal-access?asOfPosition=${file.position}`, { key: null });
    expect(file.root).toBe(report.body.root);
  });

  it('writes CSV, and reports the parts that it did not check', async () => {
    const { code, out, err } = await run('--year', '2026', '--url', `${programme.ledger.url}/log`);
    expect(code).toBe(0);
    expect(out).toContain(`,sme,FR,chipHoursUsed,chip-hours,1500,${usagePosition},${usagePosition},`);
    expect(err).toContain('whose log it is (bring your own --vkey)');
  });

  it('Art. 12b(17)(l): compares the file of a facility with what the facility submitted, and everybody sees what is overdue', async () => {
    const { ledger } = programme;
    const site = await programme.facility({ kind: 'ai-gigafactory', operatorPartnerId: await programme.partner() });
    const submit = (body: object) => ledger.post(`/v1/facilities/${site}/yearly-submissions`, body);
    const shown = async (minPosition: unknown) => {
      const query = `facilityId=${site}&minPosition=${String(minPosition)}`;
      const answer = await ledger.get(`/v1/transparency/yearly-submissions?${query}`, { key: null });
      return answer.body.data[0].years.map(({ year, state }: { year: number; state: string }) => [year, state]);
    };
    const args = ['--year', '2025', '--facility', site, '--url', ledger.url, '--format', 'json'];
    const file = await run(...args);
    const { position, methodVersion } = JSON.parse(file.out) as YearlyFile;
    const dataSha256 = createHash('sha256').update(file.out).digest('hex');
    const data = {
      dataPosition: position,
      dataMethodVersion: methodVersion,
      dataSha256,
      auditReportSha256: dataSha256,
    };
    const started = { on: '2024-05-01', evidenceRef: 'acceptance report' };
    const start = await ledger.must(ledger.post(`/v1/facilities/${site}/operations-start`, started));
    expect(await shown(start.body.position)).toEqual([
      [2025, 'overdue'],
      [2024, 'overdue'],
    ]);
    const late = await ledger.must(submit({ year: 2025, submittedOn: '2026-02-01', ...data }));
    expect(late.body).toMatchObject({ year: 2025, version: 1, isLate: true });
    const second = await ledger.must(
      submit({ year: 2025, submittedOn: '2026-03-01', ...data, dataSha256: '0'.repeat(64) }),
    );
    const future = await submit({ year: 2026, submittedOn: '2026-06-01', ...data });
    expect([future.status, future.body.code]).toEqual([422, 'submission-date-out-of-range']);
    const beyond = await submit({ year: 2025, submittedOn: '2026-03-01', ...data, dataPosition: 1_000_000 });
    expect([beyond.status, beyond.body.code]).toEqual([409, 'data-position-not-recorded']);
    expect(await shown(second.body.position)).toEqual([
      [2025, 'late'],
      [2024, 'overdue'],
    ]);
    await signed(Number(second.body.position));
    const { code, out, err } = await run(...args, '--at', String(position));
    expect([code, out]).toEqual([0, file.out]);
    expect(err).toContain('Version 1, submitted on 2026-02-01, late: the same data as this file');
    expect(err).toContain(
      `Version 2, submitted on 2026-03-01: OTHER DATA than the events give: SHA-256 ${'0'.repeat(64)}`,
    );
    expect((await run(...args)).err).toContain(`To compare them: --at ${position}.`);
  });

  it('writes an earlier file again with the same bytes', async () => {
    const args = ['--year', '2026', '--url', programme.ledger.url, '--format', 'json'];
    const first = await run(...args, '--at', String(usagePosition));
    await programme.read('/v1/partners');
    expect((await run(...args, '--at', String(usagePosition))).out).toBe(first.out);
    const earlier = JSON.parse((await run(...args, '--at', String(usagePosition - 1))).out) as YearlyFile;
    expect(earlier.total.figures.chipHoursUsed.value).toBe(0);
  });

  it('takes the key, a policy and a kept checkpoint as the other commands do', async () => {
    const { ledger } = programme;
    const [key, policy, kept, foreign] = ['vkey', 'policy', 'kept', 'foreign'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    await writeFile(key, `${vkey}\n`);
    await writeFile(policy, (await ledger.get('/log/policy', { key: null })).text);
    await writeFile(kept, (await ledger.get('/log/checkpoint', { key: null })).text);
    await writeFile(foreign, (await readFile(kept, 'utf8')).replace('localhost/log', 'other.example/log'));
    const args = ['--year', '2026', '--url', ledger.url];
    expect(await run(...args, '--vkey', key, '--policy', policy, '--checkpoint', kept)).toMatchObject({ code: 0 });
    expect(await run(...args, '--vkey', key, '--checkpoint', foreign)).toMatchObject({ code: 2, out: '' });
    await writeFile(policy, `log ${vkey}\nwitness w ${WITNESS_VKEY}\nquorum w\n`);
    expect(await run(...args, '--policy', policy)).toMatchObject({ code: 2, out: '' });
  });

  it.each([
    ['2025', 'over', ''],
    [
      '2026',
      'running',
      'The year 2026 is not over in this history: the last event was recorded at 2026-06-15T12:00:00Z.',
    ],
    ['2031', 'not-begun', 'The year 2031 has not begun in this history'],
  ])('says in the file and on the console whether %s is over', async (year, state, sentence) => {
    const args = ['--year', year, '--url', programme.ledger.url, '--vkey', vkey];
    const { code, out, err } = await run(...args, '--format', 'json');
    expect([code, JSON.parse(out).yearState]).toEqual([0, state]);
    expect(err).toContain(sentence);
    if (state === 'over') expect(err).not.toMatch(/has not begun|is not over/);
    expect((await run(...args)).out.split('\n')[1]).toMatch(new RegExp(`,${state}$`));
  });

  it.each([
    ['another key than the log has', 2, ['--vkey', OTHER_VKEY]],
    ['a position that is not covered', 2, ['--at', '99999999']],
  ])('ends with its own exit code for %s', async (_what, expected, further) => {
    const { code, out, err } = await run('--year', '2026', '--url', programme.ledger.url, ...further);
    expect([code, out]).toEqual([expected, '']);
    expect(err).toMatch(/^ppp-ledger: /);
  });

  it('ends with 2 where there is no log, and with 64 when it is called wrongly', async () => {
    expect((await run('--year', '2026', '--url', '/nowhere')).code).toBe(2);
    for (const [what, args] of [
      ['--year', []],
      ['--year is a calendar year such as 2026, not "26"', ['--year', '26']],
      ['--year is a calendar year such as 2026, not "abc"', ['--year', 'abc']],
      ['--year is a calendar year such as 2026, not "0026"', ['--year', '0026']],
      ['--facility is the id of a facility, not "x"', ['--year', '2026', '--facility', 'x']],
      ['--at is a position, from 1, not "0"', ['--year', '2026', '--at', '0']],
      ['--vkey: nowhere cannot be read', ['--year', '2026', '--vkey', 'nowhere']],
      ['--policy: nowhere cannot be read', ['--year', '2026', '--policy', 'nowhere']],
      ['--checkpoint: nowhere cannot be read', ['--year', '2026', '--checkpoint', 'nowhere']],
      ['--format', ['--year', '2026', '--format', 'pdf']],
      ['--what', ['--year', '2026', '--what']],
      ['--vkey', ['--year', '2026', '--vkey', 'no']],
    ] as const) {
      const { code, err } = await run(...args);
      expect([code, err]).toEqual([64, expect.stringMatching(/^ppp-ledger: .*\n\nUsage: ppp-ledger audit yearly /)]);
      expect(err.split('\n')[0]).toContain(what);
    }
  });
});
