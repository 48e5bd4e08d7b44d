import { EventReader } from '../../src/ledger/event-reader.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { Projector } from '../../src/ledger/projector/projector.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { Vault } from '../../src/ledger/vault.js';
import type { SimulatedLeadership } from '../support/simulated-leadership.js';
import { UnreliableLine, type Faults } from '../support/simulated-line.js';
import { SimulatedProcess } from '../support/simulated-process.js';
import { SimulatedRowStore, type SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedReadPool, type SimulatedStandbys } from '../support/simulated-standby.js';
import { SimulatedStore, type SimulatedLog } from '../support/simulated-store.js';
import type { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { projectionsOf, type Mending } from './views.js';

const START = Date.parse('2026-11-24T05:38:00Z');
const vault = new Vault(Buffer.alloc(32, 7));
const reader = new EventReader([account]);

/** Faults on the line to the log, to the rows, and to the rows that are read. */
export interface InstanceFaults {
  readonly log: Faults;
  readonly rows: Faults;
  readonly reads: Faults;
}

/** The parts that all instances share. */
export interface Surroundings {
  readonly world: SimulatedWorld;
  readonly log: SimulatedLog;
  readonly rows: SimulatedRows;
  readonly leadership: SimulatedLeadership;
  /** The servers that instances read from; undefined if they read from the database that they write to. */
  readonly standbys: SimulatedStandbys | undefined;
  readonly mending: Mending;
  readonly faults: InstanceFaults;
  /** Events that are applied at a time: few, so that the projector needs several steps. */
  readonly batchEventsMax: number;
  onMessage(fields: object, message: string): void;
}

/** The ledger and the rows of one instance of the service. All of it is in one process and ends with it. */
export interface SimulatedInstance {
  readonly process: SimulatedProcess;
  readonly ledger: Ledger;
  readonly projector: Projector;
  /** Reads rows for callers. */
  readonly readPool: SimulatedReadPool;
  /** The lines to the log, to the rows, and to the rows that are read. */
  readonly lines: readonly [UnreliableLine, UnreliableLine, UnreliableLine];
}

/** @param version of the projections of its program */
export function startInstance(around: Surroundings, version: number): SimulatedInstance {
  const { world, log, rows, standbys, faults, batchEventsMax } = around;
  const process = new SimulatedProcess(world);
  const toLog = new UnreliableLine(process, faults.log);
  const toRows = new UnreliableLine(process, faults.rows);
  const toReads = new UnreliableLine(process, faults.reads);
  const ahead = world.integer(-2_000, 2_000);
  const clock = (): number => START + world.now() + ahead;
  const store = new SimulatedStore(log, clock, toLog);
  const notifier = new Notifier(process);
  const ledger = new Ledger(store, reader, vault, notifier, { clock, time: process });
  const readPool = new SimulatedReadPool(world, () => standbys?.choose() ?? rows, toReads);
  const projector = new Projector(
    () => around.leadership.lead(process, toRows),
    store,
    reader,
    new SimulatedRowStore(rows, toRows),
    projectionsOf(version, around.mending),
    notifier,
    new Notifier(process),
    { info: around.onMessage, error: around.onMessage },
    { time: process, random: () => world.random(), batchEventsMax, ...(standbys && { served: readPool }) },
  );
  return { process, ledger, projector, readPool, lines: [toLog, toRows, toReads] };
}
