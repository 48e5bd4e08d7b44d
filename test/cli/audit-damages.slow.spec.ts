import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { BLOCK_BYTES, paddingOf, readTarHeader, TAR_END, tarHeader } from '../../src/audit/archive-tar.js';
import { proveInclusion } from '../../src/tlog/merkle-proof.js';
import { formatNote, parseNote, withSignatures } from '../../src/tlog/note.js';
import { cosign } from '../../src/tlog/cosignature.js';
import { cosignerKeyOf, formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { formatPolicy, thresholdPolicy } from '../../src/tlog/policy.js';
import { formatProof } from '../../src/tlog/proof.js';
import { formatTilePath } from '../../src/tlog/tile.js';
import { tileReader } from '../../src/tlog/tile-reader.js';
import { EnvelopeWriter, LOG_KEY, LOG_VKEY, MemoryLog, ORIGIN, signedLog, writeLog } from '../audit/written-log.js';
import { named, partner, programme } from '../audit/written-programme.js';
import { flipBit } from '../tlog/small-log.js';
import { ppp, type Ran } from '../support/command-line.js';

/** More than one bundle and more than one level of tiles. */
const SIZE = 290;
const [BUNDLE, TILE, LAST_BUNDLE, TOP] = [
  'tile/entries/000',
  'tile/0/000',
  `tile/entries/001.p/${SIZE - 256}`,
  'tile/1/000.p/1',
];
/** In the first bundle, and read by every command that reads entries. */
const POSITION = 7;
const OTHER_KEY = signingKey(ORIGIN, Buffer.alloc(32, 1));
const WITNESS = signingKey('witness.example/w1', Buffer.alloc(32, 5));

type Change = (bytes: Buffer) => Buffer;
const cutTo =
  (length: number): Change =>
  (bytes) =>
    bytes.subarray(0, length);
const flip =
  (byte: number): Change =>
  (bytes) =>
    flipBit(bytes, 8 * byte + 1);
const textMode: Change = (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');

describe('the exit codes of the audit commands for damaged inputs', () => {
  let folder: string;
  let log: MemoryLog;
  let archive: Buffer;
  let whole: string;
  const at = (name: string): string => join(folder, name);
  let numbered = 0;
  const fresh = (): string => at(`case-${(numbered += 1)}`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-damages-'));
    const writer = new EnvelopeWriter();
    const entries = programme().flatMap((events) => writer.command(...events));
    while (entries.length < SIZE)
      entries.push(...writer.command(partner(named(`partner-${entries.length}`), 'company')));
    log = signedLog(entries);
    whole = at('whole');
    await writeLog(log, whole);
    expect((await ppp('audit', 'export', whole, at('whole.tar'), '--vkey', LOG_VKEY)).code).toBe(0);
    archive = await readFile(at('whole.tar'));
    await writeFile(at('kept'), log.checkpoint);
    const hashes = await proveInclusion(
      POSITION - 1,
      SIZE,
      tileReader(SIZE, (tile) => read(formatTilePath(tile))),
    );
    await writeFile(at('receipt'), formatProof({ index: POSITION - 1, hashes, checkpoint: parseNote(log.checkpoint) }));
    await writeFile(at('event'), entries[POSITION - 1] ?? '');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const read = async (path: string): Promise<Buffer> => log.files.get(path) ?? Buffer.alloc(0);

  /** What every command is called with. `audit import` stops before it needs a database. */
  const calls = (source: string, trust: readonly string[]): Readonly<Record<string, readonly string[]>> => ({
    verify: [source, ...trust],
    replay: [source, ...trust],
    explain: [source, '--position', String(POSITION), ...trust],
    checkpoint: [source, ...trust],
    export: [source, fresh(), ...trust],
    import: [source, ...trust],
    yearly: ['--year', '2026', '--url', source, ...trust],
  });

  async function codesOf(
    source: string,
    trust: readonly string[] = ['--vkey', LOG_VKEY],
    names = Object.keys(calls('', [])),
  ): Promise<Readonly<Record<string, number>>> {
    const codes: Record<string, number> = {};
    for (const [name, args] of Object.entries(calls(source, trust)).filter(([known]) => names.includes(known))) {
      const ran = await ppp('audit', name, ...args);
      codes[name] = ran.code;
      expectExplained(name, ran);
    }
    return codes;
  }

  /** Every outcome says why and what to do, and none is a crash. */
  function expectExplained(name: string, { code, out, err }: Ran): void {
    expect([name, err]).not.toEqual([name, expect.stringMatching(/a bug|\n {4}at /)]);
    if (code === 1) expect([name, out + err]).toEqual([name, expect.stringMatching(/WRONG: .*[\s\S]*next step /)]);
    if (code === 2) expect([name, out + err]).toEqual([name, expect.stringMatching(/next step {2}\S|Next: \S/)]);
  }

  const all = (code: number): Readonly<Record<string, number>> => ({
    verify: code,
    replay: code,
    explain: code,
    checkpoint: code,
    export: code,
    import: code,
    yearly: code,
  });

  async function archived(change: Change): Promise<string> {
    const file = fresh();
    await writeFile(file, change(archive));
    return file;
  }

  /** The members of an archive, some of them changed, left out or added. */
  function packed(files: Iterable<readonly [string, Buffer]>): Buffer {
    const parts = [...files].flatMap(([path, bytes]) => [
      tarHeader(path, bytes.length),
      bytes,
      Buffer.alloc(paddingOf(bytes.length)),
    ]);
    return Buffer.concat([...parts, TAR_END]);
  }
  const withFile = (path: string, bytes: Buffer): (readonly [string, Buffer])[] =>
    [...log.files].map(([name, old]) => [name, name === path ? bytes : old] as const);

  describe('of an archive', () => {
    it('cut off anywhere: 2, and no command accuses', async () => {
      const lengths = Array.from(
        { length: Math.floor(archive.length / BLOCK_BYTES) },
        (_, block) => block * BLOCK_BYTES,
      );
      lengths.push(1, 100, 511, 513, 700, archive.length - 1, archive.length - 100, archive.length - BLOCK_BYTES - 1);
      const names = ['verify', 'checkpoint'];
      for (const length of lengths) {
        const codes = await codesOf(await archived(cutTo(length)), ['--vkey', LOG_VKEY], names);
        expect({ length, codes }).toEqual({ length, codes: { verify: 2, checkpoint: 2 } });
      }
      for (const length of [0, 700, 20_480, archive.length - BLOCK_BYTES])
        expect(await codesOf(await archived(cutTo(length)))).toEqual(all(2));
    });

    it.each<[string, Change]>([
      ['copied in text mode', textMode],
      ['with a byte order mark', (bytes) => Buffer.concat([Buffer.from('\ufeff'), bytes])],
      ['packed with gzip', (bytes) => gzipSync(bytes)],
      ['of random bytes', (bytes) => Buffer.from(bytes.map((byte, index) => (byte * 31 + index * 17) % 256))],
      ['of zeros', (bytes) => Buffer.alloc(bytes.length)],
      ['with a bit flipped in the first header', flip(20)],
      ['with a bit flipped in the padding', flip(BLOCK_BYTES + 400)],
      ['with bytes behind its end', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
      ['with its last half twice', (bytes) => Buffer.concat([bytes, bytes.subarray(bytes.length / 2)])],
    ])('%s: 2', async (_what, change) => {
      expect(await codesOf(await archived(change))).toEqual(all(2));
    });

    it('with a bit flipped in the checkpoint or its signature: 2', async () => {
      const note = Buffer.from(log.checkpoint);
      const places = [0, ORIGIN.length, ORIGIN.length + 1, ORIGIN.length + 6, note.length - 40, note.length - 2];
      for (const byte of places) {
        const file = fresh();
        await writeFile(file, packed(withFile('checkpoint', flipBit(note, 8 * byte + 2))));
        expect({ byte, codes: await codesOf(file) }).toEqual({ byte, codes: all(2) });
      }
    });

    it.each([
      ['empty', () => Buffer.alloc(0)],
      ['without its last newline', (note: string) => Buffer.from(note.slice(0, -1))],
      ['with the ends of lines of Windows', (note: string) => Buffer.from(note.replaceAll('\n', '\r\n'))],
      ['with a byte order mark', (note: string) => Buffer.from(`\ufeff${note}`)],
      ['that is the page of a proxy', () => Buffer.from('<html>\n\n<p>Sign in</p>\n')],
      ['signed by nobody', (note: string) => Buffer.from(note.slice(0, note.indexOf('\n\n') + 2))],
    ])('with a checkpoint %s: 2', async (_what, change) => {
      const file = fresh();
      await writeFile(file, packed(withFile('checkpoint', change(log.checkpoint))));
      expect(await codesOf(file)).toEqual(all(2));
    });

    it('with a bit flipped in an entry that every command reads: 1 for those that read entries', async () => {
      for (const byte of [200, 3_000]) {
        const file = fresh();
        await writeFile(file, packed(withFile(BUNDLE, flip(byte)(await read(BUNDLE)))));
        const codes = await codesOf(
          file,
          ['--vkey', LOG_VKEY],
          ['verify', 'replay', 'checkpoint', 'export', 'import', 'yearly'],
        );
        expect({ byte, codes }).toEqual({
          byte,
          codes: { verify: 1, replay: 1, checkpoint: 0, export: 1, import: 1, yearly: 1 },
        });
      }
      const lengths = [...log.files].find(([path]) => path === BUNDLE)?.[1] ?? Buffer.alloc(0);
      let start = 0;
      for (let position = 1; position < POSITION; position += 1) start += 2 + lengths.readUInt16BE(start);
      const file = fresh();
      await writeFile(file, packed(withFile(BUNDLE, flip(start + 100)(await read(BUNDLE)))));
      expect(await codesOf(file)).toEqual({ ...all(1), checkpoint: 0 });
    });

    it('with a bit flipped in a tile: 1 where the tile is read', async () => {
      for (const path of [TILE, TOP]) {
        const file = fresh();
        await writeFile(file, packed(withFile(path, flip(32 * (path === TILE ? POSITION - 1 : 0))(await read(path)))));
        const codes = await codesOf(file);
        expect({ path, codes }).toEqual({ path, codes: { ...all(1), checkpoint: 0, explain: path === TILE ? 1 : 0 } });
      }
    });

    it.each([
      ['the checkpoint', 'checkpoint', all(2)],
      ['a bundle', BUNDLE, { ...all(2), checkpoint: 0 }],
      ['a tile', TILE, { ...all(2), checkpoint: 0 }],
      ['the last bundle', LAST_BUNDLE, { ...all(2), checkpoint: 0, explain: 0 }],
    ])('without %s: 2 where it is needed', async (_what, path, expected) => {
      const file = fresh();
      await writeFile(file, packed([...log.files].filter(([name]) => name !== path)));
      expect(await codesOf(file)).toEqual(expected);
    });

    it('with a part that was cut off before it was packed: 2', async () => {
      for (const [path, length] of [
        [TILE, 4_000],
        [TILE, 0],
        [BUNDLE, 30_000],
        [BUNDLE, 0],
        [LAST_BUNDLE, 1_001],
      ] as const) {
        const file = fresh();
        await writeFile(file, packed(withFile(path, cutTo(length)(await read(path)))));
        const codes = await codesOf(file, ['--vkey', LOG_VKEY], ['verify', 'replay', 'export', 'import', 'yearly']);
        expect({ path, length, codes }).toEqual({
          path,
          length,
          codes: { verify: 2, replay: 2, export: 2, import: 2, yearly: 2 },
        });
      }
    });

    it.each(['./checkpoint', './/checkpoint', '././checkpoint', '/checkpoint', 'tile/../checkpoint'])(
      'with %s as a second checkpoint: 2, because tar would extract that one',
      async (name) => {
        const other = Buffer.from(signedLog([Buffer.from('x')]).checkpoint);
        const file = fresh();
        await writeFile(file, packed([...log.files, [name, other]]));
        expect(readTarHeader(tarHeader(name, 1))).toMatchObject({ name });
        expect(await codesOf(file)).toEqual(all(2));
      },
    );

    it('checked with the key of another log, or another key of its name: 2', async () => {
      for (const name of [ORIGIN, 'other.example/log']) {
        const other = formatVerifierKey(noteKeyOf(signingKey(name, Buffer.alloc(32, 1))));
        expect(await codesOf(at('whole.tar'), ['--vkey', other])).toEqual(all(2));
      }
    });

    it('signed by another key, with that key beside it: 2, although everything in it fits', async () => {
      const file = fresh();
      const entries = programme().flatMap((events) => new EnvelopeWriter().command(...events));
      await writeFile(file, packed(signedLog(entries, OTHER_KEY).files));
      expect(await codesOf(file)).toEqual(all(2));
    });

    it('that is the receipt of an event: 2, and says which command checks it', async () => {
      for (const name of ['verify', 'explain']) {
        const { code, out, err } = await ppp(
          'audit',
          name,
          ...(calls(at('receipt'), ['--vkey', LOG_VKEY])[name] ?? []),
        );
        expect([code, out + err]).toEqual([2, expect.stringContaining('audit receipt FILE --event FILE --vkey')]);
      }
    });
  });

  describe('of a folder', () => {
    async function copied(change: (copy: string) => Promise<unknown>): Promise<string> {
      const copy = fresh();
      await cp(whole, copy, { recursive: true });
      await change(copy);
      return copy;
    }

    it.each<[string, (copy: string) => Promise<unknown>]>([
      ['without anything', (copy) => rm(copy, { recursive: true }).then(() => mkdir(copy))],
      ['with an empty checkpoint', (copy) => truncate(join(copy, 'checkpoint'))],
      ['with a folder in place of the checkpoint', (copy) => replaced(copy, 'checkpoint', (path) => mkdir(path))],
      ['with a pipe in place of the checkpoint', (copy) => replaced(copy, 'checkpoint', pipe)],
      ['with an endless checkpoint', (copy) => replaced(copy, 'checkpoint', (path) => symlink('/dev/zero', path))],
      ['with a link that leads nowhere', (copy) => replaced(copy, 'checkpoint', (path) => symlink('nowhere', path))],
    ])('%s: 2', async (_what, change) => {
      expect(await codesOf(await copied(change))).toEqual(all(2));
    });

    it.each<[string, (copy: string) => Promise<unknown>]>([
      ['with an endless tile', (copy) => replaced(copy, TILE, (path) => symlink('/dev/zero', path))],
      ['with a pipe in place of a bundle', (copy) => replaced(copy, BUNDLE, pipe)],
      ['with a bundle that was cut off', (copy) => truncate(join(copy, BUNDLE), 30_000)],
      ['with a tile that was copied in text mode', async (copy) => rewritten(copy, TILE, textMode)],
      ['with a tile that is too long', async (copy) => rewritten(copy, TILE, (bytes) => Buffer.concat([bytes, bytes]))],
    ])('%s: 2 for the commands that read it', async (_what, change) => {
      const codes = await codesOf(await copied(change));
      expect({ ...codes, explain: 2 }).toEqual({ ...all(2), checkpoint: 0 });
      expect(codes['explain']).not.toBe(1);
    });

    const replaced = async (copy: string, path: string, make: (path: string) => Promise<unknown>): Promise<void> => {
      await rm(join(copy, path));
      await make(join(copy, path));
    };
    const pipe = (path: string): Promise<unknown> => promisify(execFile)('mkfifo', [path]);
    const rewritten = async (copy: string, path: string, change: Change): Promise<void> =>
      writeFile(join(copy, path), change(await readFile(join(copy, path))));

    it('that is a device or a pipe: 2', async () => {
      await pipe(at('pipe'));
      expect(await codesOf('/dev/zero')).toEqual(all(2));
      expect(await codesOf(at('pipe'))).toEqual(all(2));
    });
  });

  describe('of a server', () => {
    let server: Server;
    let url: string;
    let change: (path: string, bytes: Buffer | undefined) => { status: number; body: Buffer };
    beforeAll(async () => {
      server = createServer(({ url: path = '' }, response) => {
        const { status, body } = change(path.slice(1), log.files.get(path.slice(1)));
        // Without a length, the end of the connection ends the body: a body that was cut off looks whole.
        response.writeHead(status, { Connection: 'close' }).end(body);
      });
      server.listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => server.close());
    const served = (path: string, damage: Change): void => {
      change = (name, bytes) => {
        if (bytes === undefined) return { status: 404, body: Buffer.from('nothing here') };
        return { status: 200, body: name === path ? damage(bytes) : bytes };
      };
    };
    const NAMES = ['verify', 'replay', 'checkpoint', 'yearly'];

    it.each<[string, string, Change, Readonly<Record<string, number>>]>([
      ['whole', '', (bytes) => bytes, { verify: 0, replay: 0, checkpoint: 0, yearly: 0 }],
      [
        'with a checkpoint that was cut off',
        'checkpoint',
        cutTo(60),
        { verify: 2, replay: 2, checkpoint: 2, yearly: 2 },
      ],
      ['with a bundle that was cut off', BUNDLE, cutTo(9_999), { verify: 2, replay: 2, checkpoint: 0, yearly: 2 }],
      ['with a tile that was cut off', TILE, cutTo(8_191), { verify: 2, replay: 2, checkpoint: 0, yearly: 2 }],
      ['with a changed entry', BUNDLE, flip(500), { verify: 1, replay: 1, checkpoint: 0, yearly: 1 }],
    ])('%s', async (_what, path, damage, expected) => {
      served(path, damage);
      expect(await codesOf(url, ['--vkey', LOG_VKEY], NAMES)).toEqual(expected);
    });

    it('that answers everything with a page: 2', async () => {
      change = () => ({ status: 200, body: Buffer.from('<html><body>Sign in</body></html>') });
      expect(await codesOf(url, ['--vkey', LOG_VKEY], NAMES)).toEqual({
        verify: 2,
        replay: 2,
        checkpoint: 2,
        yearly: 2,
      });
    });

    it('that compares with a report which was cut off, or with a page: 2', async () => {
      const { out } = await ppp('audit', 'replay', whole, '--vkey', LOG_VKEY, '--report', 'equal-access');
      for (const [body, expected] of [
        [Buffer.from(out).subarray(0, 500), 2],
        [Buffer.from('<html></html>'), 2],
        [Buffer.from(out.replace('"methodVersion":"2.0"', '"methodVersion":"2.9"')), 2],
        [Buffer.from(out.replace('"position":', '"position":1')), 1],
      ] as const) {
        change = () => ({ status: 200, body });
        const ran = await ppp('audit', 'replay', whole, '--vkey', LOG_VKEY, '--compare', url);
        expect([ran.code, ran.err]).toEqual([expected, expect.not.stringContaining('a bug')]);
      }
    });
  });

  describe('of what the auditor keeps', () => {
    const KEPT: readonly (readonly [string, (text: string) => Buffer])[] = [
      ['as it was printed', (text) => Buffer.from(text)],
      ['with the ends of lines of Windows', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
      ['with a byte order mark', (text) => Buffer.from(`\ufeff${text}`)],
      ['without its last newline', (text) => Buffer.from(text.replace(/\n$/, ''))],
      ['with blank lines at its end', (text) => Buffer.from(`${text}\n \r\n`)],
      ['as PowerShell writes it', (text) => Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'utf16le')],
    ];

    it.each(KEPT)('a checkpoint, a policy, a key, a receipt %s: 0 everywhere', async (_what, changed) => {
      const note = parseNote(log.checkpoint);
      const cosigned = formatNote(withSignatures(note, [cosign(WITNESS, note.text, 1_760_000_000)]));
      const source = fresh();
      await writeFile(source, packed(withFile('checkpoint', Buffer.from(cosigned))));
      const policy = thresholdPolicy({ key: noteKeyOf(LOG_KEY) }, [{ name: 'w1', key: cosignerKeyOf(WITNESS) }], 1);
      const [kept, vkey, policyFile, receipt] = [fresh(), fresh(), fresh(), fresh()];
      await writeFile(kept, changed(log.checkpoint));
      await writeFile(vkey, changed(`${LOG_VKEY}\n`));
      await writeFile(policyFile, changed(formatPolicy(policy)));
      await writeFile(receipt, changed(await readFile(at('receipt'), 'utf8')));
      const trust = ['--vkey', vkey, '--checkpoint', kept, '--policy', policyFile];
      const names = ['verify', 'replay', 'explain', 'checkpoint', 'export', 'yearly'];
      expect(await codesOf(source, trust, names)).toEqual(Object.fromEntries(names.map((name) => [name, 0])));
      expect((await ppp('audit', 'receipt', receipt, '--event', at('event'), '--vkey', vkey)).code).toBe(0);
    });

    it('a checkpoint that was cut off, is empty, or is no text: 2', async () => {
      const kept = Buffer.from(log.checkpoint);
      const others = [Buffer.alloc(0), kept.subarray(0, 60), kept.subarray(0, -20), Buffer.from([0xc3, 0x28]), archive];
      for (const other of others) {
        const file = fresh();
        await writeFile(file, other);
        expect(await codesOf(at('whole.tar'), ['--vkey', LOG_VKEY, '--checkpoint', file])).toEqual(all(2));
      }
    });

    it('a checkpoint of another history, signed by the same key: 1', async () => {
      const entries = programme().flatMap((events) => new EnvelopeWriter().command(...events));
      for (const size of [20, SIZE]) {
        const forged = signedLog(
          Array.from({ length: size }, (_, index) => entries[index % entries.length] ?? Buffer.of()),
        );
        const file = fresh();
        await writeFile(file, forged.checkpoint);
        const codes = await codesOf(at('whole.tar'), ['--vkey', LOG_VKEY, '--checkpoint', file]);
        expect({ size, codes }).toEqual({ size, codes: all(1) });
      }
    });

    it('a checkpoint of a longer history: 2', async () => {
      const file = fresh();
      await writeFile(file, signedLog(Array.from({ length: SIZE + 1 }, () => Buffer.from('x'))).checkpoint);
      expect(await codesOf(at('whole.tar'), ['--vkey', LOG_VKEY, '--checkpoint', file])).toEqual(all(2));
    });

    it('a policy whose quorum the checkpoint has not: 2 for every command that takes it', async () => {
      const policy = thresholdPolicy({ key: noteKeyOf(LOG_KEY) }, [{ name: 'w1', key: cosignerKeyOf(WITNESS) }], 1);
      const file = fresh();
      await writeFile(file, formatPolicy(policy));
      expect(await codesOf(at('whole.tar'), ['--policy', file])).toEqual(all(2));
    });

    it('a key or a policy that is no key or policy: 64, with the reason', async () => {
      for (const [option, bytes] of [
        ['--vkey', Buffer.from('hello')],
        ['--vkey', Buffer.alloc(0)],
        ['--vkey', Buffer.from([0xff, 0xfe, 0x00])],
        ['--policy', Buffer.from('quorum')],
        ['--policy', archive],
      ] as const) {
        const file = fresh();
        await writeFile(file, bytes);
        for (const [name, args] of Object.entries(calls(at('whole.tar'), [option, file]))) {
          const { code, err } = await ppp('audit', name, ...args);
          expect({ name, option, code }).toEqual({ name, option, code: 64 });
          expect(err.split('\n')[0]).toContain(`${option} cannot be used: `);
        }
      }
    });
  });
});
