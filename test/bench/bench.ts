import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startBenchDatabase } from './database.js';
import { ROUNDS_MIN, durabilityOf, machineFacts, rounded, type BenchOptions } from './measure.js';
import type { BenchPart, BenchRow } from './measure.js';

const USAGE = `Usage: npm run bench -- [options]

  --only ROWS      rows to measure, e.g. 6,7; by default all
  --json FILE      write the figures, with machine, versions, settings and every round
  --seed N         decides every random choice (default 1)
  --rounds N       measured rounds of each (default and least ${ROUNDS_MIN})
  --events N       events of the long history (default 500000: the whole in a quarter of an hour)
  --commands N     commands after which the memory of the server is compared (default 100000)
`;

/** Every part of the benchmark, in the order in which they run. */
const PARTS: readonly BenchPart[] = [
  { name: 'appends', rows: [1, 2, 3], load: () => import('./appends.bench.js') },
  { name: 'http', rows: [4, 5], load: () => import('./http.bench.js') },
  { name: 'facility', rows: [6], load: () => import('./facility.bench.js') },
  { name: 'growth', rows: [7, 8, 9], load: () => import('./growth.bench.js') },
  { name: 'verify', rows: [10, 11], load: () => import('./verify.bench.js') },
  { name: 'memory', rows: [11], load: () => import('./memory.bench.js') },
  { name: 'lag', rows: [12], load: () => import('./lag.bench.js') },
];

/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;

interface Order {
  readonly part: string;
  readonly options: Omit<BenchOptions, 'say' | 'only'> & { readonly only: readonly number[] };
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const { only, json, ...numbers } = optionsGiven();
  const startedAt = performance.now();
  const rows: BenchRow[] = [];
  const failures: string[] = [];
  for (const part of PARTS) {
    const wanted = part.rows.filter((row) => only.length === 0 || only.includes(row));
    if (wanted.length === 0) continue;
    say(`${part.name} (rows ${wanted.join(', ')})`);
    try {
      rows.push(...(await runApart({ part: part.name, options: { ...numbers, only: wanted } })));
    } catch (error) {
      failures.push(`${part.name}: ${String(error)}`);
    }
  }
  rows.sort((a, b) => a.row - b.row);
  process.stdout.write(table(rows));
  for (const failure of failures) say(failure);
  const minutes = rounded((performance.now() - startedAt) / 60_000);
  say(`${rows.length} rows in ${minutes} minutes.`);
  if (json !== undefined) {
    const facts = { ...machineFacts(), postgresql: await databaseFacts(), ...numbers, minutes, failures };
    await writeFile(json, `${JSON.stringify({ ...facts, rows }, null, 2)}\n`);
  }
  if (failures.length > 0) process.exitCode = 1;
}

function optionsGiven() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      seed: { type: 'string', default: '1' },
      rounds: { type: 'string', default: String(ROUNDS_MIN) },
      events: { type: 'string', default: '500000' },
      commands: { type: 'string', default: '100000' },
    },
  });
  return {
    only: values.only === '' ? [] : values.only.split(',').map(wholeNumber),
    json: values.json,
    seed: wholeNumber(values.seed),
    rounds: wholeNumber(values.rounds),
    events: wholeNumber(values.events),
    commands: wholeNumber(values.commands),
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`"${text}" is not a whole number.`);
  return Number(text);
}

/** Runs a part in a process of its own: the heap and the compiled code of another part cannot make it slower. */
async function runApart(order: Order): Promise<BenchRow[]> {
  const child = fork(import.meta.filename, [], { env: { ...process.env, BENCH_PART: JSON.stringify(order) } });
  let rows: BenchRow[] | undefined;
  child.on('message', (message) => (rows = message as BenchRow[]));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 || !rows) throw new Error(`ended with ${code ?? 'a signal'} and no figures`);
  return rows;
}

async function runPart({ part, options }: Order): Promise<void> {
  const chosen = PARTS.find(({ name }) => name === part);
  if (!chosen) throw new Error(`There is no part "${part}".`);
  // When the parent process is gone, nothing more is measured. A database that was started ends with this process.
  const abandoned = (): never => process.exit(1);
  process.once('disconnect', abandoned);
  const { run } = await chosen.load();
  const rows = await run({ ...options, only: new Set(options.only), say: (text) => say(`  ${text}`) });
  process.send?.(rows.filter(({ row }) => options.only.includes(row)));
  process.off('disconnect', abandoned);
  process.disconnect();
}

async function databaseFacts(): Promise<Record<string, string>> {
  const database = await startBenchDatabase();
  try {
    return await durabilityOf(database.pool);
  } finally {
    await database.stop();
  }
}

const COLUMNS: readonly (readonly [title: string, width: number, of: (row: BenchRow) => string])[] = [
  ['row', 4, ({ row }) => String(row)],
  ['what', 62, ({ what }) => what],
  ['beside', 52, ({ beside }) => beside],
  ['figure', 10, ({ figure }) => String(rounded(figure))],
  ['base', 10, ({ base }) => (base === null ? '' : String(rounded(base)))],
  ['unit', 14, ({ unit }) => unit],
  ['ratio', 8, ({ ratio }) => (ratio === null ? '' : ratio.toFixed(2))],
  ['aim', 24, ({ aim }) => aim],
  ['met', 4, ({ met }) => (met ? 'yes' : 'NO')],
];

function table(rows: readonly BenchRow[]): string {
  const line = (cells: readonly string[]) =>
    `${cells
      .map((cell, at) => cell.padEnd(COLUMNS[at]?.[1] ?? 0))
      .join(' ')
      .trimEnd()}\n`;
  return line(COLUMNS.map(([title]) => title)) + rows.map((row) => line(COLUMNS.map(([, , of]) => of(row)))).join('');
}

const order = process.env['BENCH_PART'];
if (order !== undefined) await runPart(JSON.parse(order) as Order);
else {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = EXIT_USAGE;
  }
}
