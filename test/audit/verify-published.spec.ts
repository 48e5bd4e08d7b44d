import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AGGREGATES } from '../../src/aggregates.js';
import { ArchiveSource } from '../../src/audit/archive-source.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { dispatch } from '../../src/cli/dispatch.js';
import { openSource } from '../../src/audit/audit-source.js';
import { openCheckpoint } from '../../src/tlog/checkpoint.js';
import { cosign } from '../../src/tlog/cosignature.js';
import { decodeBundle } from '../../src/tlog/entry-bundle.js';
import { inclusionRoot } from '../../src/tlog/merkle-verify.js';
import { nodeHash } from '../../src/tlog/merkle.js';
import { formatNote, parseNote, withSignatures } from '../../src/tlog/note.js';
import { cosignerKeyOf, formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { thresholdPolicy } from '../../src/tlog/policy.js';
import type { Verification } from '../../src/audit/verification.js';
import { verify } from '../../src/audit/verify.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { ppp, type Ran } from '../support/command-line.js';
import { recordProgramme } from './recorded-programme.js';
import { flipBit } from '../tlog/small-log.js';
import { copyOf, LOG_KEY, LOG_VKEY, MemoryLog, ORIGIN, signedLog } from './written-log.js';

/** More than one bundle, so that the log has full tiles, partial tiles, and a second level. */
const PARTNERS = 270;
const key = noteKeyOf(LOG_KEY);
const WITNESS = signingKey('witness.example/w1', Buffer.alloc(32, 5));

const run = (...args: readonly string[]): Promise<Ran> => ppp('audit', ...args);

describe('the verification of a published log', () => {
  let api: TestApp;
  let log: MemoryLog;
  let size: number;
  let folder: string;
  let archive: string;
  const at = (name: string): string => join(folder, name);
  const checked = (source: MemoryLog, trust = {}): Promise<Verification> =>
    verify(source, { trust: { key, ...trust }, aggregates: AGGREGATES });
  const changed = (path: string, bytes: Buffer): MemoryLog => new MemoryLog([...log.files, [path, bytes]]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-audit-'));
    api = await startTestApp({ env: { LOG_ORIGIN: ORIGIN } });
    await recordProgramme(api, PARTNERS);
    const source = await openSource(api.url);
    const note = String(await source.read('checkpoint').then((bytes) => Buffer.from(bytes ?? [])));
    ({ size } = openCheckpoint(note, ORIGIN, [key]).checkpoint);
    log = await copyOf(source, size);
    archive = at('log.tar');
    expect(await run('export', api.url, archive, '--vkey', LOG_VKEY)).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true });
  });

  it('verifies the log from its first entry to its checkpoint', async () => {
    expect(size).toBeGreaterThan(256);
    expect(await checked(log)).toMatchObject({ verdict: 'verified', size, entries: size, findings: 0 });
  });

  it('neither verifies nor blames when any bit of the checkpoint or its signature is changed', async () => {
    const bytes = Buffer.from(log.checkpoint);
    const missed: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const { verdict, checked: lines } = await checked(changed('checkpoint', flipBit(bytes, bit)));
      if (verdict !== 'unchecked' || lines.length > 0) missed.push(bit);
    }
    expect(missed).toEqual([]);
  });

  it('neither verifies nor blames when the published key is changed or is that of another log, and checks the rest', async () => {
    const bytes = log.files.get('vkey') ?? Buffer.alloc(0);
    const others = Array.from({ length: bytes.length }, (_, at) => flipBit(bytes, at * 8 + (at % 8)));
    const foreign = formatVerifierKey(noteKeyOf(signingKey(ORIGIN, Buffer.alloc(32, 1))));
    for (const other of [...others, Buffer.from(`${foreign}\n`)]) {
      const { verdict, uncheckable, checked: lines } = await checked(changed('vkey', other));
      expect([verdict, uncheckable.map(({ check }) => check)]).toEqual(['unchecked', ['published key']]);
      expect(lines.map(({ check }) => check)).toContain('root');
    }
  });

  it('finds a changed bit in any tile, and names the tile, the hash and its entries', async () => {
    const tiles = [...log.files.keys()].filter((path) => /^tile\/[0-9]/.test(path));
    expect(tiles).toEqual(['tile/0/000', `tile/0/001.p/${size - 256}`, 'tile/1/000.p/1']);
    for (const path of tiles) {
      const bytes = log.files.get(path) ?? Buffer.alloc(0);
      for (const bit of bitsOf(bytes)) {
        const { verdict, finding } = await checked(changed(path, flipBit(bytes, bit)));
        const hash = Math.floor(bit / 256);
        const position = path.startsWith('tile/1') ? 1 : (path.startsWith('tile/0/001') ? 256 : 0) + hash + 1;
        expect({ verdict, finding }).toMatchObject({
          verdict: 'wrong',
          finding: { check: 'tiles', artefact: path, position },
        });
        expect(finding?.expected).not.toBe(finding?.found);
      }
    }
  });

  it('finds a changed bit in any bundle, and names the position', async () => {
    const bundles = [...log.files.keys()].filter((path) => path.startsWith('tile/entries'));
    expect(bundles).toHaveLength(2);
    const verdicts: string[] = [];
    for (const [index, path] of bundles.entries()) {
      const bytes = log.files.get(path) ?? Buffer.alloc(0);
      const lengths = decodeBundle(bytes, index === 0 ? 256 : size - 256).map((entry) => 2 + entry.length);
      for (const bit of bitsOf(bytes)) {
        let [number, end] = [0, lengths[0] ?? 0];
        while (end * 8 <= bit) end += lengths[(number += 1)] ?? Infinity;
        const found = await checked(changed(path, flipBit(bytes, bit)));
        const position = index * 256 + number + 1;
        const { verdict, uncheckable } = found;
        // A length beyond the end of the bundle looks like a bundle that was cut off: that proves nothing.
        if (verdict === 'unchecked')
          expect(uncheckable[0]?.what).toContain(`${path} ends within the entry of position ${position}`);
        else expect(found).toMatchObject({ verdict: 'wrong', finding: { check: 'entries', artefact: path, position } });
        verdicts.push(verdict);
      }
    }
    expect(verdicts.filter((verdict) => verdict !== 'wrong').length).toBeLessThanOrEqual(4);
  });

  it('finds a change of an entry and its tile together', async () => {
    const forged = signedLog(entriesOf(log).with(3, Buffer.from('{}')));
    const [bundle, tile] = ['tile/entries/000', 'tile/0/000'];
    const mixed = new MemoryLog([
      ...log.files,
      ...[bundle, tile].map((path) => [path, forged.files.get(path) ?? Buffer.alloc(0)] as const),
    ]);
    expect(await checked(mixed)).toMatchObject({
      verdict: 'wrong',
      finding: { check: 'entries', artefact: 'tile/1/000.p/1', position: 1 },
    });
    // With the tile above changed as well, only the root shows it.
    const all = new MemoryLog([...forged.files, ['checkpoint', Buffer.from(log.checkpoint)]]);
    expect(await checked(all)).toMatchObject({ verdict: 'wrong', finding: { check: 'root', artefact: 'checkpoint' } });
  });

  it('reports an unreadable artefact, and neither verifies nor blames', async () => {
    for (const path of ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']) {
      const source = new MemoryLog([...log.files].filter(([name]) => name !== path));
      const { verdict, uncheckable } = await checked(source);
      expect({ verdict, what: uncheckable[0]?.what }).toEqual({
        verdict: 'unchecked',
        what: expect.stringContaining(path),
      });
    }
  });

  it('reads the full tile where the log dropped the partial one', async () => {
    const entries = [...entriesOf(log)];
    while (entries.length < 512) entries.push(Buffer.from('later'));
    const grown = signedLog(entries);
    const dropped = new MemoryLog([...grown.files, ['checkpoint', Buffer.from(log.checkpoint)]]);
    dropped.files.set('tile/1/000.p/1', log.files.get('tile/1/000.p/1') ?? Buffer.alloc(0));
    expect(await checked(dropped)).toMatchObject({ verdict: 'verified', size });
  });

  it('refuses a history that did not grow from the kept checkpoint', async () => {
    const kept = log.checkpoint;
    expect(await checked(log, { kept })).toMatchObject({ verdict: 'verified' });
    const forged = signedLog(entriesOf(log).with(100, Buffer.from('{}')));
    const fork = await checked(log, { kept: forged.checkpoint });
    expect(fork).toMatchObject({ verdict: 'wrong', finding: { check: 'kept checkpoint' } });
    expect(fork.finding?.expected).not.toBe(fork.finding?.found);
    const shorter = signedLog(entriesOf(log).slice(0, 200));
    expect(await checked(shorter, { kept })).toMatchObject({ verdict: 'unchecked' });
    expect(await checked(log, { kept: shorter.checkpoint })).toMatchObject({ verdict: 'verified' });
    // A copy with another entry, and tiles that fit it, must not make the log look as if it had signed two histories.
    const copy = new MemoryLog([...forged.files, ['checkpoint', Buffer.from(log.checkpoint)]]);
    for (const kept of [forged.checkpoint, shorter.checkpoint, log.checkpoint]) {
      expect(await checked(copy, { kept })).toMatchObject({ verdict: 'wrong', finding: { check: 'root' } });
    }
    const foreign = signedLog([Buffer.from('x')], signingKey('other.example/log', Buffer.alloc(32, 1)));
    expect(await checked(log, { kept: foreign.checkpoint })).toMatchObject({ verdict: 'unchecked' });
  });

  it('requires the quorum of a policy, and takes no cosignature with a changed bit', async () => {
    const policy = thresholdPolicy({ key }, [{ name: 'w1', key: cosignerKeyOf(WITNESS) }], 1);
    expect(await checked(log, { policy })).toMatchObject({
      verdict: 'unchecked',
      uncheckable: [{ check: 'cosignatures' }],
    });
    const note = parseNote(log.checkpoint);
    const cosigned = Buffer.from(formatNote(withSignatures(note, [cosign(WITNESS, note.text, 1_760_000_000)])));
    const early = await checked(changed('checkpoint', cosigned), { policy });
    // The log was recorded now, and cosigned in 2025.
    expect(early).toMatchObject({
      verdict: 'verified',
      notChecked: expect.arrayContaining([
        { check: 'cosignatures', what: expect.stringMatching(/before the last event .* \(2025-10-09T08:53:20.000Z\)/) },
      ]),
    });
    const inYear2100 = Buffer.from(formatNote(withSignatures(note, [cosign(WITNESS, note.text, 4_102_444_800)])));
    expect(await checked(changed('checkpoint', inYear2100), { policy })).toMatchObject({
      verdict: 'verified',
      notChecked: expect.arrayContaining([
        { check: 'cosignatures', what: expect.stringMatching(/after the time of this machine.*2100-01-01/) },
      ]),
    });
    const inTime = Buffer.from(
      formatNote(withSignatures(note, [cosign(WITNESS, note.text, Math.ceil(Date.now() / 1_000))])),
    );
    const { verdict, notChecked } = await checked(changed('checkpoint', inTime), { policy });
    expect([verdict, notChecked.filter((line) => line.check === 'cosignatures')]).toEqual(['verified', []]);
    // A log that publishes its cosigned checkpoint separately is read up to that checkpoint.
    expect(await checked(changed('checkpoint/witnessed', cosigned), { policy })).toMatchObject({ verdict: 'verified' });
    const from = cosigned.indexOf('witness.example') + 'witness.example/w1 '.length + 6;
    for (let byte = from; byte < cosigned.length - 1; byte += 1) {
      const found = await checked(changed('checkpoint', flipBit(cosigned, byte * 8)), { policy });
      expect(found.verdict).toBe('unchecked');
    }
  });

  it('reads ahead no more artefacts than the source allows', async () => {
    const source = new MemoryLog(log.files);
    await checked(source);
    // A bundle and its tile for every read.
    expect(source.readingMax).toBeLessThanOrEqual(2 * source.readsMax);
  });

  describe('on the command line', () => {
    it('verifies a service, a log, a folder and an archive up to the same root', async () => {
      for (const [path, bytes] of log.files) {
        await mkdir(dirname(at(`folder/${path}`)), { recursive: true });
        await writeFile(at(`folder/${path}`), bytes);
      }
      const roots = new Set<string>();
      for (const source of [
        api.url,
        `${api.url}/log`,
        `${api.url}/log/`,
        `${api.url}/log/checkpoint`,
        at('folder'),
        archive,
      ]) {
        const { code, out } = await run('verify', source, '--vkey', LOG_VKEY, '--json');
        const verification = JSON.parse(out) as Verification;
        expect({ source, code, verdict: verification.verdict }).toEqual({ source, code: 0, verdict: 'verified' });
        roots.add(String(verification.root));
      }
      expect(roots.size).toBe(1);
    });

    it('prints checked and unchecked parts, with the verdict last', async () => {
      const { code, out, err } = await run('verify', archive);
      expect([code, err]).toEqual([0, '']);
      for (const check of ['signature', 'entries', 'tiles', 'root', 'streams', 'ids', 'capacity', 'commitments']) {
        expect(out).toMatch(new RegExp(`^  ${check} `, 'm'));
      }
      expect(out).toMatch(/^ {2}whose log it is .*--vkey/m);
      expect(out.trim().split('\n').at(-1)).toMatch(
        /^VERIFIED up to size .* with the key that the log itself publishes/,
      );
    });

    it('exits with 1 for a proven fault, 2 for a check that could not be made, and 64 for a wrong call', async () => {
      const damaged = at('damaged.tar');
      await writeFile(damaged, flipBit(await readFile(archive), 8 * 20_000));
      const wrong = await run('verify', damaged, '--vkey', LOG_VKEY);
      expect(wrong.code).toBe(1);
      for (const line of ['position', 'stream', 'type', 'expected', 'found', 'next step']) {
        expect(wrong.out).toMatch(new RegExp(`^  ${line} +\\S`, 'm'));
      }
      await writeFile(at('kept'), log.checkpoint.replace(ORIGIN, 'other.example/log'));
      await writeFile(at('no-archive'), 'hello');
      for (const args of [
        ['verify', at('nowhere')],
        ['verify', at('no-archive')],
        ['verify', folder],
        ['verify', `${api.url}/v1/funds`],
        ['verify', archive, '--checkpoint', at('kept')],
        ['replay', archive, '--at', '99999999'],
        ['explain', archive, '--position', '99999999'],
        ['explain', archive, '--event', '00000000-0000-8000-8000-000000000000'],
      ]) {
        expect({ args, code: (await run(...args)).code }).toEqual({ args, code: 2 });
      }
      for (const args of [
        [],
        ['vanish'],
        ['verify'],
        ['verify', archive, archive],
        ['verify', archive, '--vkey', 'nonsense+00000000+AAAA'],
        ['verify', archive, '--vkey', at('nowhere')],
        ['verify', archive, '--fast'],
        ['replay', archive, '--at', 'yesterday'],
        ['replay', archive, '--report', 'weather'],
        ['explain', archive],
        ['explain', archive, '--position', '1', '--event', '00000000-0000-8000-8000-000000000000'],
        ['export', archive],
        ['export', api.url, archive],
      ]) {
        expect({ args, code: (await run(...args)).code }).toEqual({ args, code: 64 });
      }
    });

    it('prints a checkpoint to be kept, but not for a history that did not grow from the kept one', async () => {
      const first = await run('checkpoint', archive, '--vkey', LOG_VKEY);
      expect(first).toEqual({ code: 0, out: log.checkpoint, err: '' });
      await writeFile(at('kept-200'), signedLog(entriesOf(log).slice(0, 200)).checkpoint);
      await writeFile(at('forked-200'), signedLog(entriesOf(log).slice(1, 201)).checkpoint);
      expect(await run('checkpoint', archive, '--checkpoint', at('kept-200'))).toMatchObject({ code: 0 });
      expect(await run('checkpoint', archive, '--checkpoint', at('forked-200'))).toMatchObject({ code: 1, out: '' });
      expect(await run('checkpoint', api.url, '--checkpoint', at('forked-200'))).toMatchObject({ code: 1, out: '' });
    });

    it('replays reports of any position, and published reports, to the same bytes', async () => {
      for (const position of [String(size), '280', '1', '0']) {
        const { code, out, err } = await run(
          'replay',
          archive,
          '--vkey',
          LOG_VKEY,
          '--at',
          position,
          '--compare',
          api.url,
        );
        expect({ position, code, err }).toEqual({ position, code: 0, err: '' });
        expect(out.match(/same as published/g)?.length).toBe(position === String(size) ? 4 : 3);
      }
      const { text } = await api.get(`/v1/transparency/equal-access?asOfPosition=${size}`, { key: null });
      const { out } = await run('replay', archive, '--vkey', LOG_VKEY, '--report', 'equal-access');
      expect(out).toBe(text);
    });

    it('replays as of an instant', async () => {
      const entries = entriesOf(log).map((entry) => JSON.parse(String(entry)) as { recordedAt: string });
      const instant = entries[100]?.recordedAt ?? '';
      const position = entries.findLastIndex(({ recordedAt }) => recordedAt <= instant) + 1;
      const { out } = await run('replay', archive, '--vkey', LOG_VKEY, '--at', instant, '--json');
      expect(JSON.parse(out)).toMatchObject({ position, asOf: instant });
    });

    it('finds a published report that differs from the replayed one', async () => {
      const other = await startTestApp({ env: { LOG_ORIGIN: ORIGIN } });
      try {
        await recordProgramme(other, PARTNERS);
        const { code, err } = await run('replay', archive, '--vkey', LOG_VKEY, '--at', '260', '--compare', other.url);
        expect(code).toBe(1);
        expect(err).toMatch(/differs from character/);
      } finally {
        await other.stop();
      }
    });

    it('explains an event by its position or id, with its proof and its effect', async () => {
      const byPosition = await run('explain', archive, '--vkey', LOG_VKEY, '--position', '150', '--json');
      const explained = JSON.parse(byPosition.out) as {
        leaf: string;
        path: { side: string; hash: string }[];
        root: string;
        event: { id: string };
        changes: { what: string; before: string; after: string }[];
      };
      const climbed = explained.path.reduce(
        (node, { side, hash }) => {
          const other = Buffer.from(hash, 'hex');
          return Buffer.from(side === 'left' ? nodeHash(other, node) : nodeHash(node, other));
        },
        Buffer.from(explained.leaf, 'hex'),
      );
      expect(climbed.toString('hex')).toBe(explained.root);
      const path = explained.path.map(({ hash }) => Buffer.from(hash, 'hex'));
      expect(inclusionRoot(149, size, Buffer.from(explained.leaf, 'hex'), path)).toEqual(climbed);
      expect(explained.changes).toContainEqual({ what: 'status', before: 'nothing', after: 'registered' });
      const byId = await run('explain', archive, '--vkey', LOG_VKEY, '--event', explained.event.id, '--json');
      expect(byId.out).toBe(byPosition.out);
      const text = await run('explain', archive, '--vkey', LOG_VKEY, '--position', String(size));
      expect(text.out).toContain(`Position ${size}: report-published`);
    });

    it('shows progress on a terminal only', async () => {
      const written: string[] = [];
      const err = { write: (text: string) => written.push(text), isTTY: true };
      expect(await dispatch(COMMANDS, ['audit', 'verify', archive], { out: { write: () => undefined }, err })).toBe(0);
      expect(written.join('')).toMatch(/ of \d+ events, \d+\/s, \d+ s left/);
    });
  });

  it('exports the same bytes on every run', async () => {
    expect(await run('export', at('log.tar'), at('again.tar'), '--vkey', LOG_VKEY)).toMatchObject({ code: 0 });
    expect((await readFile(at('again.tar'))).equals(await readFile(archive))).toBe(true);
  });

  it('finds every kind of damage to an archive', async () => {
    const bytes = await readFile(archive);
    const source = await ArchiveSource.open(archive);
    await source.close();
    const missed: number[] = [];
    // Headers, contents, what lies between them, and the end.
    const bits = [
      ...Array.from({ length: 150 }, (_, at) => at * 257),
      ...Array.from({ length: 60 }, (_, at) => bytes.length * 8 - 1 - at * 173),
    ];
    for (const bit of bits) {
      await writeFile(at('flipped.tar'), flipBit(bytes, bit));
      const { code } = await run('verify', at('flipped.tar'), '--vkey', LOG_VKEY);
      // A member with a changed name is missing. With its first bytes changed, the file is not an archive.
      if (code === 0) missed.push(bit);
    }
    expect(missed).toEqual([]);
    const cuts = [
      [0, 'is empty'],
      [100, 'is no archive of a log'],
      [700, 'is damaged'],
      [bytes.length - 1536, 'is damaged'],
      [bytes.length - 1024, 'is damaged'],
      [bytes.length - 512, 'its end is cut off'],
    ] as const;
    for (const [length, why] of cuts) {
      await writeFile(at('cut.tar'), bytes.subarray(0, length));
      const { code, out } = await run('verify', at('cut.tar'), '--vkey', LOG_VKEY);
      expect([length, code, out]).toEqual([length, 2, expect.stringContaining(why)]);
    }
  });
});

const entriesOf = (log: MemoryLog): Buffer[] =>
  [...log.files].flatMap(([path, bytes]) => {
    const width = /^tile\/entries\/\d+(?:\.p\/(\d+))?$/.exec(path);
    return width ? decodeBundle(bytes, Number(width[1] ?? 256)).map((entry) => Buffer.from(entry)) : [];
  });

/** The first and the last bits, and some between. */
const bitsOf = (bytes: Buffer): number[] => {
  const last = bytes.length * 8 - 1;
  return [
    0,
    1,
    7,
    8,
    9,
    15,
    16,
    last,
    last - 8,
    ...Array.from({ length: 12 }, (_, at) => Math.floor((last * (at + 1)) / 13)),
  ];
};
