import { CompactRange, foldEdge, type Hash, isSubtree, splitPoint } from './merkle.js';

/** A complete subtree: the root over the leaves `[index * 2^level, (index + 1) * 2^level)`. Level 0 is the leaves. */
export interface NodeAddress {
  readonly level: number;
  readonly index: number;
}

/** Fetches hashes of complete subtrees, in the order of the request. All hashes of one proof are requested in one call. */
export type HashReader = (nodes: readonly NodeAddress[]) => Promise<readonly Hash[]>;

/** Half-open range of leaves. */
interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Inclusion proof of leaf `index` in the tree of `size` leaves, from the leaf's sibling upwards (RFC 9162 section
 * 2.1.3.1).
 * @throws RangeError if the leaf is not in the tree.
 */
export function proveInclusion(index: number, size: number, read: HashReader): Promise<Hash[]> {
  return proveSubtree(index, index + 1, size, read);
}

/**
 * Consistency proof between the trees of `oldSize` and `size` leaves (RFC 9162 section 2.1.4.1). Empty for equal sizes,
 * and from size 0, where there is nothing to prove and tlog-witness demands an empty one.
 * @throws RangeError if the sizes are not in order.
 */
export function proveConsistency(oldSize: number, size: number, read: HashReader): Promise<Hash[]> {
  if (oldSize === 0) return Promise.resolve([]);
  return proveSubtree(0, oldSize, size, read);
}

/**
 * Proof that the subtree over leaves `[start, end)` belongs to the tree of `size` leaves, by the recursive definition of
 * draft-ietf-plants-merkle-tree-certs, "Subtree Consistency Proofs". Inclusion (`end = start + 1`) and consistency
 * (`start = 0`) are its two special cases, so one definition makes all proofs.
 * @throws RangeError if `[start, end)` is empty, no subtree, or not in the tree.
 */
export async function proveSubtree(start: number, end: number, size: number, read: HashReader): Promise<Hash[]> {
  if (!isSubtree(start, end) || start === end || end > size) {
    throw new RangeError(`[${start}, ${end}) is not a subtree of a tree of ${size} leaves.`);
  }
  const parts = proofRanges({ start, end }, { start: 0, end: size }, true).map(completeSubtrees);
  const hashes = await read(parts.flat());
  let next = 0;
  return parts.map((part) => foldEdge(hashes.slice(next, (next += part.length))));
}

/** Root of the tree of `size` leaves from the hashes of its complete subtrees. */
export async function readRoot(size: number, read: HashReader): Promise<Hash> {
  return foldEdge(await read(completeSubtrees({ start: 0, end: size })));
}

/** The tree of `size` leaves as its right edge, so that further leaves can be added to it. */
export async function readTree(size: number, read: HashReader): Promise<CompactRange> {
  return CompactRange.resume(size, await read(completeSubtrees({ start: 0, end: size })));
}

/** The ranges whose roots make up the proof, lowest first. `known`: the verifier already has the root of `wanted`. */
function proofRanges(wanted: LeafRange, tree: LeafRange, known: boolean): LeafRange[] {
  if (wanted.start === tree.start && wanted.end === tree.end) return known ? [] : [tree];
  const middle = tree.start + splitPoint(tree.end - tree.start);
  const left = { start: tree.start, end: middle };
  const right = { start: middle, end: tree.end };
  if (wanted.end <= middle) return [...proofRanges(wanted, left, known), right];
  if (wanted.start >= middle) return [...proofRanges(wanted, right, known), left];
  return [...proofRanges({ start: middle, end: wanted.end }, right, false), left];
}

/** Cuts a range whose start is aligned to its length into complete subtrees, largest first. */
function completeSubtrees({ start, end }: LeafRange): NodeAddress[] {
  const nodes: NodeAddress[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      level += 1;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}
