import { createHash } from 'node:crypto';
import { Vault } from '../../src/ledger/vault.js';

const SUBJECT = '00000000-0000-8000-8000-000000000001';
const EVENT = '00000000-0000-8000-8000-000000000002';
const CONTENT = { purpose: 'a proposal', contact: 'Zoë' };

describe('the vault', () => {
  const vault = new Vault(Buffer.alloc(32, 7));
  const seal = (content: object = CONTENT) => {
    const { sealed, stored } = vault.seal(SUBJECT, EVENT, content);
    const { wrappedKey, ciphertext } = stored;
    return {
      sealed,
      stored: {
        eventId: EVENT,
        wrappedKey: Buffer.from(wrappedKey, 'base64'),
        ciphertext: Buffer.from(ciphertext, 'base64'),
      },
    };
  };

  it('opens the same content that it sealed', () => {
    const { sealed, stored } = seal();
    expect(vault.open(sealed, stored)).toEqual(CONTENT);
  });

  it('notices any changed, missing or added byte of the key and of the content', () => {
    for (const part of ['wrappedKey', 'ciphertext'] as const) {
      const { sealed, stored } = seal();
      for (let at = 0; at < stored[part].length; at += 1) {
        for (const bit of [1, 128]) {
          const changed = Buffer.from(stored[part]);
          changed[at] = (changed[at] ?? 0) ^ bit;
          expect(() => vault.open(sealed, { ...stored, [part]: changed })).toThrow();
        }
      }
      for (const length of [0, 1, 12, 27, stored[part].length - 1]) {
        expect(() => vault.open(sealed, { ...stored, [part]: stored[part].subarray(0, length) })).toThrow();
      }
      const longer = Buffer.concat([stored[part], Buffer.of(0)]);
      expect(() => vault.open(sealed, { ...stored, [part]: longer })).toThrow();
    }
  });

  it('notices a changed commitment, and content that was exchanged for another content', () => {
    const [one, other] = [seal(), seal({ purpose: 'another proposal' })];
    for (let at = 0; at < one.sealed.commitment.length; at += 1) {
      const digit = one.sealed.commitment[at] === 'A' ? 'B' : 'A';
      const commitment = one.sealed.commitment.slice(0, at) + digit + one.sealed.commitment.slice(at + 1);
      expect(() => vault.open({ ...one.sealed, commitment }, one.stored)).toThrow();
    }
    expect(() => vault.open(one.sealed, other.stored)).toThrow('does not match its commitment');
    expect(() => vault.open({ ...one.sealed, subject: EVENT }, one.stored)).toThrow();
    expect(() => vault.open(one.sealed, { ...one.stored, eventId: SUBJECT })).toThrow();
  });

  it('opens nothing under another wrapping key', () => {
    const { sealed, stored } = seal();
    expect(() => new Vault(Buffer.alloc(32, 8)).open(sealed, stored)).toThrow();
    expect(() => new Vault(Buffer.alloc(31))).toThrow(RangeError);
  });

  it('reveals nothing about the content, even to a reader who guesses it', () => {
    const [once, twice] = [seal(), seal()];
    expect(once.sealed.commitment).not.toBe(twice.sealed.commitment);
    expect(once.stored.ciphertext).not.toEqual(twice.stored.ciphertext);
    const guess = createHash('sha256').update(JSON.stringify(CONTENT)).digest('base64');
    expect(once.sealed.commitment).not.toBe(guess);
  });
});
