import { ANOTHER_COPY, ProvenWrong } from './audit-finding.js';
import { readBundle, readTile, twoHistories, type OpenedLog } from './audit-log.js';
import { decodeBundle } from '../tlog/entry-bundle.js';
import { LogError } from '../tlog/log-error.js';
import { hashesEqual, leafHash, type Hash } from '../tlog/merkle.js';
import { proveConsistency } from '../tlog/merkle-proof.js';
import { verifyConsistency } from '../tlog/merkle-verify.js';
import { encodeHex } from '../tlog/strict-text.js';
import { TileBuilder } from '../tlog/tile-builder.js';
import {
  bundlesOfGrowth,
  formatTilePath,
  hashAt,
  TILE_WIDTH,
  type BundleAddress,
  type HashTile,
} from '../tlog/tile.js';
import { blameBundle, blameLeaf, blameNode, type ReadBundle } from './verify-blame.js';

/** Consecutive entries whose hashes are checked. */
export interface Stretch {
  /** Position of the first entry. */
  readonly first: number;
  /** Views into the bundle: an entry that is kept keeps the whole bundle in memory. */
  readonly entries: readonly Uint8Array[];
}

export interface WalkOptions {
  /** Number of entries to read; by default all entries that the checkpoint covers. */
  readonly size?: number;
  /** Called with every checked artefact, in the order in which a log grows. */
  readonly onArtefact?: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Sizes of shorter histories whose roots are reported on the way. */
  readonly rootsAt?: { readonly sizes: ReadonlySet<number>; readonly seen: (root: Hash, size: number) => void };
}

/** Counts of a walk. */
export interface WalkCounts {
  entries: number;
  bytes: number;
  bundles: number;
  tiles: number;
}

/**
 * Reads the entries of a log from the first on and checks every leaf hash, every tile and, at the end, the root, and that the
 * history grew from the checkpoint that the auditor kept. Memory is a few bundles and one open tile a level, for a log of any length.
 * @throws ProvenWrong at the first wrong hash
 * @throws NotCheckable when an artefact cannot be read
 */
export class LogWalk {
  readonly counts: WalkCounts = { entries: 0, bytes: 0, bundles: 0, tiles: 0 };
  private readonly builder = new TileBuilder();
  /** Root at the size of the checkpoint that the auditor kept. */
  private rootAtKept: Hash | undefined;

  constructor(
    private readonly log: OpenedLog,
    private readonly options: WalkOptions = {},
  ) {}

  async *stretches(): AsyncGenerator<Stretch> {
    const { source, checkpoint } = this.log;
    const size = this.options.size ?? checkpoint.size;
    const bundles = upTo(bundlesOfGrowth(0, checkpoint.size), size);
    for await (const read of ahead(bundles, source.readsMax, (address) => this.fetch(address))) {
      const entries = await this.checkBundle(read);
      const first = read.address.index * TILE_WIDTH + 1;
      const wanted = entries.slice(0, size - first + 1);
      await this.append(wanted, read);
      yield { first, entries: wanted };
    }
    if (size === checkpoint.size) await this.checkEnd();
    else await this.checkPrefix(size);
    this.checkKept();
  }

  /** Root over the entries walked so far. */
  root(): Hash {
    return this.builder.root();
  }

  private async fetch(address: BundleAddress): Promise<Fetched> {
    const { source } = this.log;
    const [bundle, tile] = await Promise.all([readBundle(source, address), readTile(source, { ...address, level: 0 })]);
    return { address, ...bundle, tile };
  }

  /** Checks that every leaf hash of the bundle is the hash in its tile. */
  private async checkBundle(read: Fetched): Promise<Uint8Array[]> {
    const { address, bytes, tile, isWhole } = read;
    let entries: Uint8Array[];
    try {
      entries = decodeBundle(bytes, isWhole ? TILE_WIDTH : address.width).slice(0, address.width);
    } catch (error) {
      if (error instanceof LogError) throw blameBundle(read, error.message);
      throw error;
    }
    for (const [at, entry] of entries.entries()) {
      const computed = leafHash(entry);
      const published = hashAt(tile.bytes, at);
      if (!hashesEqual(computed, published)) throw await blameLeaf(this.log, read, { at, entry, computed, published });
    }
    this.counts.bundles += 1;
    this.counts.tiles += 1;
    return entries;
  }

  private async append(entries: readonly Uint8Array[], read: Fetched): Promise<void> {
    const { onArtefact, rootsAt } = this.options;
    for (const [at, entry] of entries.entries()) {
      this.builder.append(hashAt(read.tile.bytes, at));
      this.counts.bytes += entry.length;
      if (this.builder.size === this.log.kept?.size) this.rootAtKept = this.builder.root();
      if (rootsAt?.sizes.has(this.builder.size)) rootsAt.seen(this.builder.root(), this.builder.size);
    }
    this.counts.entries += entries.length;
    const { address } = read;
    await onArtefact?.(formatTilePath(address), onlyFirst(read, entries));
    await onArtefact?.(formatTilePath({ ...address, level: 0 }), read.tile.bytes);
    for (const tile of this.builder.takeFullTiles()) if (tile.address.level > 0) await this.checkTile(tile);
  }

  private async checkTile({ address, bytes: built }: HashTile): Promise<void> {
    const { path, bytes } = await readTile(this.log.source, address);
    for (let at = 0; at < address.width; at += 1) {
      const expected = hashAt(built, at);
      if (!hashesEqual(expected, hashAt(bytes, at)))
        throw await blameNode(this.log, { address, path }, { at, computed: expected, published: hashAt(bytes, at) });
    }
    this.counts.tiles += 1;
    await this.options.onArtefact?.(path, bytes);
  }

  private async checkEnd(): Promise<void> {
    for (const tile of this.builder.partialTiles()) if (tile.address.level > 0) await this.checkTile(tile);
    const { size, root } = this.log.checkpoint;
    if (hashesEqual(this.builder.root(), root)) return;
    throw new ProvenWrong({
      check: 'root',
      artefact: 'checkpoint',
      message: `Entries and tiles fit together, but their root is not the one that was signed for size ${size}.`,
      expected: encodeHex(root),
      found: encodeHex(this.builder.root()),
      nextStep: `The log shows another history than it signed. ${ANOTHER_COPY}`,
    });
  }

  /** Only now it is known that the entries are the signed ones. Before, a changed copy would accuse the log of two histories. */
  private checkKept(): void {
    const { kept } = this.log;
    if (kept === undefined || this.rootAtKept === undefined || hashesEqual(kept.root, this.rootAtKept)) return;
    throw twoHistories(kept, this.rootAtKept);
  }

  /** The tiles prove that a history that stops before the checkpoint is its beginning. */
  private async checkPrefix(size: number): Promise<void> {
    if (size === 0) return;
    const { checkpoint, hashes } = this.log;
    const proof = await proveConsistency(size, checkpoint.size, hashes);
    if (verifyConsistency(size, checkpoint.size, this.builder.root(), checkpoint.root, proof)) return;
    throw new ProvenWrong({
      check: 'root',
      artefact: 'checkpoint',
      message: `The first ${size} entries are not the beginning of the history that was signed for size ${checkpoint.size}.`,
      nextStep: 'Run "audit verify" on the whole log: it names the tile or entry that was changed.',
    });
  }
}

interface Fetched extends ReadBundle {
  readonly isWhole: boolean;
}

/** The part of the bundle that the checkpoint covers, where the source has the full bundle only. */
function onlyFirst({ bytes, address, isWhole }: Fetched, entries: readonly Uint8Array[]): Uint8Array {
  if (!isWhole || address.width === TILE_WIDTH) return bytes;
  return bytes.subarray(
    0,
    entries.reduce((sum, entry) => sum + 2 + entry.length, 0),
  );
}

function* upTo(bundles: Iterable<BundleAddress>, size: number): Generator<BundleAddress> {
  for (const address of bundles) {
    if (address.index * TILE_WIDTH >= size) return;
    yield address;
  }
}

/** Reads some items ahead, so that the network or the disk works during the checks. Yields in order. */
async function* ahead<Item, Read>(
  items: Iterable<Item>,
  readsMax: number,
  read: (item: Item) => Promise<Read>,
): AsyncGenerator<Read> {
  const running: Promise<Read>[] = [];
  for (const item of items) {
    const next = read(item);
    // The promise is awaited in its turn. Until then its rejection must not count as unhandled.
    next.catch(() => undefined);
    running.push(next);
    if (running.length < readsMax) continue;
    const [first] = running.splice(0, 1);
    if (first) yield await first;
  }
  for (const next of running) yield await next;
}
