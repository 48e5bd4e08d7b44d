import fc from 'fast-check';
import {
  JSON_DEPTH_MAX,
  JSON_MEMBERS_MAX,
  NUMBER_LENGTH_MAX,
  TEXT_LENGTH_MAX,
} from '../../../src/http/body/json-limits.js';
import { JsonScanner } from '../../../src/http/body/json-scanner.js';
import { JSON_VALUES_MAX, parseJson } from '../../../src/http/body/plain-json.js';
import { refusalOf } from '../../support/given.js';

const parse = (text: string): unknown => parseJson(Buffer.from(text));
const refused = (text: string) => refusalOf(() => parse(text));
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** Scans the text in parts of this length. */
function scan(text: string, length: number): void {
  const scanner = new JsonScanner(JSON_VALUES_MAX);
  for (let from = 0; from < text.length; from += length) scanner.write(text.slice(from, from + length));
  scanner.end();
}

function outcomeOf(read: () => unknown): unknown {
  try {
    read();
    return 'accepted';
  } catch (error) {
    return error;
  }
}

describe('the scanner of JSON', () => {
  it('accepts values of every kind', () => {
    const texts = ['null', '1', ' "constructor" ', '[]', '{}', '{"a":[{"b":null}],"c/d":"e"}', '[[],[{}],true,false]'];
    for (const text of texts) expect(parse(text)).toEqual(JSON.parse(text));
    const every = String.raw`{ "\u0061\"\\\/" : ["\b\f\n\r\t\uD83D\ude00", "\u2028", -1.5e+3, 0] }`;
    expect(parse(`\r\n\t ${every}\n`)).toEqual(JSON.parse(every));
  });

  it('accepts exactly what JSON.parse accepts, however the text is cut', () => {
    const json = fc.json({ maxDepth: 4, stringUnit: 'binary' });
    const pieces = fc.constantFrom(
      ...'{}[],:"\\ \n-+.eE019',
      'true',
      'null',
      '"a"',
      '"a":',
      '\\u00e',
      '\u0001',
      '\u00a0',
      'NaN',
    );
    const text = fc.oneof(
      json,
      fc.array(pieces, { maxLength: 12 }).map((some) => some.join('')),
      fc.tuple(json, fc.nat(), fc.nat({ max: 2 }), pieces).map(([whole, at, left, put]) => {
        const from = at % (whole.length + 1);
        return whole.slice(0, from) + put + whole.slice(from + left);
      }),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (given, length) => {
        const scanned = outcomeOf(() => scan(given, length));
        // A refusal for another reason than the grammar says nothing about the grammar behind its place.
        const code = (scanned as { code?: string }).code;
        if (code !== undefined && code !== 'malformed-json' && code !== 'malformed-utf8') return;
        const parsed = outcomeOf(() => JSON.parse(given));
        expect([given, scanned === 'accepted']).toEqual([given, parsed === 'accepted']);
        expect(outcomeOf(() => scan(given, given.length || 1))).toEqual(scanned);
      }),
      { numRuns: 3_000 },
    );
  });

  it('names the line and the column where the text stops being JSON', () => {
    const at = (text: string) => {
      const { code, facts, detail } = refused(text);
      expect([code, detail]).toEqual([
        'malformed-json',
        expect.stringContaining(`line ${facts['line']}, column ${facts['column']}`),
      ]);
      return [facts['line'], facts['column']];
    };
    expect(at('{"a" 1}')).toEqual([1, 6]);
    expect(at('{"a":1,\n\n  "b":tru}')).toEqual([3, 7]);
    expect(at('{\n"a":1')).toEqual([2, 6]);
    expect(at('["a\tb"]')).toEqual([1, 4]);
    expect(at(String.raw`["\x"]`)).toEqual([1, 4]);
    expect(at('[1,]')).toEqual([1, 4]);
    expect(at('')).toEqual([1, 1]);
  });

  it('refuses a name that stands twice in one object, and names it and its place', () => {
    expect(refused('{"a":[{"b":1},{"b":1,"c/d":2,"b":1}]}')).toMatchObject({
      kind: 'malformed',
      code: 'name-repeated',
      facts: { name: 'b' },
      errors: [{ pointer: '/a/1/b' }],
    });
    expect(refused(String.raw`{"legalName":1,"\u006cegalName":1}`)).toMatchObject({
      errors: [{ pointer: '/legalName' }],
    });
    expect(refused('{"":1,"":1}').code).toBe('name-repeated');
    // In different objects, or in other letters, it is another name.
    expect(parse('{"a":{"a":{"a":1}},"A":[{"a":1},{"a":1}],"a ":1}')).toBeDefined();
  });

  it('refuses a number that would not be recorded as it is written, and names its place', () => {
    expect(refused('{"a":[1,9007199254740993]}')).toMatchObject({
      kind: 'malformed',
      code: 'number-not-exact',
      facts: { number: '9007199254740993' },
      errors: [{ pointer: '/a/1' }],
    });
    for (const number of ['1e400', '-0', '1e-400', '0.10000000000000001'])
      expect(refused(number).code).toBe('number-not-exact');
    expect(parse('[9007199254740992,0.1,1.0,1e3,0]')).toEqual([9007199254740992, 0.1, 1, 1000, 0]);
  });

  it('refuses a number that is longer than any exact one, without keeping it', () => {
    const zeros = (length: number): string => `1.${'0'.repeat(length - 2)}`;
    expect(parse(zeros(NUMBER_LENGTH_MAX))).toBe(1);
    expect(refused(zeros(NUMBER_LENGTH_MAX + 1)).code).toBe('number-not-exact');
    expect(refused(`[${'9'.repeat(1_000_000)}]`).detail.length).toBeLessThan(400);
    expect(refused(`[${'x'.repeat(1_000_000)}]`).code).toBe('malformed-json');
  });

  it('accepts the deepest allowed nesting and refuses one level more', () => {
    expect(parse(nested(JSON_DEPTH_MAX))).toBeDefined();
    expect(refused(nested(JSON_DEPTH_MAX + 1))).toMatchObject({ kind: 'invalid', code: 'json-too-deep' });
    expect(refused('['.repeat(500_000)).code).toBe('json-too-deep');
  });

  it('accepts the most members of an object and refuses one more', () => {
    const object = (members: number): string =>
      `{"a":{${Array.from({ length: members }, (_, at) => `"m${at}":1`).join()}}}`;
    expect(parse(object(JSON_MEMBERS_MAX))).toBeDefined();
    expect(refused(object(JSON_MEMBERS_MAX + 1))).toMatchObject({
      kind: 'invalid',
      code: 'json-too-many-values',
      errors: [{ pointer: `/a/m${JSON_MEMBERS_MAX}` }],
    });
  });

  it('accepts the most values of a body and refuses one more', () => {
    const list = (values: number): string => `[${'{},'.repeat(values - 2)}0]`;
    expect(parse(list(JSON_VALUES_MAX))).toHaveLength(JSON_VALUES_MAX - 1);
    expect(refused(list(JSON_VALUES_MAX + 1))).toMatchObject({ kind: 'invalid', code: 'json-too-many-values' });
  });

  it('accepts the longest text and refuses a longer one, in one piece and in many', () => {
    const item = (text: string): string => `{"a":["${text}"]}`;
    const longest = 'x'.repeat(TEXT_LENGTH_MAX);
    expect(parse(item(longest))).toEqual({ a: [longest] });
    expect(parse(`["${longest}","${longest}"]`)).toHaveLength(2);
    const tooLong = { kind: 'invalid', code: 'json-too-many-values', facts: { limit: TEXT_LENGTH_MAX } };
    for (const text of [`${longest}x`, String.raw`\u0078`.repeat(TEXT_LENGTH_MAX / 6 + 1), `${longest}${longest}`]) {
      expect(refused(item(text))).toMatchObject({ ...tooLong, errors: [{ pointer: '/a/0' }] });
    }
  });

  it('accepts the longest name and refuses a longer one', () => {
    const object = (name: string): string => `{"a":{"${name}":1}}`;
    expect(parse(object('n'.repeat(200)))).toBeDefined();
    expect(parse(object(String.raw`\u006e`.repeat(200)))).toBeDefined();
    for (const name of ['n'.repeat(201), String.raw`\u006e`.repeat(201), 'n'.repeat(1_000_000)]) {
      expect(refused(object(name))).toMatchObject({ code: 'field-name-refused', errors: [{ pointer: '/a' }] });
    }
  });

  it('refuses names that objects inherit, at any level, and points to them', () => {
    for (const name of [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      String.raw`\u005f_proto__`,
    ]) {
      expect(refused(`{"a/b":[{"${name}":5}]}`)).toMatchObject({
        code: 'field-name-refused',
        errors: [{ pointer: `/a~1b/0/${JSON.parse(`"${name}"`)}` }],
      });
    }
    expect(parse('["__proto__","constructor"]')).toBeDefined();
  });

  it('says that a body is not UTF-8, wherever the wrong byte is', () => {
    const bytes = (...parts: (string | number)[]): Buffer =>
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
    const wrong = [
      bytes('{"a":"Caf', 0xe9, '"}'),
      bytes('{"a":"Caf', 0xe9),
      bytes(0xff, '{}'),
      bytes('"', 0xed, 0xa0, 0x80, '"'),
      bytes('"', 0xc0, 0xaf, '"'),
      Buffer.from('{"a":1}', 'utf16le'),
      Buffer.from('{"a":1}', 'utf16le').swap16(),
      Buffer.from('\ufeff{"a":1}', 'utf16le'),
    ];
    for (const given of wrong)
      expect(refusalOf(() => parseJson(given))).toMatchObject({ kind: 'malformed', code: 'malformed-utf8' });
    expect(parseJson(bytes('"é\ufffd😀"'))).toBe('é\ufffd😀');
  });

  it('leaves one byte order mark out', () => {
    expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 });
    expect(refused('\ufeff\ufeff{"a":1}').code).toBe('malformed-json');
    expect(refused('\ufeff').code).toBe('malformed-json');
  });
});
