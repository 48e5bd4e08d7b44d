import { formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import type { YearlyFile } from '../../src/transparency/yearly-file.js';
import { startProgramme, type Programme } from '../access/programme.js';
import { ppp, type Ran } from '../support/command-line.js';

const OTHER_VKEY = formatVerifierKey(noteKeyOf(signingKey('localhost/log', Buffer.alloc(32, 1))));

let programme: Programme;
let vkey: string;
let usagePosition: number;

beforeAll(async () => {
  programme = await startProgramme();
  const { ledger } = programme;
  const facilityId = await programme.facility();
  const grantId = await programme.grant(await programme.call(facilityId), await programme.partner());
  const allocationId = await programme.allocate(facilityId, grantId);
  const record = { allocationId, from: '2026-06-01T00:00:00Z', to: '2026-06-08T00:00:00Z', chipHours: 1_500 };
  const usage = await ledger.must(ledger.post('/v1/usage', { records: [record] }));
  usagePosition = Number(usage.body.position);
  const { data } = (await ledger.get(`/v1/events?after=${usagePosition - 1}`)).body;
  // A receipt waits until the log has signed the event.
  await ledger.get(`/v1/events/${data[0].id}/proof`, { key: null });
  vkey = (await ledger.get('/log/vkey', { key: null })).text.trim();
});
afterAll(() => programme.ledger.stop());

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

  it('writes an earlier file again with the same bytes', async () => {
    const args = ['--year', '2026', '--url', programme.ledger.url, '--format', 'json'];
    const first = await run(...args, '--at', String(usagePosition));
    await programme.read('/v1/partners');
    expect((await run(...args, '--at', String(usagePosition))).out).toBe(first.out);
    const earlier = JSON.parse((await run(...args, '--at', String(usagePosition - 1))).out) as YearlyFile;
    expect(earlier.total.figures.chipHoursUsed.value).toBe(0);
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
      ['--year', ['--year', '26']],
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
