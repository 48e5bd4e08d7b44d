import type { Pool, PoolClient } from 'pg';
import type { AppendChecks } from '../../ledger/append-checks.js';
import type { ProgressListener } from '../../ledger/progress-listener.js';
import type { Outcome } from '../../ledger/outcome.js';
import { NotCheckable, ProvenWrong } from '../audit-finding.js';
import { accept } from '../../log/batch-checks.queries.js';
import { noteText, type OpenedLog } from '../audit-log.js';
import { CompactRange, hashesEqual, leafHash } from '../../tlog/merkle.js';
import { wrapSameKey, type VerifierKey } from '../../tlog/note-key.js';
import { encodeHex } from '../../tlog/strict-text.js';
import { parseTilePath, type TileAddress } from '../../tlog/tile.js';
import { LogWalk } from '../verify-walk.js';
import { commit } from '../../ledger/postgres/commit.js';

/** Entries of one read, of at most 60,000 bytes each. */
const READ_BACK_ENTRIES = 1_000;

export interface Imported {
  readonly events: number;
  /** True if the log continues under its own name: the key of this installation signed it. */
  readonly continuesLog: boolean;
}

/**
 * Loads the events of an exported log, byte for byte, into the empty database of a ledger, and reads them back. One
 * transaction: if the root that is read back differs, nothing was imported.
 *
 * A log holds neither sealed contents (its events hold commitments to them only) nor answers to commands, so that neither
 * is imported. A command that is sent again with the idempotency key of an imported command is therefore refused, and not
 * replayed. The log knows nothing of refused commands, so that they are decided again.
 * @param ownKey the key of this installation. If it signed the log, tiles and checkpoint are restored and the log
 * continues. Otherwise a new log is built from the same events.
 * @param checks of this installation. The events that it has to sign get check values, because they are the ones of a signed log.
 * @throws NotCheckable if the ledger is not empty
 * @throws ProvenWrong if the root that is read back differs
 */
export async function importLog(
  log: OpenedLog,
  pool: Pool,
  ownKey: VerifierKey,
  checks: AppendChecks,
  progress?: ProgressListener,
): Promise<Imported> {
  const continuesLog = ownKey.name === log.key.name && wrapSameKey(ownKey, log.key);
  const client = await pool.connect();
  try {
    await client.query('begin');
    // Both timeouts are for short transactions; no other user waits for this long one.
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    await requireEmpty(client);
    const events = await load(client, log, continuesLog, progress);
    await readBack(client, log);
    await accept(client, checks);
    await commit(client);
    client.release();
    return { events, continuesLog };
  } catch (error) {
    await client.query('rollback').then(
      () => client.release(),
      (broken: Error) => client.release(broken),
    );
    throw error;
  }
}

/** Takes the locks of the writers of events and of the log, so that no write happens meanwhile. */
async function requireEmpty(client: PoolClient): Promise<void> {
  const { rows: heads } = await client.query<{ position: number }>('select position from ledger_head for update');
  const { rows: logs } = await client.query<{ size: number }>('select size from log_head for update');
  const { rows: answers } = await client.query('select from commands limit 1');
  if (heads[0]?.position === 0 && logs[0]?.size === 0 && answers.length === 0) return;
  throw new NotCheckable(
    `The ledger is not empty: it has ${heads[0]?.position ?? 0} events.`,
    'Import into a new database (DATABASE_URL or DATA_DIR), before the service was started on it for the first time.',
  );
}

async function load(
  client: PoolClient,
  log: OpenedLog,
  withTiles: boolean,
  progress: ProgressListener | undefined,
): Promise<number> {
  const { size } = log.checkpoint;
  const walk = new LogWalk(log, withTiles ? { onArtefact: (path, bytes) => putTile(client, path, bytes) } : {});
  let recordedAt = '';
  progress?.begin(size);
  for await (const { first, entries } of walk.stretches()) {
    recordedAt = await insert(client, first, entries);
    progress?.reached(first + entries.length - 1);
  }
  progress?.end();
  await client.query('update ledger_head set position = $1, recorded_at = $2', [size, recordedAt]);
  await client.query(PUT_COMMANDS, [JSON.stringify(IMPORTED)]);
  if (withTiles) await putHead(client, log);
  return size;
}

/** @returns when the last event was recorded. */
async function insert(client: PoolClient, first: number, entries: readonly Uint8Array[]): Promise<string> {
  const envelopes = entries.map((entry) => Buffer.from(entry.buffer, entry.byteOffset, entry.length).toString('utf8'));
  const events = envelopes.map((envelope) => JSON.parse(envelope) as Columns);
  await client.query({
    name: 'import-events',
    text: `insert into events (position, stream, revision, id, type, recorded_at, envelope)
           select $1 + x.ordinal - 1, x.stream, x.revision, x.id, x.type, x.recorded_at, x.envelope
           from unnest($2::text[], $3::integer[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[])
             with ordinality as x (stream, revision, id, type, recorded_at, envelope, ordinal)`,
    values: [
      first,
      events.map(({ stream }) => stream),
      events.map(({ revision }) => revision),
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ recordedAt }) => recordedAt),
      envelopes,
    ],
  });
  return events.at(-1)?.recordedAt ?? '';
}

/**
 * Records that the commands of the events were executed. Their requests are unknown: no fingerprint equals the empty one,
 * so that a repeated command is rejected because its key was used.
 */
const PUT_COMMANDS = `insert into commands (command_id, fingerprint, position, recorded_at, outcome)
  select (envelope::json ->> 'commandId')::uuid, '', max(position), max(recorded_at), $1 from events group by 1`;
const IMPORTED: Outcome = {
  refusal: {
    kind: 'conflict',
    code: 'answer-not-imported',
    detail: 'The command was carried out before this ledger was imported; its answer is not part of a log.',
    facts: {},
    errors: [],
  },
  correlationId: '',
};

interface Columns {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly recordedAt: string;
}

async function putTile(client: PoolClient, path: string, bytes: Uint8Array): Promise<void> {
  const address = parseTilePath(path);
  // Bundles are built from the events on demand.
  if (address.level === 'entries') return;
  const { level, index, width }: TileAddress = address;
  await client.query({
    name: 'import-tile',
    text: 'insert into log_tiles (level, index, width, bytes) values ($1, $2, $3, $4)',
    values: [level, index, width, Buffer.from(bytes)],
  });
}

async function putHead(client: PoolClient, log: OpenedLog): Promise<void> {
  const { size, root } = log.checkpoint;
  const values = [size, Buffer.from(root), noteText(log)];
  await client.query('update log_head set size = $1, root = $2, note = $3', values);
  await client.query('insert into log_checkpoints (size, root, note) values ($1, $2, $3)', values);
}

/**
 * The root of the stored bytes must be the signed root: only this proves that the service will publish the signed events.
 */
async function readBack(client: PoolClient, { checkpoint }: OpenedLog): Promise<void> {
  const range = new CompactRange();
  for (;;) {
    const { rows } = await client.query<{ envelope: string }>({
      name: 'import-read-back',
      text: 'select envelope from events where position > $1 order by position limit $2',
      values: [range.size, READ_BACK_ENTRIES],
    });
    for (const { envelope } of rows) range.append(leafHash(Buffer.from(envelope)));
    if (rows.length < READ_BACK_ENTRIES) break;
  }
  if (range.size === checkpoint.size && hashesEqual(range.root(), checkpoint.root)) return;
  throw new ProvenWrong({
    check: 'root',
    message: 'The database gives back other events than were written; nothing was imported.',
    expected: encodeHex(checkpoint.root),
    found: encodeHex(range.root()),
    nextStep: 'Check the encoding of the database (UTF8) and its storage.',
  });
}
