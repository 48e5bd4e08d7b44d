import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { AppendChecks } from '../../../ledger/append-checks.js';
import type { ProgressListener } from '../../../ledger/progress-listener.js';
import { accept } from '../../../log/batch-checks.queries.js';
import { LogTransaction } from '../../../log/log-store.queries.js';
import { reasonOf } from '../../../platform/startup-error.js';
import type { TreeHead } from '../../../tlog/checkpoint.js';
import { hashesEqual, leafHash } from '../../../tlog/merkle.js';
import { parseVerifierKey } from '../../../tlog/note-key.js';
import { encodeHex } from '../../../tlog/strict-text.js';
import { TileBuilder } from '../../../tlog/tile-builder.js';
import type { HashTile } from '../../../tlog/tile.js';
import { NotCheckable, ProvenWrong } from '../../audit-finding.js';
import { noteText, openLog } from '../../audit-log.js';
import { LogWalk } from '../../verify-walk.js';
import { BackupFailure } from './backup-failure.js';
import type { BackupReader } from './backup-reader.js';
import { BACKUP_TABLES, type BackupTable } from './backup-tables.js';
import { commit } from '../../../ledger/postgres/commit.js';

/** Events of one write, of at most 60,000 bytes each. */
const EVENTS_PER_WRITE = 1_000;
/** New statistics of a large database take minutes. */
const ANALYZE_MS_MAX = 3_600_000;

export interface RestoreOptions {
  /** The last checkpoint that this installation signed, as far as it is known. */
  readonly kept?: TreeHead;
  /** True to restore a backup that ends before the kept checkpoint. */
  readonly acceptsOlder: boolean;
  /** True for the copy of a ledger on KurrentDB; false gives the database its events for its own. */
  readonly isCopy: boolean;
  /** With the key that the ledger goes on with. */
  readonly checks: AppendChecks;
  /** Called when everything is written and nothing is committed. */
  readonly beforeCommit: () => Promise<void>;
  readonly progress?: ProgressListener;
}

/**
 * Writes a backup into an empty, migrated database, in one transaction, and checks every hash of its log. The views stay
 * empty: they are built from the events. The note of the checkpoint that the log goes on from is returned.
 * @throws BackupFailure if nothing was written, with the reason
 */
export async function restoreBackup(
  backup: BackupReader,
  pool: Pool,
  options: RestoreOptions,
): Promise<string | undefined> {
  requireNewEnough(backup, options);
  const client = await pool.connect();
  try {
    await client.query('begin');
    // Both time-outs are for short transactions; no other user waits for this long one.
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    await requireEmpty(client);
    const note = await new Restore(backup, client, options).run();
    await options.beforeCommit();
    await commit(client);
    await client.query({ text: 'analyze', query_timeout: ANALYZE_MS_MAX } as QueryConfig);
    client.release();
    return note;
  } catch (error) {
    // The transaction ends with the session.
    client.release(true);
    if (!(error instanceof NotCheckable || error instanceof ProvenWrong)) throw error;
    throw new BackupFailure(`${backup.archive.name} is damaged: ${reasonOf(error)}`, { cause: error });
  }
}

function requireNewEnough({ about, archive }: BackupReader, { kept, acceptsOlder }: RestoreOptions): void {
  if (kept === undefined || kept.size <= about.position || acceptsOlder) return;
  throw new BackupFailure(
    `${archive.name} ends at position ${about.position}, and this installation has signed its log up to ${kept.size} ` +
      `(last-checkpoint in DATA_DIR): ${kept.size - about.position} signed events are not in it, and erasures among them would be ` +
      'undone. Restore a newer backup. With --older this one is restored all the same; then the service signs nothing, because ' +
      'that would be a second history.',
  );
}

/** Takes the locks of the writers of events and of the log, so that no write happens meanwhile. */
async function requireEmpty(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ position: number }>('select position from ledger_head for update');
  const { rows: logs } = await client.query<{ size: number }>('select size from log_head for update');
  const tables = ['events', ...BACKUP_TABLES.map(({ name }) => name)];
  for (const name of tables) {
    const { rows: found } = await client.query(`select from ${name} limit 1`);
    if (found.length > 0) throw notEmpty(rows[0]?.position ?? 0);
  }
  if (rows[0]?.position !== 0 || logs[0]?.size !== 0) throw notEmpty(rows[0]?.position ?? 0);
}

const notEmpty = (events: number): BackupFailure =>
  new BackupFailure(
    `The database is not empty: its ledger has ${events} events. Restore into a new one: an empty folder as DATA_DIR, or a new ` +
      'database as DATABASE_URL, before a service was started on it.',
  );

class Restore {
  private readonly builder = new TileBuilder();
  private readonly log: LogTransaction;

  constructor(
    private readonly backup: BackupReader,
    private readonly client: PoolClient,
    private readonly options: RestoreOptions,
  ) {
    this.log = new LogTransaction(client);
  }

  async run(): Promise<string | undefined> {
    const { about } = this.backup;
    const { progress } = this.options;
    await this.putRows('log_checkpoints');
    progress?.begin(about.position);
    const note = await this.putLog();
    await this.putLaterEvents();
    progress?.end();
    this.requireRoot();
    await this.client.query('update ledger_head set position = $1, recorded_at = $2', [
      about.position,
      about.recordedAt,
    ]);
    // The digest of an answer is restored, and not made again: it must still find an answer that was changed.
    await this.client.query('alter table commands disable trigger commands_are_digested');
    for (const { name, isOfKurrent } of BACKUP_TABLES as readonly BackupTable[]) {
      if (name === 'log_checkpoints' || (isOfKurrent && !this.options.isCopy)) continue;
      await this.putRows(name as (typeof BACKUP_TABLES)[number]['name']);
    }
    await this.client.query('alter table commands enable trigger commands_are_digested');
    await this.putCheckedHead();
    return note;
  }

  /** The next batch continues the check values of the backup. Where it has none, the events that are not signed get one. */
  private async putCheckedHead(): Promise<void> {
    const { checks } = this.options;
    if (this.backup.about.appendKeyId === null) {
      await accept(this.client, checks);
      return;
    }
    await this.client.query("select set_config('ledger.sequencing', 'on', true)");
    await this.client.query(
      `update ledger_head set batch = c.batch, check_value = c.check_value, append_key = $1
       from (select batch, check_value from batch_checks order by batch desc limit 1) as c`,
      [checks.keyId],
    );
  }

  private async putRows(name: (typeof BACKUP_TABLES)[number]['name']): Promise<void> {
    const columns = BACKUP_TABLES.find((table) => table.name === name)?.columns.join(', ') ?? '';
    let written = 0;
    for await (const lines of this.backup.members(name)) {
      const { rowCount } = await this.client.query(
        `insert into ${name} (${columns}) select ${columns} from json_populate_recordset(null::${name}, $1)`,
        [`[${lines.join(',')}]`],
      );
      written += rowCount ?? 0;
    }
    this.requireCount(name, written, this.backup.about.parts[name].lines);
  }

  /** The events up to the last checkpoint, and the tiles of all checkpoints. @returns the note of the last checkpoint */
  private async putLog(): Promise<string | undefined> {
    const { archive, about, vkey } = this.backup;
    if (about.signedSize === 0) return undefined;
    const log = await openLog(archive, { key: parseVerifierKey(vkey) });
    this.requireCount('the log', log.checkpoint.size, about.signedSize);
    for await (const { entries } of new LogWalk(log).stretches()) {
      await this.put(entries.map((entry) => Buffer.from(entry.buffer, entry.byteOffset, entry.length)));
    }
    const { size, root } = log.checkpoint;
    const note = noteText(log);
    await this.client.query('update log_head set size = $1, root = $2, note = $3', [size, Buffer.from(root), note]);
    return note;
  }

  private async putLaterEvents(): Promise<void> {
    let written = 0;
    for await (const lines of this.backup.members('events')) {
      for (let at = 0; at < lines.length; at += EVENTS_PER_WRITE) {
        await this.put(lines.slice(at, at + EVENTS_PER_WRITE).map((line) => Buffer.from(line)));
      }
      written += lines.length;
    }
    this.requireCount('events', written, this.backup.about.parts.events.lines);
  }

  private async put(entries: readonly Buffer[]): Promise<void> {
    const before = this.builder.size;
    await this.client.query({
      name: 'restore-events',
      text: `insert into events (position, stream, revision, id, type, recorded_at, envelope)
             select $1::bigint + x.ordinal, e ->> 'stream', (e ->> 'revision')::integer, (e ->> 'id')::uuid, e ->> 'type',
               (e ->> 'recordedAt')::timestamptz, x.envelope
             from unnest($2::text[]) with ordinality as x (envelope, ordinal), lateral (select x.envelope::json) as y (e)`,
      values: [before, entries.map((entry) => entry.toString('utf8'))],
    });
    const { rows } = await this.client.query<{ size: number }>({
      name: 'restore-checkpoints',
      text: 'select size from log_checkpoints where size > $1 and size <= $2',
      values: [before, before + entries.length],
    });
    const signed = new Set(rows.map(({ size }) => size));
    const tiles: HashTile[] = [];
    const { kept, progress } = this.options;
    for (const entry of entries) {
      this.builder.append(leafHash(entry));
      // As the log was written: what became full, and the partial tiles of every checkpoint.
      if (signed.has(this.builder.size)) tiles.push(...this.builder.partialTiles());
      if (kept?.size === this.builder.size) requireSame(kept, this.builder.root());
    }
    tiles.push(...this.builder.takeFullTiles());
    if (before < this.backup.about.signedSize && tiles.length > 0) await this.log.putTiles(tiles);
    progress?.reached(this.builder.size);
  }

  private requireRoot(): void {
    const { position, root } = this.backup.about;
    this.requireCount('the history', this.builder.size, position);
    const found = encodeHex(this.builder.root());
    if (found === root) return;
    throw new BackupFailure(
      `${this.backup.archive.name} is damaged: its events have the root ${found}, and it names ${root}.`,
    );
  }

  private requireCount(what: string, found: number, expected: number): void {
    if (found === expected) return;
    throw new BackupFailure(
      `${this.backup.archive.name} is not complete: ${what} has ${found} entries of ${expected}.`,
    );
  }
}

function requireSame({ size, root }: TreeHead, found: Uint8Array): void {
  if (hashesEqual(root, found)) return;
  throw new BackupFailure(
    `The backup holds another history than the one that this installation signed up to size ${size} (last-checkpoint in ` +
      'DATA_DIR). Find out which of the two is right before going on.',
  );
}
