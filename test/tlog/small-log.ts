import { formatTilePath, type HashTile, type TileAddress } from '../../src/tlog/tile.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import type { TileSource } from '../../src/tlog/tile-reader.js';
import { type Hash, leafHash, rootOf } from '../../src/tlog/merkle.js';
import type { HashReader } from '../../src/tlog/merkle-proof.js';

/** Entries with different contents and lengths. */
export const entriesOf = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`entry ${index}`.padEnd(index % 50, '.')));

/** Reads hashes by the definition, from leaf hashes in memory. */
export const definitionReader =
  (leaves: readonly Hash[]): HashReader =>
  (nodes) =>
    Promise.resolve(
      nodes.map(({ level, index }) => {
        const part = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
        if (part.length !== 2 ** level) throw new Error(`Node ${index} of level ${level} is not complete.`);
        return rootOf(part);
      }),
    );

/** A log in memory. Its tiles are stored by path, as on a server. */
export class SmallLog {
  readonly tiles = new Map<string, Uint8Array>();
  readonly builder = new TileBuilder();

  append(entries: readonly Uint8Array[]): this {
    for (const entry of entries) this.builder.append(leafHash(entry));
    this.store(this.builder.takeFullTiles());
    this.store(this.builder.partialTiles());
    return this;
  }

  store(tiles: Iterable<HashTile>): void {
    for (const { address, bytes } of tiles) {
      const path = formatTilePath(address);
      if (this.tiles.has(path)) expect(Buffer.from(bytes).equals(this.tiles.get(path) ?? Buffer.alloc(0))).toBe(true);
      this.tiles.set(path, bytes);
    }
  }

  readonly source: TileSource = (tile: TileAddress) => {
    const bytes = this.tiles.get(formatTilePath(tile));
    return bytes === undefined
      ? Promise.reject(new Error(`${formatTilePath(tile)} is not stored.`))
      : Promise.resolve(bytes);
  };
}

/** A copy with one bit changed. */
export function flipBit(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = Math.floor(bit / 8) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8));
  return copy;
}
