import type { Pool, QueryResultRow } from 'pg';

export interface StoredRows<Row> {
  /** Selects the rows after the key in its parameters, in the order of the key, without a limit. */
  readonly text: string;
  /** Sorts before the key of every row. */
  readonly before: readonly unknown[];
  readonly keyOf: (row: Row) => readonly unknown[];
  /** Rows of one read. */
  readonly rowsMax: number;
}

/** All rows of a table, page by page: each read continues after the key of the last row. */
export async function* storedRows<Row extends QueryResultRow>(
  pool: Pool,
  { text, before, keyOf, rowsMax }: StoredRows<Row>,
): AsyncGenerator<Row> {
  for (let after = before; ;) {
    const { rows } = await pool.query<Row>(`${text} limit ${rowsMax}`, [...after]);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsMax) return;
    after = keyOf(last);
  }
}
