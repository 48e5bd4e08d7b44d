import { randomUUID } from 'node:crypto';
import { CommandHandler, STREAM_DOES_NOT_EXIST } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore, type PostgresEventStore } from '@event-driven-io/emmett-postgresql';
import { createPool } from '../../src/platform/database/database.js';
import type { EventStore } from '../../src/ledger/event-store.js';
import { account, contextOf, openAccount, type Account, type AccountEvent } from '../ledger/accounts.js';
import { openInstance, type Instance } from '../ledger/instance.js';
import { databaseOf } from '../support/database.js';
import { startBenchDatabase, type BenchDatabase } from './database.js';
import { alternate, compared, type BenchOptions, type BenchRow } from './measure.js';

/**
 * Rows 1 to 3: commands through the path of the ledger (decide, idempotency, group commit), without HTTP. They are compared with a
 * library for event sourcing on the same PostgreSQL, and with a bare insert of the same bytes.
 */
const IN_FLIGHT = 64;
const ROUND_MS = 5_000;
const CLOSING_MS_MAX = 10_000;
const CLOSING_POLL_MS = 20;

type Opened = { type: 'account-opened'; data: { amount: number } };
type Moved = { type: 'amount-moved'; data: { amount: number } };

/** Runs `work` repeatedly, with so many concurrent calls, and returns how often a second it finished. */
async function closedLoop(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  const end = began + ROUND_MS;
  let done = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  return done / ((performance.now() - began) / 1_000);
}

const deposit = (id: string) => (tx: Parameters<ReturnType<typeof openAccount>>[0]) => {
  tx.target(account, id);
  tx.append(account, id, [{ type: 'amount-moved', data: { amount: 1 } }]);
};

const distinct = (instance: Instance): Promise<number> =>
  closedLoop(() => {
    const id = randomUUID();
    return instance.ledger.execute(contextOf(id), openAccount(id, 10));
  });

async function hot(instance: Instance): Promise<number> {
  const id = randomUUID();
  await instance.ledger.execute(contextOf(id), openAccount(id, 10));
  return closedLoop(() => instance.ledger.execute(contextOf(randomUUID()), deposit(id)));
}

const peerDistinct = (peer: PostgresEventStore): Promise<number> =>
  closedLoop(() =>
    peer.appendToStream<Opened>(`account-${randomUUID()}`, [{ type: 'account-opened', data: { amount: 10 } }], {
      expectedStreamVersion: STREAM_DOES_NOT_EXIST,
    }),
  );

async function peerHot(peer: PostgresEventStore): Promise<number> {
  const id = `account-${randomUUID()}`;
  const handle = CommandHandler<Account, Opened | Moved>({
    initialState: () => account.initial,
    evolve: (state, event) => account.evolve(state, event as AccountEvent),
    // A writer that loses a race retries immediately, as often as needed: the best mode of the library on one stream.
    retry: { onVersionConflict: { retries: 1_000, minTimeout: 1, maxTimeout: 20, factor: 1.2 } },
  });
  await handle(peer, id, () => ({ type: 'account-opened', data: { amount: 10 } }));
  return closedLoop(() => handle(peer, id, () => ({ type: 'amount-moved', data: { amount: 1 } })));
}

/** Inserts the same bytes, as many in one statement as the ledger writes at a time, with no check and no index except the key. */
async function bareInserts(url: string, batch: number): Promise<number> {
  const pool = createPool({ databaseUrl: url, connectionsMax: 1, log: { warn: () => undefined } });
  try {
    await pool.query(
      'drop table if exists bare_events; create table bare_events (position bigint primary key, envelope text not null)',
    );
    const { rows } = await pool.query<{ envelope: string }>(
      `select envelope from events where type = 'account-opened' limit 1`,
    );
    const envelope = rows[0]?.envelope ?? '';
    const began = performance.now();
    let position = 0;
    while (performance.now() < began + ROUND_MS) {
      await pool.query({
        name: 'bare',
        text: 'insert into bare_events (position, envelope) select p, e from unnest($1::bigint[], $2::text[]) as x (p, e)',
        values: [Array.from({ length: batch }, () => (position += 1)), Array.from({ length: batch }, () => envelope)],
      });
    }
    return position / ((performance.now() - began) / 1_000);
  } finally {
    await pool.end();
  }
}

/** Counts the commands and the writes, for the size of a batch. */
class Tally {
  commands = 0;
  writes = 0;

  through(store: EventStore): EventStore {
    return Object.assign(Object.create(store) as EventStore, {
      append: (batch: Parameters<EventStore['append']>[0]) => {
        this.commands += batch.commands.length;
        this.writes += 1;
        return store.append(batch);
      },
    });
  }

  get batch(): number {
    return Math.max(1, Math.round(this.commands / this.writes));
  }
}

/**
 * The pool of the library ends before its connections do. A server that stops breaks these connections, and an error without a
 * listener ends the process.
 */
async function untilUnused({ pool }: BenchDatabase, name: string): Promise<void> {
  const deadline = performance.now() + CLOSING_MS_MAX;
  while (performance.now() < deadline) {
    const { rowCount } = await pool.query('select from pg_stat_activity where datname = $1', [name]);
    if (rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, CLOSING_POLL_MS));
  }
}

export async function run({ rounds }: BenchOptions): Promise<BenchRow[]> {
  const database = await startBenchDatabase();
  await database.pool.query('create database peer');
  const tally = new Tally();
  const instance = openInstance(database.url, { through: (store) => tally.through(store) });
  const peer = getPostgreSQLEventStore(databaseOf(database.url, 'peer'));
  try {
    const figures = await alternate(rounds, {
      distinct: () => distinct(instance),
      peerDistinct: () => peerDistinct(peer),
      hot: () => hot(instance),
      peerHot: () => peerHot(peer),
      bare: () => bareInserts(database.url, tally.batch),
    });
    const details = { inFlight: IN_FLIGHT, commandsPerWrite: tally.batch };
    const unit = 'commands/s';
    const apart = 'commands on distinct streams, 64 in flight';
    const together = 'commands on one hot stream, 64 writers';
    const { distinct: mine, hot: mineHot } = figures;
    return [
      compared(
        { row: 1, what: apart, beside: 'emmett-postgresql 0.42', unit, aim: 8, details },
        mine,
        figures.peerDistinct,
      ),
      compared(
        { row: 2, what: together, beside: 'emmett-postgresql 0.42, with retries', unit, aim: 200, details },
        mineHot,
        figures.peerHot,
      ),
      compared({ row: 2, what: together, beside: 'row 1', unit, aim: 0.8, details }, mineHot, mine),
      compared(
        { row: 3, what: apart, beside: 'bare insert of the same bytes, same batches', unit, aim: 0.7, details },
        mine,
        figures.bare,
      ),
    ];
  } finally {
    await peer.close();
    await untilUnused(database, 'peer');
    await instance.stop();
    await database.stop();
  }
}
