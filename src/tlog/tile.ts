import { malformed } from './log-error.js';
import { HASH_BYTES, type Hash, isSize } from './merkle.js';
import { decodeDecimal } from './strict-text.js';

/** Levels of the tree that one tile covers (C2SP tlog-tiles, "Merkle Tree"). */
export const TILE_HEIGHT = 8;
/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/**
 * A hash tile: hash number i is the root over the leaves `[(index * 256 + i) * 256^level, (index * 256 + i + 1) *
 * 256^level)`. Only full tiles, width 256, feed the level above.
 */
export interface TileAddress {
  readonly level: number;
  /** Number of the tile within its level, from 0. */
  readonly index: number;
  /** Number of hashes, 1 to 256; less than 256 is a partial tile. */
  readonly width: number;
}

/** A bundle of the raw entries whose hashes are in the tile of the same index and width at level 0. */
export interface BundleAddress {
  readonly level: 'entries';
  readonly index: number;
  readonly width: number;
}

export interface HashTile {
  readonly address: TileAddress;
  /** `width` hashes of 32 bytes, one after the other. */
  readonly bytes: Uint8Array;
}

/**
 * Path of a tile or bundle below the prefix of the log: `tile/0/x001/x234/067`, `tile/entries/000.p/5` (C2SP tlog-tiles,
 * "Merkle Tree" and "Log entries").
 */
export function formatTilePath({ level, index, width }: TileAddress | BundleAddress): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  }
  return `tile/${level}/${groups.join('/')}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/**
 * Reads a path in the one spelling that `formatTilePath` writes: two names of one immutable resource would be two cache
 * entries.
 * @throws LogError `malformed`.
 */
export function parseTilePath(path: string): TileAddress | BundleAddress {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  const [, levelText = '', groups = '', widthText] = match ?? [];
  const index = Number(groups.replaceAll(/[x/]/g, ''));
  const width = widthText === undefined ? TILE_WIDTH : decodeDecimal(widthText);
  const level = levelText === 'entries' ? levelText : decodeDecimal(levelText);
  if (match === null || width === undefined || level === undefined || !isSize(index)) {
    throw malformed('tile path', path);
  }
  if (level !== 'entries' && level > 63) throw malformed('tile path', `level ${level} is above 63`);
  if (width < 1 || (widthText !== undefined && width >= TILE_WIDTH)) {
    throw malformed('tile path', `a partial tile has 1 to ${TILE_WIDTH - 1} hashes, not ${width}`);
  }
  const address = { level, index, width } as TileAddress | BundleAddress;
  if (formatTilePath(address) !== path) throw malformed('tile path', `${path} has zeros that are not needed`);
  return address;
}

/**
 * Number of hashes (entries) that tile `index` of `level` has in a log of `size` leaves: 256 if it is full, 0 if it does
 * not exist.
 */
export function tileWidth(level: number | 'entries', index: number, size: number): number {
  const nodes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level));
  return Math.min(Math.max(nodes - index * TILE_WIDTH, 0), TILE_WIDTH);
}

/** Entry bundles of the log of `size` leaves that the log of `oldSize` leaves does not have. */
export function* bundlesOfGrowth(oldSize: number, size: number): Generator<BundleAddress> {
  for (let index = Math.floor(oldSize / TILE_WIDTH); index * TILE_WIDTH < size; index += 1) {
    const width = tileWidth('entries', index, size);
    if (width > tileWidth('entries', index, oldSize)) yield { level: 'entries', index, width };
  }
}

/** The partial tiles of the log of `size` leaves, one at most for each level, lowest first: what a writer resumes from. */
export function partialTilesOf(size: number): TileAddress[] {
  const tiles: TileAddress[] = [];
  for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level += 1) {
    const nodes = Math.floor(size / TILE_WIDTH ** level);
    const width = nodes % TILE_WIDTH;
    if (width > 0) tiles.push({ level, index: Math.floor(nodes / TILE_WIDTH), width });
  }
  return tiles;
}

/** Hash number `at` of a tile, as a view into its bytes. */
export const hashAt = (bytes: Uint8Array, at: number): Hash => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
