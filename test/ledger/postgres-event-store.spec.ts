import type { Pool } from 'pg';
import { isCausedByContent } from '../../src/ledger/event-store.js';
import { PostgresEventStore } from '../../src/ledger/postgres/postgres-event-store.js';
import { SealedContents } from '../../src/ledger/sealed-contents.js';
import { Vault } from '../../src/ledger/vault.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { batchOf, commandOf, idOf, checksOf } from './batches.js';
import { eventStoreContract } from './event-store.contract.js';

describe('the event store in PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  eventStoreContract(async () => {
    await forgetEverything(database.pool);
    return {
      open: (clock) => new PostgresEventStore(database.pool, checksOf(), clock),
      close: () => Promise.resolve(),
    };
  });

  describe('beyond the contract of event stores', () => {
    const vault = new Vault(Buffer.alloc(32, 7));
    let store: PostgresEventStore;
    beforeEach(async () => {
      await forgetEverything(database.pool);
      store = new PostgresEventStore(database.pool, checksOf());
    });

    it('refuses to rewrite history', async () => {
      await store.append(batchOf({ a: -1 }, commandOf('first', { events: ['a@0'] })));
      for (const statement of [
        `update events set type = 'other'`,
        'delete from events',
        'truncate events',
        `update commands set outcome = '{}'`,
        'delete from commands',
        'truncate commands',
      ]) {
        await expect(database.pool.query(statement)).rejects.toThrow('History is never rewritten');
      }
    });

    it('keeps every sealed content of a subject, and makes all of it unreadable when its keys are deleted', async () => {
      const subject = idOf('subject');
      const contents = new SealedContents(database.pool, vault);
      const events = [{ purpose: 'first' }, { purpose: 'second' }].map((content, index) => {
        const id = idOf(`sealed ${index}`);
        return { id, content, ...vault.seal(subject, id, content) };
      });
      for (const { id, stored } of events) await store.append(batchOf({}, commandOf(id, { sealed: [stored] })));
      for (const { id, content, sealed } of events) expect(await contents.open({ id, sealed })).toEqual(content);
      await database.pool.query('delete from content_keys where subject = $1', [subject]);
      for (const { id, sealed } of events) expect(await contents.open({ id, sealed })).toBeUndefined();
      expect((await database.pool.query('select from sealed_contents')).rowCount).toBe(0);
    });

    it('writes the events of a batch and its sealed content atomically', async () => {
      const head = await store.head();
      const { stored } = vault.seal('no uuid', idOf('halfway'), {});
      const batch = batchOf({ b: -1 }, commandOf('halfway', { events: ['b@0'], sealed: [stored] }));
      const error = await store.append(batch).catch((caught: unknown) => caught);
      expect(isCausedByContent(error)).toBe(true);
      expect(await store.head()).toBe(head);
      expect(await store.outcomeOf(idOf('halfway'))).toBeUndefined();
    });
  });
});

/** Empties the tables: faster than a new database for every test. The triggers forbid it, so it disables them. */
async function forgetEverything(pool: Pool): Promise<void> {
  await pool.query(`
    begin;
    set local session_replication_role = replica;
    truncate events, commands, content_keys, sealed_contents;
    update ledger_head set position = 0, recorded_at = '1970-01-01T00:00:00Z';
    commit`);
}
