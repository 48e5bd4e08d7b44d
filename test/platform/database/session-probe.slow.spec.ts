import { migrate } from '../../../src/platform/database/migrate.js';
import { StartupError } from '../../../src/platform/startup-error.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { Pooler, type PoolerOptions } from '../../support/pooler.js';

describe('a database behind a connection pooler', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  const startThrough = async (options: PoolerOptions): Promise<unknown> => {
    const pooler = await Pooler.open(database.url, options);
    try {
      return await migrate(pooler.url, { log: { info: () => undefined } }).catch((error: unknown) => error);
    } finally {
      await pooler.close();
    }
  };

  it.each<PoolerOptions>([
    { poolMode: 'transaction', sessions: 1 },
    { poolMode: 'transaction', sessions: 2 },
    { poolMode: 'transaction', sessions: 5 },
    { poolMode: 'transaction', sessions: 2, next: 'used-first' },
    { poolMode: 'transaction', sessions: 3, next: 'used-first' },
  ])('is refused where a transaction gets any session: %j', async (options) => {
    const refusal = await startThrough(options);
    expect(refusal).toBeInstanceOf(StartupError);
    expect(String(refusal)).toMatch(/^StartupError: DATABASE_URL leads to a connection pooler .*Set pool_mode=session/);
  });

  it('is refused where nobody may make a transaction', async () => {
    expect(String(await startThrough({ poolMode: 'statement', sessions: 3 }))).toMatch(
      /^StartupError: DATABASE_URL does not give two sessions of PostgreSQL at a time \(transaction blocks not allowed\): .*pool_mode=session/,
    );
  });

  it.each<PoolerOptions>([
    { poolMode: 'session', sessions: 5 },
    { poolMode: 'session', sessions: 5, next: 'used-first' },
  ])('is taken where a client keeps its session: %j', async (options) => {
    expect(await startThrough(options)).toEqual([]);
  });

  it('leaves no lock and no setting behind in the sessions of the pooler', async () => {
    const pooler = await Pooler.open(database.url, { poolMode: 'transaction', sessions: 1 });
    await expect(migrate(pooler.url, { log: { info: () => undefined } })).rejects.toThrow(/pooler/);
    const { Client } = await import('pg');
    const client = new Client(pooler.url);
    await client.connect();
    const settings = await client.query<object>(
      `select current_setting('statement_timeout') as timeout, current_setting('application_name') as name`,
    );
    expect(settings.rows).toEqual([{ timeout: '0', name: 'pooled' }]);
    const locks = await database.pool.query<object>(
      `select * from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    expect(locks.rows).toEqual([]);
    await client.end();
    await pooler.close();
  });
});
