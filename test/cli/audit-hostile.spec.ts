import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvelopeWriter, LOG_VKEY, signedLog, writeLog } from '../audit/written-log.js';
import * as story from '../audit/written-programme.js';
import { ppp, type Ran } from '../support/command-line.js';

/** Clears the screen, then writes from right to left. */
const HOSTILE = '\u001b[2J\u009b1A\u007f\u202e';
const SHOWN = String.raw`\u{1b}[2J\u{9b}1A\u{7f}\u{202e}`;
/** What reaches a terminal must not have these. The program makes line feeds itself. */
const OBEYED = /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

describe('the commands of the auditor on a log whose signer is hostile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-hostile-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Signs the programme with one entry changed, and writes the log into a folder. */
  async function sign(type: string, change: (text: string) => string): Promise<{ log: string; position: number }> {
    const commands = story.programme();
    const writer = new EnvelopeWriter();
    const entries = commands.flatMap((events) => writer.command(...events));
    const index = commands.flat().findIndex((event) => event.type === type);
    const before = String(entries[index]);
    const after = change(before);
    expect(after).not.toBe(before);
    entries[index] = Buffer.from(after);
    const log = await mkdtemp(join(folder, 'log-'));
    await writeLog(signedLog(entries), log);
    return { log, position: index + 1 };
  }

  const withData =
    (change: (data: Record<string, unknown>) => void) =>
    (text: string): string => {
      const event = JSON.parse(text) as { data: Record<string, unknown> };
      change(event.data);
      return JSON.stringify(event);
    };
  const explain = (log: string, position: number, ...more: readonly string[]): Promise<Ran> =>
    ppp('audit', 'explain', log, '--vkey', LOG_VKEY, '--position', String(position), ...more);

  it.each([
    ['access-denied', withData((data) => delete data['reasonCodes'])],
    ['usage-reported', withData((data) => delete data['records'])],
    ['commitment-signed', withData((data) => (data['amountMinor'] = { toString: 0 }))],
  ])('explains a malformed %s with its envelope and proof', async (type, change) => {
    const { log, position } = await sign(type, change);
    expect(await ppp('audit', 'verify', log, '--vkey', LOG_VKEY)).toMatchObject({ code: 1 });
    const { code, out, err } = await explain(log, position);
    expect({ code, err }).toEqual({ code: 0, err: expect.not.stringContaining('a bug') });
    expect(out).toContain('The data has not the form of its type');
    expect(out).toContain(`"type": "${type}"`);
    expect(out).toMatch(/^Leaf hash {2}[0-9a-f]{64}$/m);
    const asJson = JSON.parse((await explain(log, position, '--json')).out);
    expect(JSON.parse(asJson.envelope)).toMatchObject({ type });
  });

  it('reports that the effect is unknown when the state cannot be computed', async () => {
    const { log, position } = await sign(
      'commitment-signed',
      withData((data) => (data['amountMinor'] = { toString: 0 })),
    );
    const { out } = await explain(log, position);
    expect(out).toContain(
      `Its effect is unknown: The state of commitment-c1 cannot be computed beyond position ${position}`,
    );
  });

  it.each([
    [
      'of a type that nobody knows',
      (text: string) => text.replace('"usage-reported"', '"usage-forgotten"'),
      'unknown type',
    ],
    ['of a newer schema', (text: string) => text.replace(/"schema":\d/, '"schema":99'), 'newer than this program'],
    ['that is no JSON', (text: string) => text.slice(0, -1), 'cannot be read'],
    ['that is null', () => 'null', 'cannot be read'],
    ['without a stream', (text: string) => text.replace(/"stream":"[^"]*"/, '"stream":7'), 'no place in a stream'],
    [
      'in 20,000 levels',
      (text: string) => text.replace('"data":{', `"data":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)},`),
      'nested too deep',
    ],
  ])('ends with 2 when asked to explain an entry %s', async (_, change, why) => {
    const { log, position } = await sign('usage-reported', change);
    const { code, out, err } = await explain(log, position);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(why)]);
  });

  it('makes no yearly file of use whose records are missing, and ends with 2', async () => {
    const { log, position } = await sign(
      'usage-reported',
      withData((data) => delete data['records']),
    );
    const { code, out, err } = await ppp('audit', 'yearly', '--year', '2026', '--url', log, '--vkey', LOG_VKEY);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`cannot be counted beyond position ${position} (usage-reported)`);
  });

  it('shows the marks that a terminal would obey, and prints none of them', async () => {
    const { log, position } = await sign(
      'access-denied',
      withData((data) => (data['reasonCodes'] = [HOSTILE])),
    );
    const text = await explain(log, position);
    expect(text).toMatchObject({ code: 0, out: expect.stringContaining(SHOWN) });
    expect(text.out).not.toMatch(OBEYED);
    const json = await explain(log, position, '--json');
    expect(json.out).not.toMatch(OBEYED);
    expect(JSON.parse(json.out).event.data.reasonCodes).toEqual([HOSTILE]);
  });

  it('shows them in a finding and in an error', async () => {
    const { log, position } = await sign('usage-reported', (text) =>
      text.replace('"usage-reported"', JSON.stringify(`usage${HOSTILE}`)),
    );
    for (const args of [[], ['--json']]) {
      const { code, out } = await ppp('audit', 'verify', log, '--vkey', LOG_VKEY, ...args);
      expect([code, out]).toEqual([1, expect.stringContaining('usage')]);
      expect(out).not.toMatch(OBEYED);
    }
    const replayed = await ppp('audit', 'replay', log, '--vkey', LOG_VKEY);
    expect(replayed).toMatchObject({ code: 1, err: expect.stringContaining(SHOWN) });
    expect(replayed.err.replaceAll('\r', '').replaceAll('\u001b[K', '')).not.toMatch(OBEYED);
    const explained = await explain(log, position);
    expect(explained).toMatchObject({ code: 2, err: expect.stringContaining(SHOWN) });
    const usage = await ppp('audit', `verify${HOSTILE}`);
    expect(usage).toMatchObject({ code: 64, err: expect.stringContaining(SHOWN) });
    expect(usage.err).not.toMatch(OBEYED);
  });
});
