import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import type { AppendChecks } from '../ledger/append-checks.js';
import type { EventStore } from '../ledger/event-store.js';
import type { EpochMs } from '../ledger/time.js';

/** Resources that the program opens before the application starts, and closes after it has stopped. */
export interface Runtime {
  readonly config: Config;
  readonly pool: Pool;
  /** A standby for reads, or the same pool. */
  readonly readPool: Pool;
  /** The event store if it is not the database. */
  readonly eventStore?: EventStore;
  /** 32 bytes, kept outside the database. */
  readonly wrappingKey: Buffer;
  /** Makes the check values of batches, with a key that is kept outside the database. */
  readonly appendChecks: AppendChecks;
  /** Makes the key of a sealed content: a random key, unless a test must repeat a history byte for byte. */
  readonly newContentKey?: (eventId: string) => Buffer;
  /** Seed of the Ed25519 key that signs the transparency log, 32 bytes, kept outside the database. */
  readonly logSigningKey: Buffer;
  readonly log: Logger;
  readonly clock: () => EpochMs;
}

/** Token for injection. */
export const RUNTIME = Symbol('Runtime');
