import fc from 'fast-check';
import { visible, visibleJson, visibleLines } from '../../src/cli/visible-text.js';

const OBEYED = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

describe('text of others on the terminal', () => {
  it.each([
    ['an escape sequence', '\u001b[2Jx', '\\u{1b}[2Jx'],
    ['the C1 form of an escape sequence', '\u009b2J', '\\u{9b}2J'],
    ['a line feed', 'a\nb', 'a\\u{a}b'],
    ['DEL', '\u007f', '\\u{7f}'],
    ['an override of the direction of writing', '\u202etxt', '\\u{202e}txt'],
    ['an isolate', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['letters of any language', 'Université Łódź Ελλάδα', 'Université Łódź Ελλάδα'],
  ])('shows %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('keeps the line feeds of a text of several lines', () => {
    expect(visibleLines('a\n\u001bb')).toBe('a\n\\u{1b}b');
  });

  it('escapes the same marks in JSON, which stays JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = visibleJson({ value, mark: '\u202e\u{e0001}\u009b' }, indent);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ value, mark: '\u202e\u{e0001}\u009b' })));
        expect(text.replaceAll('\n', '')).not.toMatch(OBEYED);
      }),
    );
  });
});
