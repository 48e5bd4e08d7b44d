import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { Projector } from '../../../src/ledger/projector/projector.js';
import { ProjectionStore } from '../../../src/ledger/projector/projection-store.js';
import { createPool } from '../../../src/platform/database/database.js';
import { migrate } from '../../../src/platform/database/migrate.js';
import { REBUILDABLE } from '../../../src/projections.js';
import { recordProgramme } from '../../audit/recorded-programme.js';
import { APPEND_KEY, startTestApp, type TestApp } from '../../support/app.js';
import { ppp } from '../../support/command-line.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

const silent = { info: () => undefined, warn: () => undefined };
/** Everything that the history and the log consist of. */
const KEPT = [
  'events',
  'commands',
  'batch_checks',
  'log_tiles',
  'log_checkpoints',
  'report_texts',
  'report_text_parts',
];

describe('the role of the running service', () => {
  let database: TestDatabase;
  let role: string;
  let url: string;
  let pool: Pool;
  let api: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    role = `service_${new URL(database.url).pathname.slice(1)}`;
    await database.pool.query(`create role ${role} login password 'secret'`);
    await database.pool.query('select allow_service($1)', [role]);
    const asRole = new URL(database.url);
    [asRole.username, asRole.password] = [role, 'secret'];
    url = asRole.href;
    pool = createPool({ databaseUrl: url, log: { warn: () => undefined } });
    api = await startTestApp({ databaseUrl: url });
  }, 60_000);
  afterAll(async () => {
    await api.stop();
    await pool.end();
    await database.pool.query(`drop owned by ${role}; drop role ${role}`);
    await database.drop();
  });

  const ready = async () => (await api.get('/readyz', { key: null })).body;

  it('runs the whole service: commands, views, signed log, published report, erasure', async () => {
    const { requestId } = await recordProgramme(api, 2);
    expect((await pool.query('select from content_keys')).rowCount).toBe(1);
    const reason = 'Request under Art. 17 GDPR';
    const erased = await api.must(api.post(`/v1/subjects/${requestId}/erasure`, { reason }));
    await api.app.get(Projector).reached('erasures', erased.body.position, 20_000);
    expect((await database.pool.query('select from content_keys')).rowCount).toBe(0);
    expect(await ready()).toMatchObject({ status: 'ok' });
  }, 60_000);

  it('rebuilds a view beside the one that is served, and keeps its rights on it', async () => {
    const [projection] = REBUILDABLE.filter(({ name }) => name === 'partners');
    if (!projection) throw new Error('no such projection');
    await new ProjectionStore(pool).startBuilding(projection);
    const served = async (): Promise<boolean> =>
      (await pool.query(`select from projections where name = 'partners__building'`)).rowCount === 0;
    // The leader of the service fills it and exchanges both.
    while (!(await served())) await new Promise((resolve) => setTimeout(resolve, 50));
    const { body } = await api.must(
      api.post('/v1/partners', { legalName: 'After', country: 'SE', legalForm: 'company' }),
    );
    await api.must(api.get(`/v1/partners/${body.id}?minPosition=${body.position}`));
  }, 60_000);

  it.each(KEPT)('cannot rewrite %s', async (table) => {
    const [column] = (
      await pool.query<{ name: string }>(
        `select attname as name from pg_attribute where attrelid = $1::regclass and attnum = 1`,
        [table],
      )
    ).rows;
    for (const statement of [
      `update ${table} set ${column?.name} = ${column?.name}`,
      `delete from ${table}`,
      `truncate ${table}`,
      `alter table ${table} disable trigger all`,
      `drop table ${table}`,
      `create trigger t before insert on ${table} for each row execute function refuse_rewriting_history()`,
    ]) {
      await expect(pool.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it.each([
    `insert into events select 99, 'a', 0, gen_random_uuid(), type, recorded_at, envelope from events limit 1`,
    `insert into commands select gen_random_uuid(), fingerprint, position, recorded_at, outcome from commands limit 1`,
    `insert into batch_checks select batch + 1000, kind, first_position, 0, recorded_at, '{}', check_value from batch_checks limit 1`,
    `update ledger_head set position = 0`,
    `set session_replication_role = replica`,
    `select append_batch(now(), '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', null)`,
    `select allow_service(current_user)`,
    `create table mine (a integer)`,
    `create function mine() returns integer language sql as 'select 1'`,
    `select start_building_view('events')`,
    `select serve_built_view('log_tiles')`,
  ])('may not: %s', async (statement) => {
    await expect(pool.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('starts on a database that is up to date, and says who has to migrate one that is not', async () => {
    expect(await migrate(url, { log: silent })).toEqual([]);
    const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-migrations-'));
    try {
      const { cp } = await import('node:fs/promises');
      await cp(new URL('../../../migrations/', import.meta.url), folder, { recursive: true });
      await writeFile(join(folder, '9000_later.sql'), 'create table later (id bigint primary key);');
      await expect(migrate(url, { log: silent, folder })).rejects.toThrow(
        `The database lacks 9000_later.sql, and the role "${role}" may not change its schema: run "ppp-ledger migrate"`,
      );
      expect(await migrate(database.url, { log: silent, folder })).toEqual(['9000_later.sql']);
      // The owner's migration gave the role its rights on what is new.
      expect((await pool.query('insert into later values (1) returning id')).rows).toEqual([{ id: 1 }]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('does not sign an event that somebody appended with SQL, until its operator accepts it', async () => {
    const before = await ready();
    const position = before.position + 1;
    const { rows } = await pool.query(`select envelope from events where type = 'partner-registered' limit 1`);
    const event = JSON.parse(rows[0].envelope);
    const [id, partner] = [randomUUID(), randomUUID()];
    const text = JSON.stringify({ ...event, id, stream: `partner-${partner}`, recordedAt: '|' });
    const [beforeStamp, afterStamp] = text.split('|');
    await database.pool.query(
      `select append_batch(now(), array[$1], array[-1], array[$1], array[0], array[$2::uuid], array['partner-registered'],
         array[$3], array[$4], array[gen_random_uuid()], array['f'], array[1], array['{}'], null)`,
      [`partner-${partner}`, id, beforeStamp, afterStamp],
    );
    const until = async (wanted: 'ok' | 'unready') => {
      for (;;) {
        const found = await ready();
        if (found.status === wanted) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const { reason, log } = await until('unready');
    expect(reason).toContain(`Position ${position} is not as this service recorded it: no batch of the service`);
    expect(reason).toContain('migrations/README.md');
    expect(log.size).toBe(before.position);
  }, 60_000);

  it('goes on once the operator has accepted, who has to name the last position', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-accept-'));
    const env = process.env;
    const { position } = await ready();
    process.env = { ...env, DATABASE_URL: database.url, DATA_DIR: folder, LOG_LEVEL: 'silent' };
    try {
      expect((await ppp('accept', String(position))).err).toContain('There is no append-key in');
      await writeFile(join(folder, 'append-key'), APPEND_KEY.toString('base64'));
      expect(await ppp('accept')).toMatchObject({ code: 64 });
      expect(await ppp('accept', '0')).toMatchObject({ code: 64 });
      const other = await ppp('accept', String(position + 1));
      expect([other.code, other.out]).toEqual([69, '']);
      expect(other.err).toContain(`The ledger ends at position ${position}, and not at ${position + 1}`);
      const done = await ppp('accept', String(position));
      expect([done.code, done.out]).toEqual([
        0,
        `1 events up to position ${position} are accepted as they stand, and will be signed.\n`,
      ]);
      while ((await ready()).log.size < position) await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      process.env = env;
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});
