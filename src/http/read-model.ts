import type { Pool } from 'pg';
import { Refusal, unknown } from '../ledger/refusal.js';

export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT_MAX = 200;
const CURSOR_LENGTH_MAX = 4_096;

/** What a read answers, and what it reflects. */
export interface Reading<T> {
  readonly position: number;
  /** Revision of the record, for `ETag`. */
  readonly revision?: number;
  readonly body: T;
}

export interface Page<T> {
  readonly data: readonly T[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** One condition on a column. Values are always parameters, never text of the statement. */
export interface Condition {
  readonly column: string;
  readonly value: string | number | boolean | readonly string[];
  /** `any`: the column is one of the values; `contains`: part of a text, whatever its case. Default: equal. */
  readonly op?: '=' | 'any' | 'contains' | '>=' | '<';
}

/** The condition of a filter, if it was given. */
export const is = (column: string, value: string | undefined): Condition | undefined =>
  value === undefined ? undefined : { column, value };

export interface ListRequest<T> {
  /** Whose position the answer reflects. */
  readonly projection: string;
  /** Table or join to select from; the ordered column is named `created_position` in it. */
  readonly from: string;
  /** Column list of the rows that `map` gets. */
  readonly columns: string;
  /** What the caller asked for; goes into the cursor, so that the next page is a page of the same list. */
  readonly filters: Readonly<Record<string, string | undefined>>;
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
  /** Conditions for the filters in force, and for what the caller may see. */
  where(filters: Readonly<Record<string, string | undefined>>): readonly (Condition | undefined)[];
  map(row: Record<string, never>): T;
}

export interface Cursor {
  readonly after: number;
  readonly limit: number;
  readonly filters: Record<string, string>;
}

/** The SQL that all reads share: one statement gives rows and the position that they reflect, so that both agree. */
export class ReadModel {
  constructor(private readonly pool: Pool) {}

  /** One page in the order of creation, by keyset: stable while rows are added, and as fast on the last page as on the first. */
  async list<T>(request: ListRequest<T>): Promise<Reading<Page<T>>> {
    const cursor = request.cursor === undefined ? firstPage(request) : decodeCursor(request.cursor);
    const values: unknown[] = [request.projection, cursor.after, cursor.limit + 1];
    const conditions = request.where(cursor.filters).flatMap((condition) => condition ?? []);
    const clauses = conditions.map((condition) => clause(condition, values));
    const rows = await this.select(
      `select p.position as reflected, r.*
       from (select position from projections where name = $1) p
       left join lateral (
         select ${request.columns}, created_position as ordinal from ${request.from}
         where ${['created_position > $2', ...clauses].join(' and ')}
         order by created_position limit $3
       ) r on true
       order by r.ordinal`,
      values,
    );
    const found = rows.filter((row) => row['ordinal'] !== null);
    const page = found.slice(0, cursor.limit);
    const last = page.at(-1);
    const more = found.length > cursor.limit && last !== undefined;
    return {
      position: Number(rows[0]?.['reflected'] ?? 0),
      body: {
        data: page.map((row) => request.map(row)),
        next: more ? encodeCursor({ ...cursor, after: Number(last['ordinal']) }) : null,
      },
    };
  }

  /**
   * One row by its id.
   * @throws Refusal (404) when there is none, or none that the caller may see
   */
  async one<T>(request: {
    readonly projection: string;
    /** Names the thing in the refusal, e.g. `commitment`. */
    readonly what: string;
    readonly from: string;
    readonly columns: string;
    readonly id: string;
    readonly where?: readonly (Condition | undefined)[];
    map(row: Record<string, never>): T;
  }): Promise<Reading<T>> {
    const values: unknown[] = [request.projection, request.id];
    const clauses = (request.where ?? []).flatMap((condition) => (condition ? clause(condition, values) : []));
    const rows = await this.select(
      `select p.position as reflected, r.*
       from (select position from projections where name = $1) p
       left join lateral (
         select ${request.columns} from ${request.from} where ${['id = $2', ...clauses].join(' and ')}
       ) r on true`,
      values,
    );
    const [row] = rows;
    if (!row || row['id'] === null || row['id'] === undefined) throw unknown(request.what, request.id);
    const revision = row['revision'] as number | undefined;
    return {
      position: Number(row['reflected']),
      ...(revision === undefined ? {} : { revision }),
      body: request.map(row),
    };
  }

  private async select(text: string, values: readonly unknown[]): Promise<Record<string, never>[]> {
    try {
      return (await this.pool.query<Record<string, never>>(text, [...values])).rows;
    } catch (error) {
      // Parameters are checked before they come here, but those in a cursor may have been changed by hand.
      if (String((error as { code?: unknown }).code).startsWith('22'))
        throw malformed('cursor', 'The cursor was changed.');
      throw error;
    }
  }
}

function clause({ column, value, op = '=' }: Condition, values: unknown[]): string {
  values.push(op === 'contains' ? `%${String(value).replace(/[\\%_]/g, '\\$&')}%` : value);
  const parameter = `$${values.length}`;
  if (op === 'any') return `${column} = any (${parameter})`;
  if (op === 'contains') return `${column} ilike ${parameter}`;
  return `${column} ${op} ${parameter}`;
}

function firstPage({ filters, limit }: Pick<ListRequest<unknown>, 'filters' | 'limit'>): Cursor {
  const given = Object.entries(filters).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return { after: 0, limit: pageLimit(limit), filters: Object.fromEntries(given) };
}

/** @throws Refusal (400) when it is no whole number from 1 to 200. */
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
