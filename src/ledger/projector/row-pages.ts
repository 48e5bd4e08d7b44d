import type { PoolClient, QueryConfig } from 'pg';
import type { Column } from './projection-statements.js';

/** Rows of one read: bounds the memory, and the work between two pauses. */
export const ROWS_PER_PAGE = 1_000;

/** Longest time for one statement of a check: the first page may need a sort of the whole table. */
export const CHECK_MS_MAX = 1_800_000;

/** The values of a row as PostgreSQL writes them, in the order of the columns. */
export type RowTexts = readonly (string | null)[];

/** A table with the columns that its rows are compared by. */
export interface PagedTable {
  readonly name: string;
  readonly columns: readonly Column[];
}

const ID = 'id';
const RAW = { getTypeParser: () => (text: string) => text };

export const idAt = (columns: readonly Column[]): number => columns.findIndex(({ key }) => key === ID);

/**
 * All rows of a table in the order of their ids, page by page through a cursor: in the transaction that the caller has begun, so that all
 * pages see the same moment. The values stay texts: whatever a row holds can be read.
 * @param rest awaited after each page
 */
export async function* rowPages(
  client: PoolClient,
  cursor: string,
  { name, columns }: PagedTable,
  rest: () => Promise<void>,
): AsyncGenerator<RowTexts> {
  const order = typeOf(columns) === 'text' ? 'id collate "C"' : ID;
  const list = columns.map((column) => column.name).join(', ');
  const config = { query_timeout: CHECK_MS_MAX } as Partial<QueryConfig>;
  await client.query({
    ...config,
    text: `declare ${cursor} no scroll cursor for select ${list} from ${name} order by ${order}`,
  });
  for (;;) {
    const fetched: unknown = await client.query({
      ...config,
      text: `fetch ${ROWS_PER_PAGE} from ${cursor}`,
      rowMode: 'array',
      types: RAW,
    });
    const { rows } = fetched as { rows: RowTexts[] };
    yield* rows;
    if (rows.length < ROWS_PER_PAGE) break;
    await rest();
  }
  await client.query(`close ${cursor}`);
}

/** The order of `rowPages`: numbers by value, all other ids by the bytes of their text. */
export function orderOf(columns: readonly Column[]): (one: string, other: string) => number {
  if (typeOf(columns) !== 'bigint') return (one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other));
  return (one, other) => Number(BigInt(one) - BigInt(other));
}

const typeOf = (columns: readonly Column[]): string | undefined => columns[idAt(columns)]?.type;
