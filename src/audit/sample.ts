import type { AggregateOutline } from '../ledger/aggregate.js';
import { canonicalize } from '../ledger/canonical.js';
import type { ProgressListener } from '../ledger/progress-listener.js';
import { NotCheckable, UsageError } from './audit-finding.js';
import type { OpenedLog } from './audit-log.js';
import { hashedInteger, itemsOf, type SampleItem, type SampleTable } from './sample-tables.js';
import { EnvelopeCheck } from './verify-envelope.js';
import { LogWalk } from './verify-walk.js';
import { encodeHex } from '../tlog/strict-text.js';

/** What an auditor asks for. */
export interface SampleRequest {
  readonly table: SampleTable;
  /** The field that is summed. */
  readonly by: string;
  /** How many units of the total are drawn. */
  readonly size: number;
  /** Chosen by the auditor after the history was signed, so that nobody could know which items it would hit. */
  readonly seed: string;
  /** ISO 4217 code; needed where the items are of several currencies. */
  readonly currency?: string | undefined;
  /** Only items of these calendar days, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Number of events; by default all that the checkpoint covers. */
  readonly events?: number | undefined;
}

/** An item that was drawn. */
export interface DrawnItem extends SampleItem {
  /** Sum of the items before it: it holds the units from there to its own value further. */
  readonly before: bigint;
  /** How many of the drawn units it holds; more than one where its value is above the interval. */
  readonly hits: number;
}

export interface Population {
  readonly items: number;
  /** They hold no unit, so that they cannot be drawn. */
  readonly withoutValue: number;
  readonly total: bigint;
  readonly unit: string;
}

export interface Sample {
  readonly request: SampleRequest;
  readonly position: number;
  /** Merkle root over the events up to the position, hex. */
  readonly root: string;
  readonly population: Population;
  /** The text whose SHA-256 gives the first unit. */
  readonly seedText: string;
  /** The number that the units are counted from. */
  readonly start: bigint;
  readonly items: readonly DrawnItem[];
}

/** More is no sample: an auditor looks at every item by hand. */
export const SAMPLE_SIZE_MAX = 10_000;

/**
 * Draws a monetary unit sample: every unit of the total (a cent, a chip-hour) has the same chance, so that an item is drawn in proportion
 * to its value, and one above the interval for certain (ISA 530, Appendix 4, "value-weighted selection"; systematic selection with a random start). The
 * units drawn are `floor((start + k * total) / size)` for k from 0 to size - 1, where `start` is the SHA-256 of the seed, the request and
 * the root of the history, modulo the total: another program draws the same items from the same seed and log.
 *
 * The log is read twice, so that memory does not grow with the population.
 * @throws ProvenWrong when an entry or a tile is not the signed one
 * @throws NotCheckable when the log cannot be read, or its data is malformed
 * @throws UsageError when the population is empty, or of several currencies and none is named
 */
export async function drawSample(
  log: OpenedLog,
  request: SampleRequest,
  aggregates: readonly AggregateOutline[],
  progress?: ProgressListener,
): Promise<Sample> {
  const events = request.events ?? log.checkpoint.size;
  if (events > log.checkpoint.size) {
    const message = `The checkpoint covers ${log.checkpoint.size} events, not ${events}.`;
    throw new NotCheckable(message, 'Give a position that is covered, or try again in a moment.');
  }
  // Two readings.
  progress?.begin(2 * events);
  try {
    return await draw(new PopulationReading(log, { ...request, events }, aggregates, progress), request);
  } finally {
    progress?.end();
  }
}

async function draw(reading: PopulationReading, request: SampleRequest): Promise<Sample> {
  const { population, root } = await reading.count();
  const seedText = canonicalize({
    seed: request.seed,
    table: request.table,
    by: request.by,
    unit: population.unit,
    size: request.size,
    from: request.from ?? null,
    to: request.to ?? null,
    root,
  });
  const start = hashedInteger(seedText) % population.total;
  const drawing = new Draw(population.total, request.size, start);
  const items: DrawnItem[] = [];
  for await (const item of reading.items(population.unit)) {
    const drawn = drawing.next(item);
    if (drawn.hits > 0) items.push(drawn);
  }
  return { request, position: reading.events, root, population, seedText, start, items };
}

/** Passes over the items in their order, and counts the drawn units in each. */
export class Draw {
  private before = 0n;
  /** Number of units that were drawn already. */
  private drawn = 0n;
  private readonly size: bigint;

  /**
   * @param total sum of all items, above 0
   * @param start from 0, below the total
   */
  constructor(
    private readonly total: bigint,
    size: number,
    private readonly start: bigint,
  ) {
    this.size = BigInt(size);
  }

  next(item: SampleItem): DrawnItem {
    const { before } = this;
    this.before += item.value;
    let hits = 0;
    while (this.drawn < this.size && this.unit() < this.before) {
      hits += 1;
      this.drawn += 1n;
    }
    return { ...item, before, hits };
  }

  /** The next unit to be drawn, counted from 0. */
  private unit(): bigint {
    return (this.start + this.drawn * this.total) / this.size;
  }
}

class PopulationReading {
  constructor(
    private readonly log: OpenedLog,
    private readonly request: SampleRequest & { readonly events: number },
    private readonly aggregates: readonly AggregateOutline[],
    private readonly progress: ProgressListener | undefined,
  ) {}

  get events(): number {
    return this.request.events;
  }

  /** @throws UsageError when nothing can be drawn */
  async count(): Promise<{ readonly population: Population; readonly root: string }> {
    const { table, currency } = this.request;
    const byUnit = new Map<string, { items: number; withoutValue: number; total: bigint }>();
    const walk = this.walk();
    for await (const { value, unit } of this.read(walk, 0)) {
      const sums = byUnit.get(unit) ?? { items: 0, withoutValue: 0, total: 0n };
      sums.items += 1;
      sums.total += value;
      if (value === 0n) sums.withoutValue += 1;
      byUnit.set(unit, sums);
    }
    const units = [...byUnit.keys()].sort();
    if (currency === undefined && units.length > 1) {
      throw new UsageError(`The ${table} are in ${units.join(', ')}: one sample has one unit. Give --currency.`);
    }
    const unit = currency ?? units[0] ?? '';
    const sums = byUnit.get(unit);
    if (sums === undefined || sums.total === 0n) {
      const of = currency === undefined ? '' : ` in ${currency}`;
      const known = units.length > 0 ? ` There are some in ${units.join(', ')}.` : '';
      throw new UsageError(`There are no ${table}${of} with a value up to position ${this.request.events}.${known}`);
    }
    return { population: { ...sums, unit }, root: encodeHex(walk.root()) };
  }

  async *items(unit: string): AsyncGenerator<SampleItem> {
    for await (const item of this.read(this.walk(), this.events)) if (item.unit === unit) yield item;
  }

  private walk(): LogWalk {
    return new LogWalk(this.log, { size: this.request.events });
  }

  /** @param done entries that were read before */
  private async *read(walk: LogWalk, done: number): AsyncGenerator<SampleItem> {
    const { table, by, from = '', to = '9999-12-31' } = this.request;
    const envelopes = new EnvelopeCheck(this.aggregates);
    for await (const { first, entries } of walk.stretches()) {
      for (const [at, entry] of entries.entries()) {
        const event = envelopes.read(first + at, entry);
        for (const item of wellFormed(event.position, event.type, () => itemsOf(table, by, event))) {
          if (item.on >= from && item.on <= to) yield item;
        }
      }
      this.progress?.reached(done + first + entries.length - 1);
    }
  }
}

/** @throws NotCheckable for malformed data: nobody validated it in a log of others */
function wellFormed(position: number, type: string, read: () => SampleItem[]): SampleItem[] {
  let why: string;
  try {
    const items = read();
    if (items.every(({ value }) => value >= 0n)) return items;
    why = 'a value is below 0';
  } catch (error) {
    why = String(error);
  }
  throw new NotCheckable(
    `The amount of the event at position ${position} (${type}) cannot be read: ${why}.`,
    'Run "audit verify": it shows whether something is wrong with the history.',
  );
}
