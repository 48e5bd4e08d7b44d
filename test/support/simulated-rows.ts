import { EventEmitter } from 'node:events';
import type { RecordedEvent } from '../../src/ledger/event.js';
import type { LeaderSession } from '../../src/ledger/leadership.js';
import { Checkpoints, type Checkpoint, type Lane, type Place } from '../../src/ledger/lanes.js';
import { ProjectionFailure, type TableDigests } from '../../src/ledger/projection-store.js';
import { Rows, type Projection, type Row } from '../../src/ledger/projection.js';
import type { RowStore } from '../../src/ledger/projector.js';
import { SOUND, connectionLost, type Line } from './simulated-store.js';
import type { SimulatedWorld } from './simulated-world.js';

/** Rows by table and id. */
type Tables = ReadonlyMap<string, ReadonlyMap<string, Row>>;

/** A lane as the database keeps it: how far it has come, and its rows. */
export interface KeptLane extends Checkpoint {
  readonly tables: Tables;
}
export type KeptLanes = ReadonlyMap<string, KeptLane>;

/** What is done to the lanes of a database; `crash`: it comes back with what it held some steps before. */
export type RowStep = 'apply' | 'build' | 'switch' | 'note' | 'crash';

/** A crash takes no more steps than these, and none before one that waited for the disk. */
const FORGOTTEN_STEPS_MAX = 3;

/** What a database would hold of the projections. Everything in it happens at once and as a whole. */
export class SimulatedRows {
  private lanes: KeptLanes = new Map();
  /** Steps that are not on the disk yet. */
  private undone: KeptLanes[] = [];

  constructor(private readonly seen: (step: RowStep, before: KeptLanes, after: KeptLanes) => void = () => undefined) {}

  get kept(): KeptLanes {
    return this.lanes;
  }

  register({ name, version, tables }: Projection): void {
    if (!this.lanes.has(name)) this.put('note', { name, version, position: 0, failure: null, tables: empty(tables) });
  }

  apply(lanes: readonly Lane[], to: number, events: readonly RecordedEvent[]): readonly Lane[] {
    const moved: Lane[] = [];
    const after = lanes.flatMap((lane) => {
      const kept = this.lanes.get(lane.name);
      if (kept?.position !== lane.from || kept.version !== lane.projection.version) return [];
      moved.push(lane);
      return [{ ...kept, position: to, failure: null, tables: applied(kept.tables, lane, events) }];
    });
    this.put('apply', ...after);
    return moved;
  }

  fail({ name, version, position }: Place, failure: string | null): boolean {
    const kept = this.lanes.get(name);
    if (kept?.position !== position || kept.version !== version || kept.failure === failure) return false;
    this.put('note', { ...kept, failure });
    return true;
  }

  startBuilding({ name, version, tables }: Projection): void {
    this.put('build', { name: buildingOf(name), version, position: 0, failure: null, tables: empty(tables) });
  }

  digests({ name, tables }: Projection): readonly TableDigests[] | undefined {
    const [served, built] = [this.lanes.get(name), this.lanes.get(buildingOf(name))];
    if (!served || !built) return undefined;
    if (served.position !== built.position || served.version !== built.version) return undefined;
    return tables.map((table) => ({ table, served: textOf(served.tables, table), built: textOf(built.tables, table) }));
  }

  switchToBuilt({ name, version }: Projection, position: number): boolean {
    const [served, built] = [this.lanes.get(name), this.lanes.get(buildingOf(name))];
    if (!served || built?.position !== position || served.position > position) return false;
    const after = new Map(this.lanes);
    after.delete(built.name);
    this.change('switch', after.set(name, { ...built, name, version, failure: null }));
    return true;
  }

  /** The database dies and is back. What it had not yet brought to its disk is lost, some of it or all. */
  crash(chance: SimulatedWorld): void {
    const [first, ...others] = [this.lanes, ...this.undone];
    const after = chance.pick([first ?? this.lanes, ...others]);
    this.change('crash', after);
    this.undone = [];
  }

  private put(step: RowStep, ...lanes: readonly KeptLane[]): void {
    if (lanes.length > 0)
      this.change(step, new Map([...this.lanes, ...lanes.map((lane) => [lane.name, lane] as const)]));
  }

  private change(step: RowStep, after: KeptLanes): void {
    const before = this.lanes;
    this.lanes = after;
    // A note waits for the disk, and with it all before it.
    this.undone = step === 'note' ? [] : [before, ...this.undone].slice(0, FORGOTTEN_STEPS_MAX);
    this.seen(step, before, after);
  }
}

const empty = (tables: readonly string[]): Tables => new Map(tables.map((table) => [table, new Map()]));

const buildingOf = (name: string): string => `${name}__building`;

function applied(tables: Tables, lane: Lane, all: readonly RecordedEvent[]): Tables {
  const { projection } = lane;
  const events = all.filter(({ type }) => lane.types.has(type));
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

/** One instance's access to the rows. */
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

  apply(lanes: readonly Lane[], to: number, events: readonly RecordedEvent[]): Promise<readonly Lane[]> {
    return this.line.call(() => this.rows.apply(lanes, to, events));
  }

  fail(place: Place, failure: string | null): Promise<boolean> {
    return this.line.call(() => this.rows.fail(place, failure));
  }

  startBuilding(projection: Projection): Promise<void> {
    return this.line.call(() => this.rows.startBuilding(projection));
  }

  digests(projection: Projection): Promise<readonly TableDigests[] | undefined> {
    return this.line.call(() => this.rows.digests(projection));
  }

  switchToBuilt(projection: Projection, position: number): Promise<boolean> {
    return this.line.call(() => this.rows.switchToBuilt(projection, position));
  }
}

/** One session, of which the database and its owner may believe different things. */
class SimulatedSession extends EventEmitter implements LeaderSession {
  isOpen = true;

  constructor(private readonly leave: () => void) {
    super();
  }

  /** Its owner ends it; the database will notice. */
  release(): void {
    this.isOpen = false;
    this.leave();
    this.emit('end');
  }

  query(): never {
    throw new Error('There is no SQL here.');
  }
}

/** How soon either side of a connection learns that the other is gone. */
const NOTICED_MS_MAX = 3_000;

/** Who may lead, as the database has it: whoever holds the lock, for as long as its session lives. */
export class SimulatedLeadership {
  private leading: SimulatedSession | undefined;

  constructor(private readonly world: SimulatedWorld) {}

  /** What the projector of one instance asks for. */
  async lead(line: Line): Promise<LeaderSession | undefined> {
    const session = new SimulatedSession(() => this.leave(session));
    try {
      return (await line.call(() => this.take(session))) ? session : undefined;
    } catch (error) {
      session.release();
      throw error;
    }
  }

  /** The database ends the session of whoever leads, who learns of it at once, or while somebody else leads already. */
  end(isNoticed = this.world.chance(0.3)): void {
    const session = this.leading;
    this.leading = undefined;
    if (!session) return;
    session.isOpen = false;
    const notice = (): void => void session.emit('end');
    if (isNoticed) notice();
    else this.world.later(this.world.integer(1, NOTICED_MS_MAX), notice);
  }

  /** The connection of whoever leads breaks: it knows, and the database does not know yet. */
  disconnect(): void {
    this.leading?.release();
  }

  private take(session: SimulatedSession): boolean {
    if (this.leading) return false;
    this.leading = session;
    // A request that arrives late, of somebody who is no longer there.
    if (!session.isOpen) this.leave(session);
    return true;
  }

  private leave(session: SimulatedSession): void {
    this.world.later(this.world.integer(0, NOTICED_MS_MAX), () => {
      if (this.leading === session) this.leading = undefined;
    });
  }
}
