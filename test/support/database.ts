import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { connect } from 'node:net';
import { Client } from 'pg';
import type { Pool } from 'pg';
import { createPool } from '../../src/platform/database/database.js';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  /** Closes the pool and drops the database, also when other sessions are still connected. */
  drop(): Promise<void>;
}

/**
 * A database of its own for one spec, migrated unless it is to be `empty`. All databases are in one real PostgreSQL. It starts when the
 * first spec asks for it, and stops when the run ends.
 */
export async function createTestDatabase(content: 'migrated' | 'empty' = 'migrated'): Promise<TestDatabase> {
  const cluster = await clusterUrl();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(cluster, `create database ${name} template ${content === 'migrated' ? 'ledger' : 'template0'}`);
  const url = databaseOf(cluster, name);
  const pool = createPool({ databaseUrl: url, log: { warn: () => undefined } });
  return {
    url,
    pool,
    drop: async () => {
      await pool.end();
      await administer(cluster, `drop database ${name} with (force)`);
    },
  };
}

/** The global setup starts the server and returns its address; see global-setup.mjs. */
async function clusterUrl(): Promise<string> {
  const socket = process.env['TEST_CLUSTER'];
  if (!socket) throw new Error('Run the tests with "npm test": the global setup of Jest offers the database.');
  const answer = JSON.parse(await text(connect(socket))) as { url?: string; error?: string };
  if (!answer.url) throw new Error(`The PostgreSQL of the tests did not start: ${answer.error}`);
  return answer.url;
}

async function administer(cluster: string, statement: string): Promise<void> {
  const client = new Client(databaseOf(cluster, 'postgres'));
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The URL of another database on the same server, with the same role. */
export function databaseOf(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = database;
  return parsed.href;
}
