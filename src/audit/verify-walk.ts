import { ANOTHER_COPY, ProvenWrong, type Finding } from './audit-finding.js';
import { readBundle, readTile, twoHistories, type OpenedLog } from './audit-log.js';
import { decodeBundle } from './entry-bundle.js';
import { LogError } from './log-error.js';
import { hashesEqual, leafHash, type Hash } from './merkle.js';
import { proveConsistency, proveInclusion, proveSubtree } from './merkle-proof.js';
import { inclusionRoot, verifyConsistency, verifySubtreeConsistency } from './merkle-verify.js';
import { encodeHex } from './strict-text.js';
import { TileBuilder } from './tile-builder.js';
import { bundlesOfGrowth, formatTilePath, hashAt, TILE_WIDTH, type BundleAddress, type HashTile } from './tile.js';

/** Entries in a row, their hashes checked. */
export interface Stretch {
  /** Position of the first. */
  readonly first: number;
  /** Views into the bundle that was read: keep one and you keep the bundle. */
  readonly entries: readonly Uint8Array[];
}

export interface WalkOptions {
  /** Stop after so many entries; by default all that the checkpoint covers. */
  readonly size?: number;
  /** Gets every artefact once it is checked, in the order in which a log grows. */
  readonly onArtefact?: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Roots that shorter histories are known by, looked at on the way. */
  readonly rootsAt?: { readonly sizes: ReadonlySet<number>; readonly seen: (root: Hash, size: number) => void };
}

/** Compares the history with the checkpoint that the auditor kept, when the walk comes to its size. */
export function keptOptions({ kept }: OpenedLog): Pick<WalkOptions, 'rootsAt'> {
  if (kept === undefined) return {};
  const seen = (root: Hash): void => {
    if (!hashesEqual(kept.root, root)) throw twoHistories(kept, root);
  };
  return { rootsAt: { sizes: new Set([kept.size]), seen } };
}

/** What was looked at on a walk. */
export interface WalkCounts {
  entries: number;
  bytes: number;
  bundles: number;
  tiles: number;
}

/**
 * Reads the entries of a log from the first on, and checks on the way every leaf hash, every tile and, at the end, the
 * root. Memory is a few bundles and one open tile a level, however long the log is.
 * @throws ProvenWrong at the first hash that does not hold
 * @throws NotCheckable when something cannot be read
 */
export class LogWalk {
  readonly counts: WalkCounts = { entries: 0, bytes: 0, bundles: 0, tiles: 0 };
  private readonly builder = new TileBuilder();

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

  /** Every leaf hash of the bundle is the one in its tile. */
  private async checkBundle(read: Fetched): Promise<Uint8Array[]> {
    const { address, bytes, tile, isWhole } = read;
    let entries: Uint8Array[];
    try {
      entries = decodeBundle(bytes, isWhole ? TILE_WIDTH : address.width).slice(0, address.width);
    } catch (error) {
      if (error instanceof LogError) throw new ProvenWrong(damagedBundle(read, error.message));
      throw error;
    }
    for (const [at, entry] of entries.entries()) {
      const computed = leafHash(entry);
      const published = hashAt(tile.bytes, at);
      if (!hashesEqual(computed, published)) throw await this.blameLeaf(read, at, entry, computed, published);
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
        throw await this.blameNode({ address, bytes: built }, at, path, bytes);
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

  /** A history that stops before the checkpoint is proven to be its beginning by the tiles. */
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

  /** Which of the two was changed? The one that does not lead to the signed root. */
  private async blameLeaf(
    { path, tile, address }: Fetched,
    at: number,
    entry: Uint8Array,
    computed: Hash,
    published: Hash,
  ): Promise<ProvenWrong> {
    const { size, root } = this.log.checkpoint;
    const index = address.index * TILE_WIDTH + at;
    const proof = await this.tryProof(() => proveInclusion(index, size, this.log.hashes));
    const leadsToRoot = (leaf: Hash): boolean => {
      const found = proof && inclusionRoot(index, size, leaf, proof);
      return found !== undefined && hashesEqual(found, root);
    };
    const isTile = leadsToRoot(computed);
    const what = isTile
      ? `Hash ${at} of the tile is not that of the entry, which is the one that was signed: the tile was changed.`
      : leadsToRoot(published)
        ? 'The entry is not the one that was signed: it was changed.'
        : 'The entry and its hash in the tile differ, and neither leads to the signed root: more than one of them was changed.';
    return new ProvenWrong({
      check: isTile ? 'tiles' : 'entries',
      artefact: isTile ? tile.path : path,
      position: index + 1,
      ...labelOf(entry),
      message: what,
      expected: encodeHex(isTile ? computed : published),
      found: encodeHex(isTile ? published : computed),
      nextStep: ANOTHER_COPY,
    });
  }

  private async blameNode(
    { address, bytes: built }: HashTile,
    at: number,
    path: string,
    bytes: Uint8Array,
  ): Promise<ProvenWrong> {
    const { size, root } = this.log.checkpoint;
    const span = TILE_WIDTH ** address.level;
    const start = (address.index * TILE_WIDTH + at) * span;
    const computed = hashAt(built, at);
    const proof = await this.tryProof(() => proveSubtree(start, start + span, size, this.log.hashes));
    const published = hashAt(bytes, at);
    const leadsToRoot = (node: Hash): boolean =>
      proof !== undefined && verifySubtreeConsistency(start, start + span, size, proof, node, root);
    const isTile = leadsToRoot(computed);
    const covers = `the entries at positions ${start + 1} to ${start + span}`;
    const what = isTile
      ? 'Those are the ones that were signed: the tile was changed.'
      : leadsToRoot(published)
        ? 'The tile is what was signed: some of the entries were changed, and their own tiles with them.'
        : 'Neither leads to the signed root.';
    return new ProvenWrong({
      check: isTile ? 'tiles' : 'entries',
      artefact: path,
      position: start + 1,
      message: `Hash ${at} of the tile is not that over ${covers}. ${what}`,
      expected: encodeHex(isTile ? computed : published),
      found: encodeHex(isTile ? published : computed),
      nextStep: ANOTHER_COPY,
    });
  }

  /** With a second tile damaged there is no proof; then it stays open which of the two was changed. */
  private async tryProof(make: () => Promise<Hash[]>): Promise<Hash[] | undefined> {
    try {
      return await make();
    } catch (error) {
      if (error instanceof ProvenWrong || error instanceof LogError) return undefined;
      throw error;
    }
  }
}

interface Fetched {
  readonly address: BundleAddress;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
  readonly tile: { readonly path: string; readonly bytes: Uint8Array };
}

/** The bundle as it has to be for the size of the checkpoint, where the source only has the full one. */
function onlyFirst({ bytes, address, isWhole }: Fetched, entries: readonly Uint8Array[]): Uint8Array {
  if (!isWhole || address.width === TILE_WIDTH) return bytes;
  return bytes.subarray(
    0,
    entries.reduce((sum, entry) => sum + 2 + entry.length, 0),
  );
}

/** A length in the bundle was changed: the first entry that is not the one in the tile says where. */
function damagedBundle({ address, path, bytes, tile }: Fetched, why: string): Finding {
  let start = 0;
  for (let at = 0; at < address.width; at += 1) {
    const end = start + 2 + (bytes[start] ?? 0) * 256 + (bytes[start + 1] ?? 0);
    const entry = bytes.subarray(start + 2, end);
    const published = hashAt(tile.bytes, at);
    if (end > bytes.length || !hashesEqual(leafHash(entry), published)) {
      return {
        check: 'entries',
        artefact: path,
        position: address.index * TILE_WIDTH + at + 1,
        message: `The bundle cannot be taken apart from this entry on. ${why}`,
        expected: encodeHex(published),
        found: encodeHex(leafHash(entry)),
        nextStep: ANOTHER_COPY,
      };
    }
    start = end;
  }
  const message = `The bundle has bytes after its last entry. ${why}`;
  return {
    check: 'entries',
    artefact: path,
    position: address.index * TILE_WIDTH + address.width,
    message,
    nextStep: ANOTHER_COPY,
  };
}

/** Stream and type as the bytes have them; they may be what was changed. */
export function labelOf(entry: Uint8Array): { stream?: string; type?: string } {
  const text = Buffer.from(entry).toString('utf8');
  const stream = /"stream":"([^"]{1,200})"/.exec(text)?.[1];
  const type = /,"type":"([^"]{1,100})","v":/.exec(text)?.[1];
  return { ...(stream !== undefined && { stream }), ...(type !== undefined && { type }) };
}

function* upTo(bundles: Iterable<BundleAddress>, size: number): Generator<BundleAddress> {
  for (const address of bundles) {
    if (address.index * TILE_WIDTH >= size) return;
    yield address;
  }
}

/** Reads some items ahead, so that a network or a disk works while what came before is checked. In order. */
async function* ahead<Item, Read>(
  items: Iterable<Item>,
  readsMax: number,
  read: (item: Item) => Promise<Read>,
): AsyncGenerator<Read> {
  const running: Promise<Read>[] = [];
  for (const item of items) {
    const next = read(item);
    // It is awaited in its turn; until then its failure is nobody's.
    next.catch(() => undefined);
    running.push(next);
    if (running.length < readsMax) continue;
    const [first] = running.splice(0, 1);
    if (first) yield await first;
  }
  for (const next of running) yield await next;
}
