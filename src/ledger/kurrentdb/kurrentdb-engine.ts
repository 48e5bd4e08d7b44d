import type { Pool } from 'pg';
import type { AppendChecks } from '../append-checks.js';
import type { EpochMs } from '../time.js';
import type { ClockCheck } from '../postgres/clock-check.js';
import { KurrentEventStore } from './kurrentdb-event-store.js';
import { EngineUnusable } from './engine-unusable.js';
import { KurrentLog } from './kurrent-log.js';
import { SequencedCopy } from './sequenced-copy.js';
import { Sequencer } from './sequencer.js';
import type { WorkerLog } from '../worker.js';

export interface KurrentEngineOptions {
  readonly url: string;
  readonly pool: Pool;
  readonly checks: AppendChecks;
  readonly log: WorkerLog;
  readonly clock?: () => EpochMs;
  readonly clockCheck?: ClockCheck;
}

/** The event store and the sequencer of one instance. */
export interface KurrentEngine {
  readonly store: KurrentEventStore;
  readonly sequencer: Sequencer;
  readonly log: KurrentLog;
  close(): Promise<void>;
}

/**
 * Connects to KurrentDB, makes the database its copy if it is empty, and begins to copy.
 * @throws EngineUnusable whose message names what to change
 */
export async function openKurrentEngine({
  url,
  pool,
  checks,
  log: workerLog,
  clock,
  clockCheck,
}: KurrentEngineOptions): Promise<KurrentEngine> {
  const log = await KurrentLog.open(url);
  try {
    const copy = new SequencedCopy(pool);
    const obstacle = await copy.adopt(log.ledger);
    if (obstacle !== undefined)
      throw new EngineUnusable(`The database cannot be the copy of the ledger "${log.ledger}": ${obstacle}.`);
    const sequencer = new Sequencer(pool, log, copy, checks, workerLog);
    const store = new KurrentEventStore(pool, checks, log, copy, sequencer, clock, clockCheck);
    sequencer.start();
    return {
      store,
      sequencer,
      log,
      close: async () => {
        await sequencer.stop();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}
