import fc from 'fast-check';
import { formatNote, parseNote, signText, verifyNote, withSignatures } from '../../src/tlog/note.js';
import {
  cosignerKeyOf,
  formatSigningKey,
  formatVerifierKey,
  noteKeyOf,
  parseSigningKey,
  parseVerifierKey,
  signingKey,
} from '../../src/tlog/note-key.js';
import { cosign } from '../../src/tlog/cosignature.js';
import { refused } from './refused.js';
import { flipBit } from './small-log.js';
import { LOG_SECRET, LOG_VKEY, WITNESS_NAME, WITNESS_SEED, WITNESS_VKEY } from './vectors.js';

const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const TEXT = 'This is an example message.\n';
const LINE =
  '\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
const NOTE = `${TEXT}\n${LINE}`;

const seeded = (name: string, byte: number) => signingKey(name, new Uint8Array(32).fill(byte));

describe('keys of notes', () => {
  it('are read from a vkey and written back to the same', () => {
    expect(parseVerifierKey(VKEY)).toMatchObject({ name: 'example.com/foo', keyId: 0x530d903a, type: 1 });
    for (const vkey of [VKEY, LOG_VKEY, WITNESS_VKEY]) expect(formatVerifierKey(parseVerifierKey(vkey))).toBe(vkey);
  });

  it('are read from a private key, whose vkey is the published one', () => {
    const key = parseSigningKey(LOG_SECRET);
    expect(formatVerifierKey(noteKeyOf(key))).toBe(LOG_VKEY);
    expect(formatSigningKey(key)).toBe(LOG_SECRET);
    expect(formatVerifierKey(cosignerKeyOf(signingKey(WITNESS_NAME, WITNESS_SEED)))).toBe(WITNESS_VKEY);
  });

  it('hide the secret when they are printed', () => {
    const key = parseSigningKey(LOG_SECRET);
    const secret = LOG_SECRET.slice(LOG_SECRET.lastIndexOf('+') + 2);
    expect(JSON.stringify(key)).not.toContain(secret);
    expect(() => parseSigningKey(`${LOG_SECRET}x`)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    );
  });

  it('are refused with any character replaced', () => {
    const change = fc.record({ at: fc.nat({ max: VKEY.length - 1 }), by: fc.constantFrom(...'+ abcXYZ019=/\n') });
    fc.assert(
      fc.property(change, ({ at, by }) => {
        fc.pre(VKEY[at] !== by);
        expect(() => parseVerifierKey(VKEY.slice(0, at) + by + VKEY.slice(at + 1))).toThrow(/verifier key/);
      }),
    );
  });

  it.each(['', 'with space', 'with+plus', 'with\u2003em space', 'with\nnewline', 'with\u0001control', '\ud800'])(
    'cannot have the name %j',
    (name) => {
      expect(() => signingKey(name, new Uint8Array(32))).toThrow(RangeError);
    },
  );

  it('of an unknown type are refused with a code of their own', () => {
    const mlDsa = `w+00000000+${Buffer.concat([Buffer.of(6), Buffer.alloc(1312)]).toString('base64')}`;
    expect(() => parseVerifierKey(mlDsa)).toThrow(refused('unsupported-algorithm'));
  });
});

describe('signed notes', () => {
  it('of the published vector are read, verified and written', () => {
    const note = parseNote(Buffer.from(NOTE));
    expect(note.text).toBe(TEXT);
    expect(verifyNote(note, [parseVerifierKey(VKEY)])).toMatchObject({ text: TEXT, unknown: 0 });
    expect(formatNote(note)).toBe(NOTE);
  });

  it('have a text that ends at the last blank line', () => {
    const key = seeded('a', 1);
    const text = 'one\n\ntwo\n\n\n';
    expect(parseNote(formatNote({ text, signatures: [signText(key, text)] })).text).toBe(text);
  });

  it('are read without the signature of a key that shares only the name or only the key ID', () => {
    const [key, sameName] = [seeded('a', 1), seeded('a', 2)];
    const sameId = { name: 'b', keyId: noteKeyOf(key).keyId, bytes: new Uint8Array(64) };
    const signatures = [signText(sameName, TEXT), sameId, signText(key, TEXT)];
    const verified = verifyNote({ text: TEXT, signatures }, [noteKeyOf(key)]);
    expect(verified.verified).toHaveLength(1);
    expect(verified.unknown).toBe(2);
  });

  it('are refused as a whole if the signature of one known key is invalid, though another is valid', () => {
    const [good, bad] = [seeded('good', 1), seeded('bad', 2)];
    const forged = { ...signText(bad, TEXT), bytes: new Uint8Array(64) };
    const note = { text: TEXT, signatures: [signText(good, TEXT), forged] };
    expect(() => verifyNote(note, [noteKeyOf(good), noteKeyOf(bad)])).toThrow(refused('signature-invalid'));
    expect(verifyNote(note, [noteKeyOf(good)]).verified).toHaveLength(1);
  });

  it('are refused without a signature by a known key', () => {
    expect(() => verifyNote(parseNote(NOTE), [noteKeyOf(seeded('other', 3))])).toThrow(refused('no-trusted-signature'));
    expect(() => verifyNote(parseNote(NOTE), [])).toThrow(refused('no-trusted-signature'));
  });

  it('cannot be checked with two keys that have the same name and key ID', () => {
    const key = parseVerifierKey(VKEY);
    const twin = { ...key, publicKey: new Uint8Array(32) };
    expect(() => verifyNote(parseNote(NOTE), [key, twin])).toThrow(RangeError);
  });

  it('may have 100 signatures and no more', () => {
    const lines = (count: number): string => `${TEXT}\n${LINE.repeat(count)}`;
    expect(parseNote(lines(100)).signatures).toHaveLength(100);
    expect(() => parseNote(lines(101))).toThrow(refused('limit-exceeded'));
    expect(() => parseNote(Buffer.alloc(1_000_001, 'a'))).toThrow(refused('limit-exceeded'));
  });

  it('replace an older signature of the same key and keep the other signatures in order', () => {
    const [log, witness] = [seeded('log', 1), seeded('witness', 2)];
    const note = { text: TEXT, signatures: [signText(log, TEXT), cosign(witness, TEXT, 1)] };
    const again = withSignatures(note, [cosign(witness, TEXT, 2)]);
    const { verified } = verifyNote(again, [noteKeyOf(log), cosignerKeyOf(witness)]);
    expect(verified.map(({ timestampSeconds }) => timestampSeconds)).toEqual([undefined, 2]);
  });

  it.each([
    ['no blank line', `${TEXT}${LINE}`],
    ['no signature', `${TEXT}\n`],
    ['no newline at its end', NOTE.slice(0, -1)],
    ['a hyphen for the dash', NOTE.replace('\u2014', '-')],
    ['two spaces', NOTE.replace('\u2014 ', '\u2014  ')],
    ['a line that is no signature', `${NOTE}x\n`],
    ['a tab', NOTE.replace('an example', 'an\texample')],
    ['a carriage return', NOTE.replace('message.', 'message.\r')],
    ['base64 without its padding', NOTE.replace('=\n', '\n')],
    ['a signature of 4 bytes', `${TEXT}\n\u2014 a AAAAAA==\n`],
    ['a plus in a key name', NOTE.replace('/foo', '/f+o')],
  ])('are refused with %s', (_, text) => {
    expect(() => parseNote(text)).toThrow(refused('malformed'));
  });

  it('are refused when they are not UTF-8', () => {
    expect(() => parseNote(Buffer.concat([Buffer.of(0xff), Buffer.from(NOTE)]))).toThrow(refused('malformed'));
    expect(() => parseNote(`\ud800${NOTE}`)).toThrow(refused('malformed'));
  });

  it('are refused with any bit flipped', () => {
    const bytes = Buffer.from(NOTE);
    const key = parseVerifierKey(VKEY);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      expect(() => verifyNote(parseNote(flipBit(bytes, bit)), [key])).toThrow(refused());
    }
  });
});
