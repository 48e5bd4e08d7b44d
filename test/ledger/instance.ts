import { Pool } from 'pg';
import { EventReader } from '../../src/ledger/event-reader.js';
import { checksOf } from './batches.js';
import type { EventStore } from '../../src/ledger/event-store.js';
import { Ledger } from '../../src/ledger/ledger.js';
import type { AggregateOutline } from '../../src/ledger/aggregate.js';
import { PostgresEventStore } from '../../src/ledger/postgres/postgres-event-store.js';
import { ProjectionStore } from '../../src/ledger/projector/projection-store.js';
import type { Projection } from '../../src/ledger/projector/projection.js';
import { Projector, leadProjections } from '../../src/ledger/projector/projector.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { Vault } from '../../src/ledger/vault.js';
import { createPool } from '../../src/platform/database/database.js';
import { account } from './accounts.js';

export interface InstanceOptions {
  readonly aggregates?: readonly AggregateOutline[];
  readonly projections?: readonly Projection[];
  /** Wraps the store of the instance. */
  readonly through?: (store: EventStore) => EventStore;
}

/** The ledger part of one instance of the service, with its own connections and its own memory. */
export interface Instance {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly ledger: Ledger;
  readonly projector: Projector;
  /** Messages that it has logged as errors. */
  readonly errors: string[];
  /** Messages that it has logged on other levels. */
  readonly logged: string[];
  stop(): Promise<void>;
}

export function openInstance(databaseUrl: string, options: InstanceOptions = {}): Instance {
  const {
    aggregates = [account],
    projections = [accountsProjection],
    through = (store: EventStore) => store,
  } = options;
  const pool = createPool({ databaseUrl, connectionsMax: 10, log: { warn: () => undefined } });
  const store = through(new PostgresEventStore(pool, checksOf()));
  const reader = new EventReader(aggregates);
  const notifier = new Notifier();
  const errors: string[] = [];
  const logged: string[] = [];
  const log = {
    info: (_fields: object, message: string) => void logged.push(message),
    error: (_fields: object, message: string) => void errors.push(message),
  };
  const rows = new ProjectionStore(pool);
  const ledger = new Ledger(store, reader, new Vault(Buffer.alloc(32, 7)), notifier);
  const projector = new Projector(
    () => leadProjections(pool),
    store,
    reader,
    rows,
    projections,
    notifier,
    new Notifier(),
    log,
  );
  return {
    pool,
    store,
    ledger,
    projector,
    errors,
    logged,
    stop: async () => {
      await ledger.close();
      await projector.stop();
      await pool.end();
    },
  };
}

export const ACCOUNTS_TABLE = `create table accounts (
  id uuid primary key, created_position bigint not null, revision integer not null, balance integer not null, moves integer not null
)`;

/** Adds to counters, so that an event that is applied twice, or not at all, leaves a wrong row for ever. */
export const accountsProjection: Projection = {
  name: 'accounts',
  version: 1,
  tables: ['accounts'],
  types: ['account-opened', 'amount-moved'],
  touches: (event) => [{ table: 'accounts', id: event.stream.slice('account-'.length) }],
  apply: (event, rows) => {
    const id = event.stream.slice('account-'.length);
    const { amount } = event.data as { amount: number };
    if (event.type === 'account-opened') {
      rows.put('accounts', id, { created_position: event.position, revision: 0, balance: amount, moves: 0 });
    } else {
      const { balance, moves } = rows.need('accounts', id) as { balance: number; moves: number };
      rows.patch('accounts', id, { revision: event.revision, balance: balance + amount, moves: moves + 1 });
    }
  },
};
