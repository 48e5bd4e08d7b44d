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
