import type { Pool, PoolClient } from 'pg';
import { checksOf } from '../../ledger/batches.js';
import { importLog } from '../../../src/audit/database/archive-import.queries.js';
import { openLog } from '../../../src/audit/audit-log.js';
import { openSource } from '../../../src/audit/audit-source.js';
import { cosign } from '../../../src/tlog/cosignature.js';
import { cosignerKeyOf, formatVerifierKey, noteKeyOf, signingKey } from '../../../src/tlog/note-key.js';
import { formatSignature } from '../../../src/tlog/note-signature.js';
import { parseNote } from '../../../src/tlog/note.js';
import { verifyStored } from '../../../src/audit/database/stored-ledger.queries.js';
import type { Verification } from '../../../src/audit/verification.js';
import { EventReader } from '../../../src/ledger/event-reader.js';
import { AGGREGATES } from '../../../src/aggregates.js';
import { createPool } from '../../../src/platform/database/database.js';
import { SERVED } from '../../../src/projections.js';
import { METHOD_1 } from '../../../src/transparency/method-1/method.js';
import { serialise, storedStateVersion } from '../../../src/transparency/report-method.js';
import { startTestApp, type TestApp } from '../../support/app.js';
import { createTestDatabase } from '../../support/database.js';
import { recordProgramme } from '../recorded-programme.js';
import { LOG_KEY, ORIGIN } from '../written-log.js';

const key = noteKeyOf(LOG_KEY);
/** The key of the test application. */
const WRAPPING_KEY = Buffer.alloc(32, 7);
const WITNESS = signingKey('witness.example/w1', Buffer.alloc(32, 5));
const COMPANIES = 8;
const REFUSED = `outcome like '%"refusal"%'`;

/** SQL that flips one bit of a value. Bit 0 of a byte: a text stays a text. */
const FLIPS = {
  text: (column: string, byte: number) =>
    `convert_from(set_bit(convert_to(${column}, 'UTF8'), ${byte * 8}, 1 - get_bit(convert_to(${column}, 'UTF8'), ${byte * 8})), 'UTF8')`,
  bytea: (column: string, byte: number) => `set_bit(${column}, ${byte * 8}, 1 - get_bit(${column}, ${byte * 8}))`,
  number: (column: string, bit: number) => `${column} # (1 << ${bit})`,
  instant: (column: string, bit: number) => `${column} + interval '1 ms' * (1 << ${bit})`,
  uuid: (column: string, byte: number) =>
    `encode(set_bit(uuid_send(${column}), ${byte * 8}, 1 - get_bit(uuid_send(${column}), ${byte * 8})), 'hex')::uuid`,
} as const;

describe('the verification of the database of a ledger', () => {
  let api: TestApp;
  let pool: Pool;
  let requestId: string;
  let size: number;
  const checked = (wrappingKey: Buffer | undefined = WRAPPING_KEY, of = pool): Promise<Verification> =>
    verifyStored({ pool: of, key, projections: SERVED, wrappingKey }, {}, AGGREGATES);
  /** Makes a change past all triggers, like a fault of the storage, and returns the finding. The change is undone afterwards. */
  const foundAfter = async (statement: string): Promise<Verification> => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query('set local session_replication_role = replica');
      const { rowCount } = await client.query(statement);
      expect([1, null]).toContain(rowCount);
      return await checked(WRAPPING_KEY, withQueriesOf(client));
    } finally {
      await client.query('rollback');
      client.release();
    }
  };

  /** The views are folded in a session of their own. */
  const withQueriesOf = (client: PoolClient): Pool =>
    ({ query: client.query.bind(client), connect: () => pool.connect() }) as unknown as Pool;

  beforeAll(async () => {
    api = await startTestApp({ env: { LOG_ORIGIN: ORIGIN } });
    ({ requestId } = await recordProgramme(api, COMPANIES));
    // A refusal: an answer without an event.
    await api.post('/v1/facilities', { name: 'Site', country: 'SE', kind: 'ai-factory', currency: 'EUR' });
    expect((await api.post(`/v1/access-requests/${requestId}/withdrawal`, { reason: 'r' })).status).toBe(409);
    pool = createPool({ databaseUrl: api.databaseUrl, log: { warn: () => undefined } });
    const { rows } = await pool.query('select size, note from log_head');
    size = rows[0].size;
    await storeState(Math.floor(size / 2));
    await storeCosignature(size, rows[0].note);
  });
  afterAll(async () => {
    await pool.end();
    await api.stop();
  });

  /** The service stores one every 5,000 events. */
  async function storeState(position: number): Promise<void> {
    const { rows } = await pool.query('select position, envelope from events where position <= $1 order by position', [
      position,
    ]);
    const reader = new EventReader(AGGREGATES);
    const state = rows.reduce((before, stored) => METHOD_1.fold(before, reader.read(stored)), METHOD_1.initial());
    const values = [storedStateVersion(METHOD_1), position, serialise(METHOD_1, state)];
    await pool.query('insert into report_states (version, position, state) values ($1, $2, $3)', values);
  }

  async function storeCosignature(of: number, note: string): Promise<void> {
    const vkey = formatVerifierKey(cosignerKeyOf(WITNESS));
    const line = `${formatSignature(cosign(WITNESS, parseNote(note).text, 1_760_000_000))}`;
    await pool.query('insert into log_witnesses (witness) values ($1)', [vkey]);
    await pool.query('insert into log_cosignatures (size, witness, line) values ($1, $2, $3)', [of, vkey, line]);
  }

  it('verifies all stored data and reports what it checked', async () => {
    const { verdict, checked: lines, notChecked, finding } = await checked();
    expect({ verdict, finding }).toEqual({ verdict: 'verified', finding: undefined });
    const said = new Map(lines.map(({ check, what }) => [check, what]));
    expect(said.get('sealed content')).toMatch(/^1 sealed contents .* 0 are erased/);
    expect(said.get('fold states')).toMatch(/^1 stored/);
    expect(said.get('published reports')).toMatch(/^2 published texts/);
    expect(said.get('all checkpoints')).toMatch(/ 1 cosignatures/);
    expect(said.get('idempotency records')).toMatch(/answers/);
    const left = notChecked.map(({ check }) => check);
    for (const check of ['sealed content', 'idempotency records', 'published reports', 'fold states']) {
      expect(left).not.toContain(check);
    }
  });

  it('opens no sealed content without the wrapping key, and reports that none opens with another key', async () => {
    expect(await verifyStored({ pool, key, projections: SERVED }, {}, AGGREGATES)).toMatchObject({
      verdict: 'unchecked',
      uncheckable: [{ check: 'sealed content', what: '1 sealed contents were not opened.' }],
    });
    const { verdict, finding } = await checked(Buffer.alloc(32, 8));
    expect({ verdict, finding }).toMatchObject({ verdict: 'wrong', finding: { check: 'sealed content' } });
    expect(finding?.message).toMatch(/wrapping key/);
  });

  it('names a missing answer, a missing content and a missing earlier tile', async () => {
    for (const [statement, check, message] of [
      ['delete from commands where position = 5', 'idempotency records', /missing/],
      ['delete from sealed_contents', 'sealed content', /a key, but no content/],
      ['delete from content_keys', 'sealed content', /no erasure of it is on record/],
      [`delete from log_tiles where level = 0 and width = ${size}`, undefined, undefined],
    ] as const) {
      const { verdict, finding } = await foundAfter(statement);
      expect({ statement, verdict, check: finding?.check }).toEqual({
        statement,
        verdict: check === undefined ? 'unchecked' : 'wrong',
        check,
      });
      if (message) expect(finding?.message).toMatch(message);
    }
  });

  it('asks for the right version of the program where the database belongs to another version', async () => {
    const { verdict, uncheckable } = await foundAfter('alter table commands drop column digest');
    expect([verdict, uncheckable[0]?.nextStep]).toEqual(['unchecked', expect.stringContaining('migrate')]);
  });

  it('cannot check anything without the signature on the last checkpoint', async () => {
    for (const place of [3, 110]) {
      const { verdict, finding, uncheckable } = await foundAfter(
        `update log_head set note = ${FLIPS.text('note', place)}`,
      );
      expect({ verdict, finding }).toEqual({ verdict: 'unchecked', finding: undefined });
      expect(uncheckable[0]?.what).toMatch(/^The checkpoint|signature/);
    }
  });

  // table, key of one row, column, kind of value, bytes or bits to flip, the check that finds it, the row that it names
  it.each([
    ['event', 'events', 'position = 5', 'envelope', 'text', [2, 9, 60], 'entries', /^tile\/entries\/000/],
    ['event row', 'events', 'position = 5', 'stream', 'text', [0, 12], 'event rows', /^events 5$/],
    ['event row', 'events', 'position = 5', 'type', 'text', [3], 'event rows', /^events 5$/],
    ['event row', 'events', 'position = 5', 'id', 'uuid', [0, 15], 'event rows', /^events 5$/],
    ['event row', 'events', 'position = 5', 'revision', 'number', [7], 'event rows', /^events 5$/],
    ['event row', 'events', 'position = 5', 'recorded_at', 'instant', [0], 'event rows', /^events 5$/],
    ['head of the ledger', 'ledger_head', 'true', 'position', 'number', [3], 'event rows', /^ledger_head$/],
    ['tile', 'log_tiles', 'level = 0 and width = SIZE', 'bytes', 'bytea', [0, 99], 'tiles', /^tile\/0\/000/],
    [
      'earlier tile',
      'log_tiles',
      'level = 0 and width = FIRST',
      'bytes',
      'bytea',
      [5],
      'all tiles',
      /^log_tiles tile\/0/,
    ],
    ['tile row', 'log_tiles', 'level = 0 and width = FIRST', 'index', 'number', [9], 'all tiles', /^log_tiles tile\/0/],
    ['head of the log', 'log_head', 'true', 'root', 'bytea', [0, 31], 'all checkpoints', /^log_head$/],
    [
      'earlier checkpoint',
      'log_checkpoints',
      'size = FIRST',
      'note',
      'text',
      [3, 130],
      'all checkpoints',
      /^log_check/,
    ],
    [
      'earlier checkpoint',
      'log_checkpoints',
      'size = FIRST',
      'root',
      'bytea',
      [0, 31],
      'all checkpoints',
      /^log_check/,
    ],
    [
      'cosignature',
      'log_cosignatures',
      'size = SIZE',
      'line',
      'text',
      [30, 60],
      'all checkpoints',
      /^log_cosignatures/,
    ],
    ['fold state', 'report_states', 'true', 'state', 'text', [20, 300], 'fold states', /^report_states/],
    ['fold state', 'report_states', 'true', 'position', 'number', [0, 20], 'fold states', /^report_states/],
    ['published report', 'report_text_parts', `FIRST_TEXT`, 'bytes', 'bytea', [0, 9], 'published reports', /^v1\/tran/],
    ['published report', 'report_texts', `FIRST_TEXT`, 'byte_count', 'number', [1], 'published reports', /^v1\/tran/],
    ['published report', 'report_texts', `FIRST_TEXT`, 'sha256', 'bytea', [4], 'published reports', /^report_texts/],
    ['sealed content', 'sealed_contents', 'true', 'ciphertext', 'bytea', [0, 20, 40], 'sealed content', /^sealed_c/],
    ['sealed content', 'content_keys', 'true', 'wrapped_key', 'bytea', [0, 30, 59], 'sealed content', /^sealed_c/],
    ['sealed content', 'content_keys', 'true', 'subject', 'uuid', [0], 'sealed content', /^content_keys/],
    ['sealed content', 'content_keys', 'true', 'event_id', 'uuid', [1], 'sealed content', /^sealed_c/],
    ['answer', 'commands', 'position = 5', 'outcome', 'text', [2, 20], 'idempotency records', /^commands/],
    ['answer', 'commands', 'position = 5', 'fingerprint', 'text', [0, 40], 'idempotency records', /^commands/],
    ['answer', 'commands', 'position = 5', 'position', 'number', [0, 30], 'idempotency records', /^commands/],
    ['answer', 'commands', 'position = 5', 'recorded_at', 'instant', [0], 'idempotency records', /^commands/],
    ['answer', 'commands', 'position = 5', 'command_id', 'uuid', [0, 15], 'idempotency records', /^commands/],
    ['answer', 'commands', 'position = 5', 'digest', 'bytea', [0, 31], 'idempotency records', /^commands/],
    ['refusal', 'commands', REFUSED, 'outcome', 'text', [2, 50], 'idempotency records', /^commands/],
    ['refusal', 'commands', REFUSED, 'position', 'number', [0], 'idempotency records', /^commands/],
    ['refusal', 'commands', REFUSED, 'recorded_at', 'instant', [0, 9], 'idempotency records', /^commands/],
  ] as const)(
    'finds a changed bit in the %s: %s, %s, %s',
    async (_, table, where, column, kind, places, check, names) => {
      const { rows } = await pool.query('select min(size) as first from log_checkpoints');
      expect(rows[0].first).toBeLessThan(size);
      const row = where
        .replace('SIZE', String(size))
        .replace('FIRST_TEXT', `text_id = (select text_id from report_texts order by sha256 limit 1)`)
        .replace('FIRST', String(rows[0].first));
      for (const place of places) {
        const { verdict, finding } = await foundAfter(
          `update ${table} set ${column} = ${FLIPS[kind](column, place)}
         where ctid = (select ctid from ${table} where ${row} limit 1)`,
        );
        expect({ place, verdict, check: finding?.check }).toEqual({
          place,
          verdict: 'wrong',
          check,
        });
        expect(finding?.artefact).toMatch(names);
        expect(finding?.nextStep).toMatch(/\.$/);
      }
    },
  );

  it.each([
    ['publications', 'published_reports', `sha256 = repeat('0', 64)`, 'sha256'],
    ['publications', 'published_reports', `root = 'AAAA'`, 'root'],
    ['partners', 'partners', `legal_name = 'Evil'`, 'legal_name'],
    ['events', 'event_types', `type = 'access-denied'`, 'type'],
  ])('finds a changed row of the view %s: %s, %s', async (view, table, change, column) => {
    await pool.query(`create table kept_rows as select * from ${table} order by id limit 1`);
    const { rows } = await pool.query('select * from kept_rows');
    try {
      await pool.query(`update ${table} set ${change} where id = (select id from kept_rows)`);
      const { verdict, finding } = await checked();
      expect([verdict, finding]).toMatchObject([
        'wrong',
        { check: 'views', artefact: `${table} ${rows[0].id}`, expected: rows[0][column], found: expect.anything() },
      ]);
      expect(finding?.message).toContain(`The view "${view}" serves another "${column}"`);
      expect(finding?.nextStep).toContain(`ppp-ledger rebuild ${view}`);
    } finally {
      await pool.query(
        `update ${table} t set ${column} = k.${column} from kept_rows k where k.id = t.id; drop table kept_rows`,
      );
    }
    expect((await checked()).verdict).toBe('verified');
  });

  it('accepts missing contents with an erasure on record, and finds contents that the erasure should have removed', async () => {
    const { eventId } = (await pool.query('select event_id as "eventId" from content_keys')).rows[0];
    await pool.query('create table kept_key as select * from content_keys');
    await pool.query('create table kept_content as select * from sealed_contents');
    const { body } = await api.must(api.post(`/v1/subjects/${requestId}/erasure`, { reason: 'Case 17/2026' }));
    await covered(body.position);
    const { verdict, checked: lines } = await checked();
    expect([verdict, lines.find(({ check }) => check === 'sealed content')?.what]).toEqual([
      'verified',
      '0 sealed contents are those that their events commit to; 1 are erased on record, and gone.',
    ]);
    // A backup of the content alone was restored, and the service has not been started since.
    const { finding } = await foundAfter(
      'with keys as (insert into content_keys select * from kept_key) insert into sealed_contents select * from kept_content',
    );
    expect(finding).toMatchObject({ check: 'sealed content', artefact: `content_keys ${eventId}` });
    expect(finding?.message).toMatch(/erased on record, but it is still there/);
  });

  it('reports for an imported ledger the data that an import does not bring', async () => {
    const database = await createTestDatabase();
    try {
      await api.must(api.post('/v1/access-requests', await anotherRequest()));
      await covered((await pool.query('select position from ledger_head')).rows[0].position);
      await importLog(await openLog(await openSource(api.url), { key }), database.pool, key, checksOf());
      const { verdict, notChecked, finding } = await checked(WRAPPING_KEY, database.pool);
      expect({ verdict, finding }).toEqual({ verdict: 'verified', finding: undefined });
      const left = new Map(notChecked.map(({ check, what }) => [check, what]));
      expect(left.get('sealed content')).toMatch(/^1 sealed contents belong to events that were imported/);
      expect(left.get('published reports')).toMatch(/^2 published texts are not stored/);
    } finally {
      await database.drop();
    }
  });

  /** A second request of the same partner. */
  async function anotherRequest(): Promise<object> {
    const { body } = await api.get(`/v1/access-requests/${requestId}`);
    const { callId, partnerId } = body;
    return { callId, partnerId, chipHours: 10, sector: 's', purpose: 'Another purpose.' };
  }

  async function covered(position: number): Promise<void> {
    const [event] = (await api.get(`/v1/events?after=${position - 1}&minPosition=${position}`)).body.data;
    expect((await api.get(`/v1/events/${event.id}/proof`)).status).toBe(200);
  }
});
