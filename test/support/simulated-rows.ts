import type { RecordedEvent } from '../../src/ledger/event.js';
import {
  Checkpoints,
  type Checkpoint,
  type CheckpointStatus,
  type ProjectionCopy,
} from '../../src/ledger/projector/projection-copies.js';
import type { ComparedTables } from '../../src/ledger/projector/projection-digests.js';
import { ProjectionFailure } from '../../src/ledger/projector/projection-rows.js';
import type { RowStore, SwitchOutcome } from '../../src/ledger/projector/projection-store.js';
import { Rows, type Projection, type Row } from '../../src/ledger/projector/projection.js';
import { SimulatedSession } from './simulated-leadership.js';
import { SOUND, connectionLost, type Line } from './simulated-line.js';
import type { SimulatedWorld } from './simulated-world.js';

/** Rows by table and id. */
type Tables = ReadonlyMap<string, ReadonlyMap<string, Row>>;

/** A copy in the form in which the database keeps it: its position, and its rows. */
export interface KeptCopy extends CheckpointStatus {
  /** Identity of its tables: a rebuild that begins again makes other tables. */
  readonly tablesId: number;
  readonly tables: Tables;
}
export type KeptCopies = ReadonlyMap<string, KeptCopy>;

/** A step on the copies of a database. `crash`: the database comes back with its data of some steps before. */
export type RowStep = 'apply' | 'build' | 'switch' | 'note' | 'crash';

/** A server that answers reads: the database itself, or a standby of it. */
export interface RowServer {
  readonly name: string;
  readonly isUp: boolean;
  /** The copies that a read sees now, all of one moment. */
  readonly kept: KeptCopies;
}

export interface RowsOptions {
  readonly seen?: (step: RowStep, before: KeptCopies, after: KeptCopies) => void;
  /** Brings a step to the disk that did not wait for it. Default: immediately. */
  readonly soon?: (bring: () => void) => void;
}

/** The data of a database about the projections. Each step in it is atomic and immediate. */
export class SimulatedRows implements RowServer {
  readonly name = 'primary';
  readonly isUp = true;
  private copies: KeptCopies = new Map();
  private onDisk: KeptCopies = this.copies;
  /** The states after each later step. */
  private readonly unwritten: KeptCopies[] = [];
  /** Counts up only: a crash removes tables, and their identities are never used again. */
  private tablesMade = 0;
  private readonly standbys: ((copies: KeptCopies) => void)[] = [];
  private readonly seen: NonNullable<RowsOptions['seen']>;
  private readonly soon: NonNullable<RowsOptions['soon']>;

  constructor({ seen = () => undefined, soon = (bring) => bring() }: RowsOptions = {}) {
    this.seen = seen;
    this.soon = soon;
  }

  get kept(): KeptCopies {
    return this.copies;
  }

  /**
   * Adds a standby. It receives every step, in order, once the step is on the disk, and nothing else: so no standby holds data that
   * its primary can lose. Returns the copies that are on the disk now.
   */
  replicate(receive: (copies: KeptCopies) => void): KeptCopies {
    this.standbys.push(receive);
    return this.onDisk;
  }

  register({ name, version, tables }: Projection): void {
    if (!this.copies.has(name)) this.put('note', { name, version, position: 0, failure: null, ...this.made(tables) });
  }

  apply(copies: readonly ProjectionCopy[], to: number, events: readonly RecordedEvent[]): readonly ProjectionCopy[] {
    const moved: ProjectionCopy[] = [];
    const after = copies.flatMap((copy) => {
      const kept = this.copies.get(copy.name);
      if (kept?.position !== copy.from || kept.version !== copy.projection.version) return [];
      moved.push(copy);
      return [{ ...kept, position: to, failure: null, tables: applied(kept.tables, copy, events) }];
    });
    this.put('apply', ...after);
    return moved;
  }

  fail({ name, version, position }: Checkpoint, failure: string | null): boolean {
    const kept = this.copies.get(name);
    if (kept?.position !== position || kept.version !== version || kept.failure === failure) return false;
    this.put('note', { ...kept, failure });
    return true;
  }

  startBuilding({ name, version, tables }: Projection): void {
    this.put('build', { name: buildingOf(name), version, position: 0, failure: null, ...this.made(tables) });
  }

  digests({ name, tables }: Projection): ComparedTables | undefined {
    const [served, built] = [this.copies.get(name), this.copies.get(buildingOf(name))];
    if (!served || !built) return undefined;
    if (served.position !== built.position || served.version !== built.version) return undefined;
    const digests = tables.map((table) => ({
      table,
      served: textOf(served.tables, table),
      built: textOf(built.tables, table),
      servedRows: served.tables.get(table)?.size ?? 0,
      builtRows: built.tables.get(table)?.size ?? 0,
    }));
    return { digests, builtTables: String(built.tablesId) };
  }

  switchToBuilt({ name, version }: Projection, position: number, compared?: string): SwitchOutcome {
    const [served, built] = [this.copies.get(name), this.copies.get(buildingOf(name))];
    if (built?.position !== position) return 'busy';
    if (compared !== undefined && String(built.tablesId) !== compared) return 'other-tables';
    if (!served || served.position > position) return 'busy';
    const after = new Map(this.copies);
    after.delete(built.name);
    this.change('switch', after.set(name, { ...built, name, version, failure: null }));
    return 'switched';
  }

  /** The database crashes and is back. It loses some or all of the steps that it had not yet brought to its disk. */
  crash(chance: Pick<SimulatedWorld, 'integer'>): void {
    const before = this.copies;
    this.unwritten.length = chance.integer(0, this.unwritten.length);
    const last = this.unwritten.at(-1);
    if (last) this.write(last);
    this.copies = this.onDisk;
    this.seen('crash', before, this.copies);
  }

  private made(tables: readonly string[]): Pick<KeptCopy, 'tables' | 'tablesId'> {
    return { tables: empty(tables), tablesId: (this.tablesMade += 1) };
  }

  private put(step: RowStep, ...copies: readonly KeptCopy[]): void {
    if (copies.length > 0)
      this.change(step, new Map([...this.copies, ...copies.map((copy) => [copy.name, copy] as const)]));
  }

  private change(step: RowStep, after: KeptCopies): void {
    const before = this.copies;
    this.copies = after;
    this.unwritten.push(after);
    const write = (): void => this.write(after);
    // A note waits for the disk, so that all steps before it are on the disk as well.
    if (step === 'note') write();
    else this.soon(write);
    this.seen(step, before, after);
  }

  /** Brings a step and all steps before it to the disk, unless a crash has lost it, or it is there already. */
  private write(step: KeptCopies): void {
    for (const copies of this.unwritten.splice(0, this.unwritten.indexOf(step) + 1)) {
      this.onDisk = copies;
      for (const receive of this.standbys) receive(copies);
    }
  }
}

const empty = (tables: readonly string[]): Tables => new Map(tables.map((table) => [table, new Map()]));

const buildingOf = (name: string): string => `${name}__building`;

function applied(tables: Tables, copy: ProjectionCopy, all: readonly RecordedEvent[]): Tables {
  const { projection } = copy;
  const events = all.filter(({ type }) => copy.types.has(type));
  const touched = new Map<string, Set<string>>(projection.tables.map((table) => [table, new Set()]));
  for (const event of events) for (const { table, id } of projection.touches(event)) touched.get(table)?.add(id);
  const rows = new Rows(touched);
  for (const [table, ids] of touched) {
    for (const id of ids) {
      const row = tables.get(table)?.get(id);
      if (row) rows.load(table, row);
    }
  }
  for (const event of events) {
    try {
      projection.apply(event, rows);
    } catch (error) {
      throw new ProjectionFailure(projection.name, event, error);
    }
  }
  const changes = rows.changes();
  return new Map(
    [...tables].map(([table, kept]) => [
      table,
      new Map([...kept, ...(changes.get(table) ?? []).map((row) => [String(row['id']), row] as const)]),
    ]),
  );
}

/** All rows of a table in the order of their ids, for comparison. */
export function textOf(tables: Tables, table: string): string {
  const rows = [...(tables.get(table) ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(rows.map(([, row]) => row));
}

/** Access of one instance to the rows. */
export class SimulatedRowStore implements RowStore {
  constructor(
    private readonly rows: SimulatedRows,
    private readonly line: Line = SOUND,
  ) {}

  checkpoints(session?: object): Promise<Checkpoints> {
    return this.line.call(() => {
      if (session instanceof SimulatedSession && !session.isOpen) throw connectionLost();
      return new Checkpoints([...this.rows.kept.values()]);
    });
  }

  register(projection: Projection): Promise<void> {
    return this.line.call(() => this.rows.register(projection));
  }

  apply(
    copies: readonly ProjectionCopy[],
    to: number,
    events: readonly RecordedEvent[],
  ): Promise<readonly ProjectionCopy[]> {
    return this.line.call(() => this.rows.apply(copies, to, events), 'write');
  }

  fail(checkpoint: Checkpoint, failure: string | null): Promise<boolean> {
    return this.line.call(() => this.rows.fail(checkpoint, failure));
  }

  startBuilding(projection: Projection): Promise<void> {
    return this.line.call(() => this.rows.startBuilding(projection), 'write');
  }

  digests(projection: Projection): Promise<ComparedTables | undefined> {
    return this.line.call(() => this.rows.digests(projection));
  }

  switchToBuilt(projection: Projection, position: number, compared?: string): Promise<SwitchOutcome> {
    return this.line.call(() => this.rows.switchToBuilt(projection, position, compared), 'write');
  }
}
