import { formatTilePath, type TileAddress } from '../../src/tlog/tile.js';

/** All hash tiles of a log of `size` leaves, level by level (C2SP tlog-tiles, "Merkle Tree"). */
export function tilesOf(size: number): TileAddress[] {
  const tiles: TileAddress[] = [];
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / 256)) {
    for (let index = 0; index * 256 < hashes; index += 1) {
      tiles.push({ level, index, width: Math.min(256, hashes - index * 256) });
    }
  }
  return tiles;
}

export const tilePathsOf = (size: number): string[] => tilesOf(size).map(formatTilePath);
