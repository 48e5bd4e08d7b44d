import { createHmac } from 'node:crypto';
import fc, { type GeneratorValue } from 'fast-check';
import { ReportUsageDto, USAGE_RECORDS_MAX, UsageRecordDto } from '../../../src/access/usage.dto.js';
import { canonicalize } from '../../../src/ledger/canonical.js';
import { Refusal } from '../../../src/ledger/refusal.js';
import { ListFingerprint, fingerprintOf } from '../../../src/http/body/fingerprint.js';
import { JSON_DEPTH_MAX } from '../../../src/http/body/json-limits.js';
import { LARGE_JSON_VALUES_MAX, parseJson } from '../../../src/http/body/plain-json.js';
import { StreamedBody, requireOnlyList, type StreamedList } from '../../../src/http/body/streamed-body.js';
import { EdgeValidationPipe } from '../../../src/http/validation.pipe.js';
import { refusalOf } from '../../support/given.js';

/** Bodies for each property. */
const RUNS = Number(process.env['STREAMED_BODIES'] ?? 150);
const SECRET = Buffer.alloc(32, 3);
const URL = '/v1/usage?of=no-account';
const USAGE: StreamedList = {
  body: ReportUsageDto,
  list: 'records',
  item: UsageRecordDto,
  itemsMax: USAGE_RECORDS_MAX,
};
const RECORD = {
  allocationId: 'c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94',
  from: '2026-04-02T00:00:00Z',
  to: '2026-04-03T00:00:00Z',
  chipHours: 180,
};

interface Outcome {
  readonly content?: object;
  readonly fingerprint?: string;
  readonly refusal?: Pick<Refusal, 'kind' | 'code' | 'detail' | 'facts' | 'errors'>;
}

const pipe = new EdgeValidationPipe();

/** Reads the body like an ordinary body: the whole text, its value, its class. */
async function readWhole(bytes: Buffer): Promise<Outcome> {
  return outcomeOf(async () => {
    const body = parseJson(bytes, LARGE_JSON_VALUES_MAX);
    const fingerprint = fingerprintOf(SECRET, 'POST', URL, body);
    return { fingerprint, content: (await pipe.transform(body, { type: 'body', metatype: ReportUsageDto })) as object };
  });
}

/** Reads the body item by item, in pieces of these sizes. */
async function readStreamed(bytes: Buffer, sizes: readonly number[] = [65_536]): Promise<Outcome> {
  return outcomeOf(async () => {
    const body = streamed();
    for (let from = 0, piece = 0; from < bytes.length; piece += 1) {
      const to = from + (sizes[piece % sizes.length] ?? 1);
      body.write(bytes.subarray(from, to));
      from = to;
    }
    body.end();
    const fingerprint = body.fingerprint();
    return { fingerprint, content: (await pipe.transform(body, { type: 'body', metatype: ReportUsageDto })) as object };
  });
}

const streamed = (usage = USAGE): StreamedBody =>
  new StreamedBody(usage, new ListFingerprint(SECRET, 'POST', URL, usage.list));

async function outcomeOf(read: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { kind, code, detail, facts, errors } = error;
    return { refusal: { kind, code, detail, facts, errors } };
  }
}

/** One of the many texts of a value: white space, escapes, order and notations of numbers differ. */
function textOf(value: unknown, some: GeneratorValue): string {
  const among = (...texts: readonly string[]): string => some(fc.constantFrom, ...texts) as string;
  const space = (): string => among('', '', '', ' ', '\n', '\t', '\r\n  ');
  const item = (one: unknown): string => space() + textOf(one, some) + space();
  if (Array.isArray(value)) return `[${value.map(item).join(',') || space()}]`;
  if (typeof value === 'object' && value !== null) {
    const members = some(fc.shuffledSubarray, Object.entries(value), { minLength: Object.keys(value).length });
    const texts = (members as [string, unknown][]).map(([name, one]) => `${item(name)}:${item(one)}`);
    return `{${texts.join(',') || space()}}`;
  }
  if (typeof value === 'number') {
    const texts = [JSON.stringify(value), value.toExponential(), `${value.toExponential().replace('e', 'E')}`];
    if (Number.isInteger(value) && Math.abs(value) < 1e15) texts.push(`${value}.0`, `${value}.000e0`, `${value}.0E+00`);
    return among(...texts);
  }
  if (typeof value !== 'string') return JSON.stringify(value);
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const units = value
    .split('')
    .map((unit) => (some(fc.nat, 9) === 0 ? escaped(unit) : JSON.stringify(unit).slice(1, -1)));
  // Writers never escape only one half of a surrogate pair, and readers differ on it.
  return `"${/[\ud800-\udfff]/.test(value) ? JSON.stringify(value).slice(1, -1) : units.join('').replaceAll('/', () => among('/', String.raw`\/`))}"`;
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('', '\ud800', 'a\udc00', '\u0000', '/', '"\\', '�', '\u2028', 'records'),
);
const anything = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }) },
  { weight: 2, arbitrary: text },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, [], {}, [[]], [[RECORD]], -0, 1e21, 5e-324, true) },
);
const record = fc.record({
  allocationId: fc.uuid(),
  from: fc.constantFrom('2026-04-02T00:00:00Z', '2026-04-02T00:00:00.5Z'),
  to: fc.constantFrom('2026-04-03T00:00:00Z', '2026-05-03T01:00:00.125Z'),
  chipHours: fc.oneof(fc.nat(), fc.nat({ max: 100_000_000_000 })),
});
const spoiled = fc
  .tuple(record, fc.oneof(fc.constantFrom('allocationId', 'from', 'chipHours', 'a/b~c'), text), anything, fc.boolean())
  .map(([one, name, value, isLeftOut]) =>
    isLeftOut ? Object.fromEntries(Object.entries(one).filter(([key]) => key !== name)) : { ...one, [name]: value },
  );
const named = (name: string): boolean => !Object.hasOwn(Object.prototype, name) && name !== 'prototype';
const body = fc
  .oneof(
    { weight: 4, arbitrary: fc.record({ records: fc.array(record, { maxLength: 6 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({ records: fc.array(fc.oneof(record, record, spoiled, anything), { maxLength: 6 }) }),
    },
    { weight: 1, arbitrary: fc.record({ records: anything }) },
    { weight: 1, arbitrary: fc.dictionary(text.filter(named), anything, { maxKeys: 3 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.dictionary(text.filter(named), anything, { maxKeys: 2 }), fc.array(record, { maxLength: 3 }))
        .map(([others, records]) => ({ ...others, records })),
    },
    { weight: 1, arbitrary: anything },
  )
  .filter((value) => !JSON.stringify(value)?.includes('__proto__'));
const bytes = fc.tuple(body, fc.gen()).map(([value, some]) => Buffer.from(textOf(value, some)));
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });

describe('a body that is read item by item', () => {
  it('has the same content as when it is read as a whole, or the same refusal text', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, sizes, async (given, pieces) => {
        expect(await readStreamed(given, pieces)).toEqual(await readWhole(given));
      }),
      { numRuns: RUNS },
    );
  });

  it('is refused like the whole body when bytes are missing, doubled or changed', async () => {
    const broken = fc
      .tuple(
        bytes,
        fc.nat(),
        fc.constantFrom('cut', 'left out', 'doubled', 'changed', 'appended'),
        fc.nat({ max: 255 }),
      )
      .map(([given, at, how, byte]) => {
        const from = at % (given.length + 1);
        const kept = given.subarray(0, from);
        if (how === 'cut') return kept;
        if (how === 'appended') return Buffer.concat([given, Buffer.of(byte)]);
        if (how === 'doubled') return Buffer.concat([kept, given.subarray(Math.max(0, from - 1))]);
        return Buffer.concat([kept, how === 'changed' ? Buffer.of(byte) : Buffer.alloc(0), given.subarray(from + 1)]);
      })
      .filter((given) => given.length > 0);
    await fc.assert(
      fc.asyncProperty(broken, sizes, async (given, pieces) => {
        expect(await readStreamed(given, pieces)).toEqual(await readWhole(given));
      }),
      { numRuns: RUNS },
    );
  });

  it('has the fingerprint of its canonical bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 20 }),
        fc.gen(),
        sizes,
        async (records, some, pieces) => {
          const given = Buffer.from(textOf({ records }, some));
          const { fingerprint } = await readStreamed(given, pieces);
          const canonical = canonicalize(JSON.parse(given.toString()));
          expect(fingerprint).toBe(
            createHmac('sha256', SECRET).update(`POST /v1/usage\n${canonical}`).digest('base64'),
          );
        },
      ),
    );
  });

  it.each([
    ['a byte order mark', '\ufeff{"records":[]}'],
    ['two of them', '\ufeff\ufeff{"records":[]}'],
    ['nothing but white space', ' \n'],
    ['two bodies', '{"records":[]}{"records":[]}'],
    ['a list that is given twice', `{"records":[1,2],"records":[${JSON.stringify(RECORD)}]}`],
    ['a list that is no list in the end', `{"records":[${JSON.stringify(RECORD)}],"records":5}`],
    ['a list that is empty in the end', `{"records":[${JSON.stringify(RECORD)}],"records":[]}`],
    ['a field that is given twice', `{"records":[${JSON.stringify(RECORD).replace('{', '{"chipHours":"x",')}]}`],
    ['a record named as every object is made', '{"records":[{"constructor":1}]}'],
    ['a prototype', '{"records":[{"__proto__":{}}]}'],
    ['a prototype in escapes', String.raw`{"records":[{"a":[{"\u005f_proto__":1}]}]}`],
    ['a prototype by its maker', '{"records":[{"constructor":{"prototype":1}}]}'],
    ['a prototype beside the list', '{"records":[],"__proto__":{}}'],
    ['a maker beside the list', '{"records":[],"constructor":{}}'],
    ['a number beyond all', '{"records":[{"chipHours":1e999}]}'],
    ['a number that no double holds', '{"records":[{"chipHours":9007199254740993}]}'],
    ['a negative zero beside the list', '{"records":[],"a":-0}'],
    [
      'an object with too many members',
      `{"records":[{${Array.from({ length: 101 }, (_, at) => `"f${at}":1`).join()}}]}`,
    ],
    ['a field that is given twice in escapes', String.raw`{"records":[{"to":1,"\u0074o":1}]}`],
    ['text in UTF-16', Buffer.from('{"records":[]}', 'utf16le').toString('latin1')],
    ['a lone surrogate', String.raw`{"records":["\ud800"]}`],
    ['a lone surrogate beside the list', String.raw`{"records":[],"a":"\udfff"}`],
    ['a lone surrogate in a list that counts no longer', String.raw`{"records":["\udfff"],"records":[]}`],
    ['the deepest nesting', `{"records":[${'['.repeat(JSON_DEPTH_MAX - 2)}${']'.repeat(JSON_DEPTH_MAX - 2)}]}`],
    ['a level too many', `{"records":[7,${'['.repeat(JSON_DEPTH_MAX - 1)}${']'.repeat(JSON_DEPTH_MAX - 1)}]}`],
    ['a level too many beside the list', `{"x/y":${'{"a":'.repeat(JSON_DEPTH_MAX)}1${'}'.repeat(JSON_DEPTH_MAX)}}`],
    [
      'more errors than are listed',
      JSON.stringify({ records: Array.from({ length: 60 }, () => ({ ...RECORD, to: 1 })) }),
    ],
    [
      'more unknown fields than are listed',
      JSON.stringify({ records: [Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`f${at}`, at]))] }),
    ],
  ])('treats %s like an ordinary body', async (_what, given) => {
    const whole = await readWhole(Buffer.from(given));
    for (const size of [1, 7, 65_536]) expect(await readStreamed(Buffer.from(given), [size])).toEqual(whole);
  });

  it.each([
    ['a byte of ISO 8859-1', Buffer.from('{"records":[{"to":"caf\u00e9"}]}', 'latin1')],
    ['an incomplete character at the end', Buffer.concat([Buffer.from('{"records":[]}'), Buffer.of(0xc3)])],
    ['a surrogate as CESU-8 writes it', Buffer.from('{"records":["\u00ed\u00a0\u0080"]}', 'latin1')],
  ])('is refused like an ordinary body for %s', async (_what, given) => {
    const whole = await readWhole(given);
    expect(whole).toMatchObject({ refusal: { kind: 'malformed', code: 'malformed-utf8' } });
    for (const size of [1, 7, 65_536]) expect(await readStreamed(given, [size])).toEqual(whole);
  });

  it('refuses a member whose name every object inherits', async () => {
    const given = Buffer.from(JSON.stringify({ records: [RECORD], toString: 1 }));
    expect(await readStreamed(given)).toMatchObject({ refusal: { errors: [{ pointer: '/toString' }] } });
  });

  it('keeps no items beyond the limit of its list, and reads no further', () => {
    const items = streamed({ ...USAGE, itemsMax: 2 });
    const one = JSON.stringify(RECORD);
    items.write(Buffer.from(`{"records":[${one},${one}`));
    items.write(Buffer.from(`,${one},`));
    items.write(Buffer.from('whatever'.repeat(10_000)));
    items.end();
    // The class of the body allows more items. This test is about the number that is read.
    expect(items.content()).toEqual({ records: [] });
    const inOnePart = streamed({ ...USAGE, itemsMax: 2 });
    inOnePart.write(Buffer.from(`{"records":[${one},${one},${one},whatever`));
    inOnePart.end();
    expect(inOnePart.content()).toEqual({ records: [] });
  });

  it('stops at the first level of nesting too many: a megabyte of brackets is not parsed', () => {
    const deep = streamed();
    const brackets = Buffer.alloc(1_048_576, '[');
    expect(refusalOf(() => deep.write(brackets))).toMatchObject({ code: 'json-too-deep' });
  });

  it('may hold its list and no other member', () => {
    expect(() => requireOnlyList(USAGE)).not.toThrow();
    expect(() => requireOnlyList({ ...USAGE, list: 'reports' })).toThrow(/"reports" alone/);
    expect(() => requireOnlyList({ ...USAGE, body: UsageRecordDto })).toThrow(/nothing else/);
  });
});
