import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AggregateOutline } from '../../src/ledger/aggregate.js';
import { canonicalize } from '../../src/ledger/canonical.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import { formatInstant, parseInstant } from '../../src/ledger/time.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { signCheckpoint } from '../../src/tlog/checkpoint.js';
import { encodeBundle } from '../../src/tlog/entry-bundle.js';
import type { LogSource } from '../../src/audit/log-source.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { formatVerifierKey, noteKeyOf, signingKey, type SigningKey } from '../../src/tlog/note-key.js';
import { bundlesOfGrowth, formatTilePath, TILE_WIDTH } from '../../src/tlog/tile.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import { tilePathsOf } from '../tlog/tiles.js';

export const ORIGIN = 'ledger.example.eu/log';
export const LOG_KEY = signingKey(ORIGIN, Buffer.alloc(32, 9));
export const LOG_VKEY = formatVerifierKey(noteKeyOf(LOG_KEY));

const BEGIN = '2026-03-02T08:00:00Z';
const OUTLINES: readonly AggregateOutline[] = AGGREGATES;
/** The current schema of each type of event. */
export const SCHEMAS: ReadonlyMap<string, number> = new Map(
  OUTLINES.flatMap(({ events }) => Object.entries(events).map(([type, { schema }]) => [type, schema] as const)),
);

export interface WrittenEvent {
  stream: string;
  type: string;
  data: Record<string, unknown>;
  actor?: string;
  /** Of the actor; by default that of the actor `panel`, and the operator's for all others. */
  role?: string;
  effectiveAt?: string;
  /** When the command is recorded, for the first event of a command; it stays later for the commands after it. */
  at?: string;
  /** Members that are added to the envelope or replace its own. */
  envelope?: Record<string, unknown>;
}

/** Writes envelopes like the ledger: dense revisions, derived ids, canonical text. */
export class EnvelopeWriter {
  private readonly revisions = new Map<string, number>();
  private commands = 0;
  private atMs = parseInstant(BEGIN);

  /** The events of one command, as entries of the log. */
  command(...events: readonly WrittenEvent[]): Buffer[] {
    const commandId = derivedId('command', String((this.commands += 1)));
    this.atMs = Math.max(this.atMs + 250, parseInstant(events[0]?.at ?? BEGIN));
    return events.map(({ stream, type, data, actor = 'programme', role, effectiveAt, envelope }, at) => {
      const revision = (this.revisions.get(stream) ?? -1) + 1;
      this.revisions.set(stream, revision);
      const text = canonicalize({
        v: 1,
        id: derivedId(commandId, 'event', String(at)),
        stream,
        revision,
        type,
        schema: SCHEMAS.get(type) ?? 1,
        recordedAt: formatInstant(this.atMs),
        ...(effectiveAt !== undefined && { effectiveAt }),
        actor: { id: actor, role: role ?? (actor === 'panel' ? 'panel' : 'operator') },
        commandId,
        correlationId: commandId,
        data,
        ...envelope,
      });
      return Buffer.from(text);
    });
  }
}

/** Files of a log by path, like those of a server or a folder. */
export class MemoryLog implements LogSource {
  readonly name = 'memory';
  readonly readsMax = 4;
  readonly others: readonly string[] = [];
  readonly files: Map<string, Buffer>;
  /** Number of concurrent reads, and its maximum so far. */
  reading = 0;
  readingMax = 0;

  constructor(files: Iterable<readonly [string, Buffer]>) {
    this.files = new Map(files);
  }

  get checkpoint(): string {
    return this.files.get('checkpoint')?.toString() ?? '';
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    this.reading += 1;
    this.readingMax = Math.max(this.readingMax, this.reading);
    await Promise.resolve();
    this.reading -= 1;
    return this.files.get(path);
  }

  async close(): Promise<void> {}
}

/** A signed log of these entries. */
export function signedLog(entries: readonly Uint8Array[], key: SigningKey = LOG_KEY): MemoryLog {
  const builder = new TileBuilder();
  for (const entry of entries) builder.append(leafHash(entry));
  const files = new Map<string, Buffer>();
  for (const { address, bytes } of [...builder.takeFullTiles(), ...builder.partialTiles()]) {
    files.set(formatTilePath(address), Buffer.from(bytes));
  }
  for (let first = 0; first < entries.length; first += TILE_WIDTH) {
    const part = entries.slice(first, first + TILE_WIDTH);
    const path = formatTilePath({ level: 'entries', index: first / TILE_WIDTH, width: part.length });
    files.set(path, Buffer.from(encodeBundle(part)));
  }
  const checkpoint = signCheckpoint({ origin: key.name, size: entries.length, root: builder.root() }, key);
  files.set('checkpoint', Buffer.from(checkpoint));
  files.set('vkey', Buffer.from(`${formatVerifierKey(noteKeyOf(key))}\n`));
  return new MemoryLog(files);
}

/** Writes the files of a log into a folder. */
export async function writeLog({ files }: MemoryLog, folder: string): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

/** Copies all artefacts of a log of this size. */
export async function copyOf(source: LogSource, size: number): Promise<MemoryLog> {
  const paths = ['checkpoint', 'vkey', ...[...bundlesOfGrowth(0, size)].map(formatTilePath), ...tilePathsOf(size)];
  const files = new Map<string, Buffer>();
  for (const path of paths) {
    const bytes = await source.read(path);
    if (bytes === undefined) throw new Error(`There is no ${path}.`);
    files.set(path, Buffer.from(bytes));
  }
  return new MemoryLog(files);
}
