import { readEvent, type StoredEvent } from '../../src/ledger/event.js';
import { Rows, type Projection } from '../../src/ledger/projector/projection.js';
import { textOf, type KeptCopy, type KeptCopies, type RowStep } from '../support/simulated-rows.js';
import { accountsProjection } from './instance.js';

/** An amount that the cautious projection cannot apply until it is mended. */
export const UNLUCKY = 13;

/** Whether the programs can apply such an amount. */
export interface Mending {
  isMended: boolean;
}

/** Rows that count, and name the version of the program that made them. */
const accounts = (version: number): Projection => ({
  ...accountsProjection,
  version,
  apply: (event, rows) => {
    accountsProjection.apply(event, rows);
    rows.patch('accounts', event.stream.slice('account-'.length), { version });
  },
});

/** One row over all events. */
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

/** A projection that follows only some of the event types. */
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

/** The rows that a projection must show at every position: all events before it, applied one by one, from nothing. */
class Replay {
  private readonly rows = new Rows();
  private readonly texts: string[];

  constructor(
    private readonly projection: Projection,
    private readonly stored: readonly StoredEvent[],
  ) {
    this.texts = [this.text()];
  }

  /** @throws the error of the projection at an event on the way */
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

const rowsText = ({ tables }: Projection, copy: Pick<KeptCopy, 'tables'>): string =>
  tables.map((table) => `${table} ${textOf(copy.tables, table)}`).join('\n');

/** Checks every step that any instance takes on the rows. */
export class RowsWatch {
  private readonly replays = new Map<string, { projection: Projection; replay: Replay }>();
  /** How often a crashed database came back with less data. */
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

  see(step: RowStep, before: KeptCopies, after: KeptCopies): void {
    if (step === 'crash') this.crashes += 1;
    for (const copy of after.values()) {
      const earlier = before.get(copy.name);
      if (earlier === copy) continue;
      if (step !== 'crash' && step !== 'build' && earlier && copy.position < earlier.position) {
        this.note(`${copy.name} went back from ${earlier.position} to ${copy.position} (${step}).`);
      }
      this.checkRows(copy);
    }
  }

  /** @throws Error unless the rows equal a replay up to their position. */
  checkRows(copy: KeptCopy): void {
    const known = this.replays.get(`${copy.name.replace(/__building$/, '')} ${copy.version}`);
    if (!known) return this.note(`Nobody knows ${copy.name} in version ${copy.version}.`);
    const expected = expectedAt(known.replay, copy.position);
    const actual = rowsText(known.projection, copy);
    if (actual !== expected) this.note(`${copy.name} at ${copy.position} shows ${actual} instead of ${expected}.`);
  }
}

function expectedAt(replay: Replay, position: number): string {
  try {
    return replay.textAt(position) ?? 'nothing, since the history ends before';
  } catch (error) {
    return `nothing: it must stop before (${String(error)})`;
  }
}
