import type { ClientBase, Pool } from 'pg';
import type { AppendChecks, CheckedBatch, CheckedHead } from '../ledger/append-checks.js';
import { commit } from '../ledger/postgres/commit.js';

/** Events of one accepted batch: bounds the memory. */
const ACCEPTED_EVENTS_MAX = 5_000;

/** Batches that are verified together. Each has at most a thousand commands, and most have a few. */
const BATCHES_PER_READ = 50;

/** An event as it is stored, with the columns beside its text. */
export interface StoredRow {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly recordedAt: string;
  readonly envelope: string;
}

const ROW = 'position, stream, revision, id, type, recorded_at as "recordedAt", envelope';

/** Events after a position, in order; at most `limit`. */
export async function rowsAfter(client: ClientBase, position: number, limit: number): Promise<readonly StoredRow[]> {
  const { rows } = await client.query<StoredRow>({
    name: 'checked-rows-after',
    text: `select ${ROW} from events where position > $1 order by position limit $2`,
    values: [position, limit],
  });
  return rows;
}

interface CheckRow {
  readonly batch: number;
  readonly kind: CheckedBatch['kind'];
  readonly firstPosition: number;
  readonly eventCount: number;
  readonly recordedAt: string;
  readonly commandIds: readonly string[];
  readonly checkValue: Buffer;
}

const CHECK = `batch, kind, first_position as "firstPosition", event_count as "eventCount", recorded_at as "recordedAt",
  command_ids as "commandIds", check_value as "checkValue"`;

/**
 * Verifies the check values of events before they are signed. It follows the batches in order, and remembers the last one, so that each
 * is verified once.
 */
export class BatchVerifier {
  private verified: VerifiedEnd | undefined;

  constructor(private readonly checks: AppendChecks) {}

  /** The next call begins with the batch of its first event. */
  forget(): void {
    this.verified = undefined;
  }

  /**
   * @param events consecutive events as they were read for the signature, the first of which is the first that is not signed
   * @throws Error that names the position, and what to do, unless the service recorded all of them as they are
   */
  async require(client: ClientBase, events: readonly StoredRow[]): Promise<void> {
    await this.requireAcknowledged(client);
    const [first] = events;
    const last = events.at(-1);
    if (!first || !last) return;
    if (this.verified === undefined || this.verified.position < first.position - 1) {
      this.verified = await beforeBatchOf(client, first.position);
    }
    while (this.verified.position < last.position) {
      this.verified = await this.verifyNext(client, this.verified, last.position, events);
    }
  }

  /** A last batch that was taken away leaves no trace in the database; the process that appended it remembers it. */
  private async requireAcknowledged(client: ClientBase): Promise<void> {
    const { acknowledged } = this.checks;
    if (acknowledged) this.checks.compare(acknowledged, (await checkOf(client, acknowledged.batch)) ?? null);
    const { lostPosition } = this.checks;
    if (lostPosition === undefined) return;
    throw new Error(
      `Position ${lostPosition} was recorded and answered, and is not in the database any more, or not as it was. Nothing is signed. ` +
        'Find out whether the database was set back (a failover, a restored backup) or changed by somebody; a restart goes on with ' +
        'what is there now.',
    );
  }

  /** Verifies some batches, in three reads at most. @returns the end of the last of them */
  private async verifyNext(
    client: ClientBase,
    from: VerifiedEnd,
    to: number,
    read: readonly StoredRow[],
  ): Promise<VerifiedEnd> {
    const { rows } = await client.query<CheckRow>({
      name: 'next-batch-checks',
      text: `select ${CHECK} from batch_checks where batch > $1 and batch <= $1 + $2 and first_position <= $3 order by batch`,
      values: [from.batch, BATCHES_PER_READ, to],
    });
    if (rows.length === 0) throw unchecked(from.position + 1, 'no batch of the service begins there');
    const commands = await commandsOf(client, rows);
    let after = from;
    for (const row of rows) after = await this.verifyBatch(client, after, row, { events: read, commands });
    return after;
  }

  private async verifyBatch(
    client: ClientBase,
    after: VerifiedEnd,
    row: CheckRow,
    read: { readonly events: readonly StoredRow[]; readonly commands: ReadonlyMap<string, CommandRow> },
  ): Promise<VerifiedEnd> {
    const position = after.position + 1;
    const { batch, kind, eventCount, recordedAt, checkValue, commandIds } = row;
    if (batch !== after.batch + 1) throw unchecked(position, `batch ${after.batch + 1} is missing`);
    if (row.firstPosition !== position) throw unchecked(position, 'no batch of the service begins there');
    const at = position - (read.events[0]?.position ?? 0);
    const own = at >= 0 ? read.events.slice(at, at + eventCount) : [];
    // A batch may begin before the events that are to be signed, and end after them.
    const events = own.length === eventCount ? own : await rowsAfter(client, after.position, eventCount);
    const commands = commandIds.flatMap((id) => read.commands.get(id) ?? []);
    const isStamped =
      kind === 'accepted' || [...events, ...commands].every((stored) => stored.recordedAt === recordedAt);
    const isWhole = events.length === eventCount && commands.length === commandIds.length;
    const isRight =
      isWhole && isStamped && this.checks.isRight({ kind, after, recordedAt, events, commands }, checkValue);
    if (!isRight) {
      const last = after.position + eventCount;
      throw unchecked(
        position,
        `batch ${batch}, of ${eventCount} events up to position ${last}, has a wrong check value`,
      );
    }
    return { batch, checkValue, position: after.position + eventCount };
  }
}

type VerifiedEnd = Pick<CheckedHead, 'batch' | 'checkValue' | 'position'>;

const unchecked = (position: number, why: string): Error =>
  new Error(
    `Position ${position} is not as this service recorded it: ${why}. Nothing is signed from there on, because somebody else may have ` +
      'written it. "An event that the service did not record" in migrations/README.md says what to do.',
  );

/** The end of the batch before the one that holds a position. */
async function beforeBatchOf(client: ClientBase, position: number): Promise<VerifiedEnd> {
  // Events that were accepted later are covered by the batch with the greater number.
  const { rows } = await client.query<CheckRow>({
    name: 'batch-check-of',
    text: `select ${CHECK} from batch_checks where first_position <= $1 and event_count > 0
           order by first_position desc, batch desc limit 1`,
    values: [position],
  });
  const [row] = rows;
  if (!row || row.firstPosition + row.eventCount <= position) {
    throw unchecked(position, 'no batch of the service holds it');
  }
  const checkValue = await checkOf(client, row.batch - 1);
  if (checkValue === undefined && row.batch > 1)
    throw unchecked(row.firstPosition, `batch ${row.batch - 1} is missing`);
  return { batch: row.batch - 1, checkValue: checkValue ?? null, position: row.firstPosition - 1 };
}

async function checkOf(client: ClientBase, batch: number): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ checkValue: Buffer }>({
    name: 'check-value-of',
    text: 'select check_value as "checkValue" from batch_checks where batch = $1',
    values: [batch],
  });
  return rows[0]?.checkValue;
}

interface CommandRow {
  readonly commandId: string;
  readonly fingerprint: string;
  readonly position: number;
  readonly recordedAt: string;
  readonly outcome: string;
}

async function commandsOf(client: ClientBase, batches: readonly CheckRow[]): Promise<ReadonlyMap<string, CommandRow>> {
  const ids = batches.flatMap(({ commandIds }) => commandIds);
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<CommandRow>({
    name: 'checked-commands',
    text: `select command_id as "commandId", fingerprint, position, recorded_at as "recordedAt", outcome
           from commands where command_id = any ($1)`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.commandId, row]));
}

/** The key of the check values, as the database knows it: its identity, or null before the first batch. */
export async function appendKeyInUse(pool: Pool): Promise<Buffer | null> {
  const { rows } = await pool.query<{ key: Buffer | null }>('select append_key as key from ledger_head');
  return rows[0]?.key ?? null;
}

/**
 * Covers all events that are not signed yet with check values, as they stand: events that came by an import, from before there were
 * check values, or that the operator has looked at. Needs the rights of the owner of the tables if there are any.
 * @param beforeCommit called under the lock, when everything is written and nothing is committed
 * @returns number of the events
 */
export async function acceptEvents(
  pool: Pool,
  checks: AppendChecks,
  beforeCommit?: (accepted: { readonly events: number; readonly position: number }) => Promise<void>,
): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    const accepted = await accept(client, checks);
    await beforeCommit?.(accepted);
    await commit(client);
    client.release();
    return accepted.events;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

interface Ends extends CheckedHead {
  readonly appendKey: Buffer | null;
  /** Size of the signed log. */
  readonly signed: number;
}

async function endsOf(client: ClientBase): Promise<Ends> {
  const { rows } = await client.query<Ends>(
    `select batch, check_value as "checkValue", position, recorded_at as "recordedAt", append_key as "appendKey",
       (select size from log_head) as signed
     from ledger_head`,
  );
  const [ends] = rows;
  if (!ends) throw new Error('The ledger has lost its head row.');
  return ends;
}

/** `acceptEvents` in a transaction of the caller. */
export async function accept(
  client: ClientBase,
  checks: AppendChecks,
): Promise<{ readonly events: number; readonly position: number }> {
  const before = await endsOf(client);
  const isOther = before.appendKey !== null && !before.appendKey.equals(checks.keyId);
  // A role that may not write here can start a service where there is nothing to accept.
  if (before.signed >= before.position && !isOther) return { events: 0, position: before.position };
  await client.query('select from ledger_head for update');
  const found = await endsOf(client);
  let { batch, checkValue } = found;
  let position = found.signed;
  for (;;) {
    const events = await rowsAfter(client, position, ACCEPTED_EVENTS_MAX);
    const last = events.at(-1);
    if (!last) break;
    const { recordedAt } = last;
    const value: Buffer = checks.valueOf({
      kind: 'accepted',
      after: { batch, checkValue, position },
      recordedAt,
      events,
      commands: [],
    });
    await client.query({
      name: 'accept-batch',
      text: `insert into batch_checks (batch, kind, first_position, event_count, recorded_at, command_ids, check_value)
             values ($1, 'accepted', $2, $3, $4, '{}', $5)`,
      values: [batch + 1, position + 1, events.length, recordedAt, value],
    });
    [batch, checkValue, position] = [batch + 1, value, last.position];
  }
  await client.query("select set_config('ledger.sequencing', 'on', true)");
  await client.query('update ledger_head set batch = $1, check_value = $2, append_key = $3', [
    batch,
    checkValue,
    checks.keyId,
  ]);
  return { events: position - Math.min(found.signed, position), position };
}
