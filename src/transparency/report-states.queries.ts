import type { Pool } from 'pg';
import { STORED_STATE_VERSION, restore, type FoldState } from './method-1/fold.js';

/** A state as text at a position. */
export interface StateText {
  readonly position: number;
  readonly state: string;
}

/** The SQL of stored states. Every instance stores the same bytes at the same position, so that whoever comes first will do. */
export class ReportStates {
  constructor(private readonly pool: Pool) {}

  async store({ position, state }: StateText): Promise<void> {
    await this.pool.query(
      'insert into report_states (version, position, state) values ($1, $2, $3) on conflict do nothing',
      [STORED_STATE_VERSION, position, state],
    );
  }

  /** The latest stored state at or before a position; by default the latest of all. Undefined when there is none. */
  async nearest(position = Number.MAX_SAFE_INTEGER): Promise<FoldState | undefined> {
    const { rows } = await this.pool.query<{ state: string }>({
      name: 'nearest-state',
      text: 'select state from report_states where version = $1 and position <= $2 order by position desc limit 1',
      values: [STORED_STATE_VERSION, position],
    });
    const [row] = rows;
    return row && restore(row.state);
  }
}
