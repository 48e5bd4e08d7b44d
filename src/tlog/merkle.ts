import { hash } from 'node:crypto';

/** SHA-256, 32 bytes. Never changed after it is made. */
export type Hash = Uint8Array;
export const HASH_BYTES = 32;

/**
 * One SHA-256 over contiguous bytes. The digest goes through a one-byte string on purpose: `node:crypto` allocates memory
 * outside the heap for every digest that it returns as a buffer, which measured three times slower.
 */
const sha256 = (bytes: Uint8Array): Hash => Buffer.from(hash('sha256', bytes, 'binary'), 'binary');

/** Root of the tree without leaves: SHA-256 of nothing (RFC 9162 section 2.1.1). */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0));

/** Longest entry that an entry bundle can carry: its length is a uint16 (C2SP tlog-tiles, "Log entries"). Bytes. */
export const ENTRY_BYTES_MAX = 65_535;

// Hashing is synchronous, so that one scratch buffer of each kind serves every call; only the digest leaves the function.
const leafInput = Buffer.alloc(1 + ENTRY_BYTES_MAX);
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES);
leafInput[0] = 0x00;
nodeInput[0] = 0x01;

/**
 * Leaf hash of the raw bytes of an entry: SHA-256(0x00 || entry), RFC 9162 section 2.1.1.
 * @throws RangeError if the entry is longer than `ENTRY_BYTES_MAX`.
 */
export function leafHash(entry: Uint8Array): Hash {
  if (entry.length > ENTRY_BYTES_MAX) {
    throw new RangeError(`An entry of ${entry.length} bytes does not fit into a log of at most ${ENTRY_BYTES_MAX}.`);
  }
  leafInput.set(entry, 1);
  return sha256(leafInput.subarray(0, 1 + entry.length));
}

/** Hash of an inner node: SHA-256(0x01 || left || right), RFC 9162 section 2.1.1. Both children are 32 bytes. */
export function nodeHash(left: Hash, right: Hash): Hash {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return sha256(nodeInput);
}

/** SHA-256 of the origin line, hex: the name under which a witness shows a log's checkpoint (C2SP tlog-witness). */
export const originHash = (origin: string): string => hash('sha256', Buffer.from(origin, 'utf8'), 'hex');

export const hashesEqual = (left: Hash, right: Hash): boolean => Buffer.compare(left, right) === 0;

export const areHashes = (hashes: readonly Hash[]): boolean => hashes.every((hash) => hash.length === HASH_BYTES);

/** True for a number of leaves or the index of one: a whole number that a double holds exactly. */
export const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/**
 * True if `[start, end)` is a subtree in the sense of draft-ietf-plants-merkle-tree-certs: `start` is a multiple of the
 * smallest power of two that is not below the length. The empty range is one.
 */
export function isSubtree(start: number, end: number): boolean {
  if (!isSize(start) || !isSize(end) || start > end) return false;
  let width = 1;
  while (width < end - start) width *= 2;
  return start % width === 0;
}

/** Largest power of two that is smaller than `count` (> 1): where RFC 9162 splits a tree. */
export function splitPoint(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/**
 * Merkle tree hash by its recursive definition (RFC 9162 section 2.1.1), from leaf hashes held in memory. For small
 * trees and for checking the incremental form; a log uses `CompactRange` or `TileBuilder`.
 */
export function rootOf(leaves: readonly Hash[]): Hash {
  const [only] = leaves;
  if (only === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return only;
  const split = splitPoint(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

/** Root of adjacent complete subtrees, largest and leftmost first; the right edge of a tree is such a list. */
export function foldEdge(edge: readonly Hash[]): Hash {
  let root: Hash | undefined;
  for (let at = edge.length - 1; at >= 0; at -= 1) {
    const left = edge[at];
    if (left !== undefined) root = root === undefined ? left : nodeHash(left, root);
  }
  return root ?? EMPTY_ROOT;
}

/**
 * A growing tree of which only the right edge is kept: the roots of its complete subtrees, one for every bit set in the
 * size. Memory is O(log n), an append costs one node hash on average. Mutable, because it sits in the innermost loop.
 */
export class CompactRange {
  #size = 0;
  readonly #edge: Hash[] = [];

  /**
   * Continues from a stored right edge.
   * @throws RangeError if the edge has not exactly one hash for each bit set in `size`.
   */
  static resume(size: number, edge: readonly Hash[]): CompactRange {
    let bits = 0;
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
    if (edge.length !== bits || edge.some((node) => node.length !== HASH_BYTES)) {
      throw new RangeError(`The right edge of a tree of ${size} leaves has ${bits} hashes of ${HASH_BYTES} bytes.`);
    }
    const range = new CompactRange();
    range.#size = size;
    range.#edge.push(...edge);
    return range;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Roots of the complete subtrees, largest first. */
  get edge(): readonly Hash[] {
    return this.#edge;
  }

  /** Adds the next leaf by its hash. */
  append(leaf: Hash): void {
    let node = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#edge.pop();
      if (left === undefined) throw new Error('The right edge is shorter than the size demands.');
      node = nodeHash(left, node);
    }
    this.#edge.push(node);
    this.#size += 1;
  }

  /** Root of the tree as it is now; O(log n) hashes, nothing changes. */
  root(): Hash {
    return foldEdge(this.#edge);
  }
}
