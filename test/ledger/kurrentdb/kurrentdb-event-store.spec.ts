import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { KurrentEventStore } from '../../../src/ledger/kurrentdb/kurrentdb-event-store.js';
import { checksOf } from '../batches.js';
import { KurrentLog } from '../../../src/ledger/kurrentdb/kurrent-log.js';
import { SequencedCopy } from '../../../src/ledger/kurrentdb/sequenced-copy.js';
import { Sequencer } from '../../../src/ledger/kurrentdb/sequencer.js';
import { BatchVerifier, rowsAfter } from '../../../src/log/batch-checks.queries.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { KurrentDouble } from '../../support/kurrentdb-double/kurrentdb-double.js';
import { batchOf, commandOf } from '../batches.js';
import { eventStoreContract, type LogUnderTest } from '../event-store.contract.js';
import { forgetCopy, silent, withLedger } from './kurrentdb-instance.js';

/** Opens a copy of its own, and a sequencer that fills it, on an open log. */
async function openOn(log: KurrentLog, pool: Pool): Promise<LogUnderTest> {
  await forgetCopy(pool);
  const copy = new SequencedCopy(pool);
  await copy.adopt(log.ledger);
  const sequencer = new Sequencer(pool, log, copy, checksOf(), silent);
  sequencer.start();
  return {
    open: (clock) => new KurrentEventStore(pool, checksOf(), log, copy, sequencer, clock),
    close: async () => {
      await sequencer.stop();
      await requireChecked(pool);
    },
  };
}

/** The log would sign everything that the sequencer has copied. */
async function requireChecked(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await new BatchVerifier(checksOf()).require(client, await rowsAfter(client, 0, 100_000));
  } finally {
    client.release();
  }
}

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe.each(['appendRecords', 'appendSession'] as const)(
  'the event store on the double of KurrentDB, by %s',
  (offers) => {
    let double: KurrentDouble;
    let log: KurrentLog;
    beforeAll(async () => {
      double = await KurrentDouble.start({ offers });
      log = await KurrentLog.open(double.url('ledger'));
    });
    afterAll(async () => {
      await log.close();
      await double.stop();
    });

    eventStoreContract(() => {
      double.empty();
      return openOn(log, database.pool);
    });
  },
);

describe('the copy of a ledger on KurrentDB', () => {
  let double: KurrentDouble;
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    double = await KurrentDouble.start();
  });
  beforeEach(async () => {
    double.empty();
    await forgetCopy(database.pool);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(() => double.stop());

  it('is not opened as the copy of another ledger, and stays what it is', async () => {
    const copy = new SequencedCopy(database.pool);
    expect(await copy.adopt('one')).toBeUndefined();
    expect(await copy.adopt('two')).toBe('it is the copy of the ledger "one", not of "two"');
    expect(await copy.adopt('one')).toBeUndefined();
    expect(await copy.head()).toMatchObject({ ledger: 'one', turn: -1 });
  });

  it('reports an obstacle while there is one, and not after its log is mended, also without a further write', async () => {
    const { pool } = database;
    const log = await KurrentLog.open(double.url('ledger'));
    closing.push(() => log.close());
    const copy = new SequencedCopy(pool);
    await copy.adopt(log.ledger);
    const begin = (): Sequencer => {
      const sequencer = new Sequencer(pool, log, copy, checksOf(), silent);
      closing.push(() => sequencer.stop());
      sequencer.start();
      return sequencer;
    };
    const writing = begin();
    const store = new KurrentEventStore(pool, checksOf(), log, copy, writing);
    expect(await store.append(batchOf({ a: -1 }, commandOf('first', { events: ['a@0'] })))).toMatchObject({ ok: true });
    await closing.pop()?.();

    const own = double.log;
    double.empty();
    const sequencer = begin();
    expect(await changed(sequencer, undefined)).toContain(
      'the server is not the one that this database was copied from',
    );
    // It is noted for the other instances right after.
    while ((await copy.failure()) !== sequencer.failure) await new Promise(setImmediate);
    double.log = own;
    await changed(sequencer, sequencer.failure);
    expect(sequencer.failure).toBeUndefined();
    expect(await copy.failure()).toBeUndefined();
    const next = batchOf({ a: 0 }, commandOf('next', { events: ['a@1'] }));
    const reopened = new KurrentEventStore(pool, checksOf(), log, copy, sequencer);
    expect(await reopened.append(next)).toMatchObject({ ok: true, firstPosition: 2 });
  });

  /** Waits until the failure is another one than before. */
  async function changed(sequencer: Sequencer, before: string | undefined): Promise<string | undefined> {
    while (sequencer.failure === before) await new Promise(setImmediate);
    return sequencer.failure;
  }
});

const server = process.env['KURRENTDB_TEST_URL'];
(server === undefined ? describe.skip : describe)('the event store on a KurrentDB (KURRENTDB_TEST_URL)', () => {
  // A server never deletes records: every test has a ledger of its own there.
  eventStoreContract(async () => {
    const log = await KurrentLog.open(withLedger(server ?? '', randomUUID()));
    const opened = await openOn(log, database.pool);
    return {
      open: opened.open,
      close: async () => {
        await opened.close();
        await log.close();
      },
    };
  });
});
