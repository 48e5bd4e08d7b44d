import fc from 'fast-check';
import {
  CompactRange,
  EMPTY_ROOT,
  ENTRY_BYTES_MAX,
  isSubtree,
  leafHash,
  nodeHash,
  originHash,
  rootOf,
} from '../../src/tlog/merkle.js';
import { proveConsistency, proveInclusion, proveSubtree, readRoot } from '../../src/tlog/merkle-proof.js';
import {
  inclusionRoot,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../../src/tlog/merkle-verify.js';
import { definitionReader, entriesOf } from './small-log.js';
import { LOG_ORIGIN, vectorText } from './vectors.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Buffer => Buffer.from(text, 'hex');

const RFC_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((leaf) => leafHash(bytes(leaf)));
const RFC_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('Merkle tree', () => {
  it('has the published roots of RFC 6962 at every size from 0 to 8', () => {
    const range = new CompactRange();
    for (const [size, root] of RFC_ROOTS.entries()) {
      expect(hex(rootOf(RFC_LEAVES.slice(0, size)))).toBe(root);
      expect(hex(range.root())).toBe(root);
      const next = RFC_LEAVES[size];
      if (next !== undefined) range.append(next);
    }
    expect(hex(EMPTY_ROOT)).toBe(RFC_ROOTS[0]);
  });

  it('has the published inclusion proof of leaf 5 in 8 and consistency proof from 6 to 8', async () => {
    const read = definitionReader(RFC_LEAVES);
    expect((await proveInclusion(5, 8, read)).map(hex)).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect((await proveConsistency(6, 8, read)).map(hex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('names a log by the hash of its origin as witnesses do', () => {
    expect(originHash(LOG_ORIGIN)).toBe('6994c64086cc171ca46c749d036fd313bac575a8b2b2a2b9874ef097775714d5');
  });

  it('hashes an entry of 65,535 bytes and refuses a longer one', () => {
    expect(leafHash(new Uint8Array(ENTRY_BYTES_MAX))).toHaveLength(32);
    expect(() => leafHash(new Uint8Array(ENTRY_BYTES_MAX + 1))).toThrow(RangeError);
  });

  it('hashes an entry to the same hash, whatever entries were hashed before', () => {
    const before = hex(leafHash(Buffer.from('short')));
    leafHash(Buffer.alloc(5_000, 0xff));
    nodeHash(EMPTY_ROOT, EMPTY_ROOT);
    expect(hex(leafHash(Buffer.from('short')))).toBe(before);
  });
});

interface MerkleCase {
  leafIdx: number;
  treeSize: number;
  start: number;
  end: number;
  size: number;
  size1: number;
  size2: number;
  root: string;
  root1: string;
  root2: string;
  leafHash: string;
  proof: string[] | null;
  wantErr: boolean;
}

describe('published proof vectors', () => {
  const cases = Object.entries(JSON.parse(vectorText('merkle.json')) as Record<string, MerkleCase>);
  const base64 = (text: string): Buffer => Buffer.from(text, 'base64');
  const verify: Record<string, (c: MerkleCase, proof: Buffer[]) => boolean> = {
    inclusion: (c, proof) => verifyInclusion(c.leafIdx, c.treeSize, base64(c.leafHash), proof, base64(c.root)),
    consistency: (c, proof) => verifyConsistency(c.size1, c.size2, base64(c.root1), base64(c.root2), proof),
    subtreeinclusion: (c, proof) =>
      verifySubtreeInclusion(c.leafIdx, c.start, c.end, base64(c.leafHash), proof, base64(c.root)),
    subtreeconsistency: (c, proof) =>
      verifySubtreeConsistency(c.start, c.end, c.size, proof, base64(c.root1), base64(c.root2)),
  };

  it.each([
    ['inclusion', 98],
    ['consistency', 98],
    ['subtreeinclusion', 204],
    ['subtreeconsistency', 118],
  ])('lead to the verdict of their authors in every %s case (%i)', (kind, count) => {
    const ofKind = cases.filter(([path]) => path.startsWith(`${kind}/`));
    expect(ofKind).toHaveLength(count);
    const wrong = ofKind.filter(([, c]) => verify[kind]?.(c, (c.proof ?? []).map(base64)) !== !c.wantErr);
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  it('number 518, and a verifier must refuse most of them', () => {
    expect(cases).toHaveLength(518);
    expect(cases.filter(([, { wantErr }]) => wantErr)).toHaveLength(482);
  });
});

describe('Merkle proofs', () => {
  const SIZES_MAX = 300;
  const leaves = entriesOf(SIZES_MAX).map(leafHash);
  const range = new CompactRange();
  const roots = [range.root(), ...leaves.map((leaf) => (range.append(leaf), range.root()))];
  const rootAt = (size: number): Uint8Array => roots[size] ?? EMPTY_ROOT;
  const leafAt = (index: number): Uint8Array => leaves[index] ?? EMPTY_ROOT;
  const read = definitionReader(leaves);

  it('build on a right edge with the root of the recursive definition at every size', () => {
    for (let size = 0; size <= SIZES_MAX; size += 1) {
      expect(hex(rootAt(size))).toBe(hex(rootOf(leaves.slice(0, size))));
    }
  });

  it('are the same when the tree continues from a stored right edge', () => {
    for (const at of [0, 1, 7, 128, 255, SIZES_MAX]) {
      const before = new CompactRange();
      for (const leaf of leaves.slice(0, at)) before.append(leaf);
      const after = CompactRange.resume(before.size, before.edge);
      for (const leaf of leaves.slice(at)) after.append(leaf);
      expect(hex(after.root())).toBe(hex(rootAt(SIZES_MAX)));
    }
    expect(() => CompactRange.resume(3, [EMPTY_ROOT])).toThrow(RangeError);
  });

  it('of inclusion are valid for every leaf of every size up to 64, and for no other leaf or size', async () => {
    for (let size = 1; size <= 64; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = await proveInclusion(index, size, read);
        expect(verifyInclusion(index, size, leafAt(index), proof, rootAt(size))).toBe(true);
        expect(verifyInclusion(index, size, leafAt(index + 1), proof, rootAt(size))).toBe(false);
        expect(verifyInclusion((index + 1) % size, size, leafAt(index), proof, rootAt(size))).toBe(size === 1);
        expect(verifyInclusion(index, size, leafAt(index), proof, rootAt(size + 1))).toBe(false);
      }
    }
  });

  it('of consistency are valid between all pairs of sizes up to 64, and with no other root', async () => {
    for (let size = 1; size <= 64; size += 1) {
      for (let old = 1; old <= size; old += 1) {
        const proof = await proveConsistency(old, size, read);
        expect(verifyConsistency(old, size, rootAt(old), rootAt(size), proof)).toBe(true);
        expect(verifyConsistency(old, size, rootAt(old - 1), rootAt(size), proof)).toBe(false);
        expect(verifyConsistency(old, size, rootAt(old), rootAt(size + 1), proof)).toBe(false);
        expect(verifyConsistency(old, size, rootAt(old), rootAt(size), [...proof, EMPTY_ROOT])).toBe(false);
      }
    }
  });

  it('of any kind are valid for any sizes up to some hundreds', async () => {
    const sizes = fc.integer({ min: 1, max: SIZES_MAX }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        old: fc.integer({ min: 1, max: size }),
        index: fc.integer({ min: 0, max: size - 1 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(sizes, async ({ size, old, index }) => {
        const inclusion = await proveInclusion(index, size, read);
        const consistency = await proveConsistency(old, size, read);
        expect(inclusionRoot(index, size, leafAt(index), inclusion)).toEqual(rootAt(size));
        expect(verifyConsistency(old, size, rootAt(old), rootAt(size), consistency)).toBe(true);
        expect(await readRoot(size, read)).toEqual(rootAt(size));
      }),
      { numRuns: 300 },
    );
  });

  it('of subtrees are valid for every subtree of every size up to 40', async () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let start = 0; start < size; start += 1) {
        for (let end = start + 1; end <= size; end += 1) {
          if (!isSubtree(start, end)) continue;
          const root = rootOf(leaves.slice(start, end));
          const proof = await proveSubtree(start, end, size, read);
          expect(verifySubtreeConsistency(start, end, size, proof, root, rootAt(size))).toBe(true);
          expect(verifySubtreeConsistency(start, end, size, proof, rootAt(99), rootAt(size))).toBe(false);
        }
      }
    }
  });

  it('cannot be made for a leaf or a size outside of the tree', async () => {
    await expect(proveSubtree(3, 5, 8, read)).rejects.toThrow(RangeError);
    await expect(proveInclusion(8, 8, read)).rejects.toThrow(RangeError);
    await expect(proveConsistency(9, 8, read)).rejects.toThrow(RangeError);
    expect(await proveConsistency(0, 8, read)).toEqual([]);
  });

  it('are invalid with any flipped bit of a leaf, a path or a root', async () => {
    const flip = fc.record({
      size: fc.integer({ min: 2, max: SIZES_MAX }),
      pick: fc.nat(),
      bit: fc.integer({ min: 0, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(flip, async ({ size, pick, bit }) => {
        const index = pick % size;
        const old = 1 + (pick % (size - 1));
        const flipped = (hash: Uint8Array): Uint8Array =>
          hash.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        const flipOne = (hashes: Uint8Array[]): Uint8Array[] =>
          hashes.map((hash, at) => (at === pick % hashes.length ? flipped(hash) : hash));
        const path = await proveInclusion(index, size, read);
        const [leaf, root] = [leafAt(index), rootAt(size)];
        expect(verifyInclusion(index, size, flipped(leaf), path, root)).toBe(false);
        expect(verifyInclusion(index, size, leaf, flipOne(path), root)).toBe(false);
        expect(verifyInclusion(index, size, leaf, path, flipped(root))).toBe(false);
        const consistency = await proveConsistency(old, size, read);
        expect(verifyConsistency(old, size, flipped(rootAt(old)), root, consistency)).toBe(false);
        expect(verifyConsistency(old, size, rootAt(old), flipped(root), consistency)).toBe(false);
        expect(verifyConsistency(old, size, rootAt(old), root, flipOne(consistency))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
