import { formatAddCheckpoint, parseAddCheckpoint } from '../../src/tlog/add-checkpoint.js';
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from '../../src/tlog/checkpoint.js';
import { cosign } from '../../src/tlog/cosignature.js';
import { decodeBundle, encodeBundle } from '../../src/tlog/entry-bundle.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { proveConsistency, proveInclusion } from '../../src/tlog/merkle-proof.js';
import { parseNote, verifyNote } from '../../src/tlog/note.js';
import { parseSigningKey, parseVerifierKey, signingKey } from '../../src/tlog/note-key.js';
import { formatSignature, parseSignatures } from '../../src/tlog/note-signature.js';
import { formatProof, parseProof } from '../../src/tlog/proof.js';
import { formatTilePath } from '../../src/tlog/tile.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import { tileReader } from '../../src/tlog/tile-reader.js';
import { refused } from './refused.js';
import {
  COSIGNED_AT_SECONDS,
  LOG_ENTRIES,
  LOG_ORIGIN,
  LOG_SECRET,
  LOG_VKEY,
  vectorBytes,
  vectorText,
  WITNESS_NAME,
  WITNESS_SEED,
  WITNESS_VKEY,
} from './vectors.js';

const checkpointText = (size: number): string => vectorText(`tessera-log/checkpoint.${size}`);

/** The tiles as published; this implementation has not made them. */
const publishedTiles = (size: number) =>
  tileReader(size, (tile) => Promise.resolve(vectorBytes(`tessera-log/${formatTilePath(tile)}`)));

describe('the published log of sixteen sizes', () => {
  it('equals byte for byte the log of this program: tiles, entry bundles and signed checkpoints', () => {
    const key = parseSigningKey(LOG_SECRET);
    const builder = new TileBuilder();
    for (let size = 0; size <= LOG_ENTRIES.length; size += 1) {
      const made = signCheckpoint({ origin: LOG_ORIGIN, size, root: builder.root() }, key);
      expect(made).toBe(checkpointText(size));
      for (const { address, bytes } of builder.partialTiles()) {
        expect(bytes).toEqual(vectorBytes(`tessera-log/${formatTilePath(address)}`));
        const path = formatTilePath({ ...address, level: 'entries' });
        expect(encodeBundle(LOG_ENTRIES.slice(0, size))).toEqual(vectorBytes(`tessera-log/${path}`));
      }
      const next = LOG_ENTRIES[size];
      if (next !== undefined) builder.append(leafHash(next));
    }
    expect(LOG_ENTRIES).toHaveLength(15);
    expect(vectorText('tessera-log/checkpoint')).toBe(checkpointText(15));
  });

  it('is read and verified from the published files, and resumed from any of its sizes', () => {
    for (let size = 1; size <= 15; size += 1) {
      const address = { level: 0, index: 0, width: size };
      const builder = TileBuilder.resume(size, [
        { address, bytes: vectorBytes(`tessera-log/${formatTilePath(address)}`) },
      ]);
      const { checkpoint } = openCheckpoint(checkpointText(size), LOG_ORIGIN, [parseVerifierKey(LOG_VKEY)]);
      expect(checkpoint).toEqual({ origin: LOG_ORIGIN, size, root: builder.root() });
      const bundle = vectorBytes(`tessera-log/${formatTilePath({ ...address, level: 'entries' })}`);
      expect(decodeBundle(bundle, size)).toEqual(LOG_ENTRIES.slice(0, size));
    }
  });

  it('has the published tlog-proof of entry 4 at size 15', async () => {
    const text = [
      'c2sp.org/tlog-proof@v1',
      'index 4',
      'yiM+eia4w1wsk/Ukx7kF56IQVkDW3MWUaUz/VtJu+yU=',
      'nk9gCR+floFqznAPtqjjcnnV64dge2jQB95D5t164Hg=',
      'zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=',
      '5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=',
      '',
      checkpointText(15),
    ].join('\n');
    const hashes = await proveInclusion(4, 15, publishedTiles(15));
    expect(formatProof({ index: 4, hashes, checkpoint: parseNote(checkpointText(15)) })).toBe(text);
    expect(formatProof(parseProof(text))).toBe(text);
  });

  it('has the published add-checkpoint request from 10 to 15', async () => {
    const text = [
      'old 10',
      '+aOLtO2sRhNENZkJokiDScXfm3SIduSzvll41DTaUUI=',
      'UaHiSrgbkmaCsusBntn9ux0S2PsqH1y6DHQAxe6wrPg=',
      'Oy+stN8Ie64lJ90ILA9yEeOWSzBgC+6RjoKksiWsR7Y=',
      'bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=',
      '',
      checkpointText(15),
    ].join('\n');
    const proof = await proveConsistency(10, 15, publishedTiles(15));
    expect(formatAddCheckpoint({ oldSize: 10, proof, note: parseNote(checkpointText(15)) })).toBe(text);
    expect(formatAddCheckpoint(parseAddCheckpoint(text))).toBe(text);
  });

  it('has the published cosignature of its last checkpoint', () => {
    const line =
      '\u2014 witness.example/w1 519lMgAAAABkGFDLo0vvaVMnQBetpNUCKKILroiWxoSAyyV9iB/cgczFo9ONQdSuKdatX9+k2ggtjAKaVSHrTWaVvipK5HiRqnepAA==\n';
    const { text } = parseNote(checkpointText(15));
    expect(formatSignature(cosign(signingKey(WITNESS_NAME, WITNESS_SEED), text, COSIGNED_AT_SECONDS))).toBe(line);
    const [verified] = verifyNote({ text, signatures: parseSignatures(line) }, [
      parseVerifierKey(WITNESS_VKEY),
    ]).verified;
    expect(verified?.timestampSeconds).toBe(COSIGNED_AT_SECONDS);
  });
});

describe('checkpoints of a log', () => {
  const root = Buffer.alloc(32, 9);
  const base64 = root.toString('base64');
  const key = parseVerifierKey(LOG_VKEY);

  it('are read back as they were written, extension lines included', () => {
    const checkpoint = { origin: 'example.com/a', size: 2 ** 53 - 1, root, extensions: ['x', 'y z'] };
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
  });

  it.each([
    ['a size with a leading zero', `a\n01\n${base64}\n`],
    ['a size with a sign', `a\n+1\n${base64}\n`],
    ['a size of 2^53', `a\n9007199254740992\n${base64}\n`],
    ['no size', `a\n\n${base64}\n`],
    ['no origin', `\n1\n${base64}\n`],
    ['no root', 'a\n1\n'],
    ['a root of 31 bytes', `a\n1\n${root.subarray(1).toString('base64')}\n`],
    ['unused bits set in its root', `a\n1\n${base64.slice(0, -2)}l=\n`],
    ['no last newline', `a\n1\n${base64}`],
    ['an empty line', `a\n1\n${base64}\n\nx\n`],
    ['a root of an empty tree that is not that of nothing', `a\n0\n${base64}\n`],
  ])('are refused with %s', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(refused('malformed'));
  });

  it('are not written for an origin, size or extension that readers refuse', () => {
    expect(() => formatCheckpoint({ origin: 'a b', size: 1, root })).toThrow(RangeError);
    expect(() => formatCheckpoint({ origin: 'a', size: -1, root })).toThrow(RangeError);
    expect(() => formatCheckpoint({ origin: 'a', size: 1, root: root.subarray(1) })).toThrow(RangeError);
    expect(() => formatCheckpoint({ origin: 'a', size: 1, root, extensions: ['x\ny'] })).toThrow(RangeError);
  });

  it('are signed only by a key with the name of the log', () => {
    expect(() => signCheckpoint({ origin: 'other', size: 1, root }, parseSigningKey(LOG_SECRET))).toThrow(RangeError);
  });

  it('of another log are refused though the signature is valid', () => {
    expect(() => openCheckpoint(checkpointText(3), 'example.com/other', [key])).toThrow(refused('origin-mismatch'));
  });

  it('are refused with any bit flipped', () => {
    const bytes = vectorBytes('tessera-log/checkpoint.15');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openCheckpoint(flipped, LOG_ORIGIN, [key])).toThrow(refused());
    }
  });
});
