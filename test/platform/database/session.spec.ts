import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPool } from '../../../src/platform/database/database.js';
import { migrate } from '../../../src/platform/database/migrate.js';
import { SESSION_SETTINGS } from '../../../src/platform/database/session.js';
import { startTestApp } from '../../support/app.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

/** A default of the database for every setting that the ledger relies on, which would change an answer, or end a statement or a session. */
const HOSTILE: Readonly<Record<keyof typeof SESSION_SETTINGS, string>> = {
  client_encoding: 'LATIN1',
  datestyle: 'German, DMY',
  intervalstyle: 'sql_standard',
  timezone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  exit_on_error: 'on',
  statement_timeout: '1s',
  lock_timeout: '1ms',
  transaction_timeout: '1s',
  idle_in_transaction_session_timeout: '1s',
  idle_session_timeout: '1s',
};

describe('a database whose defaults are not those of PostgreSQL', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  /** `alter database`, if this version of PostgreSQL has the setting. */
  const alter = async (setting: string, value: string): Promise<void> => {
    await database.pool.query(
      `do $$ begin
         if current_setting('${setting}', true) is not null then
           execute format('alter database %I set ${setting} = %s', current_database(), '${value.includes(',') ? value : `''${value}''`}');
         end if;
       end $$`,
    );
  };

  /** Commands with text, amounts, dates and sealed content; then everything that reads them: lists, figures, log, proof. */
  async function roundTrip(): Promise<void> {
    expect(await migrate(database.url, { log: { info: () => undefined } })).toEqual([]);
    const app = await startTestApp({ databaseUrl: database.url });
    try {
      const [first, second] = await Promise.all(
        ['Łódź "A\\B" AB', 'NULL'].map((legalName) =>
          app.must(
            app.post('/v1/partners', { legalName, country: 'SE', legalForm: 'company', registeredOn: '2024-05-07' }),
          ),
        ),
      );
      const position = Math.max(first?.body.position, second?.body.position);
      expect(first?.body.recordedAt).toMatch(/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
      expect(Math.abs(Date.parse(first?.body.recordedAt) - Date.now())).toBeLessThan(60_000);
      const again = await app.get(`/v1/partners?minPosition=${position}`);
      expect([again.status, again.body.data.length]).toEqual([200, 2]);
      const one = await app.get(`/v1/partners/${first?.body.id}`);
      expect(one.body).toMatchObject({ legalName: 'Łódź "A\\B" AB', registeredOn: '2024-05-07' });
      const events = await app.get('/v1/events');
      expect(events.body.data.map((event: { position: number }) => event.position)).toEqual([1, 2]);
      const report = await app.get(`/v1/transparency/capital?minPosition=${position}`);
      expect([report.status, report.headers['ledger-position']]).toEqual([200, String(position)]);
      const proof = await app.get(`/v1/events/${events.body.data[0].id}/proof`);
      expect([proof.status, proof.text]).toEqual([200, expect.stringContaining('c2sp.org/tlog-proof@v1')]);
    } finally {
      await app.stop();
    }
  }

  it('is used with the settings of the ledger alone', async () => {
    for (const [setting, value] of Object.entries(HOSTILE)) await alter(setting, value);
    const pool = createPool({ databaseUrl: database.url, log: { warn: () => undefined } });
    const expected = await database.pool.query<object>(
      `select name, setting from pg_settings where name = any ($1) order by name`,
      [Object.keys(SESSION_SETTINGS).map(nameInSettings)],
    );
    const inUse = await pool.query<object>(
      'select name, setting from pg_settings where name = any ($1) order by name',
      [Object.keys(SESSION_SETTINGS).map(nameInSettings)],
    );
    expect(inUse.rows).toEqual(expected.rows);
    await pool.end();
    await roundTrip();
  }, 60_000);

  // The default that made every command write and then answer 503.
  it('records and shows the same where dates are written in German', async () => {
    await alter('datestyle', 'German, DMY');
    await roundTrip();
  }, 60_000);

  it('resolves its names in its own schema, whatever comes earlier in search_path', async () => {
    await database.pool.query(`create schema earlier; create table earlier.events (position bigint);
      create function earlier.now() returns timestamptz language sql as $$ select timestamptz '2001-01-01' $$`);
    await alter('search_path', 'earlier, public, pg_catalog');
    await roundTrip();
  }, 60_000);

  it('does not take the settings of the URL and of PGOPTIONS', async () => {
    const pool = createPool({
      databaseUrl: `${database.url}&options=${encodeURIComponent('-c datestyle=German -c statement_timeout=1s')}`,
      log: { warn: () => undefined },
    });
    const { rows } = await pool.query<object>(
      `select current_setting('datestyle') as style, current_setting('statement_timeout') as timeout`,
    );
    expect(rows).toEqual([{ style: 'ISO, YMD', timeout: '30s' }]);
    await pool.end();
  });
});

it('opens every connection of the program in one place', async () => {
  const folder = fileURLToPath(new URL('../../../src/', import.meta.url));
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const opening = await Promise.all(
    files.map(async (file) =>
      /^import \{(?! type)[^}]*\} from 'pg'/m.test(await readFile(join(folder, file), 'utf8')) ? [file] : [],
    ),
  );
  // The second one makes the embedded database, and reads nothing.
  expect(opening.flat().sort()).toEqual(['platform/database/database.ts', 'platform/database/embedded-server.ts']);
});

/** `pg_settings` keeps some names as they were first written. */
const nameInSettings = (name: string): string =>
  ({ datestyle: 'DateStyle', intervalstyle: 'IntervalStyle', timezone: 'TimeZone' })[name] ?? name;
