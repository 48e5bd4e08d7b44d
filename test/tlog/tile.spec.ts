import fc from 'fast-check';
import { decodeBundle, encodeBundle } from '../../src/tlog/entry-bundle.js';
import { ENTRY_BYTES_MAX, leafHash, rootOf } from '../../src/tlog/merkle.js';
import { proveConsistency, proveInclusion } from '../../src/tlog/merkle-proof.js';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/merkle-verify.js';
import {
  bundlesOfGrowth,
  formatTilePath,
  parseTilePath,
  partialTilesOf,
  hashAt,
  tileWidth,
} from '../../src/tlog/tile.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import { tileReader } from '../../src/tlog/tile-reader.js';
import { refused } from './refused.js';
import { entriesOf, flipBit, SmallLog } from './small-log.js';
import { tilePathsOf } from './tiles.js';

describe('tile paths', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 5, width: 1 }, 'tile/0/005.p/1'],
    [{ level: 2, index: 1_234_067, width: 256 }, 'tile/2/x001/x234/067'],
    [{ level: 'entries', index: 1000, width: 255 }, 'tile/entries/x001/000.p/255'],
  ] as const)('writes and reads %j as %s', (address, path) => {
    expect(formatTilePath(address)).toBe(path);
    expect(parseTilePath(path)).toEqual(address);
  });

  it('are read back for every address that can be written', () => {
    const address = fc.record({
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(address, (tile) => {
        expect(parseTilePath(formatTilePath(tile))).toEqual(tile);
      }),
    );
  });

  it.each([
    'tile/0/0',
    'tile/0/0000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/x000/001',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000/',
    'tile/entry/000',
    '/tile/0/000',
    'tile/0/000\n',
    'tile/0/x999/x999/x999/x999/x999/999',
  ])('refuses %j', (path) => {
    expect(() => parseTilePath(path)).toThrow(refused('malformed'));
  });
});

describe('tiles of a log of some size', () => {
  it('are the tiles of the specification for 70,000 leaves', () => {
    expect(partialTilesOf(70_000).map(({ width }) => width)).toEqual([112, 17, 1]);
    expect([tileWidth(0, 272, 70_000), tileWidth(0, 273, 70_000), tileWidth(0, 274, 70_000)]).toEqual([256, 112, 0]);
    expect([tileWidth(1, 0, 70_000), tileWidth(1, 1, 70_000), tileWidth(2, 0, 70_000)]).toEqual([256, 17, 1]);
  });

  it('are a full tile and a tile of width 1 above it for 256 leaves', () => {
    expect([tileWidth(0, 0, 256), tileWidth(0, 1, 256), tileWidth(1, 0, 256)]).toEqual([256, 0, 1]);
    expect(partialTilesOf(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect([...bundlesOfGrowth(255, 257)].map(formatTilePath)).toEqual(['tile/entries/000', 'tile/entries/001.p/1']);
  });
});

describe('the tile builder', () => {
  const entries = entriesOf(1_400);
  const leaves = entries.map(leafHash);

  it('makes exactly the new tiles of each growth, whatever the batches', () => {
    const batches = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(batches, (sizes) => {
        const builder = new TileBuilder();
        for (const count of sizes.filter((size) => size > 0)) {
          const from = builder.size;
          const before = new Set(partialTilesOf(from).map(formatTilePath));
          for (const leaf of leaves.slice(from, from + count)) builder.append(leaf);
          const made = [...builder.takeFullTiles(), ...builder.partialTiles()];
          const fresh = made.map(({ address }) => formatTilePath(address)).filter((path) => !before.has(path));
          const published = new Set(tilePathsOf(from));
          const grown = tilePathsOf(builder.size).filter((path) => !published.has(path));
          expect(fresh.toSorted()).toEqual(grown.toSorted());
          for (const tile of made) {
            const { level, index } = tile.address;
            const span = 256 ** level;
            expect(tile.bytes).toHaveLength(tile.address.width * 32);
            const first = hashAt(tile.bytes, 0);
            const from256 = index * 256 * span;
            expect(first).toEqual(rootOf(leaves.slice(from256, from256 + span)));
          }
        }
        expect(builder.root()).toEqual(rootOf(leaves.slice(0, builder.size)));
      }),
      { numRuns: 40 },
    );
  });

  it('resumes from its partial tiles at any size, with the same root and the same later tiles', () => {
    for (const size of [0, 1, 255, 256, 257, 511, 512, 1_000]) {
      const log = new SmallLog().append(entries.slice(0, size));
      const stored = log.builder.partialTiles();
      const resumed = TileBuilder.resume(size, stored);
      expect(resumed.root()).toEqual(log.builder.root());
      for (const leaf of leaves.slice(size)) resumed.append(leaf);
      expect(resumed.root()).toEqual(rootOf(leaves));
      log.store(resumed.takeFullTiles());
      log.store(resumed.partialTiles());
    }
  });

  it('has another root after it resumed from a tile with any bit flipped, and refuses a missing or short tile', () => {
    const log = new SmallLog().append(entries.slice(0, 700));
    const stored = log.builder.partialTiles();
    const bits = fc.record({ tile: fc.nat({ max: stored.length - 1 }), bit: fc.nat({ max: 256 * 32 * 8 }) });
    fc.assert(
      fc.property(bits, ({ tile, bit }) => {
        const changed = stored.map((each, at) => (at === tile ? { ...each, bytes: flipBit(each.bytes, bit) } : each));
        expect(TileBuilder.resume(700, changed).root()).not.toEqual(log.builder.root());
      }),
    );
    expect(() => TileBuilder.resume(700, stored.slice(1))).toThrow(refused('malformed'));
    expect(() => TileBuilder.resume(701, stored)).toThrow(refused('malformed'));
  });

  it('has the right root for a log of 70,000 leaves with tiles on three levels', () => {
    const builder = new TileBuilder();
    const many = entriesOf(70_000).map(leafHash);
    let full = 0;
    for (const leaf of many) {
      builder.append(leaf);
      full += builder.takeFullTiles().length;
    }
    expect(full).toBe(274);
    expect(builder.partialTiles().map(({ address }) => address)).toEqual(partialTilesOf(70_000));
    expect(builder.root()).toEqual(rootOf(many));
  });
});

describe('proofs from tiles', () => {
  const entries = entriesOf(1_400);
  const leaves = entries.map(leafHash);
  const sizes = [1, 2, 255, 256, 257, 300, 511, 512, 513, 768, 1_000, 1_024, 1_400];
  const log = new SmallLog();
  const roots = new Map<number, Uint8Array>();
  for (const size of sizes) {
    log.append(entries.slice(log.builder.size, size));
    roots.set(size, log.builder.root());
  }
  const rootAt = (size: number): Uint8Array => roots.get(size) ?? new Uint8Array(32);

  it('are valid for any leaf and any pair of sizes that had a checkpoint', async () => {
    const picks = fc.record({ size: fc.constantFrom(...sizes), old: fc.constantFrom(...sizes), pick: fc.nat() });
    await fc.assert(
      fc.asyncProperty(picks, async ({ size, old, pick }) => {
        const read = tileReader(size, log.source);
        const index = pick % size;
        const path = await proveInclusion(index, size, read);
        expect(verifyInclusion(index, size, leaves[index] ?? leafHash(Buffer.of()), path, rootAt(size))).toBe(true);
        if (old > size) return;
        const consistency = await proveConsistency(old, size, read);
        expect(verifyConsistency(old, size, rootAt(old), rootAt(size), consistency)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('request each tile once, and use a full tile where the partial one is gone', async () => {
    const asked: string[] = [];
    const read = tileReader(1_000, (tile) => {
      asked.push(formatTilePath(tile));
      return log.source(tile.level === 0 ? { ...tile, width: 256 } : tile);
    });
    const path = await proveInclusion(999, 1_000, read);
    expect(verifyInclusion(999, 1_000, leaves[999] ?? leafHash(Buffer.of()), path, rootAt(1_000))).toBe(true);
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('fail with an error for a tile that is too short and for a node that is not in the tree', async () => {
    const short = tileReader(300, async (tile) => (await log.source(tile)).subarray(0, 31));
    await expect(proveInclusion(0, 300, short)).rejects.toMatchObject({ code: 'malformed' });
    await expect(tileReader(300, log.source)([{ level: 0, index: 300 }])).rejects.toThrow(RangeError);
  });

  it('are invalid when a tile that they need has a flipped bit', async () => {
    const picks = fc.record({ size: fc.constantFrom(...sizes), pick: fc.nat(), bit: fc.nat() });
    await fc.assert(
      fc.asyncProperty(picks, async ({ size, pick, bit }) => {
        const index = pick % size;
        const hashes: Uint8Array[] = [];
        // Flip a bit of a hash in the path: this proof does not use the other hashes of a tile.
        const read = tileReader(size, log.source);
        await proveInclusion(index, size, async (nodes) => {
          hashes.push(...(await read(nodes)));
          return hashes;
        });
        if (hashes.length === 0) return;
        const flipped = hashes.map((hash, at) => (at === pick % hashes.length ? flipBit(hash, bit % 256) : hash));
        const path = await proveInclusion(index, size, () => Promise.resolve(flipped));
        expect(verifyInclusion(index, size, leaves[index] ?? leafHash(Buffer.of()), path, rootAt(size))).toBe(false);
      }),
    );
  });
});

describe('entry bundles', () => {
  it('return the same entries that they were made of, without a copy', () => {
    const bundles = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(bundles, (entries) => {
        const bundle = encodeBundle(entries);
        const decoded = decodeBundle(bundle, entries.length);
        expect(decoded.map((entry) => Buffer.from(entry))).toEqual(entries.map((entry) => Buffer.from(entry)));
        expect(decoded[0]?.buffer).toBe(bundle.buffer);
      }),
    );
  });

  it('hold up to 256 entries of up to 65,535 bytes each', () => {
    const longest = Buffer.alloc(ENTRY_BYTES_MAX, 7);
    expect(decodeBundle(encodeBundle([longest]), 1)).toEqual([longest]);
    expect(() => encodeBundle([Buffer.alloc(ENTRY_BYTES_MAX + 1)])).toThrow(RangeError);
    expect(() => encodeBundle([])).toThrow(RangeError);
    expect(() => encodeBundle(entriesOf(257))).toThrow(RangeError);
  });

  it('are refused with one entry more or less, with a cut end or with an extra byte', () => {
    const bundle = encodeBundle(entriesOf(5));
    const refusal = refused('malformed');
    expect(() => decodeBundle(bundle, 4)).toThrow(refusal);
    expect(() => decodeBundle(bundle, 6)).toThrow(refusal);
    expect(() => decodeBundle(bundle.subarray(0, -1), 5)).toThrow(refusal);
    expect(() => decodeBundle(Buffer.concat([bundle, Buffer.of(0)]), 5)).toThrow(refusal);
    expect(() => decodeBundle(Buffer.of(), 1)).toThrow(refusal);
  });

  it('with any bit flipped are refused, or do not hash to the tile', () => {
    const entries = entriesOf(40);
    const bundle = encodeBundle(entries);
    const expected = rootOf(entries.map(leafHash));
    for (let bit = 0; bit < bundle.length * 8; bit += 1) {
      let found: Uint8Array | undefined;
      try {
        found = rootOf(decodeBundle(flipBit(bundle, bit), 40).map(leafHash));
      } catch (error) {
        expect(error).toMatchObject({ code: 'malformed' });
      }
      expect(found).not.toEqual(expected);
    }
  });
});
