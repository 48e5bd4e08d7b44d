import { areHashes, EMPTY_ROOT, type Hash, hashesEqual, isSize, isSubtree, nodeHash } from './merkle.js';

// The iterative algorithms of the RFC. They share nothing with the recursive definitions that make proofs: a mistake on one
// side then shows as a disagreement. Sizes are doubles beyond 2^31, so that bits are taken by division and never by `>>`.

const half = (n: number): number => Math.floor(n / 2);
const odd = (n: number): boolean => n % 2 === 1;

/**
 * The root that an inclusion proof leads to, by RFC 9162 section 2.1.3.2; undefined if the proof has the wrong length or
 * shape for `index` and `size`. For a report that shows the expected and the found hash.
 */
export function inclusionRoot(index: number, size: number, leaf: Hash, proof: readonly Hash[]): Hash | undefined {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leaf, ...proof])) return undefined;
  let fn = index;
  let sn = size - 1;
  let root = leaf;
  for (const sibling of proof) {
    if (sn === 0) return undefined;
    if (odd(fn) || fn === sn) {
      root = nodeHash(sibling, root);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      root = nodeHash(root, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 ? root : undefined;
}

/** True if the proof shows that the leaf with hash `leaf` is number `index` (from 0) in the tree of `size` and `root`. */
export function verifyInclusion(index: number, size: number, leaf: Hash, proof: readonly Hash[], root: Hash): boolean {
  const found = inclusionRoot(index, size, leaf, proof);
  return found !== undefined && hashesEqual(found, root);
}

/**
 * True if the proof shows that the tree of `oldSize` leaves is a prefix of the tree of `size` leaves (RFC 9162 section
 * 2.1.4.2). Never true for an `oldSize` of 0: the empty tree is a prefix of every tree and a proof of it has no meaning.
 */
export function verifyConsistency(
  oldSize: number,
  size: number,
  oldRoot: Hash,
  root: Hash,
  proof: readonly Hash[],
): boolean {
  if (oldSize === size) return isSize(size) && size > 0 && proof.length === 0 && hashesEqual(oldRoot, root);
  const found = prefixRoot(oldSize, size, oldRoot, root, proof);
  return found !== undefined && hashesEqual(found, oldRoot);
}

/**
 * The root that the first `oldSize` leaves have in the tree of `size` leaves, by a consistency proof that leads to the root of that
 * tree. Nobody can make a proof that leads to that root and to another prefix. If the prefix is not the tree that was seen before, the
 * two trees are a fork.
 * @param oldRoot what is believed; where the old size is a power of two, the proof says nothing about another root
 * @returns undefined if the proof does not lead to the root of the larger tree
 */
export function prefixRoot(
  oldSize: number,
  size: number,
  oldRoot: Hash,
  root: Hash,
  proof: readonly Hash[],
): Hash | undefined {
  if (!isSize(oldSize) || !isSize(size) || oldSize === 0 || oldSize >= size) return undefined;

  let fn = oldSize - 1;
  let sn = size - 1;
  while (odd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  // An old size that is a power of two is a node of the new tree, and the proof leaves out the root that the verifier has.
  const path = fn === 0 ? [oldRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined || !areHashes(path)) return undefined;
  let oldFound = first;
  let found = first;
  for (const sibling of rest) {
    if (sn === 0) return undefined;
    if (odd(fn) || fn === sn) {
      oldFound = nodeHash(sibling, oldFound);
      found = nodeHash(sibling, found);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      found = nodeHash(found, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && hashesEqual(found, root) ? oldFound : undefined;
}

/**
 * True if leaf `index` of the log is in the subtree `[start, end)` with this root. It stands here for the 204 published vectors of
 * such proofs, which test `verifyInclusion` as well.
 */
export function verifySubtreeInclusion(
  index: number,
  start: number,
  end: number,
  leaf: Hash,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (!isSize(index) || !isSubtree(start, end) || index < start || index >= end) return false;
  return verifyInclusion(index - start, end - start, leaf, proof, root);
}

/**
 * True if the subtree `[start, end)` with root `subtreeRoot` belongs to the tree of `size` leaves with root `root`
 * (draft-ietf-plants-merkle-tree-certs, "Verifying a Subtree Consistency Proof"). The empty subtree belongs to every
 * tree, whatever its root.
 */
export function verifySubtreeConsistency(
  start: number,
  end: number,
  size: number,
  proof: readonly Hash[],
  subtreeRoot: Hash,
  root: Hash,
): boolean {
  if (!isSize(size) || !isSubtree(start, end) || end > size) return false;
  if (start === end) return proof.length === 0 && hashesEqual(subtreeRoot, EMPTY_ROOT);

  let [fn, sn, tn] = [start, end - 1, size - 1];
  const shift = (): void => {
    [fn, sn, tn] = [half(fn), half(sn), half(tn)];
  };
  const isRightmost = sn === tn;
  while (fn !== sn && (isRightmost || odd(sn))) shift();
  const path = fn === sn ? [subtreeRoot, ...proof] : proof;
  const [first, ...rest] = path;
  // Hashed values must be hashes. Roots that are only compared may be anything, as in the published vectors.
  if (first === undefined || (rest.length > 0 && !areHashes(path))) return false;
  let subtreeFound = first;
  let found = first;
  for (const sibling of rest) {
    if (tn === 0) return false;
    if (odd(sn) || sn === tn) {
      if (fn < sn) subtreeFound = nodeHash(sibling, subtreeFound);
      found = nodeHash(sibling, found);
      while (!odd(sn)) shift();
    } else {
      found = nodeHash(found, sibling);
    }
    shift();
  }
  return tn === 0 && hashesEqual(subtreeFound, subtreeRoot) && hashesEqual(found, root);
}
