import { createHash } from 'node:crypto';
import type { Pool, PoolClient, QueryConfig, QueryResultRow } from 'pg';
import type { ProgressListener } from '../../../ledger/progress-listener.js';
import { LogTransaction } from '../../../log/log-store.queries.js';
import { codeOf, reasonOf } from '../../../platform/startup-error.js';
import { encodeBundle } from '../../../tlog/entry-bundle.js';
import { CompactRange, leafHash } from '../../../tlog/merkle.js';
import { formatVerifierKey, type VerifierKey } from '../../../tlog/note-key.js';
import { encodeHex } from '../../../tlog/strict-text.js';
import { parseTilePath, TILE_WIDTH } from '../../../tlog/tile.js';
import type { ArchiveOutput } from '../../archive-export.js';
import { noteText, openLog } from '../../audit-log.js';
import type { LogSource } from '../../log-source.js';
import { LogWalk } from '../../verify-walk.js';
import { BackupFailure } from './backup-failure.js';
import { BACKUP_FORMAT, KEY_NAMES, keyPath, type BackupAbout, type KeyName, type PartCounts } from './backup-format.js';
import { newestMigration } from './backup-schema.js';
import { BACKUP_TABLES, type BackupTable } from './backup-tables.js';
import { BackupWriter } from './backup-writer.js';

/** Events of one read, of at most 60,000 bytes each. */
const EVENTS_PER_READ = 500;
/** A read of a page may have to sort the table first. */
const READ_MS_MAX = 3_600_000;

export interface BackupSource {
  readonly pool: Pool;
  /** The key of this installation, which signs the log. */
  readonly key: VerifierKey;
  /** Undefined if this machine does not have it. */
  readonly wrappingKey?: Uint8Array;
  /** The keys that go into the backup; undefined for a backup without keys. */
  readonly keys?: Readonly<Partial<Record<KeyName, Uint8Array>>>;
}

/**
 * Writes everything that a ledger keeps in its database and that the events do not give, from one snapshot. A service may
 * use the database meanwhile: it is not held up. Every hash of the log is checked on the way. Memory does not grow with the
 * ledger.
 * @throws ProvenWrong if the log is not the one that was signed
 * @throws BackupFailure if the database is not one of this program
 */
export async function writeBackup(
  { pool, key, wrappingKey, keys }: BackupSource,
  output: ArchiveOutput,
  progress?: ProgressListener,
): Promise<BackupAbout> {
  return inSnapshot(pool, async (snapshot) => {
    const { migration, ...head } = await headOf(snapshot);
    const writer = new BackupWriter(output);
    await writer.add('vkey', Buffer.from(`${formatVerifierKey(key)}\n`));
    const range = new CompactRange();
    progress?.begin(head.position);
    const signedSize = await writeLog(snapshot, key, { writer, range, progress });
    const events = await writer.addPart('events', eventsAfter(snapshot, range));
    progress?.end();
    const tables: [string, PartCounts][] = [];
    for (const table of BACKUP_TABLES) {
      tables.push([table.name, await writer.addPart(table.name, rowsOf(snapshot, table))]);
    }
    const keyNames = KEY_NAMES.filter((name) => keys?.[name] !== undefined);
    for (const name of keyNames) {
      await writer.add(keyPath(name), Buffer.from(`${Buffer.from(keys?.[name] ?? []).toString('base64')}\n`));
    }
    const about: BackupAbout = {
      format: BACKUP_FORMAT,
      madeAt: new Date().toISOString(),
      migration,
      ...head,
      root: encodeHex(range.root()),
      signedSize,
      wrappingKeyId: wrappingKey ? wrappingKeyId(wrappingKey) : null,
      hasKeys: keys !== undefined,
      keyNames,
      parts: { ...(Object.fromEntries(tables) as BackupAbout['parts']), events },
    };
    await writer.end(about);
    return about;
  });
}

/** Tells two wrapping keys apart. A hash of 32 random bytes does not help anybody to find them. */
export const wrappingKeyId = (key: Uint8Array): string =>
  createHash('sha256').update('ppp-ledger wrapping key\n').update(key).digest('hex').slice(0, 16);

/** A session whose reads all see the database at one moment. One query at a time. */
class Snapshot {
  private last: Promise<unknown> = Promise.resolve();

  constructor(readonly client: PoolClient) {}

  query<Row extends QueryResultRow>(text: string): Promise<readonly Row[]> {
    return this.alone(async () => {
      const query = { text, query_timeout: READ_MS_MAX } as QueryConfig;
      return (await this.client.query<Row>(query)).rows;
    });
  }

  alone<T>(read: () => Promise<T>): Promise<T> {
    const mine = this.last.then(read, read);
    this.last = mine;
    return mine;
  }
}

async function inSnapshot<T>(pool: Pool, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    // Both time-outs are for short transactions.
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    return await work(new Snapshot(client));
  } catch (error) {
    if (!OTHER_SCHEMA.has(codeOf(error) ?? '')) throw error;
    throw otherSchema(reasonOf(error), error);
  } finally {
    // The snapshot ends with the session, also if a read is still on its way.
    client.release(true);
  }
}

/** A table or column is missing (SQLSTATE). */
const OTHER_SCHEMA: ReadonlySet<string> = new Set(['42P01', '42703']);

const otherSchema = (why: string, cause?: unknown): BackupFailure =>
  new BackupFailure(
    `The database is not one of this version of the program: ${why}. Bring it up to date with "ppp-ledger migrate", or make ` +
      'the backup with the version that serves it.',
    { cause },
  );

async function headOf(
  snapshot: Snapshot,
): Promise<Pick<BackupAbout, 'migration' | 'position' | 'recordedAt' | 'kurrentLedger' | 'appendKeyId'>> {
  const [head] = await snapshot.query<Awaited<ReturnType<typeof headOf>>>(
    `select position, recorded_at as "recordedAt", (select ledger from sequenced) as "kurrentLedger",
       encode(append_key, 'hex') as "appendKeyId",
       (select file from schema_migrations order by number desc limit 1) as migration
     from ledger_head`,
  );
  const newest = await newestMigration();
  if (head === undefined) throw new BackupFailure('The ledger has lost its head row.');
  // A newer program may keep what this one knows nothing of.
  if (head.migration !== newest) throw otherSchema(`it is at ${head.migration}, and the program at ${newest}`);
  return head;
}

interface Target {
  readonly writer: BackupWriter;
  readonly range: CompactRange;
  readonly progress: ProgressListener | undefined;
}

/** Writes the log up to its last checkpoint, as `audit export` does. @returns its size */
async function writeLog(snapshot: Snapshot, key: VerifierKey, { writer, range, progress }: Target): Promise<number> {
  const [head] = await snapshot.query<{ note: string | null }>('select note from log_head');
  if (head?.note == null) return 0;
  const log = await openLog(new SnapshotLog(snapshot, head.note), { key });
  await writer.add('checkpoint', Buffer.from(noteText(log)));
  const walk = new LogWalk(log, { onArtefact: (path, bytes) => writer.tile(path, bytes) });
  for await (const { entries } of walk.stretches()) {
    for (const entry of entries) range.append(leafHash(entry));
    progress?.reached(range.size);
  }
  return log.checkpoint.size;
}

/** The log of a snapshot. */
class SnapshotLog implements LogSource {
  readonly name = 'the database';
  readonly readsMax = 1;
  readonly others: readonly string[] = [];
  private readonly log: LogTransaction;

  constructor(
    private readonly snapshot: Snapshot,
    private readonly note: string,
  ) {
    this.log = new LogTransaction(snapshot.client);
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    if (path === 'checkpoint') return Buffer.from(this.note);
    if (!path.startsWith('tile/')) return undefined;
    const { level, index, width } = parseTilePath(path);
    return this.snapshot.alone(async () => {
      if (level === 'entries') return encodeBundle(await this.log.entriesAfter(index * TILE_WIDTH, width));
      const [tile] = await this.log.tiles([{ level, index, width }]);
      return tile?.bytes;
    });
  }

  async close(): Promise<void> {}
}

/** The events after those of the range, which grows with them. */
async function* eventsAfter(snapshot: Snapshot, range: CompactRange): AsyncGenerator<string> {
  const log = new LogTransaction(snapshot.client);
  for (;;) {
    const entries = await log.entriesAfter(range.size, EVENTS_PER_READ);
    for (const entry of entries) {
      range.append(leafHash(entry));
      yield entry.toString();
    }
    if (entries.length < EVENTS_PER_READ) return;
  }
}

/** The rows of a table as lines of JSON. No number of them passes through JavaScript. */
async function* rowsOf(snapshot: Snapshot, { name, columns, key, rowsPerRead }: BackupTable): AsyncGenerator<string> {
  await snapshot.query(
    `declare backed_up no scroll cursor for
     select row_to_json(r)::text as line from (select ${columns.join(', ')} from ${name} order by ${key.join(', ')}) as r`,
  );
  for (;;) {
    const rows = await snapshot.query<{ line: string }>(`fetch ${rowsPerRead} from backed_up`);
    for (const { line } of rows) yield line;
    if (rows.length < rowsPerRead) break;
  }
  await snapshot.query('close backed_up');
}
