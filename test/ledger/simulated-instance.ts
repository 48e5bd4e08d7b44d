import { EventReader } from '../../src/ledger/event-reader.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { Projector } from '../../src/ledger/projector.js';
import { LedgerSignal } from '../../src/ledger/signal.js';
import { Vault } from '../../src/ledger/vault.js';
import { SimulatedLeadership, SimulatedRowStore, type SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedStore, UnreliableLine, type Faults, type SimulatedLog } from '../support/simulated-store.js';
import type { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { projectionsOf, type Mending } from './views.js';

const START = Date.parse('2026-11-24T05:38:00Z');
const vault = new Vault(Buffer.alloc(32, 7));
const reader = new EventReader([account]);

/** What all instances share. */
export interface Surroundings {
  readonly world: SimulatedWorld;
  readonly log: SimulatedLog;
  readonly rows: SimulatedRows;
  readonly leadership: SimulatedLeadership;
  readonly mending: Mending;
  /** On the way to the log, and on the way to the rows. */
  readonly faults: { readonly log: Faults; readonly rows: Faults };
  /** Events that are applied at a time: few, so that there is something to do for longer. */
  readonly batchEventsMax: number;
  heard(fields: object, message: string): void;
}

/** One instance of the service, as far as the ledger and its rows go. */
export interface SimulatedInstance {
  readonly ledger: Ledger;
  readonly projector: Projector;
  readonly lines: readonly UnreliableLine[];
}

/** @param version of its programs that make rows */
export function startInstance(around: Surroundings, version: number): SimulatedInstance {
  const { world, log, faults, batchEventsMax } = around;
  const lines = { log: new UnreliableLine(world, faults.log), rows: new UnreliableLine(world, faults.rows) };
  const ahead = world.integer(-2_000, 2_000);
  const clock = (): number => START + world.now() + ahead;
  const store = new SimulatedStore(log, clock, lines.log);
  const signal = new LedgerSignal(world);
  const ledger = new Ledger(store, reader, vault, signal, { clock, time: world });
  const projector = new Projector(
    () => around.leadership.lead(lines.rows),
    store,
    reader,
    new SimulatedRowStore(around.rows, lines.rows),
    projectionsOf(version, around.mending),
    signal,
    new LedgerSignal(world),
    { info: around.heard, error: around.heard },
    { time: world, batchEventsMax },
  );
  return { ledger, projector, lines: Object.values(lines) };
}
