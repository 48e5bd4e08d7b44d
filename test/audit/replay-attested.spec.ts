import { AGGREGATES } from '../../src/aggregates.js';
import { openLog } from '../../src/audit/audit-log.js';
import { replay, type Replay } from '../../src/audit/audit-replay.js';
import { verify } from '../../src/audit/verify.js';
import { noteKeyOf } from '../../src/tlog/note-key.js';
import { EnvelopeWriter, LOG_KEY, signedLog, type WrittenEvent } from './written-log.js';
import { named, partner } from './written-programme.js';

const key = noteKeyOf(LOG_KEY);
const POSITION = 2;
const HASH = 'ab'.repeat(32);

const history = (...attested: readonly object[]) => {
  const writer = new EnvelopeWriter();
  const events: WrittenEvent[] = [
    partner(named('p1'), 'company'),
    partner(named('p2'), 'company'),
    ...attested.map((data, at) => ({
      stream: `attestation-${named(`a${at}`)}`,
      type: 'replay-attested',
      data: { ...data },
    })),
  ];
  return signedLog(events.flatMap((event) => writer.command(event)));
};
const replayed = async (...attested: readonly object[]): Promise<Replay> =>
  replay(await openLog(history(...attested), { key }), {}, { aggregates: AGGREGATES });

type Attested = Awaited<ReturnType<typeof honest>>;

/** What an honest service attests at the position. */
async function honest() {
  const { reports, root, methodVersion } = await replayed();
  return {
    position: POSITION,
    root,
    methodVersion,
    views: [{ view: 'partners', version: 1, position: POSITION, rows: 2, sha256: HASH }],
    reports: reports.map(({ kind, text, sha256 }) => ({ kind, byteCount: Buffer.byteLength(text), sha256 })),
  };
}

describe('an attestation in a log', () => {
  it('has the reports that the events give, which are no published ones', async () => {
    const { findings, published } = await replayed(await honest());
    expect([findings.first, published]).toEqual([undefined, []]);
  });

  it.each([
    [
      'sha256 of a report',
      (data: Attested) => ({ ...data, reports: [...data.reports.slice(1), { ...data.reports[0], sha256: HASH }] }),
      'another sha256',
    ],
    [
      'length of a report',
      (data: Attested) => ({ ...data, reports: [{ ...data.reports[0], byteCount: 1 }] }),
      'another byteCount',
    ],
    ['root', (data: Attested) => ({ ...data, root: `${'A'.repeat(43)}=` }), 'another root'],
    ['position', (data: Attested) => ({ ...data, position: POSITION - 1 }), 'another'],
    [
      'kind of report',
      (data: Attested) => ({ ...data, reports: [{ ...data.reports[0], kind: 'gossip' }] }),
      'no report that there can be',
    ],
    ['list with something else', (data: Attested) => ({ ...data, reports: [null] }), 'no report that there can be'],
  ])('is found by the replay with another %s', async (_what, change, message) => {
    const { findings } = await replayed(change(await honest()));
    expect(findings.first).toMatchObject({
      check: 'attested reports',
      position: POSITION + 1,
      artefact: `attestation ${named('a0')}`,
      message: expect.stringContaining(message),
    });
  });

  it('is not judged by a method that this program does not know', async () => {
    const { findings, unknownMethods } = await replayed({ ...(await honest()), methodVersion: '77.0' });
    expect([findings.first, unknownMethods.length]).toEqual([undefined, 3]);
  });

  const findingOf = async (...attested: readonly object[]) => {
    const { finding, checked } = await verify(history(...attested), { trust: { key }, aggregates: AGGREGATES });
    return finding?.check === 'attestations'
      ? finding.message
      : checked.find(({ check }) => check === 'attestations')?.what;
  };

  it('is of events before it, of later ones than the attestation before, and names views and reports', async () => {
    const data = await honest();
    expect(await findingOf(data)).toMatch(/^Every attestation is of events before it/);
    expect(await findingOf({ ...data, position: POSITION + 1 })).toMatch(/come after it/);
    expect(await findingOf(data, data)).toMatch(/goes back, or repeats/);
    expect(await findingOf(data, { ...data, position: POSITION + 1 })).toMatch(/^Every attestation/);
    expect(await findingOf({ ...data, views: [] })).toBe('The attestation names no views.');
    expect(await findingOf({ ...data, reports: [] })).toBe('The attestation names no reports.');
  });
});
