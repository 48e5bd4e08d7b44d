import type { Pool } from 'pg';
import { runDemo } from '../../../src/demo/demo.js';
import { AGGREGATES } from '../../../src/aggregates.js';
import { AttestationWorker } from '../../../src/audit/database/attestation/attestation.worker.js';
import { verifyStored } from '../../../src/audit/database/stored-ledger.queries.js';
import type { Verification } from '../../../src/audit/verification.js';
import { FoldedViews, type ComparedView } from '../../../src/ledger/projector/folded-views.js';
import { EventReader } from '../../../src/ledger/event-reader.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { createPool } from '../../../src/platform/database/database.js';
import { SERVED } from '../../../src/projections.js';
import { noteKeyOf } from '../../../src/tlog/note-key.js';
import { OPERATOR_KEY, startTestApp, type TestApp } from '../../support/app.js';
import { LOG_KEY, ORIGIN } from '../written-log.js';

const MS_MAX = 120_000;
/** Every kind of command in a short time. */
const SCALE = 0.01;
/** The demo has no pools: a site whose hours are all of its consortium, and an allocation. */
async function addPools(api: TestApp): Promise<void> {
  const post = async (path: string, body: object, key?: string): Promise<Record<string, string>> =>
    (await api.must(api.post(path, body, key === undefined ? {} : { key }))).body;
  const money = { capexMinor: '100', currency: 'EUR' };
  const { id: site } = await post('/v1/facilities', { name: 'Pools', country: 'SE', kind: 'ai-factory', ...money });
  await post(`/v1/facilities/${site}/capacity`, { chipModel: 'gb300', chips: 10, effectiveFrom: '2026-01-01' });
  const { poolId } = await post(`/v1/facilities/${site}/pools`, { owner: 'consortium', basis: 'capex' });
  const period = { periodFrom: '2026-01-01', periodTo: '2027-01-01' };
  await post(`/v1/facilities/${site}/entitlements`, { ...period, unit: 'chip-hour', availableUnitHours: 1_000 });
  const opening = { opensAt: '2026-01-01T00:00:00Z', closesAt: '2199-01-01T00:00:00Z', chipHours: 1_000 };
  const { id: callId } = await post('/v1/access-calls', {
    facilityId: site,
    mode: 'regular',
    title: 'Pools',
    ...opening,
  });
  const { id: partnerId } = await post('/v1/partners', { legalName: 'Pools', country: 'SE', legalForm: 'company' });
  const proof = { category: 'large-enterprise', basis: 'accounts', evidenceRef: 'e', effectiveFrom: '2026-01-01' };
  await post(`/v1/partners/${partnerId}/classifications`, proof);
  const asked = { callId, partnerId, chipHours: 10, sector: 'energy', purpose: 'To train a model.' };
  const { id: grantId } = await post('/v1/access-requests', asked);
  const [validFrom, validTo] = ['2026-07-01T00:00:00Z', '2027-07-01T00:00:00Z'];
  const decision = {
    ...{ outcome: 'granted', chipHours: 10, priceBasis: 'pay-per-use', use: 'commercial', poolId },
    ...{ reasonCodes: ['score'], validFrom, validTo },
  };
  await post(`/v1/access-requests/${grantId}/decision`, decision, await api.keyFor(['panel']));
  const interval = { from: validFrom, to: '2026-07-01T10:00:00Z' };
  await post(`/v1/facilities/${site}/allocations`, { grantId, chipModel: 'gb300', chips: 1, ...interval });
}

const silent = { write: () => true };
const log = { warn: () => undefined };
/** The demo ends no key and erases nobody: these rows are made by commands of the spec. */
const TABLES = SERVED.flatMap(({ name, tables }) => tables.map((table) => [name, table] as const));

describe('the views of a ledger, folded a second time', () => {
  let database: TestDatabase;
  let pool: Pool;
  const check = (of: Pool = pool): Promise<Verification> =>
    verifyStored(
      { pool: of, key: noteKeyOf(LOG_KEY), projections: SERVED, wrappingKey: Buffer.alloc(32, 7) },
      {},
      AGGREGATES,
    );

  /** Folded once: the history of the spec does not grow. */
  let views: FoldedViews;

  beforeAll(async () => {
    database = await createTestDatabase();
    const api = await startTestApp({ env: { LOG_ORIGIN: ORIGIN }, databaseUrl: database.url });
    await runDemo({ baseUrl: api.url, operatorKey: OPERATOR_KEY, out: silent, err: silent, scale: SCALE });
    await addPools(api);
    const [{ id }] = (await api.get('/v1/access-requests?limit=1')).body.data;
    const { body } = await api.must(api.post(`/v1/subjects/${id}/erasure`, { reason: 'r' }));
    await api.must(api.get(`/v1/partners?minPosition=${body.position}`));
    // One attestation, so that its view has a row.
    await api.app.get(AttestationWorker).check(() => Promise.resolve());
    const position = body.position + 1;
    await api.must(api.get(`/v1/partners?minPosition=${position}`));
    const [event] = (await api.get(`/v1/events?after=${position - 1}&minPosition=${position}`)).body.data;
    await api.must(api.get(`/v1/events/${event.id}/proof`));
    // A service that runs would move the checkpoints that the spec changes.
    await api.stop();
    ({ pool } = database);
    // Unique indexes would refuse some of the rows that the spec adds; who changes rows by hand can drop them.
    const { rows } = await pool.query<{ drop: string }>(
      `select string_agg(format('drop index %s', indexrelid::regclass), ';') as drop from pg_index
       where indisunique and not indisprimary and indrelid = any ($1::regclass[])`,
      [TABLES.map(([, table]) => table)],
    );
    await pool.query(rows[0]?.drop ?? '');
    views = await FoldedViews.begin(pool, new EventReader(AGGREGATES), SERVED);
  }, MS_MAX);
  afterAll(async () => {
    views.end();
    await database.drop();
  });

  const compared = async (): Promise<ReadonlyMap<string, ComparedView>> => {
    const all = await views.compare();
    expect(all.filter((view) => 'obstacle' in view)).toEqual([]);
    return new Map(all.map((view) => [view.name, view as ComparedView]));
  };
  /** Makes a change by hand, looks, and undoes it. */
  const foundAfter = async <Found>(table: string, change: string, look: () => Promise<Found>): Promise<Found> => {
    await pool.query(`create table kept_rows as select * from ${table}`);
    const { rows } = await pool.query(
      `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [table],
    );
    try {
      expect((await pool.query(change)).rowCount).toBe(1);
      return await look();
    } finally {
      await pool.query(
        `delete from ${table}; insert into ${table} (${rows[0].columns}) select ${rows[0].columns} from kept_rows; drop table kept_rows`,
      );
    }
  };

  it(
    'are row by row what the events give, and the check says of which views',
    async () => {
      const { verdict, checked, finding } = await check();
      expect({ verdict, finding }).toEqual({ verdict: 'verified', finding: undefined });
      const { what } = checked.find((line) => line.check === 'views') ?? { what: '' };
      for (const { name } of SERVED) expect(what).toContain(name);
      for (const [, table] of TABLES) {
        expect([table, (await pool.query(`select from ${table} limit 1`)).rowCount]).toEqual([table, 1]);
      }
    },
    MS_MAX,
  );

  it.each(TABLES)(
    '%s: a row of %s that was changed, deleted or added is found',
    async (name, table) => {
      const { rows } = await pool.query(
        `select attname as column, format_type(atttypid, null) as type from pg_attribute
       where attrelid = $1::regclass and attnum > 1 and not attisdropped and attgenerated = '' order by attnum`,
        [table],
      );
      const one = `where id = (select id from ${table} order by id limit 1)`;
      const [{ column, type }] = rows.filter(({ type: of }) => CHANGED[of] !== undefined);
      const changed = await foundAfter(
        table,
        `update ${table} set ${column} = ${CHANGED[type]?.(column)} ${one}`,
        compared,
      );
      expect(changed.get(name)).toMatchObject({ differentRows: 1, differences: [{ table, column }] });
      const { expected, found } = changed.get(name)?.differences[0] ?? {};
      expect(expected).not.toBe(found);

      const deleted = await foundAfter(table, `delete from ${table} ${one}`, compared);
      expect(deleted.get(name)).toMatchObject({
        differentRows: 1,
        differences: [{ table, expected: expect.any(String) }],
      });
      expect(deleted.get(name)?.differences[0]).not.toHaveProperty('found');

      const added = await foundAfter(table, await insertionOf(table), compared);
      expect(added.get(name)).toMatchObject({ differentRows: 1, differences: [{ table, found: expect.any(String) }] });
      expect(added.get(name)?.differences[0]).not.toHaveProperty('expected');
      // What the events give does not depend on what is served.
      const digests = [changed, deleted, added].map((views) => views.get(name)?.sha256);
      expect(new Set([...digests, (await compared()).get(name)?.sha256]).size).toBe(1);
    },
    MS_MAX,
  );

  /** A copy of a row, under another id and position. */
  const insertionOf = async (table: string): Promise<string> => {
    const { rows } = await pool.query(
      `select attname as column, format_type(atttypid, null) as type from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
      [table],
    );
    const values = rows.map(({ column, type }) => {
      if (column === 'id')
        return type === 'uuid' ? `'00000000-0000-4000-8000-000000000000'` : type === 'bigint' ? '999999' : `'zz'`;
      return column === 'created_position' ? '999999' : `"${column}"`;
    });
    const columns = rows.map(({ column }) => `"${column}"`).join(', ');
    return `insert into ${table} (${columns}) select ${values.join(', ')} from ${table} limit 1`;
  };

  it(
    'are a finding of the verification, which names view, key, column, both values and the next step',
    async () => {
      const { id, legal_name: legalName } = (
        await pool.query('select id, legal_name from partners order by id limit 1')
      ).rows[0];
      const { verdict, finding, findings } = await foundAfter(
        'partners',
        `update partners set legal_name = 'Evil' where id = '${id}'`,
        check,
      );
      expect([verdict, findings]).toEqual(['wrong', 1]);
      expect(finding).toMatchObject({
        check: 'views',
        artefact: `partners ${id}`,
        message: expect.stringMatching(/^The view "partners" serves another "legal_name" .* different rows: 1,/),
        expected: legalName,
        found: 'Evil',
        nextStep: expect.stringContaining('ppp-ledger rebuild partners'),
      });
    },
    MS_MAX,
  );

  it(
    'are compared where they are when they are behind, and not beyond the end of the history',
    async () => {
      const { rows } = await pool.query(`select position from projections where name = 'policies'`);
      const behind = await foundAfter(
        'projections',
        `update projections set position = position - 1 where name = 'policies'`,
        check,
      );
      expect([behind.verdict, behind.finding]).toEqual(['verified', undefined]);
      expect(behind.notChecked).toContainEqual({
        check: 'views',
        what: `policies (up to position ${rows[0].position - 1}): these views have not applied later events yet.`,
      });
      const beyond = await foundAfter(
        'projections',
        `update projections set position = position + 1 where name = 'policies'`,
        check,
      );
      expect(beyond.finding).toMatchObject({
        check: 'views',
        artefact: 'projections policies',
        expected: String(rows[0].position),
        found: String(rows[0].position + 1),
      });
    },
    MS_MAX,
  );

  it(
    'of another version of the program are not compared, which is no finding',
    async () => {
      const { verdict, finding, uncheckable } = await foundAfter(
        'projections',
        `update projections set version = 99 where name = 'policies'`,
        check,
      );
      expect([verdict, finding]).toEqual(['unchecked', undefined]);
      expect(uncheckable).toMatchObject([{ check: 'views', what: expect.stringContaining('version 99') }]);
    },
    MS_MAX,
  );

  it(
    'can be compared by a role that only reads, which is told what it lacks',
    async () => {
      const role = `reader_${Date.now()}`;
      const name = new URL(database.url).pathname.slice(1);
      await pool.query(
        `create role ${role} login password 'reader'; grant select on all tables in schema public to ${role}`,
      );
      const url = new URL(database.url);
      url.username = role;
      url.password = 'reader';
      const reader = createPool({ databaseUrl: url.href, log });
      try {
        expect((await check(reader)).verdict).toBe('verified');
        await pool.query(`revoke temporary on database ${name} from public`);
        const { verdict, uncheckable } = await check(reader);
        expect([verdict, uncheckable]).toMatchObject([
          'unchecked',
          [{ check: 'views', nextStep: expect.stringContaining('grant temporary on database') }],
        ]);
      } finally {
        await reader.end();
        await pool.query(`grant temporary on database ${name} to public`);
        await pool.query(`drop owned by ${role}; drop role ${role}`);
      }
    },
    MS_MAX,
  );
});

/** Another value of a column, by its type. */
const CHANGED: Readonly<Record<string, (column: string) => string>> = {
  text: (column) => `${column} || 'x'`,
  bigint: (column) => `${column} + 1`,
  integer: (column) => `${column} + 1`,
  numeric: (column) => `${column} + 1`,
  'timestamp with time zone': (column) => `${column} + interval '1 ms'`,
  uuid: () => `'00000000-0000-4000-8000-000000000000'`,
};
