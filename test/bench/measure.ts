import { cpus } from 'node:os';
import type { Pool } from 'pg';

/** Measured rounds, without the warm-up. The reported figure is their median. */
export const ROUNDS_MIN = 3;

export interface BenchOptions {
  /** Decides every random choice, so that a run can be repeated. */
  readonly seed: number;
  /** Measured rounds. The rounds of the compared figures alternate, so that noise of the machine affects all of them. */
  readonly rounds: number;
  /** Rows to measure; a part with several rows leaves the others out where that saves time. */
  readonly only: ReadonlySet<number>;
  /** Events of the long history. */
  readonly events: number;
  /** Commands after which the memory of the server is compared. */
  readonly commands: number;
  /** Reports the progress on stderr. */
  readonly say: (text: string) => void;
}

/** One line of the table of the README: a figure, and the figure that it is compared with, measured in the same run. */
export interface BenchRow {
  readonly row: number;
  readonly what: string;
  readonly beside: string;
  readonly figure: number;
  /** The compared figure; null where the aim is absolute. */
  readonly base: number | null;
  readonly unit: string;
  readonly ratio: number | null;
  /** As text, e.g. `>= 0.8`. */
  readonly aim: string;
  readonly met: boolean;
  /** Every round, and other data that explain the figure. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Modules of this shape are the parts of the benchmark. */
export interface BenchPart {
  readonly name: string;
  readonly rows: readonly number[];
  load(): Promise<{ run(options: BenchOptions): Promise<BenchRow[]> }>;
}

/** @throws RangeError when there are no values */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/**
 * The smallest value that at least this part of all does not exceed (nearest rank); `part` from 0 to 1.
 * @throws RangeError when there are no values
 */
export function percentile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('There is no percentile of nothing.');
  return value;
}

/** To four significant digits: the measurement has no more. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

/** The measurement of a round: resolves to one figure. */
export type Measure = () => Promise<number>;

/** Alternates: one round of each to warm up, then `rounds` of each. Returns the figures of each, round by round. */
export async function alternate<Name extends string>(
  rounds: number,
  measures: Readonly<Record<Name, Measure>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(measures) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= Math.max(rounds, ROUNDS_MIN); round += 1) {
    for (const name of names) {
      const figure = await measures[name]();
      if (round > 0) figures[name].push(figure);
    }
  }
  return figures;
}

/** Seconds that `work` takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}

/** Random numbers from 0 to below 1 that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface MachineFacts {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly processor: string;
}

export const machineFacts = (): MachineFacts => ({
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
});

/** The settings of the server that decide how durable a commit is. */
export async function durabilityOf(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
     where name in ('server_version', 'fsync', 'synchronous_commit', 'wal_sync_method', 'full_page_writes', 'shared_buffers')
     order by name`,
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

/** A row whose figure should be at least `aim` times the compared figure; both are medians of their rounds. */
export function compared(
  row: Pick<BenchRow, 'row' | 'what' | 'beside' | 'unit' | 'details'> & { readonly aim: number },
  figures: readonly number[],
  besides: readonly number[],
): BenchRow {
  const [figure, base] = [median(figures), median(besides)];
  const ratio = figure / base;
  return {
    ...row,
    figure,
    base,
    ratio,
    aim: `>= ${row.aim}`,
    met: ratio >= row.aim,
    details: { ...row.details, figures: figures.map(rounded), besides: besides.map(rounded) },
  };
}
