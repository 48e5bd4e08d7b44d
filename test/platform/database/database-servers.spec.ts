import { createPool, isDatabaseAway } from '../../../src/platform/database/database.js';
import { ServerChoice, objectionTo, readDatabaseUrl } from '../../../src/platform/database/database-servers.js';
import { migrate } from '../../../src/platform/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

const log = { warn: () => undefined, info: () => undefined };

describe('a database URL', () => {
  it('with one server is not changed', () => {
    const url = 'postgres://ledger:p%40ss@db.example.eu/ledger?sslmode=verify-full';
    expect(readDatabaseUrl(url)).toEqual({ servers: [{ name: 'db.example.eu:5432', url }], session: undefined });
  });

  it('may name several servers, each with its port, and the wanted kind of server', () => {
    const { servers, session } = readDatabaseUrl(
      'postgres://u:p@one:5433,[2001:db8::1],two/ledger?target_session_attrs=read-write&sslmode=require',
    );
    expect(session).toBe('read-write');
    expect(servers).toEqual([
      { name: 'one:5433', url: 'postgres://u:p@one:5433/ledger?sslmode=require' },
      { name: '[2001:db8::1]:5432', url: 'postgres://u:p@[2001:db8::1]/ledger?sslmode=require' },
      { name: 'two:5432', url: 'postgres://u:p@two/ledger?sslmode=require' },
    ]);
  });

  it.each([
    ['host=%2Frun%2Fone,%2Frun%2Ftwo', ['/run/one:5432', '/run/two:5432']],
    ['host=one,two&port=5433', ['one:5433', 'two:5433']],
    ['host=one,two&port=5433,5434', ['one:5433', 'two:5434']],
  ])('takes lists of hosts and ports as parameters: %s', (query, names) => {
    const { servers } = readDatabaseUrl(`postgres://u:p@localhost/ledger?${query}`);
    expect(servers.map(({ name }) => name)).toEqual(names);
    for (const { url } of servers) expect(new URL(url).searchParams.get('host')).not.toContain(',');
  });

  it.each([
    ['postgres://u:sesame@one/ledger?target_session_attrs=writable', /must be one of any, read-write/],
    ['postgres://u:sesame@localhost/ledger?host=one,two,three&port=1,2', /3 hosts and 2 ports/],
    ['postgres://u:sesame@localhost/ledger?host=one,', /hosts is empty/],
    ['postgres://u:sesame@localhost/ledger?host=one&port=x', /ports is no number/],
    [
      `postgres://u:sesame@${Array.from({ length: 17 }, (_, index) => `h${index}`).join(',')}/ledger`,
      /more than 16 hosts/,
    ],
    ['mysql://u:sesame@one/ledger', /not of the form/],
  ])('is refused with a reason and without its password: %s', (url, reason) => {
    expect(() => readDatabaseUrl(url)).toThrow(reason);
    expect(() => readDatabaseUrl(url)).not.toThrow(/sesame/);
  });
});

describe('the choice of a server', () => {
  const primary = { isStandby: false, isReadOnly: false };
  const closed = { isStandby: false, isReadOnly: true };
  const standby = { isStandby: true, isReadOnly: true };

  it.each([
    ['any', [true, true, true]],
    ['read-write', [true, false, false]],
    ['read-only', [false, true, true]],
    ['primary', [true, true, false]],
    ['standby', [false, false, true]],
    ['prefer-standby', [false, false, true]],
  ] as const)('means by %s what libpq means', (wanted, accepted) => {
    expect([primary, closed, standby].map((session) => objectionTo(session, wanted, false) === undefined)).toEqual(
      accepted,
    );
  });

  it('moves on once when several connections find the same server wrong', () => {
    const choice = new ServerChoice(readDatabaseUrl('postgres://one,two,three/ledger').servers, 'read-write');
    const first = choice.current;
    for (let finder = 0; finder < 20; finder += 1) choice.passOver(first, 'refused');
    expect(choice.current.name).toBe('two:5432');
    expect(choice.complaint()).toBe('one:5432: refused; two:5432: not tried; three:5432: not tried');
  });

  it('drops a preference after a round without success, and returns to it later', () => {
    const choice = new ServerChoice(readDatabaseUrl('postgres://one,two/ledger').servers, 'prefer-standby');
    expect(choice.judge(primary)).toBe('it is no standby');
    choice.passOver(choice.begin(), 'it is no standby');
    choice.passOver(choice.begin(), 'refused');
    expect(choice.begin().name).toBe('one:5432');
    expect(choice.judge(primary)).toBeUndefined();
    expect(choice.begin().name).toBe('one:5432');
    expect(choice.judge(primary)).toBe('it is no standby');
  });
});

describe('a pool on several servers', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase('empty');
  });
  afterAll(() => database.drop());

  const withHosts = (...hosts: string[]): string => {
    const url = new URL(database.url);
    const host = url.searchParams.get('host') ?? '';
    url.searchParams.set('host', hosts.map((name) => (name === 'alive' ? host : name)).join(','));
    return url.href;
  };

  it('finds the server that is there', async () => {
    const pool = createPool({ databaseUrl: withHosts('/nowhere', '/neither', 'alive'), log });
    const { rows } = await pool.query<object>('select 1 as value');
    expect(rows).toEqual([{ value: 1 }]);
    await pool.end();
  });

  it('names after two seconds the problem of each server when none is there, without the password', async () => {
    const pool = createPool({ databaseUrl: withHosts('/nowhere', '/neither'), log });
    const error: unknown = await pool.query('select 1').catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/\/nowhere:5432: connect ENOENT.*; \/neither:5432: connect ENOENT/);
    expect(String(error)).not.toContain(new URL(database.url).password);
    expect(isDatabaseAway(error)).toBe(true);
    await pool.end();
  });

  it('does not take a wrong password for a server that is away', async () => {
    const url = new URL(withHosts('alive', '/nowhere'));
    url.password = 'wrong';
    const pool = createPool({ databaseUrl: url.href, log });
    const error: unknown = await pool.query('select 1').catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/password authentication failed/);
    expect(isDatabaseAway(error)).toBe(false);
    await pool.end();
  });

  it('leaves a server that was closed for writes, and refuses to start on it', async () => {
    const pool = createPool({ databaseUrl: database.url, log });
    await pool.query('create table t (id int)');
    const name = new URL(database.url).pathname.slice(1);
    await database.pool.query(`alter database ${name} set default_transaction_read_only = on`);
    // Only new sessions are affected; open sessions are not.
    await expect(migrate(database.url, { log })).rejects.toThrow(
      /it is set to take no writes\): set DATABASE_URL to the server that takes writes/,
    );
    const other = createPool({ databaseUrl: database.url, log });
    await expect(other.query('select 1')).rejects.toThrow(/set to take no writes/);
    await database.pool.query(`alter database ${name} reset default_transaction_read_only`);
    expect((await other.query('insert into t values (1)')).rowCount).toBe(1);
    await Promise.all([pool.end(), other.end()]);
  });
});
