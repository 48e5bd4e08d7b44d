import fc from 'fast-check';
import { isCanonical } from '../../src/audit/verify-canonical.js';
import { canonicalize } from '../../src/ledger/canonical.js';

/** Asks like the verifier: the bytes are a JSON text. */
const canonical = (text: string): boolean => isCanonical(Buffer.from(text), text, JSON.parse(text));

describe('the check for canonical JSON', () => {
  it.each([
    '{"a":1,"b":[{"a":"x","b":{}},2,true,null,[]],"c":"é 日本"}',
    '{"":0,"a":{"":"","z":false},"a b":-1,"ab":1.5,"b":1e+21}',
    '{"\\u0000":1,"a":"\\"\\\\\\n"}',
    '{"a":[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]}',
    '{"€":1,"\u{1f600}":2,"\ufb33":3}',
  ])('accepts %s', (text) => {
    expect(canonical(text)).toBe(true);
  });

  it.each([
    '{"a":1, "b":2}',
    '{"a":1}\n',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a":{"ab":1,"a":2}}',
    '[1,{"a":1,"":2}]',
    '{"a":[{"b":1},{"b":1,"a":1}]}',
    '{"a":1.0}',
    '{"a":-0}',
    '{"a":1E2}',
    '{"a":12345678901234567890}',
    '{"a":"\\u0061"}',
    '{"a":"\\/"}',
    '{"a":"\\ud800"}',
    '{"\ufb33":1,"\u{1f600}":2}',
  ])('refuses %s', (text) => {
    expect(canonical(text)).toBe(false);
  });

  it('agrees with the printed canonical text, for any value in any order and spacing', () => {
    const spacing = fc.constantFrom(undefined, 1);
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), spacing, (value, sorted, space) => {
        const text = sorted ? canonicalize(value) : JSON.stringify(value, undefined, space);
        const isSame = canonicalize(JSON.parse(text)) === text;
        expect(canonical(text)).toBe(isSame);
      }),
    );
  });
});
