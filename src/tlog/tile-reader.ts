import { malformed } from './log-error.js';
import { CompactRange, HASH_BYTES, type Hash } from './merkle.js';
import type { HashReader, NodeAddress } from './merkle-proof.js';
import { formatTilePath, hashAt, TILE_HEIGHT, TILE_WIDTH, type TileAddress, tileWidth } from './tile.js';

/** Fetches the bytes of a tile. For a partial tile it may return the full one instead (C2SP tlog-tiles, "Partial Tiles"). */
export type TileSource = (tile: TileAddress) => Promise<Uint8Array>;

/**
 * Reads the hashes that a proof in the tree of `size` leaves needs from the tiles of that size. Every tile is fetched
 * once for a call, all in parallel; a proof needs at most two for each of seven levels. The tiles are not authenticated
 * here: check the proof that comes out against a signed root.
 * @throws RangeError for a node that is not in the tree.
 * @throws LogError `malformed` for a tile that is too short.
 */
export function tileReader(size: number, source: TileSource): HashReader {
  return async (nodes) => {
    const wanted = nodes.map((node) => locate(node, size));
    const tiles = new Map<string, TileAddress>(wanted.map(({ tile }) => [formatTilePath(tile), tile]));
    const fetched = new Map(
      await Promise.all([...tiles].map(async ([path, tile]) => [path, await fetchTile(tile, path, source)] as const)),
    );
    return wanted.map(({ tile, first, count }) => {
      const bytes = fetched.get(formatTilePath(tile));
      if (bytes === undefined) throw new Error('A tile that was asked for was not fetched.');
      return foldHashes(bytes, first, count);
    });
  };
}

/** Location of a node: the root over `count` (a power of two) hashes of a tile, from hash number `first`. */
interface Location {
  readonly tile: TileAddress;
  readonly first: number;
  readonly count: number;
}

function locate(node: NodeAddress, size: number): Location {
  const level = Math.floor(node.level / TILE_HEIGHT);
  const count = 2 ** (node.level % TILE_HEIGHT);
  const index = Math.floor((node.index * count) / TILE_WIDTH);
  const first = (node.index * count) % TILE_WIDTH;
  const width = tileWidth(level, index, size);
  if (first + count > width) {
    throw new RangeError(`Node ${node.index} of level ${node.level} is not in a tree of ${size} leaves.`);
  }
  return { tile: { level, index, width }, first, count };
}

async function fetchTile(tile: TileAddress, path: string, source: TileSource): Promise<Uint8Array> {
  const bytes = await source(tile);
  if (bytes.length < tile.width * HASH_BYTES || bytes.length % HASH_BYTES !== 0) {
    throw malformed('hash tile', `${path} has ${bytes.length} bytes, not ${tile.width * HASH_BYTES}`);
  }
  return bytes;
}

function foldHashes(bytes: Uint8Array, first: number, count: number): Hash {
  const range = new CompactRange();
  for (let at = first; at < first + count; at += 1) range.append(hashAt(bytes, at));
  return range.root();
}
