import type { Pool } from 'pg';
import type { AppendChecks } from '../../src/ledger/append-checks.js';
import { PostgresEventStore } from '../../src/ledger/postgres/postgres-event-store.js';
import { acceptEvents, BatchVerifier, rowsAfter } from '../../src/log/batch-checks.queries.js';
import { batchOf, checksOf, commandOf, idOf } from '../ledger/batches.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('the check values of batches', () => {
  let database: TestDatabase;
  let pool: Pool;
  let checks: AppendChecks;
  let store: PostgresEventStore;
  beforeAll(async () => {
    database = await createTestDatabase();
    ({ pool } = database);
  });
  afterAll(() => database.drop());

  /** What an owner of the tables can do: the triggers do not hold it. */
  const asOwner = (statements: string): Promise<unknown> =>
    pool.query(`begin; set local session_replication_role = replica; ${statements}; commit`);
  /** Verifies all events from a position on, as a log does that has signed the events before it. */
  const verify = async (signed = 0, by = checks): Promise<void> => {
    const client = await pool.connect();
    try {
      await new BatchVerifier(by).require(client, await rowsAfter(client, signed, 1_000));
    } finally {
      client.release();
    }
  };

  beforeEach(async () => {
    await asOwner(`truncate events, commands, batch_checks;
      update ledger_head set position = 0, recorded_at = '1970-01-01T00:00:00Z', batch = 0, check_value = null, append_key = null`);
    checks = checksOf();
    store = new PostgresEventStore(pool, checks);
    // Three batches: positions 1 and 2, no event, position 3.
    await store.append(
      batchOf({ a: -1, b: -1 }, commandOf('one', { events: ['a@0'] }), commandOf('two', { events: ['b@0'] })),
    );
    await store.append(batchOf({}, commandOf('refused', {})));
    await store.append(batchOf({ a: 0 }, commandOf('three', { events: ['a@1'] })));
  });

  it('are right for what the service has appended, from every position on', async () => {
    for (const signed of [0, 1, 2, 3]) await expect(verify(signed)).resolves.toBeUndefined();
  });

  it('are verified once each: a verifier goes on where it was', async () => {
    const verifier = new BatchVerifier(checks);
    const client = await pool.connect();
    try {
      for (const signed of [0, 1, 2]) await verifier.require(client, await rowsAfter(client, signed, 1));
    } finally {
      client.release();
    }
  });

  it.each([
    [
      'an event with another text',
      `update events set envelope = replace(envelope, 'tester', 'stranger') where position = 2`,
      1,
    ],
    ['an event in another stream', `update events set stream = 'c' where position = 2`, 1],
    ['an event of another type', `update events set type = 'other' where position = 2`, 1],
    ['an event of another revision', `update events set revision = 7 where position = 2`, 1],
    [
      'an event with another time beside its text',
      `update events set recorded_at = '2020-01-01' where position = 2`,
      1,
    ],
    ['an answer that was changed', `update commands set outcome = '{}' where command_id = '${idOf('three')}'`, 3],
    ['an answer that was taken away', `delete from commands where command_id = '${idOf('two')}'`, 1],
    ['a refusal that was changed', `update commands set outcome = '{}' where command_id = '${idOf('refused')}'`, 3],
    [
      'two events that were exchanged',
      `update events set position = -1 where position = 1; update events set position = 1 where position = 2;
       update events set position = 2 where position = -1`,
      1,
    ],
    ['a batch that was taken away', `delete from batch_checks where batch = 2`, 3],
    ['a value that was changed', `update batch_checks set check_value = sha256(check_value) where batch = 3`, 3],
    ['a batch that claims another time', `update batch_checks set recorded_at = '2020-01-01' where batch = 3`, 3],
  ])('find %s', async (_what, statements, position) => {
    await asOwner(statements);
    // Of an instance that did not append them.
    await expect(verify(0, checksOf())).rejects.toThrow(`Position ${position} is not as this service recorded it`);
  });

  it('find an event that was written with SQL, with the value of an earlier batch or none', async () => {
    const forged = `insert into events select 4, 'start-up', 0, gen_random_uuid(), type, recorded_at, envelope from events where position = 3;
      update ledger_head set position = 4`;
    await asOwner(forged);
    await expect(verify()).rejects.toThrow(
      'Position 4 is not as this service recorded it: no batch of the service begins there.',
    );
    await expect(verify(3)).rejects.toThrow(
      'Position 4 is not as this service recorded it: no batch of the service holds it.',
    );
    await asOwner(
      `insert into batch_checks select 4, kind, 4, event_count, recorded_at, command_ids, check_value from batch_checks where batch = 3`,
    );
    await expect(verify()).rejects.toThrow('Position 4 is not as this service recorded it: batch 4');
    await asOwner('delete from batch_checks where batch = 4');
    // The service goes on recording, and the log does not pass the forged event.
    await store.append(batchOf({ b: 0 }, commandOf('four', { events: ['b@1'] })));
    await expect(verify(3)).rejects.toThrow('Position 4');
  });

  it('find a batch that was appended with SQL through the function of the service, without its key', async () => {
    await pool.query(
      `select append_checked(now(), null, null, '{}', '{}', array['c'], array[0], array[gen_random_uuid()], array['t'], array['{}'],
         array[gen_random_uuid()], array['f'], array[1], array['{}'], null, h.batch, h.check_value, h.position,
         greatest(now(), h.recorded_at), h.append_key, sha256('guess')) from ledger_head h`,
    );
    expect(await store.head()).toBe(4);
    await expect(verify(3)).rejects.toThrow('Position 4');
  });

  it('find a whole batch that is repeated, where the unique indexes are gone', async () => {
    await asOwner(`drop index events_id; drop index events_stream_revision;
      insert into events select 4, stream, revision, id, type, recorded_at, envelope from events where position = 3;
      insert into batch_checks select 4, kind, 4, event_count, recorded_at, command_ids, check_value from batch_checks where batch = 3;
      update ledger_head set position = 4, batch = 4`);
    try {
      await expect(verify(3)).rejects.toThrow('Position 4 is not as this service recorded it: batch 4');
    } finally {
      await asOwner(`delete from events where position = 4; create unique index events_stream_revision on events (stream, revision);
        create unique index events_id on events (id)`);
    }
  });

  const takeLastAway = `delete from events where position = 3; delete from commands where command_id = '${idOf('three')}';
    delete from batch_checks where batch = 3;
    update ledger_head h set position = 2, batch = 2, check_value = c.check_value from batch_checks c where c.batch = 2`;

  it('find a last batch that was taken away, in the process that appended it', async () => {
    await asOwner(takeLastAway);
    await expect(verify(2)).rejects.toThrow(
      'Position 3 was recorded and answered, and is not in the database any more',
    );
    // Another process does not know it: the database shows a shorter history without a gap.
    await expect(verify(0, checksOf())).resolves.toBeUndefined();
  });

  it('find a last batch that another instance has replaced, also when this one has appended since', async () => {
    await asOwner(takeLastAway);
    await new PostgresEventStore(pool, checksOf()).append(batchOf({ b: 0 }, commandOf('other', { events: ['b@1'] })));
    await store.append(batchOf({ a: 0 }, commandOf('later', { events: ['a@1'] })));
    await expect(verify()).rejects.toThrow('Position 3 was recorded and answered');
  });

  it('continue each other across instances that write at the same time', async () => {
    const stores = [store, new PostgresEventStore(pool, checksOf()), new PostgresEventStore(pool, checksOf())];
    await Promise.all(
      stores.map(async (each, instance) => {
        for (let n = 0; n < 10; n += 1) {
          const stream = `i${instance}`;
          await each.append(batchOf({ [stream]: n - 1 }, commandOf(`${stream} ${n}`, { events: [`${stream}@${n}`] })));
        }
      }),
    );
    expect(await store.head()).toBe(33);
    await expect(verify()).resolves.toBeUndefined();
  });

  it('are not made with two keys: an instance with another key records nothing', async () => {
    const other = new PostgresEventStore(pool, checksOf(6));
    await expect(other.append(batchOf({ b: 0 }, commandOf('x', { events: ['b@1'] })))).rejects.toThrow(
      'another append-key',
    );
    expect(await store.head()).toBe(3);
    await expect(verify(0, checksOf(6))).rejects.toThrow('Position 1 is not as this service recorded it');
  });

  it('cover events that the operator accepts, from the first one that is not signed', async () => {
    await asOwner(`insert into events select 4, 'c', 0, gen_random_uuid(), type, recorded_at, envelope from events where position = 3;
      update ledger_head set position = 4`);
    await store.append(batchOf({ b: 0 }, commandOf('four', { events: ['b@1'] })));
    await expect(verify()).rejects.toThrow('Position 4');
    expect(await acceptEvents(pool, checks)).toBe(5);
    await store.append(batchOf({ b: 1 }, commandOf('five', { events: ['b@2'] })));
    await expect(verify()).resolves.toBeUndefined();
    await asOwner(`update events set envelope = replace(envelope, 'tester', 'stranger') where position = 4`);
    await expect(verify()).rejects.toThrow('Position 1 is not as this service recorded it');
  });

  it('go on under another key once the operator has accepted what is not signed', async () => {
    const next = checksOf(6);
    await pool.query('update log_head set size = 3');
    try {
      expect(await acceptEvents(pool, next)).toBe(0);
      await new PostgresEventStore(pool, next).append(batchOf({ b: 0 }, commandOf('x', { events: ['b@1'] })));
      await expect(verify(3, next)).resolves.toBeUndefined();
    } finally {
      await pool.query('update log_head set size = 0');
    }
  });

  it('cannot be rewritten', async () => {
    for (const statement of [
      'update batch_checks set batch = 9',
      'delete from batch_checks',
      'truncate batch_checks',
    ]) {
      await expect(pool.query(statement)).rejects.toThrow('History is never rewritten');
    }
  });
});
