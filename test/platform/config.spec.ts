import { resolve } from 'node:path';
import { ConfigError, loadConfig, loadWitnessConfig } from '../../src/platform/config.js';

const problemsOf = (env: Record<string, string>): readonly string[] => problemsIn(() => loadConfig(env));

const problemsIn = (load: () => unknown): readonly string[] => {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('the settings', () => {
  it('need none to be set', () => {
    expect({ ...loadConfig({}) }).toEqual({
      host: '127.0.0.1',
      port: 3000,
      dataDir: resolve('data'),
      logOrigin: 'localhost/log',
      logLevel: 'info',
      rateLimitPerMinute: 0,
      trustedProxies: [],
      connections: {
        max: 2_000,
        perNetwork: 500,
        headersMs: 10_000,
        requestMs: 30_000,
        silentMs: 120_000,
        keepAliveMs: 15_000,
        checkMs: 1_000,
      },
      attestationHours: 24,
      clockRule: { aheadMsMax: 60_000 },
    });
  });

  it('have the values that are set', () => {
    const config = loadConfig({
      HOST: '::',
      PORT: '0',
      DATA_DIR: '/srv/my ledger',
      DATABASE_URL: 'postgres://ledger:secret@db.example.eu/ledger?sslmode=verify-full',
      DATABASE_READ_URL: 'postgresql://reader@[::1]:5433/ledger',
      EVENT_STORE_URL: 'kurrentdb://admin:secret@one:2113,two:2113?tls=true',
      OPERATOR_KEY: 'k'.repeat(32),
      LOG_ORIGIN: 'ledger.example.eu/log',
      LOG_POLICY: 'log-policy',
      OIDC_ISSUER: 'https://login.example.eu/realms/ppp',
      OIDC_AUDIENCE: 'ppp-ledger',
      LOG_LEVEL: 'debug',
      RATE_LIMIT_PER_MINUTE: '600',
      TRUSTED_PROXIES: '10.0.0.7, fd00::/8',
      CONNECTIONS_MAX: '101',
      REQUEST_SECONDS_MAX: '8',
      ATTESTATION_HOURS: '0',
      CLOCK_AHEAD_SECONDS_MAX: '5',
      LAST_STAMP_ACCEPTED: '2036-11-24T05:38:00.250Z',
    });
    expect({ ...config }).toEqual({
      host: '::',
      port: 0,
      dataDir: '/srv/my ledger',
      databaseUrl: 'postgres://ledger:secret@db.example.eu/ledger?sslmode=verify-full',
      databaseReadUrl: 'postgresql://reader@[::1]:5433/ledger',
      eventStoreUrl: 'kurrentdb://admin:secret@one:2113,two:2113?tls=true',
      operatorKey: 'k'.repeat(32),
      logOrigin: 'ledger.example.eu/log',
      logPolicy: resolve('log-policy'),
      oidc: { issuer: 'https://login.example.eu/realms/ppp', audience: 'ppp-ledger' },
      logLevel: 'debug',
      rateLimitPerMinute: 600,
      trustedProxies: ['10.0.0.7', 'fd00::/8'],
      connections: {
        max: 101,
        perNetwork: 26,
        headersMs: 8_000,
        requestMs: 8_000,
        silentMs: 120_000,
        keepAliveMs: 65_000,
        checkMs: 1_000,
      },
      attestationHours: 0,
      clockRule: { aheadMsMax: 5_000, acceptedStamp: Date.parse('2036-11-24T05:38:00.250Z') },
    });
  });

  it('count as absent when they are empty, and lose the line end of a file that they were read from', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ', OPERATOR_KEY: `${'k'.repeat(32)}\n` })).toMatchObject({
      port: 3000,
      databaseUrl: undefined,
      operatorKey: 'k'.repeat(32),
    });
  });

  it('are refused with every problem, each with a valid value', () => {
    const problems = problemsOf({
      HOST: 'my host',
      PORT: '70000',
      DATABASE_URL: 'mysql://db/ledger',
      EVENT_STORE_URL: 'http://db:2113',
      OPERATOR_KEY: 'short',
      LOG_ORIGIN: 'https://ledger.example.eu/log',
      OIDC_ISSUER: 'http://login.example.eu',
      LOG_LEVEL: 'loud',
      RATE_LIMIT_PER_MINUTE: '-1',
      TRUSTED_PROXIES: '10.0.0.0/33',
      CONNECTIONS_MAX: '1e3',
      REQUEST_SECONDS_MAX: '3601',
    });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'HOST',
      'PORT',
      'DATABASE_URL',
      'EVENT_STORE_URL',
      'OPERATOR_KEY',
      'LOG_ORIGIN',
      'OIDC_ISSUER',
      'OIDC_ISSUER',
      'LOG_LEVEL',
      'RATE_LIMIT_PER_MINUTE',
      'TRUSTED_PROXIES',
      'CONNECTIONS_MAX',
      'REQUEST_SECONDS_MAX',
    ]);
    for (const problem of problems) expect(problem).toMatch(/: set |set both/);
  });

  it('take addresses and networks as proxies, and nothing else', () => {
    for (const value of ['10.0.0.7', '10.0.0.0/0', '10.0.0.0/32', '::1', 'fd00::/128', '10.0.0.7,::1']) {
      expect([value, problemsOf({ TRUSTED_PROXIES: value })]).toEqual([value, []]);
    }
    for (const value of [
      '*',
      'true',
      'loopback',
      '10.0.0',
      '10.0.0.7/',
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.7,',
      '/8',
    ]) {
      expect([value, problemsOf({ TRUSTED_PROXIES: value })]).toEqual([
        value,
        [expect.stringMatching(/^TRUSTED_PROXIES/)],
      ]);
    }
  });

  it.each([
    ['8784', []],
    ['8785', ['ATTESTATION_HOURS cannot be used: set it to a whole number from 0 to 8784.']],
  ])('check the history every %s hours', (ATTESTATION_HOURS, problems) => {
    expect(problemsOf({ ATTESTATION_HOURS })).toEqual(problems);
  });

  it('end the program with EX_CONFIG', () => {
    expect(new ConfigError([]).exitCode).toBe(78);
  });

  it('are refused without showing a secret', () => {
    const secret = 'correct horse';
    const { message } = new ConfigError(
      problemsOf({
        DATABASE_URL: `postgres://ledger:${secret}@db/ledger`,
        DATABASE_READ_URL: `postgres://ledger:${secret}@db/ledger`,
        EVENT_STORE_URL: `kurrent://admin:${secret}@`,
        OPERATOR_KEY: `${secret} ${'k'.repeat(32)}`,
      }),
    );
    expect(message.match(/^ {2}- /gm)).toHaveLength(4);
    expect(message).not.toContain(secret);
  });

  it.each(['0', '1', '65535'])('accept the port %s', (PORT) => {
    expect(loadConfig({ PORT }).port).toBe(Number(PORT));
  });

  it.each(['-1', '65536', '80.5', '0x50', '1e3', 'http'])('refuse the port %s', (PORT) => {
    expect(problemsOf({ PORT })).toEqual(['PORT cannot be used: set it to a whole number from 0 to 65535.']);
  });

  it.each([
    'postgres://ledger:p%40ss@one:5432,two:5432,[2001:db8::1]:5433/ledger?target_session_attrs=read-write',
    'postgres://localhost/ledger',
    'postgres://localhost',
    'postgres:///ledger?host=/var/run/postgresql',
    'postgres://ledger:secret@localhost/ledger?host=%2Ftmp%2Fsocket',
  ])('accept the database %s and leave it as it is', (url) => {
    expect(loadConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
  });

  it.each([
    'localhost:5432/ledger',
    'postgres:///ledger',
    'postgres://one:5432,/ledger',
    'postgres://one:0/ledger',
    'postgres://one:65536/ledger',
    'postgres://ledger:p@ss@one/ledger',
    'postgres://ledger:50%@one/ledger',
    'postgres://one/ledger#fragment',
  ])('refuse the database %s', (url) => {
    expect(problemsOf({ DATABASE_URL: url })).toHaveLength(1);
  });

  it.each([
    ['standby', /asks for target_session_attrs=standby: set it to read-write or primary/],
    ['any', /asks for target_session_attrs=any/],
    ['writable', /must be one of any, read-write/],
  ])('refuse to write to a database of the kind %s', (session, problem) => {
    const url = `postgres://ledger:sesame@one,two/ledger?target_session_attrs=${session}`;
    expect(problemsOf({ DATABASE_URL: url })).toEqual([expect.stringMatching(problem)]);
    expect(problemsOf({ DATABASE_URL: url }).join()).not.toContain('sesame');
  });

  it('refuse a replica if DATABASE_URL is not set', () => {
    expect(problemsOf({ DATABASE_READ_URL: 'postgres://replica/ledger' })).toEqual([
      expect.stringContaining('set both'),
    ]);
  });

  it.each([
    [{ OIDC_ISSUER: 'https://login.example.eu' }, 'OIDC_ISSUER is set but OIDC_AUDIENCE is not'],
    [{ OIDC_AUDIENCE: 'ppp-ledger' }, 'OIDC_AUDIENCE is set but OIDC_ISSUER is not'],
  ])('refuse one of issuer and audience without the other: %o', (env, problem) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    [{ CLOCK_AHEAD_SECONDS_MAX: '0' }, { aheadMsMax: undefined }],
    [{ CLOCK_AHEAD_SECONDS_MAX: '86400' }, { aheadMsMax: 86_400_000 }],
    [{ LAST_STAMP_ACCEPTED: '2036-11-24T05:38:00Z' }, { acceptedStamp: Date.parse('2036-11-24T05:38:00Z') }],
  ])('say how far clocks may be from each other: %o', (env, rule) => {
    expect(loadConfig(env).clockRule).toMatchObject(rule);
  });

  it.each([
    { CLOCK_AHEAD_SECONDS_MAX: '86401' },
    { CLOCK_AHEAD_SECONDS_MAX: '-1' },
    { LAST_STAMP_ACCEPTED: '2036-11-24' },
    { LAST_STAMP_ACCEPTED: '2036-13-24T05:38:00Z' },
    { LAST_STAMP_ACCEPTED: '2036-11-24T05:38:00+01:00' },
  ])('refuse another bound of clocks: %o', (env) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(': set it to ')]);
  });

  it.each([
    ['k'.repeat(31), 1],
    ['k'.repeat(32), 0],
    ['k'.repeat(255), 0],
    ['k'.repeat(256), 1],
    [`${'k'.repeat(20)} ${'k'.repeat(20)}`, 1],
    ['é'.repeat(40), 1],
  ])('want an operator key of 32 to 255 visible characters: %s', (OPERATOR_KEY, problems) => {
    expect(problemsOf({ OPERATOR_KEY })).toHaveLength(problems);
  });
});

describe('the settings of a witness', () => {
  it('need only the list of the logs that it follows', () => {
    expect({ ...loadWitnessConfig({ logs: 'logs' }, {}) }).toEqual({
      host: '127.0.0.1',
      port: 3001,
      dataDir: resolve('witness-data'),
      logs: resolve('logs'),
      logLevel: 'info',
    });
  });

  it('have the values that are set', () => {
    const env = { HOST: '0.0.0.0', PORT: '0', DATA_DIR: '/srv/witness', LOG_LEVEL: 'warn' };
    expect({ ...loadWitnessConfig({ logs: '/srv/logs', name: 'witness.example.eu' }, env) }).toEqual({
      host: '0.0.0.0',
      port: 0,
      dataDir: '/srv/witness',
      name: 'witness.example.eu',
      logs: '/srv/logs',
      logLevel: 'warn',
    });
  });

  it('are refused with every problem, each with a valid value', () => {
    const problems = problemsIn(() => loadWitnessConfig({ name: 'my witness' }, { PORT: '70000' }));
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['PORT', '--name', '--logs']);
    for (const problem of problems) expect(problem).toContain(': set it to ');
  });
});
