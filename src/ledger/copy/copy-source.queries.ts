import type { PoolClient, QueryConfig } from 'pg';
import type { AppendCommand } from '../event-store.js';
import type { DraftEvent, Envelope } from '../event.js';
import { EngineUnusable } from '../kurrentdb/engine-unusable.js';
import type { KurrentLog } from '../kurrentdb/kurrent-log.js';

/** Longest time to build an index over all commands. */
const INDEX_MS_MAX = 3_600_000;
/** Commands read from the database at a time. */
const PAGE_COMMANDS = 500;
/** Text in one append; the server takes a MiB, names and ids included. */
const APPEND_BYTES = 500_000;

interface StoredCommand {
  readonly command: AppendCommand;
  readonly recordedAt: string;
  readonly bytes: number;
}

/**
 * The next commands that KurrentDB lacks. A refused command has the position of the event before it: the commands of the position that
 * the copy has reached are looked up one by one.
 */
export async function commandsFrom(
  client: PoolClient,
  position: number,
  log: KurrentLog,
): Promise<{ commands: readonly StoredCommand[]; isLast: boolean }> {
  let after: CommandRow | undefined;
  const found: StoredCommand[] = [];
  let last = position;
  for (;;) {
    const rows = await pageOfCommands(client, position, after);
    for (const row of rows) {
      after = row;
      if (row.position === position && (row.adds === false || position > 0) && (await log.batchOf(row.id))) continue;
      found.push(await withEvents(client, row, last));
      last = row.position;
    }
    if (rows.length < PAGE_COMMANDS) return { commands: found, isLast: true };
    if (found.length > 0) return { commands: found, isLast: false };
  }
}

/** Without this index each page would read all commands. The service does not need it, so that it is dropped after the copy. */
export async function indexCommands(client: PoolClient): Promise<void> {
  await client.query(`set statement_timeout = ${INDEX_MS_MAX}`);
  // The service may write meanwhile.
  const text = 'create index concurrently if not exists commands_position on commands (position)';
  await client.query({ text, query_timeout: INDEX_MS_MAX } as QueryConfig);
  await client.query('reset statement_timeout');
}

/** Runs inside the last transaction of the copy. */
export async function dropCommandsIndex(client: PoolClient): Promise<void> {
  await client.query('drop index if exists commands_position');
}

interface CommandRow {
  readonly id: string;
  readonly fingerprint: string;
  readonly position: number;
  readonly recordedAt: string;
  readonly outcome: string;
  readonly adds: boolean;
}

/** A page in the order of execution: the command that added the event at a position, then the commands that were refused after it. */
async function pageOfCommands(
  client: PoolClient,
  position: number,
  after: CommandRow | undefined,
): Promise<readonly CommandRow[]> {
  const { rows } = await client.query<CommandRow>(
    `select * from (
       select c.command_id as id, c.fingerprint, c.position, c.recorded_at as "recordedAt", c.outcome,
         coalesce((e.envelope::json ->> 'commandId')::uuid = c.command_id, false) as adds
       from commands c left join events e on e.position = c.position
       where c.position >= $1) as found
     where $2::bigint is null or (position, not adds, "recordedAt", id) > ($2, not $3::boolean, $4::timestamptz, $5::uuid)
     order by position, not adds, "recordedAt", id limit $6`,
    [position, after?.position, after?.adds, after?.recordedAt, after?.id, PAGE_COMMANDS],
  );
  return rows;
}

async function withEvents(client: PoolClient, row: CommandRow, before: number): Promise<StoredCommand> {
  const { id: commandId, fingerprint, outcome, recordedAt } = row;
  const envelopes = row.adds ? await envelopesAfter(client, before, row.position - before) : [];
  const events = envelopes.map((envelope) => draftOf(envelope, commandId));
  const bytes = envelopes.reduce((sum, envelope) => sum + 2 * envelope.length, outcome.length + 500);
  return { command: { commandId, fingerprint, outcome, events, sealed: [] }, recordedAt, bytes };
}

/** The envelope without its stamp, cut out of the stored text, because a second serialisation could differ. */
function draftOf(envelope: string, commandId: string): DraftEvent {
  const event = JSON.parse(envelope) as Envelope;
  if (event.commandId !== commandId)
    throw new EngineUnusable(`The event ${event.id} belongs to ${event.commandId}, not to ${commandId}.`);
  // The last match belongs to the envelope: in the order of RFC 8785 no member of that name follows.
  const at = envelope.lastIndexOf(`"recordedAt":"${event.recordedAt}"`) + '"recordedAt":"'.length;
  const { stream, revision, id, type, recordedAt } = event;
  return {
    stream,
    revision,
    id,
    type,
    beforeStamp: envelope.slice(0, at),
    afterStamp: envelope.slice(at + recordedAt.length),
    bytes: Buffer.byteLength(envelope),
  };
}

export interface Group {
  readonly index: number;
  readonly stamp: string;
  readonly commands: AppendCommand[];
}

/** The commands of one append: all of one instant, and limited in size. */
export function groupsOf(commands: readonly StoredCommand[]): readonly Group[] {
  const groups: Group[] = [];
  let bytes = 0;
  for (const { command, recordedAt, bytes: own } of commands) {
    const last = groups.at(-1);
    if (last?.stamp === recordedAt && bytes + own <= APPEND_BYTES) {
      last.commands.push(command);
      bytes += own;
    } else {
      groups.push({ index: groups.length, stamp: recordedAt, commands: [command] });
      bytes = own;
    }
  }
  return groups;
}

export async function envelopesAfter(client: PoolClient, position: number, limit: number): Promise<readonly string[]> {
  const { rows } = await client.query<{ envelope: string }>({
    name: 'copied-envelopes',
    text: 'select envelope from events where position > $1 order by position limit $2',
    values: [position, limit],
  });
  return rows.map(({ envelope }) => envelope);
}

export async function sizeOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ position: number }>('select position from ledger_head');
  return rows[0]?.position ?? 0;
}
