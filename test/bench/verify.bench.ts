import { hash } from 'node:crypto';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveWriter } from '../../src/audit/archive-export.js';
import { ArchiveSource } from '../../src/audit/archive-source.js';
import { signCheckpoint } from '../../src/audit/checkpoint.js';
import { decodeBundle, encodeBundle } from '../../src/audit/entry-bundle.js';
import { leafHash } from '../../src/audit/merkle.js';
import { formatVerifierKey, noteKeyOf } from '../../src/audit/note-key.js';
import { bundlesOfGrowth, formatTilePath, TILE_WIDTH } from '../../src/audit/tile.js';
import { TileBuilder } from '../../src/audit/tile-builder.js';
import { verify } from '../../src/audit/verify.js';
import { verificationText } from '../../src/audit/audit-text.js';
import { NOUNS } from '../../src/nouns.js';
import { formatInstant, parseInstant } from '../../src/ledger/time.js';
import { LOG_KEY, ORIGIN, EnvelopeWriter, type WrittenEvent } from '../audit/written-log.js';
import * as story from '../audit/written-programme.js';

/**
 * How fast a log is verified, beside the hashing of the same bytes by node:crypto alone; and how much memory it takes, which has to
 * be the same for a log of any length. `BENCH_EVENTS=1000000` makes a longer one.
 *
 *   node --import ./test/support/typescript.mjs test/bench/verify.bench.ts
 */
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 200_000);
const ROUNDS = 3;
const HOUR_MS = 3_600_000;

/** Round by round, what a programme does all day: a request, its decision, three allocations, usage, a release; now and then money. */
function* history(events: number): Generator<Buffer> {
  const writer = new EnvelopeWriter();
  let written = 0;
  function* command(...made: readonly WrittenEvent[]): Generator<Buffer> {
    for (const entry of writer.command(...made)) {
      if (written === events) return;
      written += 1;
      yield entry;
    }
  }
  for (const made of prologue()) yield* command(...made);
  for (let round = 0; written < events; round += 1) for (const made of roundOf(round)) yield* command(...made);
}

function prologue(): WrittenEvent[][] {
  const wide = story.programme().map((command) => command.map(widened));
  return [...wide.slice(0, 18)];
}

/** Room for as many as come. */
function widened(event: WrittenEvent): WrittenEvent {
  const { type, data } = event;
  const more: Record<string, Record<string, unknown>> = {
    'capacity-installed': { chips: 1_000_000 },
    'quota-policy-adopted': { caps: { 'tech-giant': 1_000 }, floors: { sme: 1_000 } },
    'fund-established': { targetMinor: '900000000000' },
    'tranche-defined': { capMinor: '900000000000' },
    'access-call-opened': { closesAt: '2099-01-01T00:00:00Z' },
  };
  return { ...event, data: { ...data, ...more[type] } };
}

function roundOf(round: number): WrittenEvent[][] {
  const id = `r-${round}`;
  const partnerId = `p-${round}`;
  const start = parseInstant('2026-05-01T00:00:00Z') + (round % 2_000) * HOUR_MS;
  const own = (event: WrittenEvent): WrittenEvent => ({
    ...event,
    data: {
      ...event.data,
      partnerId,
      ...(event.stream.startsWith('access-request-') && { ultimateParentId: partnerId }),
    },
  });
  const allocation = (number: number) =>
    story.allocationOf(
      `${id}-${number}`,
      id,
      1 + number,
      formatInstant(start),
      formatInstant(start + (24 + number) * HOUR_MS),
    );
  const used = (number: number) => {
    const { chips: _, chipModel: __, ...record } = allocation(number);
    return { ...record, partnerId, to: formatInstant(start + HOUR_MS), chipHours: 1 };
  };
  const terms = { ...story.termsOf(partnerId, 'private') };
  return [
    [story.partner(partnerId, 'company')],
    [story.classified(partnerId, 'start-up')],
    [own(story.submitted(id, 1_000))],
    [own(story.granted(id, 1_000))],
    ...[1, 2, 3].map((number) => [own(story.allocated(allocation(number)))]),
    [
      {
        stream: `usage-${story.SITE}`,
        type: 'usage-reported',
        data: { facilityId: story.SITE, records: [1, 2, 3].map(used) },
      },
    ],
    [
      own({
        stream: `facility-${story.SITE}`,
        type: 'allocation-released',
        data: { ...allocation(2), at: formatInstant(start + HOUR_MS), reason: 'given-back' },
      }),
    ],
    ...(round % 4 === 0
      ? [
          [{ stream: `commitment-${id}`, type: 'commitment-pledged', data: { ...terms, amountMinor: '1000' } }],
          story.signed(id, terms, '1000'),
        ]
      : []),
  ];
}

async function makeArchive(path: string, size: number): Promise<number> {
  const file = await open(path, 'w');
  const builder = new TileBuilder();
  const archive = new ArchiveWriter(file);
  let bundle: Buffer[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (bundle.length === 0) return;
    const address = {
      level: 'entries' as const,
      index: Math.floor((builder.size - 1) / TILE_WIDTH),
      width: bundle.length,
    };
    await archive.append(formatTilePath(address), encodeBundle(bundle));
    bundle = [];
  };
  for (const entry of history(size)) {
    builder.append(leafHash(entry));
    bytes += entry.length;
    bundle.push(entry);
    if (bundle.length < TILE_WIDTH) continue;
    await flush();
    for (const tile of builder.takeFullTiles()) await archive.append(formatTilePath(tile.address), tile.bytes);
  }
  await flush();
  for (const tile of builder.partialTiles()) await archive.append(formatTilePath(tile.address), tile.bytes);
  await archive.append(
    'checkpoint',
    Buffer.from(signCheckpoint({ origin: ORIGIN, size, root: builder.root() }, LOG_KEY)),
  );
  await archive.append('vkey', Buffer.from(`${formatVerifierKey(noteKeyOf(LOG_KEY))}\n`));
  await archive.end();
  await file.close();
  return bytes;
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

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-bench-'));
  try {
    const path = join(folder, 'log.tar');
    const bytes = await makeArchive(path, EVENTS);
    const rounds: { seconds: number; hashSeconds: number; rssMb: number; cpuSeconds: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const source = await ArchiveSource.open(path);
      const cpu = process.cpuUsage();
      const result = await verify(source, { trust: { key: noteKeyOf(LOG_KEY) }, nouns: NOUNS });
      const { user, system } = process.cpuUsage(cpu);
      await source.close();
      if (result.verdict !== 'verified') throw new Error(verificationText(result));
      rounds.push({
        seconds: result.seconds,
        hashSeconds: await hashAlone(path, EVENTS),
        rssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
        cpuSeconds: (user + system) / 1e6,
      });
    }
    const best = rounds.toSorted((a, b) => a.seconds - b.seconds)[0];
    if (!best) throw new Error('There was no round.');
    const figures = {
      what: 'audit verify on an exported archive',
      events: EVENTS,
      bytes,
      archiveBytes: (await stat(path)).size,
      node: process.version,
      cores: cpus().length,
      rounds,
      eventsPerSecond: Math.round(EVENTS / best.seconds),
      timesHashing: Number((best.seconds / best.hashSeconds).toFixed(1)),
    };
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

await main();
