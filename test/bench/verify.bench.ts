import { hash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveWriter } from '../../src/audit/archive-export.js';
import { ArchiveSource } from '../../src/audit/archive-source.js';
import { signCheckpoint } from '../../src/tlog/checkpoint.js';
import { decodeBundle, encodeBundle } from '../../src/tlog/entry-bundle.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import { bundlesOfGrowth, formatTilePath, TILE_WIDTH } from '../../src/tlog/tile.js';
import { LOG_ORIGIN, LOG_SEED } from './filled-ledger.js';
import { history } from './history.js';
import { compared, median, rounded, type BenchOptions, type BenchRow } from './measure.js';
import { runToEnd } from './processes.js';

/**
 * Row 10, and row 11 for the auditor: how fast a log is verified, beside the hashing of the same bytes by node:crypto alone; and how much
 * memory the verification takes, which must be the same for a log of any length.
 */
const SHORT_EVENTS = 10_000;
const MEMORY_TIMES_MAX = 1.3;
const LOG_KEY = signingKey(LOG_ORIGIN, LOG_SEED);
const LOG_VKEY = formatVerifierKey(noteKeyOf(LOG_KEY));

export async function run({ events, rounds, say }: BenchOptions): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-bench-'));
  try {
    const [path, short] = [join(folder, 'log.tar'), join(folder, 'short.tar')];
    await makeArchive(path, events);
    await makeArchive(short, SHORT_EVENTS);
    say(`an archive of ${events} events`);
    const verified: Verified[] = [];
    const few: number[] = [];
    const hashing: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const one = await verifyAll(path);
      const alone = events / (await hashAlone(path, events));
      verified.push(one);
      hashing.push(alone);
      few.push((await verifyAll(short)).megabytes);
      say(`round ${round}: ${Math.round(one.perSecond)} events/s, hashing ${Math.round(alone)}`);
    }
    return [speed(verified, hashing, events), memory(verified, few, events)];
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

interface Verified {
  readonly perSecond: number;
  /** Peak memory of the command, as the system counts it. */
  readonly megabytes: number;
}

/** Verifies like an auditor. The time does not include the start of the program. @throws Error when there is a finding */
async function verifyAll(path: string): Promise<Verified> {
  const { output, megabytes } = await runToEnd(['dist/cli.js', 'audit', 'verify', path, '--vkey', LOG_VKEY, '--json']);
  return { perSecond: (JSON.parse(output) as { entriesPerSecond: number }).entriesPerSecond, megabytes };
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

function speed(verified: readonly Verified[], hashing: readonly number[], events: number): BenchRow {
  const what = `audit verify of ${events} events`;
  const beside = 'hashing the same bytes with node:crypto alone';
  const perSecond = verified.map((one) => one.perSecond);
  return compared({ row: 10, what, beside, unit: 'events/s', aim: 0.2, details: { events } }, perSecond, hashing);
}

function memory(verified: readonly Verified[], few: readonly number[], events: number): BenchRow {
  const many = verified.map(({ megabytes }) => megabytes);
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
