import type { Pool } from 'pg';
import type { MethodRegistry } from '../methods.js';
import { storedStateVersion, type MethodState, type ReportMethod } from '../report-method.js';

/**
 * An instance that runs stores a state at least every 5,000 events (`STATE_EVERY_EVENTS_MAX`). The rest is for an instance that lags
 * behind the others or fails to store some of its states.
 */
export const ABANDONED_EVENTS = 20_000;
/** A state of a large programme has some megabytes: so many are deleted in about a second. The next start deletes further ones. */
const DELETED_STATES_MAX = 500;

/** A state as text at a position. */
export interface StateText {
  readonly position: number;
  readonly state: string;
}

/** The SQL of stored states. Every instance stores the same bytes at the same position, so that the first to store them wins. */
export class ReportStates {
  constructor(private readonly pool: Pool) {}

  async store(method: ReportMethod, { position, state }: StateText): Promise<void> {
    await this.pool.query(
      'insert into report_states (version, position, state) values ($1, $2, $3) on conflict do nothing',
      [storedStateVersion(method), position, state],
    );
  }

  /** The latest stored state of a method at or before a position; by default the latest of all. Undefined when there is none. */
  async nearest(method: ReportMethod, position = Number.MAX_SAFE_INTEGER): Promise<MethodState | undefined> {
    const { rows } = await this.pool.query<{ state: string }>({
      name: 'nearest-state',
      text: 'select state from report_states where version = $1 and position <= $2 order by position desc limit 1',
      values: [storedStateVersion(method), position],
    });
    const [row] = rows;
    return row && method.restore(row.state);
  }

  /**
   * Deletes stored states that come before the current method and form and that nobody uses any more, at most `DELETED_STATES_MAX`.
   *
   * During a rolling upgrade an instance of the program before this one may still follow the history with its own states. It stores one
   * at least every `STATE_EVERY_EVENTS_MAX` events. So its version is abandoned when its latest state lies more than
   * `ABANDONED_EVENTS` before the latest state of the current version. That follows from positions alone: the instances need neither a
   * clock nor a list of each other. A version that this program does not know may be of a newer program, and stays. After a rollback
   * the program before this one folds the history from the first event again, where its states were deleted.
   * @returns how many states were deleted, by version.
   */
  async deleteAbandoned({ methods, current }: MethodRegistry): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.pool.query<{ version: string; deleted: number }>(
      `with latest as (
         select version, max(position) as position, split_part(version, '/', 1) as method,
           split_part(version, '/', 2)::integer as form
         from report_states where version ~ '^[^/]+/[0-9]{1,9}$' group by version),
       abandoned as (
         select earlier.version from latest earlier join latest mine on mine.method = $1 and mine.form = $2
         where (earlier.method = any ($3) or earlier.method = mine.method and earlier.form < mine.form)
           and earlier.position < mine.position - $4),
       deleted as (
         delete from report_states where (version, position) in (
           select version, position from report_states join abandoned using (version) order by version, position limit $5)
         returning version)
       select version, count(*)::integer as deleted from deleted group by version order by version`,
      [
        current.version,
        current.stateVersion,
        methods.slice(0, -1).map(({ version }) => version),
        ABANDONED_EVENTS,
        DELETED_STATES_MAX,
      ],
    );
    return new Map(rows.map(({ version, deleted }) => [version, deleted]));
  }
}
