import type { Pool } from 'pg';

/** What the last checks found, for all instances and for the next start. */
export interface CheckState {
  /** Why nothing is signed; null while nothing is known against the history. */
  readonly hold: string | null;
  /** Views with different rows, by name. */
  readonly different: ReadonlyMap<string, number>;
  /** The last check that found nothing: its position, and its time in s since the epoch; undefined before the first. */
  readonly clean?: { readonly position: number; readonly atSeconds: number; readonly ageMs: number };
}

/** The SQL of what the checks found. */
export class Checks {
  constructor(private readonly pool: Pool) {}

  async state(): Promise<CheckState> {
    const { rows } = await this.pool.query<StateRow>(
      `select l.hold, c.position, extract(epoch from c.checked_at)::double precision as at,
         extract(epoch from clock_timestamp() - c.checked_at)::double precision as age,
         coalesce((select jsonb_object_agg(name, different_rows) from projections where different_rows > 0), '{}') as different
       from log_head l left join history_checks c on true`,
    );
    const [{ hold, position, at, age, different } = NOTHING] = rows;
    return {
      hold,
      different: new Map(Object.entries(different)),
      ...(position !== null && { clean: { position, atSeconds: at ?? 0, ageMs: (age ?? 0) * 1_000 } }),
    };
  }

  /** Notes the views with different rows. */
  async setDifferent(different: ReadonlyMap<string, number>): Promise<void> {
    await this.pool.query(
      `update projections p set different_rows = x.rows
       from unnest($1::text[], $2::bigint[]) as x (name, rows) where p.name = x.name and p.different_rows <> x.rows`,
      [[...different.keys()], [...different.values()]],
    );
  }

  async noteClean(position: number): Promise<void> {
    await this.pool.query(
      `insert into history_checks (position, checked_at) values ($1, clock_timestamp())
       on conflict (is_only) do update set position = excluded.position, checked_at = excluded.checked_at`,
      [position],
    );
  }

  /** Whether the history has other events than attestations up to a position and after the last attested one. */
  async isNews(position: number, attested: number): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `select from events where position <= $1 and type <> 'replay-attested'
         and position > greatest($2, (select coalesce(max(a.position), 0) from attestations a)) limit 1`,
      [position, attested],
    );
    return rowCount === 1;
  }
}

interface StateRow {
  readonly hold: string | null;
  readonly position: number | null;
  readonly at: number | null;
  readonly age: number | null;
  readonly different: Readonly<Record<string, number>>;
}
const NOTHING: StateRow = { hold: null, position: null, at: null, age: null, different: {} };
