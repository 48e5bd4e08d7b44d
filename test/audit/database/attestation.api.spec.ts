import { METHODS } from '../../../src/transparency/methods.js';
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { AttestationWorker } from '../../../src/audit/database/attestation/attestation.worker.js';
import { EVENTS_PER_BATCH } from '../../../src/audit/database/attestation/history-check.queries.js';
import { canonicalize } from '../../../src/ledger/canonical.js';
import { Projector } from '../../../src/ledger/projector/projector.js';
import { ROWS_PER_PAGE } from '../../../src/ledger/projector/row-pages.js';
import { createPool } from '../../../src/platform/database/database.js';
import { startTestApp, type TestApp } from '../../support/app.js';
import { until } from '../../witness/running-witness.js';

/** Several services start one after the other, which takes long on a busy machine. */
const MS_MAX = 120_000;
const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
const REPORTS = ['equal-access', 'capital', 'capacity'];

describe('a service that checks itself', () => {
  let api: TestApp;
  let pool: Pool;
  beforeAll(async () => {
    api = await startTestApp();
    pool = createPool({ databaseUrl: api.databaseUrl, log: { warn: () => undefined } });
  }, MS_MAX);
  afterAll(async () => {
    await pool.end();
    await api.stop();
  });

  const record = async (count = 1): Promise<number> => {
    let position = 0;
    for (let number = 0; number < count; number += 1) {
      position = (await api.must(api.post('/v1/partners', COMPANY))).body.position;
    }
    return position;
  };
  /** Waits until all views and the signed log have the position. */
  const settled = async (position: number): Promise<void> => {
    await until(
      async () => (await api.get('/readyz', { key: null })).body,
      ({ projections, log }) =>
        log !== null &&
        log.size >= position &&
        projections.every((view: { position: number }) => view.position >= position),
    );
  };
  const check = (app = api) => app.app.get(AttestationWorker).check(() => Promise.resolve());
  const attestations = async (minPosition = 0) =>
    (await api.get(`/v1/transparency/attestations?minPosition=${minPosition}`, { key: null })).body.data;
  const head = async (): Promise<number> => (await pool.query('select position from ledger_head')).rows[0].position;
  const ready = async (of = api) => {
    const { status, body } = await of.get('/readyz', { key: null });
    return [status, body.reason];
  };
  /** Waits for the state of the service: the last answer is kept for a moment. */
  const becomes = (status: number, reason?: RegExp, of = api) =>
    until(
      () => ready(of),
      ([now, why]) => now === status && (reason === undefined || reason.test(why)),
    );
  const metrics = async (): Promise<string> => (await api.get('/metrics', { key: null })).text;
  /** A change past the triggers, as somebody makes it who has the database. */
  const byHand = async (statement: string, values: readonly unknown[] = []): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query('begin; set local session_replication_role = replica');
      expect((await client.query(statement, [...values])).rowCount).toBe(1);
      await client.query('commit');
    } finally {
      client.release(true);
    }
  };

  it(
    'records what it attests: digests of the views and of the reports, which anybody can compute',
    async () => {
      const position = await record(3);
      await settled(position);
      await check();
      expect(await head()).toBe(position + 1);
      const [attested] = await attestations(position + 1);
      expect(attested).toMatchObject({ position, methodVersion: METHODS.current.version });
      for (const { kind, sha256, byteCount } of attested.reports) {
        const { text } = await api.get(`/v1/transparency/${kind}?asOfPosition=${position}`, { key: null });
        const hash = createHash('sha256').update(text).digest('hex');
        expect([kind, sha256, byteCount]).toEqual([kind, hash, Buffer.byteLength(text)]);
      }
      expect(attested.reports.map(({ kind }: { kind: string }) => kind)).toEqual(REPORTS);
      expect(attested.views).toContainEqual({
        view: 'events',
        version: 2,
        position,
        rows: 6,
        sha256: createHash('sha256')
          .update(await textOfEvents(position))
          .digest('hex'),
      });
    },
    MS_MAX,
  );

  /** The view of the events as the README of the auditor defines its digest, from the envelopes alone. */
  const textOfEvents = async (position: number): Promise<string> => {
    const { rows } = await pool.query('select position, envelope from events where position <= $1 order by position', [
      position,
    ]);
    const events = rows.map((row) => ({ at: String(row.position), ...JSON.parse(row.envelope) }));
    const types = events.map(({ at, type }) => canonicalize({ table: 'event_types', row: { id: at, type } }));
    const partners = events.map(({ at, type, stream }) => {
      const partnerId = stream.slice('partner-'.length);
      const row = { id: `${at} ${partnerId}`, partner_id: partnerId, position: at, type };
      return canonicalize({ table: 'event_partners', row });
    });
    return [...types, ...partners].map((line) => `${line}\n`).join('');
  };

  it(
    'attests nothing again while nothing but attestations is new',
    async () => {
      await settled(await head());
      const before = await head();
      await check();
      await check();
      expect(await head()).toBe(before);
      const position = await record();
      await settled(position);
      await check();
      expect(await head()).toBe(position + 1);
    },
    MS_MAX,
  );

  it(
    'shows since when and up to where it is verified',
    async () => {
      const before = Date.now();
      await settled(await head());
      await check();
      const last = await head();
      const text = await until(metrics, (now) => now.includes(`ppp_last_verified_position ${last}\n`));
      const valueOf = (name: string): number => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
      expect(Math.abs(valueOf('ppp_last_verified_timestamp_seconds') * 1_000 - before)).toBeLessThan(MS_MAX);
    },
    MS_MAX,
  );

  it(
    'is not ready after a row was changed, also after a restart, until the view is rebuilt',
    async () => {
      await settled(await head());
      const before = await head();
      await becomes(200);
      await byHand(`update partners set legal_name = 'Evil' where id = (select id from partners order by id limit 1)`);
      await check();
      expect(await head()).toBe(before);
      const reason =
        /^The view "partners" serves other rows than the events give \(1 at the last check\): run "ppp-ledger rebuild partners"/;
      await becomes(503, reason);
      await until(metrics, (text) => text.includes('ppp_view_rows_different{projection="partners"} 1'));
      const restarted = await startTestApp({ sharedWith: api });
      try {
        await becomes(503, reason, restarted);
        // A finding is checked again without waiting for the interval, also where the checks are switched off.
        await byHand(`update partners set legal_name = $1 where legal_name = 'Evil'`, [COMPANY.legalName]);
        const again = await startTestApp({ sharedWith: api });
        try {
          await until(
            () => ready(again),
            ([status]) => status === 200,
          );
        } finally {
          await again.stop();
        }
        await byHand(`delete from partners where id = (select id from partners order by id limit 1)`);
        await check();
        await becomes(503, undefined, restarted);
        await api.app.get(Projector).rebuild('partners');
        await becomes(200, undefined, restarted);
      } finally {
        await restarted.stop();
      }
      await settled(await head());
      await check();
      await becomes(200);
    },
    MS_MAX,
  );

  it(
    'signs nothing more after an event was rewritten, also after a restart, and names its position',
    async () => {
      const position = await record();
      await settled(position);
      const { rows } = await pool.query('select envelope from events where position = 2');
      const { envelope } = rows[0];
      await byHand('update events set envelope = $1 where position = 2', [envelope.replace('Nordlys', 'Nordlis')]);
      await check();
      const reason =
        /^The transparency log is not being signed: The event at position 2 is not the one that was signed/;
      await becomes(503, reason);
      const size = (await pool.query('select size from log_head')).rows[0].size;
      await record(2);
      const restarted = await startTestApp({ sharedWith: api });
      try {
        await until(
          () => ready(restarted),
          ([, why]) => reason.test(why ?? ''),
        );
        expect((await pool.query('select size from log_head')).rows[0].size).toBe(size);
        await byHand('update events set envelope = $1 where position = 2', [envelope]);
        await check();
        await settled(await head());
        expect((await pool.query('select size from log_head')).rows[0].size).toBeGreaterThanOrEqual(size + 2);
        await until(
          () => ready(restarted),
          ([status]) => status === 200,
        );
      } finally {
        await restarted.stop();
      }
    },
    MS_MAX,
  );

  it.each([
    ['a missing event', 'delete from events where position = 3', /The event at position 3 was signed, and is missing/],
    [
      'an event whose hash was changed with it',
      `with tiles as (update log_tiles set bytes = set_byte(bytes, 64, 255 - get_byte(bytes, 64)) where level = 0 and width >= 3 returning 1)
       update log_head set hold = null where (select count(*) from tiles) > 0`,
      /The event at position 3 is not the one that was signed/,
    ],
  ])(
    'finds %s',
    async (_what, statement, message) => {
      await settled(await head());
      await pool.query(
        'create table kept_events as select * from events where position = 3; create table kept_tiles as table log_tiles',
      );
      try {
        await byHand(statement);
        expect((await check()).damage).toMatch(message);
      } finally {
        const client = await pool.connect();
        await client.query(
          `begin; set local session_replication_role = replica;
         delete from log_tiles; insert into log_tiles select * from kept_tiles;
         delete from events where position = 3; insert into events select * from kept_events;
         commit; drop table kept_events, kept_tiles`,
        );
        client.release(true);
      }
      expect((await check()).damage).toBeUndefined();
    },
    MS_MAX,
  );

  it(
    'rests after each batch of events and of rows, so that it never takes its connection for long',
    async () => {
      for (const call of ['many', 'more']) {
        const commands = Array.from({ length: EVENTS_PER_BATCH }, (_, n) => ({
          method: 'POST',
          path: '/v1/partners',
          key: `${call}-${n}`,
          body: COMPANY,
        }));
        await api.must(api.post('/v1/bulk', { commands }));
      }
      const size = await head();
      await settled(size);
      let rests = 0;
      await api.app.get(AttestationWorker).check(() => {
        rests += 1;
        return Promise.resolve();
      });
      expect(size).toBeGreaterThan(2 * EVENTS_PER_BATCH);
      // Three batches of events, and a full page of each side of event_types, event_partners and partners.
      expect(size).toBeGreaterThan(ROWS_PER_PAGE);
      expect(rests).toBe(Math.ceil(size / EVENTS_PER_BATCH) + 6);
    },
    MS_MAX,
  );

  it(
    'ends a check when the service stops',
    async () => {
      await record();
      await settled(await head());
      const before = await head();
      await expect(
        api.app.get(AttestationWorker).check(() => Promise.reject(new Error('The service stops.'))),
      ).rejects.toThrow('The service stops.');
      expect(await head()).toBe(before);
      // The session ends, and its temporary tables with it.
      await until(
        () => pool.query(`select from pg_class where relname like '%\\_\\_folded'`),
        ({ rowCount }) => rowCount === 0,
      );
    },
    MS_MAX,
  );
});
