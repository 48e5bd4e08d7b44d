import fc from 'fast-check';
import { derivedId } from '../../src/ledger/identifiers.js';

describe('a derived id', () => {
  it('is a UUID of version 8 in the variant of RFC 9562', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (parts) => {
        expect(derivedId(...parts)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  it('is the same for the same parts, in every version of the program', () => {
    // Frozen: with other ids the program would not find stored ids, and would execute a retry twice.
    expect(derivedId()).toBe('e3b0c442-98fc-8c14-9afb-f4c8996fb924');
    expect(derivedId('command', 'programme', 'key-1')).toBe('09abd69e-d5ee-8ba6-8b4e-112dde2e969d');
  });

  it('differs when the same text is divided into other parts', () => {
    const distinct = fc.uniqueArray(fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 }), {
      selector: (parts) => JSON.stringify(parts),
      minLength: 2,
    });
    fc.assert(
      fc.property(distinct, (lists) => {
        expect(new Set(lists.map((parts) => derivedId(...parts))).size).toBe(lists.length);
      }),
    );
    expect(derivedId('a', 'bc')).not.toBe(derivedId('ab', 'c'));
    expect(derivedId('1:a')).not.toBe(derivedId('a'));
  });
});
