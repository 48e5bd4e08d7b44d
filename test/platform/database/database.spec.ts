import { createPool } from '../../../src/platform/database/database.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

describe('the connection pool', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase('empty');
  });
  afterAll(() => database.drop());

  const read = async (expression: string): Promise<unknown> => {
    const { rows } = await database.pool.query<{ value: unknown }>(`select ${expression} as value`);
    return rows[0]?.value;
  };

  it.each([
    ['9007199254740991::bigint', 9_007_199_254_740_991],
    ['null::bigint', null],
    ['100000000000000000000.10::numeric', '100000000000000000000.10'],
    [`date '2026-02-28'`, '2026-02-28'],
    [`timestamptz '2026-02-28T23:59:59Z'`, '2026-02-28T23:59:59Z'],
    [`timestamptz '2026-02-28T23:59:59.5Z'`, '2026-02-28T23:59:59.500Z'],
    [`timestamptz '2026-02-28T23:59:59.123456Z'`, '2026-02-28T23:59:59.123Z'],
    [`timestamptz '2026-02-28T23:59:59.000999Z'`, '2026-02-28T23:59:59Z'],
    [`timestamptz '0001-01-01T00:00:00Z'`, '0001-01-01T00:00:00Z'],
    ['array[1, null, 3]::bigint[]', [1, null, 3]],
    ['array[array[1.10], array[2]]::numeric[]', [['1.10'], ['2']]],
    [`array[timestamptz '2026-02-28T00:00:00Z']`, ['2026-02-28T00:00:00Z']],
    [`array[date '2026-02-28']`, ['2026-02-28']],
  ])('reads %s as the ledger writes it', async (expression, value) => {
    expect(await read(expression)).toEqual(value);
  });

  it.each(['Asia/Kathmandu', 'America/New_York', 'Europe/Brussels'])(
    'reads an instant as UTC in a session whose time zone is %s',
    async (zone) => {
      const client = await database.pool.connect();
      try {
        await client.query(`set timezone = '${zone}'`);
        const { rows } = await client.query<object>(`select timestamptz '2026-07-01T12:00:00.25Z' as at`);
        expect(rows).toEqual([{ at: '2026-07-01T12:00:00.250Z' }]);
      } finally {
        client.release(true);
      }
    },
  );

  it.each([`timestamptz 'infinity'`, `timestamptz '0044-03-15 BC'`, `9007199254740992::bigint`])(
    'refuses to read %s instead of changing it',
    async (expression) => {
      await expect(read(expression)).rejects.toThrow(RangeError);
    },
  );

  it('tells the server its name and its bounds', async () => {
    expect(await read(`current_setting('application_name')`)).toBe('ppp-ledger');
    expect(await read(`current_setting('statement_timeout')`)).toBe('30s');
    expect(await read(`current_setting('idle_in_transaction_session_timeout')`)).toBe('1min');
  });

  it('survives the loss of an idle connection and of one in use', async () => {
    const lost: string[] = [];
    const pool = createPool({ databaseUrl: database.url, log: { warn: (message) => lost.push(message) } });
    const inUse = await pool.connect();
    const idle = await pool.connect();
    idle.release();
    const ended = Promise.all([inUse, idle].map((client) => new Promise((resolve) => client.once('end', resolve))));
    await database.pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await ended;
    await expect(inUse.query('select 1')).rejects.toThrow();
    inUse.release(true);
    expect((await pool.query<object>('select 1 as value')).rows).toEqual([{ value: 1 }]);
    expect(lost.join()).toContain('An idle database connection was lost');
    await pool.end();
  });
});
