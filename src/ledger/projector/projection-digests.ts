import type { PoolClient, QueryConfig } from 'pg';
import { BUILDING } from './projection-copies.js';
import type { Projection } from './projection.js';

/** Longest time for the digest of one table. Nothing waits for it, but no query may run for ever. */
const DIGEST_MS_MAX = 1_800_000;

/** SHA-256 over the rows of a table in the order of their ids, of the served table and of the built one; hexadecimal. */
export interface TableDigests {
  readonly table: string;
  readonly served: string;
  readonly built: string;
  readonly servedRows: number;
  readonly builtRows: number;
}

/** The tables that a comparison has read, with its result. */
export interface ComparedTables {
  readonly digests: readonly TableDigests[];
  /** Identity of the built tables: a later rebuild makes other tables of the same names. */
  readonly builtTables: string;
}

/** Compares the served and the built tables, in a transaction of which all queries see the same moment. */
export async function compareTables(client: PoolClient, projection: Projection): Promise<ComparedTables | undefined> {
  await client.query(`set local statement_timeout = ${DIGEST_MS_MAX}`);
  const digests: TableDigests[] = [];
  for (const table of projection.tables) {
    const served = await digestOf(client, table);
    const built = await digestOf(client, `${table}${BUILDING}`);
    digests.push({
      table,
      served: served.digest,
      built: built.digest,
      servedRows: served.rows,
      builtRows: built.rows,
    });
  }
  const builtTables = await builtTablesOf(client, projection);
  return builtTables === undefined ? undefined : { digests, builtTables };
}

/** A hash over the hashes of the rows, so that the server keeps 32 bytes of each row and not its text. */
async function digestOf(client: PoolClient, table: string): Promise<{ digest: string; rows: number }> {
  const { rows } = await client.query<{ digest: string; rows: number }>({
    text: `select encode(sha256(coalesce(string_agg(sha256(convert_to(t::text, 'UTF8')), '' order by id), '')), 'hex') as digest,
             count(*) as rows
           from ${table} t`,
    query_timeout: DIGEST_MS_MAX,
  } as QueryConfig);
  const [digest] = rows;
  if (digest === undefined) throw new Error(`An aggregate over ${table} has no row.`);
  return digest;
}

/**
 * Identity of the built tables: their object ids, which a table keeps until it is dropped. Undefined when one of them was made after the
 * moment that the transaction sees.
 */
export async function builtTablesOf(client: PoolClient, { tables }: Projection): Promise<string | undefined> {
  // A name finds the table of now; `pg_class` is read as of the moment of the transaction, as the rows are.
  const { rows } = await client.query<{ ids: string; isComplete: boolean }>(
    `select string_agg(c.oid::text, ',' order by x.at) as ids, count(c.oid) = count(*) as "isComplete"
     from unnest($1::text[]) with ordinality as x (name, at) left join pg_class c on c.oid = to_regclass(x.name)`,
    [tables.map((table) => table + BUILDING)],
  );
  return rows[0]?.isComplete === true ? rows[0].ids : undefined;
}
