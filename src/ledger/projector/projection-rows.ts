import type { RecordedEvent } from '../event.js';
import type { ProjectionCopy } from './projection-copies.js';
import { columnwise, selection, upsertion, type Column, type Statements } from './projection-statements.js';
import { Rows, type Projection, type RowRef } from './projection.js';

/** Rows in one statement; a batch with more is written in several. */
const ROWS_PER_STATEMENT_MAX = 5_000;

/** The rows of a projection, in the tables that its names and this suffix give. */
export type WrittenCopy = Pick<ProjectionCopy, 'projection' | 'suffix' | 'types'>;

/** Applies events to the rows of copies. It knows the columns of each table after its first use. */
export class RowWriter {
  private readonly columns = new Map<string, readonly Column[]>();

  /**
   * Settles when all statements of the copy have ended.
   * @throws ProjectionFailure when an event cannot be applied
   */
  async apply(statements: Statements, copy: WrittenCopy, all: readonly RecordedEvent[]): Promise<void> {
    const { projection, suffix } = copy;
    const events = all.filter(({ type }) => copy.types.has(type));
    const touched = touchedIds(projection, events);
    const rows = new Rows(touched);
    for (const [table, ids] of touched) {
      const columns = await this.columnsOf(statements, table);
      for (const row of await statements.run(selection(table + suffix, columns), [[...ids]])) rows.load(table, row);
    }
    for (const event of events) {
      try {
        projection.apply(event, rows);
      } catch (error) {
        throw new ProjectionFailure(projection.name, event, error);
      }
    }
    const stored: Promise<unknown>[] = [];
    for (const [table, changed] of rows.changes()) {
      const columns = await this.columnsOf(statements, table);
      for (let start = 0; start < changed.length; start += ROWS_PER_STATEMENT_MAX) {
        const part = changed.slice(start, start + ROWS_PER_STATEMENT_MAX);
        stored.push(statements.run(upsertion(table + suffix, columns), columnwise(columns, part)));
      }
    }
    const outcomes = await Promise.allSettled(stored);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** The columns of a served table that an event sets, in their order. */
  async columnsOf(statements: Statements, table: string): Promise<readonly Column[]> {
    const known = this.columns.get(table);
    if (known) return known;
    const rows = await statements.run(
      `select attname as key, format_type(atttypid, null) as type from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
      [table],
    );
    const columns = rows.map(({ key, type }) => ({ name: `"${String(key)}"`, key: String(key), type: String(type) }));
    this.columns.set(table, columns);
    return columns;
  }

  /** Call it when the table was replaced by another one. */
  forget(table: string): void {
    this.columns.delete(table);
  }
}

/** A projection could not apply an event. It stops before the event, visibly, until the program is mended. */
export class ProjectionFailure extends Error {
  constructor(
    readonly projection: string,
    readonly event: RecordedEvent,
    override readonly cause: unknown,
  ) {
    super(`Projection ${projection} stopped at position ${event.position} (${event.type}): ${String(cause)}`);
  }
}

function touchedIds(projection: Projection, events: readonly RecordedEvent[]): Map<string, Set<string>> {
  const touched = new Map<string, Set<string>>();
  for (const event of events) {
    for (const { table, id } of touchesOf(projection, event)) {
      let ids = touched.get(table);
      if (!ids) touched.set(table, (ids = new Set()));
      ids.add(id);
    }
  }
  return touched;
}

function touchesOf(projection: Projection, event: RecordedEvent): readonly RowRef[] {
  try {
    return projection.touches(event);
  } catch (error) {
    throw new ProjectionFailure(projection.name, event, error);
  }
}
