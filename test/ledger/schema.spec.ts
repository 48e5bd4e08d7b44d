import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { country } from '../../src/domain/countries.js';
import { currency } from '../../src/domain/currencies.js';
import { misfitOf } from '../../src/ledger/schema-check.js';
import {
  above0,
  amountMinor,
  date,
  either,
  flag,
  id,
  instant,
  instantOrDate,
  list,
  mark,
  nullable,
  object,
  oneOf,
  optional,
  some,
  text,
  whole,
  type JsonSchema,
} from '../../src/ledger/schema.js';

const ID = '0b7e5c1a-3f52-8c8e-9a41-6d2f8c9e1b37';
/** Every kind of schema, and a value of it. */
const KINDS: readonly (readonly [name: string, schema: JsonSchema, value: unknown])[] = [
  ['id', id(), ID],
  ['text', text(), 'Ærø 𝄞'],
  ['date', date(), '2026-02-28'],
  ['instant', instant(), '2026-02-28T23:59:59.999Z'],
  ['instant or date', instantOrDate(), '2026-02-28'],
  ['amount', amountMinor(), '-9007199254740993'],
  ['word', oneOf(['a', 'b']), 'b'],
  ['flag', flag(), false],
  ['mark', mark(), true],
  ['count', whole(), 0],
  ['ordinal', whole(undefined, 1), 1],
  ['percent', above0(100), 0.0001],
  ['list', list(id()), [ID]],
  ['nullable', nullable(date()), null],
  ['some', some(['a', 'b'], whole()), { b: 1 }],
  ['either', either([object({ a: flag() }), object({ b: flag(), c: flag() })]), { b: true, c: true }],
];
const allKinds = object(
  Object.fromEntries(
    KINDS.map(([name, schema], at) => [name, at % 2 === 0 ? optional(schema as never) : (schema as never)]),
  ),
);
const fitting = Object.fromEntries(KINDS.map(([name, , value]) => [name, value]));

/** `fits(schema)` of another program, which reads JSON Schema 2020-12. Formats are for readers: patterns decide. */
const ajv = new Ajv2020({ validateFormats: false, strict: true, allowUnionTypes: true });
const fits = (schema: JsonSchema, value: unknown): boolean => ajv.validate(schema, value);

/** Values that lie near a value of some schema, or anywhere. */
const near = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(...KINDS.map(([, , value]) => value)),
  fc.constantFrom(
    '',
    '2026-02-32',
    '2026-2-3',
    '0',
    '-0',
    '01',
    ID.toUpperCase(),
    `${ID}\n`,
    -1,
    0.5,
    101,
    2 ** 53,
    {},
    [],
    [null],
  ),
);

describe('the check of a value against its schema', () => {
  it.each(KINDS)('agrees with another program on values near those of %s', (_name, schema, value) => {
    expect([misfitOf(schema, value), fits(schema, value)]).toEqual([undefined, true]);
    fc.assert(
      fc.property(near, (other) => {
        expect([other, misfitOf(schema, other) === undefined]).toEqual([other, fits(schema, other)]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['2024-02-29', true],
    ['2026-02-28', true],
    ['2026-02-29', false],
    ['2026-02-30', false],
    ['2100-02-29', false],
    ['2000-02-29', true],
    ['0004-02-29', true],
    ['2026-04-30', true],
    ['2026-04-31', false],
    ['2026-12-31', true],
  ])('finds of the day %s whether it is in the calendar, which no pattern shows', (day, isThere) => {
    for (const [schema, value] of [
      [date(), day],
      [instant(), `${day}T00:00:00Z`],
      [instantOrDate(), day],
      [instantOrDate(), `${day}T23:59:59.999Z`],
    ] as const) {
      expect([fits(schema, value), misfitOf(schema, value)?.demand]).toEqual([
        true,
        isThere ? undefined : 'be a day of the calendar',
      ]);
    }
  });

  it('finds codes that are not on their list, and shows nothing of it in JSON', () => {
    expect(misfitOf(currency(), 'EUR') ?? misfitOf(country(), 'GR')).toBeUndefined();
    expect(misfitOf(currency(), 'XXX')?.demand).toContain('ISO 4217');
    expect(misfitOf(country(), 'ZZ')?.demand).toContain('ISO 3166-1');
    expect(JSON.parse(JSON.stringify(currency()))).toEqual({ type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3 });
  });

  it('agrees with another program on an object, whatever member is missing, added or changed', () => {
    expect([misfitOf(allKinds, fitting), fits(allKinds, fitting)]).toEqual([undefined, true]);
    const name = fc.oneof(fc.constantFrom(...KINDS.map(([kind]) => kind)), fc.string());
    fc.assert(
      fc.property(name, fc.option(near, { nil: undefined }), (member, value) => {
        const { [member]: _, ...without } = fitting;
        const changed = value === undefined ? without : { ...without, [member]: value };
        expect([changed, misfitOf(allKinds, changed) === undefined]).toEqual([changed, fits(allKinds, changed)]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('names the first member that does not fit, as a JSON pointer, and what is asked for there', () => {
    const schema = object({ 'a/b~c': list(object({ day: date() })), size: optional(whole()) });
    expect(misfitOf(schema, [])).toEqual({ pointer: '', demand: 'be of the type object' });
    expect(misfitOf(schema, {})).toEqual({ pointer: '/a~1b~0c', demand: 'be there' });
    expect(misfitOf(schema, { 'a/b~c': [], more: 1 })).toEqual({ pointer: '/more', demand: 'not be there' });
    expect(misfitOf(schema, { 'a/b~c': [{ day: '2026-01-01' }, { day: '1' }] })?.pointer).toBe('/a~1b~0c/1/day');
    expect(misfitOf(schema, { 'a/b~c': [], size: -1 })).toEqual({ pointer: '/size', demand: 'be at least 0' });
    expect(misfitOf(schema, { 'a/b~c': [], size: null })).toEqual({
      pointer: '/size',
      demand: 'be of the type integer',
    });
    expect(misfitOf(schema, { 'a/b~c': [], size: undefined, more: undefined })).toBeUndefined();
    expect(misfitOf(schema, { 'a/b~c': undefined })).toEqual({ pointer: '/a~1b~0c', demand: 'be there' });
    expect(misfitOf(schema, JSON.parse('{"a/b~c":[],"__proto__":{}}'))?.pointer).toBe('/__proto__');
  });

  it('counts the characters of a text, and not their halves', () => {
    const short: JsonSchema = { type: 'string', minLength: 1, maxLength: 2 };
    for (const value of ['', 'a', '𝄞𝄞', '𝄞𝄞𝄞', 'aaa']) {
      expect([value, misfitOf(short, value) === undefined]).toEqual([value, fits(short, value)]);
    }
  });
});
