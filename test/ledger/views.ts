import { readEvent, type StoredEvent } from '../../src/ledger/event.js';
import { Rows, type Projection } from '../../src/ledger/projection.js';
import { textOf, type KeptLane, type KeptLanes, type RowStep } from '../support/simulated-rows.js';
import { accountsProjection } from './instance.js';

/** An amount that the cautious projection cannot take, until it is mended. */
export const UNLUCKY = 13;

/** Whether the programs know what to do with such an amount. */
export interface Mending {
  isMended: boolean;
}

/** Rows that count, and know which version of the program made them. */
const accounts = (version: number): Projection => ({
  ...accountsProjection,
  version,
  apply: (event, rows) => {
    accountsProjection.apply(event, rows);
    rows.patch('accounts', event.stream.slice('account-'.length), { version });
  },
});

/** One row about everything. */
const cautious = (mending: Mending): Projection => ({
  ...accountsProjection,
  name: 'cautious',
  tables: ['totals'],
  touches: () => [{ table: 'totals', id: 'all' }],
  apply: (event, rows) => {
    const { amount } = event.data as { amount: number };
    if (amount === UNLUCKY && !mending.isMended) throw new Error('unlucky');
    const { sum, events } = (rows.get('totals', 'all') ?? { sum: 0, events: 0 }) as { sum: number; events: number };
    rows.put('totals', 'all', { sum: sum + amount, events: events + 1 });
  },
});

/** One that follows only a part of the events. */
const openings: Projection = {
  ...accountsProjection,
  name: 'openings',
  tables: ['opened'],
  types: ['account-opened'],
  touches: (event) => [{ table: 'opened', id: event.stream }],
  apply: (event, rows) => rows.put('opened', event.stream, { position: event.position }),
};

export const VIEWS = ['accounts', 'cautious', 'openings'] as const;

export const projectionsOf = (version: number, mending: Mending): readonly Projection[] => [
  accounts(version),
  cautious(mending),
  openings,
];

/** What a projection must show at every position: all events before it, one by one, from nothing. */
class Replay {
  private readonly rows = new Rows();
  private readonly texts: string[];

  constructor(
    private readonly projection: Projection,
    private readonly stored: readonly StoredEvent[],
  ) {
    this.texts = [this.text()];
  }

  /** @throws what the projection throws at an event on the way */
  textAt(position: number): string | undefined {
    while (this.texts.length <= position) {
      const stored = this.stored[this.texts.length - 1];
      if (!stored) return undefined;
      const event = readEvent(stored);
      if (this.projection.types.includes(event.type)) this.projection.apply(event, this.rows);
      this.texts.push(this.text());
    }
    return this.texts[position];
  }

  private text(): string {
    const changes = this.rows.changes();
    const tables = new Map(
      this.projection.tables.map((table) => [
        table,
        new Map((changes.get(table) ?? []).map((row) => [String(row['id']), row])),
      ]),
    );
    return rowsText(this.projection, { tables });
  }
}

const rowsText = ({ tables }: Projection, lane: Pick<KeptLane, 'tables'>): string =>
  tables.map((table) => `${table} ${textOf(lane.tables, table)}`).join('\n');

/** Looks at every step that is done to the rows, whoever does it. */
export class RowsWatch {
  private readonly replays = new Map<string, { projection: Projection; replay: Replay }>();
  /** How often a database came back with less. */
  crashes = 0;

  constructor(
    mending: Mending,
    events: readonly StoredEvent[],
    private readonly note: (complaint: string) => void,
  ) {
    for (const projection of [...projectionsOf(1, mending), ...projectionsOf(2, mending)]) {
      const replay = new Replay(projection, events);
      this.replays.set(`${projection.name} ${projection.version}`, { projection, replay });
    }
  }

  see(step: RowStep, before: KeptLanes, after: KeptLanes): void {
    if (step === 'crash') this.crashes += 1;
    for (const lane of after.values()) {
      const earlier = before.get(lane.name);
      if (earlier === lane) continue;
      if (step !== 'crash' && step !== 'build' && earlier && lane.position < earlier.position) {
        this.note(`${lane.name} went back from ${earlier.position} to ${lane.position} (${step}).`);
      }
      this.checkRows(lane);
    }
  }

  /** @throws Error unless the rows are what a replay up to their position gives. */
  checkRows(lane: KeptLane): void {
    const known = this.replays.get(`${lane.name.replace(/__building$/, '')} ${lane.version}`);
    if (!known) return this.note(`Nobody knows ${lane.name} in version ${lane.version}.`);
    const expected = expectedAt(known.replay, lane.position);
    const actual = rowsText(known.projection, lane);
    if (actual !== expected) this.note(`${lane.name} at ${lane.position} shows ${actual} instead of ${expected}.`);
  }
}

function expectedAt(replay: Replay, position: number): string {
  try {
    return replay.textAt(position) ?? 'nothing, since the history ends before';
  } catch (error) {
    return `nothing: it must stop before (${String(error)})`;
  }
}
