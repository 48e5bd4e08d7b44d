import type { UnknownThing } from '../ledger/refusal-declaration.js';
import type { Pool, QueryResultRow } from 'pg';
import type { EventStore } from '../ledger/event-store.js';
import { Refusal, unknown } from '../ledger/refusal.js';
import { MS_PER_DAY, formatInstant, parseInstant } from '../ledger/time.js';
import { branchesOf, type VisibleRows } from './visibility.js';

export const PAGE_LIMIT_DEFAULT = 50;
/** A server answers so many rows in some milliseconds, and a client reads them in one step. */
export const PAGE_LIMIT_MAX = 200;
/** A cursor holds the filters of its list: some ids and words. */
export const CURSOR_LENGTH_MAX = 4_096;
/** How long a read waits for its `minPosition`. */
export const MIN_POSITION_WAIT_MS = 5_000;

/** The answer to a read, and the position that it reflects. */
export interface Reading<T> {
  readonly position: number;
  /** Revision of the record, for `ETag`. */
  readonly revision?: number;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The caller holds the answer already, so that the body was not made. */
  readonly unchanged?: true;
  readonly body: T;
}

export interface Page<T> {
  readonly data: readonly T[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
  /** Columns of the table, when it has them without a row as well. Only for CSV. */
  readonly columns?: readonly string[];
}

/** A page whose rows need more than the database knows, e.g. the time. */
export const mapPage = <Row, T>({ body, ...reading }: Reading<Page<Row>>, map: (row: Row) => T): Reading<Page<T>> => ({
  ...reading,
  body: { ...body, data: body.data.map(map) },
});

/** One condition on a column. Values are always parameters, never text of the statement. */
export interface Condition {
  readonly column: string;
  readonly value: string | number | boolean | readonly string[];
  /** `any`: the column is one of the values; `contains`: part of a text, whatever its case and its form in Unicode. Default: equal. */
  readonly op?: '=' | 'any' | 'contains' | '>=' | '>' | '<=' | '<';
}

/** The condition of a filter; undefined if the caller set no filter. */
export const is = (column: string, value: string | undefined): Condition | undefined =>
  value === undefined ? undefined : { column, value };

/** Days in UTC, `YYYY-MM-DD`. Both are included. */
export interface Days {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * Rows whose date, or whose instant, is on one of the days.
 * @throws Refusal (400) when `to` is before `from`.
 */
export function onDays(column: string, days: Days, holds: 'date' | 'instant'): readonly (Condition | undefined)[] {
  if (holds === 'instant') return duringDays(column, column, days, '>=');
  const { from, to } = inOrder(days);
  return [from ? { column, op: '>=', value: from } : undefined, to ? { column, op: '<=', value: to } : undefined];
}

/**
 * Rows whose half-open interval has a part in one of the days.
 * @throws Refusal (400) when `to` is before `from`.
 */
export function duringDays(
  start: string,
  end: string,
  days: Days,
  op: '>=' | '>' = '>',
): readonly (Condition | undefined)[] {
  const { from, to } = inOrder(days);
  return [
    from ? { column: end, op, value: beginOf(from) } : undefined,
    to ? { column: start, op: '<', value: formatInstant(parseInstant(to) + MS_PER_DAY) } : undefined,
  ];
}

/** The first instant of a day, so that no time zone of a connection is used. */
const beginOf = (day: string): string => formatInstant(parseInstant(day));

function inOrder(days: Days): Days {
  const { from, to } = days;
  if (from !== undefined && to !== undefined && to < from) {
    throw malformed('to', `to is ${to}, which is before from, ${from}. Both days are included; give a later one.`);
  }
  return days;
}

/**
 * The positions of what was recorded on these days: those after `after`, up to `until`.
 * @throws Refusal (400) when `to` is before `from`.
 */
export async function recordedOn(
  store: Pick<EventStore, 'positionAt'>,
  days: Days,
): Promise<{ after: number; until?: number }> {
  const { from, to } = inOrder(days);
  const after = from === undefined ? 0 : await store.positionAt(formatInstant(parseInstant(from) - 1));
  if (to === undefined) return { after };
  return { after, until: await store.positionAt(formatInstant(parseInstant(to) + MS_PER_DAY - 1)) };
}

/** For each member of a row the SQL expression that it is read from. The compiler finds a member that was forgotten. */
export type Columns<Row> = { readonly [Member in keyof Row]-?: string };

/**
 * Names beside ids, which are public in the history and never change. A name is null while the rows that it is in are behind, and where
 * the id is null.
 */
export const NAME_OF = {
  partner: (id: string): string => `(select legal_name from partners named where named.id = ${id})`,
  fund: (id: string): string => `(select name from funds named where named.id = ${id})`,
  facility: (id: string): string => `(select name from facilities named where named.id = ${id})`,
  accessCall: (id: string): string => `(select title from access_calls named where named.id = ${id})`,
};

export interface ListRequest<Row> {
  /** The projection whose position the answer reflects. */
  readonly projection: string;
  /** What the caller may see; the ordered column is named `created_position` in it. */
  readonly rows: VisibleRows;
  /** The driver determines their types: see `database.ts`. */
  readonly columns: Columns<Row>;
  /** The filters of the caller. They go into the cursor, so that the next page is a page of the same list. */
  readonly filters: Readonly<Record<string, string | undefined>>;
  /** Only rows that were made on these days, by the time of their recording. */
  readonly recorded?: Days;
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
  /** Conditions for the filters in force. */
  where(filters: Readonly<Record<string, string | undefined>>): readonly (Condition | undefined)[];
}

export interface Cursor {
  readonly after: number;
  readonly limit: number;
  readonly filters: Record<string, string>;
}

/** The SQL that all reads share: one statement reads the rows and the position that they reflect, so that both agree. */
export class ReadModel {
  constructor(
    private readonly pool: Pool,
    private readonly store: Pick<EventStore, 'positionAt'>,
  ) {}

  /** One page in the order of creation, by keyset: stable while rows are added, and as fast on the last page as on the first. */
  async list<Row>(request: ListRequest<Row>): Promise<Reading<Page<Row>>> {
    const cursor = request.cursor === undefined ? await this.firstPage(request) : decodeCursor(request.cursor);
    const values: unknown[] = [request.projection, cursor.after, cursor.limit + 1];
    const { [UNTIL]: until } = cursor.filters;
    const conditions = [
      ...request.where(cursor.filters),
      until === undefined ? undefined : ({ column: 'created_position', op: '<=', value: until } as const),
    ];
    const clauses = conditions.flatMap((condition) => (condition ? clause(condition, values) : []));
    // A select for each way in which a row can be visible, and no "or": an index finds the page of each without a sort.
    const pages = branchesOf(request.rows, values).map(
      (branch) =>
        `(select ${selection(request.columns)}, created_position as ordinal from ${request.rows.from}
          where ${['created_position > $2', branch, ...clauses].join(' and ')} order by created_position limit $3)`,
    );
    const rows = await this.select<Listed<Row>>(
      `select p.position as reflected, r.*
       from (select position from projections where name = $1) p
       left join lateral (select * from (${pages.join(' union all ')}) pages order by ordinal limit $3) r on true
       order by r.ordinal`,
      values,
    );
    const found = rows.filter(({ ordinal }) => ordinal !== null);
    const page = found.slice(0, cursor.limit);
    const last = page.at(-1)?.ordinal;
    const more = found.length > cursor.limit && typeof last === 'number';
    return {
      position: rows[0]?.reflected ?? 0,
      body: {
        data: page.map(({ reflected: _reflected, ordinal: _ordinal, ...row }) => row as Row),
        next: more ? encodeCursor({ ...cursor, after: last }) : null,
      },
    };
  }

  /**
   * One row by its id.
   * @throws Refusal (404) when there is no such row, or the caller may not see it
   */
  async one<Row extends { readonly id: string; readonly revision: number }>(request: {
    readonly projection: string;
    /** Name of the resource in the refusal, e.g. `commitment`. */
    readonly what: UnknownThing;
    readonly rows: VisibleRows;
    readonly columns: Columns<Row>;
    readonly id: string;
  }): Promise<Reading<Row>> {
    const values: unknown[] = [request.projection, request.id];
    const visible = branchesOf(request.rows, values).join(' or ');
    const [row] = await this.select<Row & { readonly reflected: number }>(
      `select p.position as reflected, r.*
       from (select position from projections where name = $1) p
       left join lateral (
         select ${selection(request.columns)} from ${request.rows.from} where id = $2 and (${visible})
       ) r on true`,
      values,
    );
    // Without a row all columns of the join are null.
    if (!row || (row.id as string | null) === null) throw unknown(request.what, request.id);
    const { reflected, ...body } = row;
    return { position: reflected, revision: row.revision, body: body as unknown as Row };
  }

  private async firstPage<Row>({ filters, recorded = {}, limit }: ListRequest<Row>): Promise<Cursor> {
    const { after, until } = await recordedOn(this.store, recorded);
    const all = { ...filters, ...(until !== undefined && { [UNTIL]: String(until) }) };
    const given = Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
    return { after, limit: pageLimit(limit), filters: Object.fromEntries(given) };
  }

  private async select<Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw cursorChanged(error);
    }
  }
}

/** Name in a cursor of the last position that the list goes up to. No filter of a caller has a space in its name. */
const UNTIL = 'recorded until';

/**
 * The refusal where a statement got a value that it cannot read, else the error itself. Parameters were checked at the edge. Those in
 * a cursor were not: a caller may have changed the cursor by hand.
 */
export const cursorChanged = (error: unknown): unknown =>
  String((error as { code?: unknown } | undefined)?.code).startsWith('22')
    ? malformed('cursor', 'The cursor was changed.')
    : error;

/** A row of a list with what the statement adds to it; `ordinal` is null where the list is empty. */
type Listed<Row> = Row & { readonly reflected: number; readonly ordinal: number | null };

const selection = <Row>(columns: Columns<Row>): string =>
  Object.entries(columns)
    .map(([member, expression]) => `${String(expression)} as "${member}"`)
    .join(', ');

function clause({ column, value, op = '=' }: Condition, values: unknown[]): string {
  values.push(
    op === 'contains'
      ? `%${String(value)
          .normalize('NFC')
          .replace(/[\\%_]/g, '\\$&')}%`
      : value,
  );
  const parameter = `$${values.length}`;
  if (op === 'any') return `${column} = any (${parameter})`;
  if (op === 'contains') return `${composed(column)} ilike ${parameter}`;
  return `${column} ${op} ${parameter}`;
}

/**
 * Texts come in as NFC, but the oldest rows hold some that did not. The check is faster as the conversion (100,000 names:
 * 0.3 s and 0.85 s). No index serves a part of a text, so there is none to lose.
 */
const composed = (column: string): string =>
  `(case when ${column} is nfc normalized then ${column} else normalize(${column}, NFC) end)`;

/** @throws Refusal (400) when the text is not a whole number from 1 to 200. */
export function pageLimit(text: string | undefined): number {
  if (text === undefined) return PAGE_LIMIT_DEFAULT;
  const limit = /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE_LIMIT_MAX) {
    throw malformed('limit', `limit must be a whole number from 1 to ${PAGE_LIMIT_MAX}.`);
  }
  return limit;
}

export const encodeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

export function decodeCursor(text: string): Cursor {
  try {
    if (text.length > CURSOR_LENGTH_MAX) throw new RangeError('too long');
    const { after, limit, filters } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor;
    if (!Number.isSafeInteger(after) || after < 0) throw new RangeError('no position');
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX) throw new RangeError('no limit');
    const strings = Object.entries(filters).every(([, value]) => typeof value === 'string');
    if (!strings) throw new RangeError('no filters');
    return { after, limit, filters };
  } catch {
    throw malformed('cursor', 'cursor must be the "next" of an earlier page, unchanged.');
  }
}

const malformed = (parameter: string, detail: string): Refusal =>
  new Refusal('malformed', 'malformed-parameter', detail, {}, [{ pointer: `/${parameter}`, detail }]);
