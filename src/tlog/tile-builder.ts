import { malformed } from './log-error.js';
import { CompactRange, foldEdge, HASH_BYTES, type Hash } from './merkle.js';
import { formatTilePath, type HashTile, hashAt, partialTilesOf, TILE_WIDTH } from './tile.js';

/** The last tile of one level, not yet full. */
interface OpenTile {
  index: number;
  bytes: Buffer;
  /** Right edge within the tile, with the tile's hashes as leaves: the tile's root needs no second hashing. */
  range: CompactRange;
}

/**
 * Builds the tiles of a log leaf by leaf, in memory that does not grow with the log (one open tile a level) and with one
 * node hash a leaf on average. The same class makes a log and checks one: a verifier feeds it the leaf hashes that it
 * computed and compares tiles and root with the published ones.
 *
 * Mutable. A writer whose transaction failed drops it and resumes from the stored tiles.
 */
export class TileBuilder {
  #size = 0;
  #full: HashTile[] = [];
  readonly #levels: OpenTile[] = [];

  /**
   * Continues a log of `size` leaves. Compare `root()` with the last signed checkpoint before going on: that is what
   * finds a changed bit in the stored tiles.
   * @param tiles the tiles at the addresses of `partialTilesOf(size)`; other tiles are ignored.
   * @throws LogError `malformed` if one is missing or has the wrong length.
   */
  static resume(size: number, tiles: Iterable<HashTile>): TileBuilder {
    const stored = new Map([...tiles].map(({ address, bytes }) => [formatTilePath(address), bytes]));
    const builder = new TileBuilder();
    builder.#size = size;
    for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level += 1) {
      builder.#levels.push(openTile(Math.floor(size / TILE_WIDTH ** (level + 1))));
    }
    for (const address of partialTilesOf(size)) {
      const path = formatTilePath(address);
      const bytes = stored.get(path);
      if (bytes?.length !== address.width * HASH_BYTES) {
        throw malformed('hash tile', `${path} has ${bytes?.length ?? 0} bytes, not ${address.width * HASH_BYTES}`);
      }
      const tile = builder.#levels[address.level];
      if (tile === undefined) throw new Error(`There is no level ${address.level} in a log of ${size} leaves.`);
      tile.bytes.set(bytes);
      for (let at = 0; at < address.width; at += 1) tile.range.append(hashAt(tile.bytes, at));
    }
    return builder;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Adds the next leaf by its hash. */
  append(leaf: Hash): void {
    let node: Hash | undefined = leaf;
    for (let level = 0; node !== undefined; level += 1) node = this.#appendTo(level, node);
    this.#size += 1;
  }

  /** The tiles that became full since the last call, in that order. Call it often: they stay in memory until then. */
  takeFullTiles(): HashTile[] {
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** Copies of the partial tiles at the present size, lowest level first: store them when a checkpoint is made. */
  partialTiles(): HashTile[] {
    return this.#levels.flatMap(({ index, bytes, range }, level) =>
      range.size === 0
        ? []
        : [
            {
              address: { level, index, width: range.size },
              bytes: Buffer.from(bytes.subarray(0, range.size * HASH_BYTES)),
            },
          ],
    );
  }

  /** Root of the tree at the present size; at most some fifty hashes. */
  root(): Hash {
    return foldEdge(this.#levels.toReversed().flatMap(({ range }) => range.edge));
  }

  /** Adds a hash to the open tile of a level; returns the tile's root once it is full. */
  #appendTo(level: number, node: Hash): Hash | undefined {
    const tile = (this.#levels[level] ??= openTile(0));
    tile.bytes.set(node, tile.range.size * HASH_BYTES);
    tile.range.append(node);
    if (tile.range.size < TILE_WIDTH) return undefined;
    this.#full.push({ address: { level, index: tile.index, width: TILE_WIDTH }, bytes: tile.bytes });
    this.#levels[level] = openTile(tile.index + 1);
    return tile.range.root();
  }
}

const openTile = (index: number): OpenTile => ({
  index,
  bytes: Buffer.alloc(TILE_WIDTH * HASH_BYTES),
  range: new CompactRange(),
});
