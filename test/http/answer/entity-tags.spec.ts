import {
  isHeld,
  isSameStrongly,
  isSameWeakly,
  parseEntityTags,
  revisionOf,
  revisionTag,
} from '../../../src/http/answer/entity-tags.js';

const tag = (value: string, isWeak = false) => ({ value, isWeak });

describe('entity tags', () => {
  it('are read from a list, with weak ones, commas inside the quotes and empty elements', () => {
    expect(parseEntityTags('"a"')).toEqual([tag('a')]);
    expect(parseEntityTags('W/"a", "b,c" ,,"",')).toEqual([tag('a', true), tag('b,c'), tag('')]);
    expect(parseEntityTags(' * ')).toBe('*');
  });

  it.each(['', ' ', ',', 'a', '"a', 'a"', '"a" "b"', 'w/"a"', 'W/ "a"', '"a b"', '*, "a"', '"a", *', "'a'"])(
    'are not read from %p',
    (header) => {
      expect(parseEntityTags(header)).toBeUndefined();
    },
  );

  it('compare as in the table of RFC 9110, 8.8.3.2', () => {
    const table = [
      [tag('1', true), tag('1', true), false, true],
      [tag('1', true), tag('2', true), false, false],
      [tag('1', true), tag('1'), false, true],
      [tag('1'), tag('1'), true, true],
    ] as const;
    for (const [one, other, strongly, weakly] of table) {
      expect([isSameStrongly(one, other), isSameWeakly(one, other)]).toEqual([strongly, weakly]);
      expect([isSameStrongly(other, one), isSameWeakly(other, one)]).toEqual([strongly, weakly]);
    }
  });

  it('show what a caller holds, whatever a proxy made of the tag', () => {
    for (const header of ['"x"', 'W/"x"', '"y", W/"x"', '*']) expect(isHeld(header, '"x"')).toBe(true);
    for (const header of [undefined, '"y"', 'x', '', 'W/"X"']) expect(isHeld(header, '"x"')).toBe(false);
    expect(() => isHeld('"x"', 'x')).toThrow('no entity tag');
  });

  it('of a revision are read back, also from behind a proxy that made them weak', () => {
    expect(revisionOf(revisionTag(3))).toBe(3);
    expect(revisionOf('W/"3"')).toBe(3);
    expect(revisionOf(' "0" ')).toBe(0);
    expect(revisionOf('"999999999999999"')).toBe(999_999_999_999_999);
    for (const header of ['"1000000000000000"', '"03"', '3', '"3", "4"', '"-1"', '"3-gzip"', '*', '""'])
      expect(revisionOf(header)).toBeUndefined();
  });
});
