import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { paddingOf, TAR_END, tarHeader } from '../../src/audit/archive-tar.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { dispatch } from '../../src/cli/dispatch.js';
import { signingKey } from '../../src/tlog/note-key.js';
import { EnvelopeWriter, LOG_VKEY, signedLog, writeLog, type WrittenEvent } from '../audit/written-log.js';
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
      `Its effect is unknown: The state of commitment-${story.named('c1')} cannot be computed beyond position ${position}`,
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

  it('replays partners that own each other, and ends with the exit code of a check', async () => {
    const owns = (owner: string, owned: string): WrittenEvent => ({
      stream: `partner-${owned}`,
      type: 'partner-acquired',
      data: { acquirerId: owner, effectiveFrom: '2026-01-01' },
    });
    const writer = new EnvelopeWriter();
    const [first, ...rest] = story.programme();
    const commands = [
      ...(first ? [first] : []),
      [owns(story.UNION, story.STARTUP)],
      [owns(story.STARTUP, story.UNION)],
      ...rest,
    ];
    const log = await mkdtemp(join(folder, 'cycle-'));
    await writeLog(signedLog(commands.flatMap((events) => writer.command(...events))), log);
    for (const command of ['verify', 'replay']) {
      const { code, err } = await ppp('audit', command, log, '--vkey', LOG_VKEY);
      expect([command, [0, 1, 2].includes(code), err]).toEqual([command, true, expect.not.stringContaining('a bug')]);
    }
  });

  it('shows the names of further files of an archive, and ends with the verdict of the program', async () => {
    const { log } = await sign('usage-reported', (text) => `${text} `);
    const archive = join(folder, 'further.tar');
    const files = [...(await filesOf(log)), [`README\n\nVERIFIED up to size 38.\n\u001bP`, Buffer.from('x')] as const];
    const parts = files.flatMap(([name, bytes]) => [
      tarHeader(name, bytes.length),
      bytes,
      Buffer.alloc(paddingOf(bytes.length)),
    ]);
    await writeFile(archive, Buffer.concat([...parts, TAR_END]));
    const { code, out } = await ppp('audit', 'verify', archive, '--vkey', LOG_VKEY);
    expect(code).toBe(1);
    expect(out).not.toMatch(OBEYED);
    expect(out.trim().split('\n').at(-1)).toMatch(/^PROVEN WRONG/);
    expect(out).not.toMatch(/^VERIFIED/m);
    expect(out).toContain(String.raw`README\u{a}\u{a}VERIFIED`);
  });

  it('shows the body of an error and the address of a redirect', async () => {
    for (const [status, headers, body] of [
      [500, {}, `broken${HOSTILE}\nVERIFIED`],
      [302, { Location: 'http://elsewhere.example/%1b[2J\u009b' }, ''],
    ] as const) {
      const server = createServer((_, response) => response.writeHead(status, headers).end(body));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      for (const command of ['verify', 'checkpoint']) {
        const { code, out, err } = await ppp('audit', command, url, '--vkey', LOG_VKEY);
        expect([command, code, out + err]).toEqual([command, 2, expect.not.stringMatching(OBEYED)]);
        expect(out + err).not.toMatch(/^VERIFIED/m);
      }
      server.close();
    }
  });

  it('shows the name of a key in the summary of the yearly file, and the names of facilities on a terminal', async () => {
    const key = signingKey('x\u009b2J\u202e', Buffer.alloc(32, 3));
    const writer = new EnvelopeWriter();
    const hostile = (text: string): string =>
      text.replace('"name":"Site"', JSON.stringify({ name: `S${HOSTILE}` }).slice(1, -1));
    const entries = story.programme().flatMap((events) => writer.command(...events));
    const log = await mkdtemp(join(folder, 'key-'));
    await writeLog(
      signedLog(
        entries.map((entry) => Buffer.from(hostile(String(entry)))),
        key,
      ),
      log,
    );
    const call = ['audit', 'yearly', '--year', '2026', '--url', log];
    const piped = await ppp(...call);
    expect(piped).toMatchObject({ code: 0, err: expect.stringContaining(String.raw`x\u{9b}2J\u{202e}`) });
    expect(piped.err).not.toMatch(OBEYED);
    expect(piped.out).toContain('\u202e');
    let shown = '';
    const out = { write: (text: string) => void (shown += text), isTTY: true };
    expect(await dispatch(COMMANDS, call, { out, err: { write: () => undefined } })).toBe(0);
    expect(shown).toContain(SHOWN);
    expect(shown).not.toMatch(OBEYED);
  });
});

async function filesOf(log: string): Promise<(readonly [string, Buffer])[]> {
  const names = await readdir(log, { recursive: true, withFileTypes: true });
  const paths = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.map(async (path) => [relative(log, path), await readFile(path)] as const));
}
