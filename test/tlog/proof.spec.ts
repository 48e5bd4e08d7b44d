import fc from 'fast-check';
import { openCheckpoint, signCheckpoint } from '../../src/tlog/checkpoint.js';
import { cosign, verifyCosignature } from '../../src/tlog/cosignature.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { proveInclusion } from '../../src/tlog/merkle-proof.js';
import { formatNote, parseNote, withSignatures } from '../../src/tlog/note.js';
import { cosignerKeyOf, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { thresholdPolicy } from '../../src/tlog/policy.js';
import { claimOf, formatProof, parseProof, type TlogProof, verifyProof } from '../../src/tlog/proof.js';
import { tileReader } from '../../src/tlog/tile-reader.js';
import { refused } from './refused.js';
import { entriesOf, flipBit, SmallLog } from './small-log.js';

const key = signingKey('ledger.example.eu/log', new Uint8Array(32).fill(1));
const witness = signingKey('witness.example.eu', new Uint8Array(32).fill(2));
const policy = thresholdPolicy({ key: noteKeyOf(key) }, [{ name: witness.name, key: cosignerKeyOf(witness) }], 1);
const NOW_SECONDS = 1_900_000_000;

/** The receipt of entry `index` in a log of `size` entries, with the cosignature of the one witness. */
async function receipt(index: number, size: number): Promise<TlogProof> {
  const log = new SmallLog().append(entriesOf(size));
  const signed = parseNote(signCheckpoint({ origin: key.name, size, root: log.builder.root() }, key));
  const hashes = await proveInclusion(index, size, tileReader(size, log.source));
  return { index, hashes, checkpoint: withSignatures(signed, [cosign(witness, signed.text, NOW_SECONDS)]) };
}

const leafOf = (index: number): Uint8Array => leafHash(entriesOf(index + 1)[index] ?? Buffer.of());

describe('tlog-proofs', () => {
  it('state which entry is in which tree, and who signed and cosigned it when', async () => {
    const proof = await receipt(300, 500);
    const verified = verifyProof(parseProof(Buffer.from(formatProof(proof))), leafOf(300), policy);
    expect(verified.index).toBe(300);
    expect(verified.checkpoint.size).toBe(500);
    expect(verified.log.name).toBe(key.name);
    expect(verified.cosigners).toEqual([{ name: witness.name, timestampSeconds: NOW_SECONDS }]);
    expect(claimOf(proof)).toEqual({ index: 300, checkpoint: verified.checkpoint });
  });

  it('are read back as they were written, for any entry, with and without extra data', async () => {
    const sizes = fc.integer({ min: 1, max: 400 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        index: fc.integer({ min: 0, max: size - 1 }),
        extra: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(sizes, async ({ size, index, extra }) => {
        const text = formatProof({ ...(await receipt(index, size)), ...(extra !== undefined && { extra }) });
        const read = parseProof(text);
        expect(formatProof(read)).toBe(text);
        expect(Buffer.from(read.extra ?? []).equals(Buffer.from(extra ?? []))).toBe(true);
        expect(verifyProof(read, leafOf(index), policy).checkpoint.size).toBe(size);
      }),
      { numRuns: 40 },
    );
  });

  it('are refused with any bit flipped', async () => {
    const bytes = Buffer.from(formatProof(await receipt(11, 21)));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      expect(() => verifyProof(parseProof(flipBit(bytes, bit)), leafOf(11), policy)).toThrow(refused());
    }
  });

  it('are invalid for another entry, and the error names the root that was found', async () => {
    const proof = await receipt(11, 21);
    expect(() => verifyProof(proof, leafOf(12), policy)).toThrow(
      expect.objectContaining({
        code: 'proof-invalid',
        facts: expect.objectContaining({ index: 11, size: 21, found: expect.stringMatching(/^[0-9a-f]{64}$/) }),
      }),
    );
    expect(() => verifyProof({ ...proof, index: 21 }, leafOf(11), policy)).toThrow(refused('proof-invalid'));
  });

  it('are invalid without the cosignatures that the policy requires', async () => {
    const proof = await receipt(0, 1);
    const signatures = proof.checkpoint.signatures.slice(0, 1);
    const bare = { ...proof, checkpoint: { text: proof.checkpoint.text, signatures } };
    expect(() => verifyProof(bare, leafOf(0), policy)).toThrow(refused('quorum-missing'));
    expect(verifyProof(bare, leafOf(0), thresholdPolicy({ key: noteKeyOf(key) }, [], 0)).cosigners).toEqual([]);
  });

  it.each([
    ['another first line', /@v1/, '@v2'],
    ['no index', /index 2\n/, ''],
    ['an index with a leading zero', /index 2/, 'index 02'],
    ['extra data that is empty', /index 2/, 'extra \nindex 2'],
    ['extra data that is not base64', /index 2/, 'extra !\nindex 2'],
    ['extra data after the index', /index 2/, 'index 2\nextra AAAA'],
    ['a hash that is too short', /index 2\n/, 'index 2\nAAAA\n'],
    ['no blank line', /\n\n/, '\n'],
  ])('are refused with %s', async (_, what, by) => {
    const text = formatProof(await receipt(2, 4));
    expect(() => parseProof(text.replace(what, by))).toThrow(refused('malformed'));
  });

  it('may have 63 hashes and no more', async () => {
    const proof = await receipt(0, 1);
    const hashes = Array.from({ length: 63 }, () => new Uint8Array(32));
    const text = formatProof({ ...proof, hashes });
    expect(parseProof(text).hashes).toHaveLength(63);
    expect(() => formatProof({ ...proof, hashes: [...hashes, new Uint8Array(32)] })).toThrow(RangeError);
    const longer = text.replace('index 0\n', `index 0\n${Buffer.alloc(32).toString('base64')}\n`);
    expect(() => parseProof(longer)).toThrow(refused('limit-exceeded'));
  });
});

describe('cosignatures', () => {
  const { text } = parseNote(signCheckpoint({ origin: key.name, size: 1, root: leafOf(0) }, key));

  it('contain their time, at both ends of the accepted range', () => {
    for (const seconds of [0, 1, NOW_SECONDS, Number.MAX_SAFE_INTEGER]) {
      expect(verifyCosignature(cosignerKeyOf(witness), text, cosign(witness, text, seconds).bytes)).toBe(seconds);
    }
    for (const seconds of [-1, 0.5, Number.MAX_SAFE_INTEGER + 1, Number.NaN]) {
      expect(() => cosign(witness, text, seconds)).toThrow(RangeError);
    }
  });

  it('are not accepted as note signatures, and note signatures are not accepted as cosignatures', () => {
    const asNote = { ...cosign(witness, text, 1), keyId: noteKeyOf(witness).keyId };
    expect(() => openCheckpoint({ text, signatures: [asNote] }, key.name, [noteKeyOf(witness)])).toThrow(
      refused('signature-invalid'),
    );
    expect(verifyCosignature(cosignerKeyOf(witness), text, new Uint8Array(64))).toBeUndefined();
  });

  it('are invalid with any bit flipped in the signature, the time or the text', () => {
    const { bytes } = cosign(witness, text, NOW_SECONDS);
    const verifier = cosignerKeyOf(witness);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      expect(verifyCosignature(verifier, text, flipBit(bytes, bit))).toBeUndefined();
    }
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      const changed = flipBit(Buffer.from(text), bit).toString('latin1');
      expect(verifyCosignature(verifier, changed, bytes)).toBeUndefined();
    }
  });

  it('with any bit of their line flipped leave the checkpoint without its quorum', async () => {
    const { checkpoint } = await receipt(0, 1);
    const [logSignature, cosignature] = checkpoint.signatures;
    if (logSignature === undefined || cosignature === undefined) throw new Error('The receipt has two signatures.');
    const all = Buffer.from(formatNote(checkpoint));
    const from = Buffer.from(formatNote({ ...checkpoint, signatures: [logSignature] })).length;
    for (let bit = from * 8; bit < all.length * 8; bit += 1) {
      expect(() =>
        verifyProof({ index: 0, hashes: [], checkpoint: parseNote(flipBit(all, bit)) }, leafOf(0), policy),
      ).toThrow(refused());
    }
  });
});
