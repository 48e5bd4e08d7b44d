import type { RecordedEvent } from '../event.js';

/** Column values as JSON: money as decimal strings, instants and dates as ISO text. */
export type Row = Record<string, unknown>;

export interface RowRef {
  readonly table: string;
  readonly id: string;
}

/**
 * How events become rows. Pure: it gets the rows that it names in `touches` and returns the changed rows. The projector loads and stores
 * them, in one transaction with the checkpoint. Raise `version` whenever the same events make other rows: the projection is then
 * rebuilt beside the old rows.
 */
export interface Projection {
  readonly name: string;
  readonly version: number;
  /** Tables of this projection, which no other writes; each has the primary key `id`. */
  readonly tables: readonly string[];
  readonly types: readonly string[];
  /** Rows that `apply` gets or puts for this event. */
  touches(event: RecordedEvent): readonly RowRef[];
  apply(event: RecordedEvent, rows: Rows): void;
}

/** The rows of one batch: as they were loaded, and as they were changed. */
export class Rows {
  /** Rows by table and id. */
  private readonly rows = new Map<string, Map<string, Row>>();
  private readonly changed = new Map<string, Map<string, Row>>();

  /** `touched`: ids of the requested rows, by table. Without it, a row that was not loaded does not exist. */
  constructor(private readonly touched?: ReadonlyMap<string, ReadonlySet<string>>) {}

  load(table: string, row: Row): void {
    within(this.rows, table).set(String(row['id']), row);
  }

  has(table: string, id: string): boolean {
    return this.find(table, id) !== undefined;
  }

  /** @throws Error when `touches` did not name the row: it was not loaded and may exist */
  get(table: string, id: string): Row | undefined {
    const row = this.find(table, id);
    if (row === undefined && this.touched && !this.touched.get(table)?.has(id)) {
      throw new Error(`The row ${id} in ${table} is not among those that the event touches.`);
    }
    return row;
  }

  /** @throws Error when the row is missing: the event that makes it was lost or never happened */
  need(table: string, id: string): Row {
    const row = this.get(table, id);
    if (!row) throw new Error(`There is no row ${id} in ${table}.`);
    return row;
  }

  put(table: string, id: string, row: Row): void {
    within(this.changed, table).set(id, { ...row, id });
  }

  /** Changes some columns of a row that must exist. */
  patch(table: string, id: string, columns: Row): void {
    within(this.changed, table).set(id, { ...this.need(table, id), ...columns, id });
  }

  changes(): Map<string, Row[]> {
    return new Map([...this.changed].map(([table, rows]) => [table, [...rows.values()]]));
  }

  private find(table: string, id: string): Row | undefined {
    return this.changed.get(table)?.get(id) ?? this.rows.get(table)?.get(id);
  }
}

function within<Inner>(outer: Map<string, Map<string, Inner>>, key: string): Map<string, Inner> {
  let inner = outer.get(key);
  if (!inner) outer.set(key, (inner = new Map()));
  return inner;
}
