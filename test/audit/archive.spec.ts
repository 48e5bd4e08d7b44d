import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksOf } from '../ledger/batches.js';
import { importLog } from '../../src/audit/database/archive-import.queries.js';
import { exportLog } from '../../src/audit/archive-export.js';
import { ArchiveSource } from '../../src/audit/archive-source.js';
import { BLOCK_BYTES, paddingOf, readTarHeader, TAR_END, tarHeader } from '../../src/audit/archive-tar.js';
import { openLog, type OpenedLog } from '../../src/audit/audit-log.js';
import { openSource } from '../../src/audit/audit-source.js';
import { noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { formatTilePath, TILE_WIDTH } from '../../src/tlog/tile.js';
import { encodeBase64 } from '../../src/tlog/strict-text.js';
import { verify } from '../../src/audit/verify.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { EnvelopeWriter, LOG_KEY, ORIGIN, signedLog } from './written-log.js';
import { programme } from './written-programme.js';

const key = noteKeyOf(LOG_KEY);
const CLASSIFICATION = { category: 'sme', basis: 'b', evidenceRef: 'e', effectiveFrom: '2026-01-01' };
const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };

describe('the container of an exported log', () => {
  it('reads back its own tar headers and accepts the headers of other programs', () => {
    const header = tarHeader('tile/entries/x001/x234/067.p/255', 16_777_216);
    expect(readTarHeader(header)).toEqual({
      name: 'tile/entries/x001/x234/067.p/255',
      bytes: 16_777_216,
      isFolder: false,
    });
    // GNU tar writes its own magic number, and a folder ends in a slash.
    const gnu = withChecksum(tarHeader('tile/', 0), (block) => {
      block.write('5', 156);
      block.write('ustar  \u0000', 257);
    });
    expect(readTarHeader(gnu)).toEqual({ name: 'tile/', bytes: 0, isFolder: true });
    expect(readTarHeader(Buffer.alloc(BLOCK_BYTES))).toBeUndefined();
  });

  it('refuses links and all other members that a log cannot have', () => {
    for (const type of ['1', '2', '3', 'x', 'L']) {
      expect(readTarHeader(withChecksum(tarHeader('checkpoint', 0), (block) => block.write(type, 156)))).toMatch(
        /of the type/,
      );
    }
    expect(() => tarHeader('x'.repeat(101), 0)).toThrow(RangeError);
  });

  it('finds a changed bit in any byte of a tar header', () => {
    const header = tarHeader('checkpoint', 192);
    const missed = Array.from({ length: BLOCK_BYTES * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(header);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return typeof readTarHeader(changed) !== 'string';
    });
    expect(missed).toEqual([]);
  });

  function withChecksum(header: Buffer, change: (block: Buffer) => void): Buffer {
    change(header);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
    return header;
  }
});

describe('an exported log of many full tiles', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-archive-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  // One full tile, two, and the numbers of tiles at which the list of offsets grows.
  it.each([255, 256, 257, 512, 513, 32 * 256, 33 * 256, 65 * 256 + 1])(
    'of %i events has every artefact of the log, byte for byte',
    async (size) => {
      const served = signedLog(Array.from({ length: size }, (_, at) => Buffer.from(`event ${at}`)));
      const path = join(folder, `${size}.tar`);
      await exportLog(served, { key }, path);
      const archive = await ArchiveSource.open(path);
      try {
        const differ: string[] = [];
        for (const [name, bytes] of served.files) {
          if (!bytes.equals((await archive.read(name)) ?? Buffer.alloc(0))) differ.push(name);
        }
        expect(differ).toEqual([]);
        expect(archive.others).toEqual([]);
        for (const level of ['entries', 0] as const) {
          const next = { level, index: Math.floor(size / TILE_WIDTH), width: TILE_WIDTH };
          expect(await archive.read(formatTilePath(next))).toBeUndefined();
        }
      } finally {
        await archive.close();
      }
    },
  );

  it('does not open when a full tile is in it twice', async () => {
    const served = signedLog(Array.from({ length: 600 }, (_, at) => Buffer.from(`event ${at}`)));
    const path = join(folder, 'twice.tar');
    await exportLog(served, { key }, path);
    const bytes = await readFile(path);
    const name = formatTilePath({ level: 'entries', index: 1, width: TILE_WIDTH });
    const content = served.files.get(name) ?? Buffer.alloc(0);
    const member = Buffer.concat([tarHeader(name, content.length), content, Buffer.alloc(paddingOf(content.length))]);
    await writeFile(path, Buffer.concat([bytes.subarray(0, -TAR_END.length), member, TAR_END]));
    await expect(ArchiveSource.open(path)).rejects.toThrow(`${name} is in it twice`);
  });
});

describe('the import of an exported log', () => {
  let api: TestApp;
  let folder: string;
  let log: OpenedLog;
  let classified: string;
  const opened: { drop(): Promise<void> }[] = [];
  const emptyDatabase = async (): Promise<TestDatabase> => {
    const database = await createTestDatabase();
    opened.push(database);
    return database;
  };
  const rootOf = (of: OpenedLog): string => encodeBase64(of.checkpoint.root);
  /** Starts the service on an existing database. */
  const serve = (database: TestDatabase, origin = ORIGIN): Promise<TestApp> =>
    startTestApp({ env: { LOG_ORIGIN: origin }, sharedWith: { databaseUrl: database.url } as TestApp });
  const register = (at: TestApp, idempotencyKey: string) => at.post('/v1/partners', COMPANY, { idempotencyKey });
  const covered = async (at: TestApp, position: number): Promise<void> => {
    const [event] = (await at.get(`/v1/events?after=${position - 1}`, { key: null })).body.data;
    expect((await at.get(`/v1/events/${event.id}/proof`, { key: null })).status).toBe(200);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-archive-'));
    api = await startTestApp({ env: { LOG_ORIGIN: ORIGIN } });
    const made = await Promise.all(Array.from({ length: 300 }, (_, n) => api.must(register(api, `partner-${n}`))));
    classified = String(made[0]?.body.id);
    const last = await api.must(
      api.post(`/v1/partners/${classified}/classifications`, CLASSIFICATION, { idempotencyKey: 'class' }),
    );
    await covered(api, Number(last.body.position));
    await covered(api, Math.max(...made.map(({ body }) => Number(body.position))));
    const source = await openSource(api.url);
    await exportLog(source, { key }, join(folder, 'log.tar'));
    log = await openLog(await ArchiveSource.open(join(folder, 'log.tar')), { key });
  });
  afterAll(async () => {
    await log.source.close();
    for (const database of opened) await database.drop();
    await api.stop();
    await rm(folder, { recursive: true });
  });

  it('stores every imported event byte for byte, and continues the log that its own key signed', async () => {
    const database = await emptyDatabase();
    expect(await importLog(log, database.pool, key, checksOf())).toEqual({
      events: log.checkpoint.size,
      continuesLog: true,
    });
    const second = await serve(database);
    try {
      const source = await openSource(second.url);
      const before = await verify(source, { trust: { key }, aggregates: AGGREGATES });
      expect(before).toMatchObject({ verdict: 'verified', size: log.checkpoint.size, root: rootOf(log) });
      const { body } = await second.must(register(second, 'after-the-import'));
      expect(body.position).toBe(log.checkpoint.size + 1);
      await covered(second, Number(body.position));
      const kept = await readFile(join(folder, 'log.tar')).then((bytes) => bytes.subarray(512, 512 + 192));
      const grown = await verify(source, {
        trust: { key, kept: kept.toString().replaceAll('\u0000', '') },
        aggregates: AGGREGATES,
      });
      expect(grown).toMatchObject({ verdict: 'verified', size: Number(body.position) });
    } finally {
      await second.stop();
    }
  });

  it('builds a log under its own name from imported events, with the same root', async () => {
    const database = await emptyDatabase();
    const mirror = noteKeyOf(signingKey('mirror.example/log', Buffer.alloc(32, 9)));
    expect(await importLog(log, database.pool, mirror, checksOf())).toMatchObject({ continuesLog: false });
    const second = await serve(database, 'mirror.example/log');
    try {
      await covered(second, log.checkpoint.size);
      const found = await verify(await openSource(second.url), { trust: { key: mirror }, aggregates: AGGREGATES });
      expect(found).toMatchObject({ verdict: 'verified', root: rootOf(log), origin: 'mirror.example/log' });
    } finally {
      await second.stop();
    }
  });

  it('serves imported events, and does not execute an imported command again', async () => {
    const database = await emptyDatabase();
    await importLog(log, database.pool, key, checksOf());
    const second = await serve(database);
    try {
      const page = await second.get(`/v1/partners?limit=1&minPosition=${log.checkpoint.size}`);
      expect(page.body.data).toHaveLength(1);
      const classifications = `/v1/partners/${classified}/classifications`;
      for (const again of [
        await register(second, 'partner-7'),
        await second.post(classifications, CLASSIFICATION, { idempotencyKey: 'class' }),
      ]) {
        expect([again.status, again.body.code]).toEqual([422, 'idempotency-key-reused']);
      }
      expect((await second.get('/v1/events?limit=200&after=299', { key: null })).body.data).toHaveLength(
        log.checkpoint.size - 299,
      );
    } finally {
      await second.stop();
    }
  });

  it('refuses an import into a ledger that is not empty, and changes nothing there', async () => {
    const database = await emptyDatabase();
    await importLog(log, database.pool, key, checksOf());
    await expect(importLog(log, database.pool, key, checksOf())).rejects.toThrow(/not empty/);
    const { rows } = await database.pool.query('select count(*)::int as count from events');
    expect(rows).toEqual([{ count: log.checkpoint.size }]);
  });

  it('imports nothing from a log with entries that were not signed', async () => {
    const database = await emptyDatabase();
    const writer = new EnvelopeWriter();
    const entries = programme().flatMap((events) => writer.command(...events));
    const [first = Buffer.alloc(0)] = entries;
    const forged = signedLog(entries.with(0, Buffer.from(String(first).replace('"SE"', '"FI"'))));
    forged.files.set('checkpoint', Buffer.from(signedLog(entries).checkpoint));
    await expect(importLog(await openLog(forged, { key }), database.pool, key, checksOf())).rejects.toThrow('root');
    const { rows } = await database.pool.query('select count(*)::int as count from events');
    expect(rows).toEqual([{ count: 0 }]);
  });
});
