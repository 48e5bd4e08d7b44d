import { hash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveWriter } from '../../src/audit/archive-export.js';
import { ArchiveSource } from '../../src/audit/archive-source.js';
import { verificationText } from '../../src/audit/audit-text.js';
import { signCheckpoint } from '../../src/audit/checkpoint.js';
import { decodeBundle, encodeBundle } from '../../src/audit/entry-bundle.js';
import { leafHash } from '../../src/audit/merkle.js';
import { formatVerifierKey, noteKeyOf, signingKey } from '../../src/audit/note-key.js';
import { TileBuilder } from '../../src/audit/tile-builder.js';
import { bundlesOfGrowth, formatTilePath, TILE_WIDTH } from '../../src/audit/tile.js';
import { verify } from '../../src/audit/verify.js';
import { NOUNS } from '../../src/nouns.js';
import { LOG_ORIGIN, LOG_SEED } from './filled-ledger.js';
import { history } from './history.js';
import { compared, median, rounded, type BenchOptions, type BenchRow } from './measure.js';
import { memoryOf } from './processes.js';

/**
 * Row 10, and row 11 for the auditor: how fast a log is verified, beside the hashing of the same bytes by node:crypto alone; and how much
 * memory that takes, which has to be the same for a log of any length.
 */
const SHORT_EVENTS = 10_000;
const MEMORY_TIMES_MAX = 1.3;
const LOG_KEY = signingKey(LOG_ORIGIN, LOG_SEED);
const LOG_VKEY = formatVerifierKey(noteKeyOf(LOG_KEY));

export async function run({ events, rounds, only, say }: BenchOptions): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-bench-'));
  try {
    const path = join(folder, 'log.tar');
    await makeArchive(path, events);
    say(`an archive of ${events} events`);
    const rows: BenchRow[] = [];
    if (only.has(11)) rows.push(await memory(folder, path, events, rounds));
    if (only.has(10)) rows.push(await speed(path, events, rounds, say));
    return rows;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function makeArchive(path: string, size: number): Promise<void> {
  const file = await open(path, 'w');
  const builder = new TileBuilder();
  const archive = new ArchiveWriter(file);
  let bundle: Buffer[] = [];
  const flush = async (): Promise<void> => {
    if (bundle.length === 0) return;
    const index = Math.floor((builder.size - 1) / TILE_WIDTH);
    await archive.append(formatTilePath({ level: 'entries', index, width: bundle.length }), encodeBundle(bundle));
    bundle = [];
  };
  for (const { envelope } of history(size)) {
    const entry = Buffer.from(envelope);
    builder.append(leafHash(entry));
    bundle.push(entry);
    if (bundle.length < TILE_WIDTH) continue;
    await flush();
    for (const tile of builder.takeFullTiles()) await archive.append(formatTilePath(tile.address), tile.bytes);
  }
  await flush();
  for (const tile of builder.partialTiles()) await archive.append(formatTilePath(tile.address), tile.bytes);
  const checkpoint = signCheckpoint({ origin: LOG_ORIGIN, size, root: builder.root() }, LOG_KEY);
  await archive.append('checkpoint', Buffer.from(checkpoint));
  await archive.append('vkey', Buffer.from(`${LOG_VKEY}\n`));
  await archive.end();
  await file.close();
}

async function speed(path: string, events: number, rounds: number, say: BenchOptions['say']): Promise<BenchRow> {
  const verifying: number[] = [];
  const hashing: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    verifying.push(events / (await verifyAll(path)));
    hashing.push(events / (await hashAlone(path, events)));
    say(
      `round ${round + 1}: ${Math.round(verifying[round] ?? 0)} events/s, hashing ${Math.round(hashing[round] ?? 0)}`,
    );
  }
  const what = `audit verify of ${events} events`;
  const beside = 'hashing the same bytes with node:crypto alone';
  return compared({ row: 10, what, beside, unit: 'events/s', aim: 0.2, details: { events } }, verifying, hashing);
}

/** Seconds. @throws Error when something is found. */
async function verifyAll(path: string): Promise<number> {
  const source = await ArchiveSource.open(path);
  try {
    const result = await verify(source, { trust: { key: noteKeyOf(LOG_KEY) }, nouns: NOUNS });
    if (result.verdict !== 'verified') throw new Error(verificationText(result));
    return result.seconds;
  } finally {
    await source.close();
  }
}

/** Seconds in which node:crypto hashes the entries of the archive, read beforehand bundle by bundle. */
async function hashAlone(path: string, size: number): Promise<number> {
  const source = await ArchiveSource.open(path);
  let spentMs = 0;
  for (const address of bundlesOfGrowth(0, size)) {
    const entries = decodeBundle((await source.read(formatTilePath(address))) ?? new Uint8Array(), address.width);
    const startedAt = performance.now();
    for (const entry of entries) hash('sha256', entry, 'buffer');
    spentMs += performance.now() - startedAt;
  }
  await source.close();
  return spentMs / 1_000;
}

/** The most that the command ever held, as the system counts it. */
async function memory(folder: string, path: string, events: number, rounds: number): Promise<BenchRow> {
  const short = join(folder, 'short.tar');
  await makeArchive(short, SHORT_EVENTS);
  const many: number[] = [];
  const few: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    many.push(await memoryOf(['dist/cli.js', 'audit', 'verify', path, '--vkey', LOG_VKEY]));
    few.push(await memoryOf(['dist/cli.js', 'audit', 'verify', short, '--vkey', LOG_VKEY]));
  }
  const [figure, base] = [median(many), median(few)];
  return {
    row: 11,
    what: `memory of audit verify of ${events} events`,
    beside: `of ${SHORT_EVENTS} events`,
    figure,
    base,
    unit: 'MB',
    ratio: figure / base,
    aim: `<= ${MEMORY_TIMES_MAX}`,
    met: figure / base <= MEMORY_TIMES_MAX,
    details: { figures: many.map(rounded), besides: few.map(rounded) },
  };
}
