import 'reflect-metadata';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import {
  AreChipsBy,
  AreReasonCodes,
  AreSomeOf,
  CHIPS_MAX,
  CHIP_HOURS_MAX,
  IdParams,
  IsAmountMinor,
  IsCalendarDate,
  IsChipHours,
  IsChips,
  IsCountryCode,
  IsCurrencyCode,
  IsFlag,
  IsId,
  IsInstant,
  IsInstantOrDate,
  IsMatching,
  IsOneOf,
  IsPercent,
  IsProse,
  IsText,
  Optional,
} from '../../src/http/validation.js';

class Sample {
  @IsAmountMinor({ min: '1' }) readonly paid: unknown;
  @IsAmountMinor({ min: '0' }) readonly part: unknown;
  @IsAmountMinor({ min: 'signed' }) readonly delta: unknown;
  @IsCurrencyCode() readonly currency: unknown;
  @IsCountryCode() readonly country: unknown;
  @IsInstant() readonly instant: unknown;
  @IsCalendarDate() readonly date: unknown;
  @IsInstantOrDate() readonly either: unknown;
  @IsChips() readonly chips: unknown;
  @IsChipHours() readonly chipHours: unknown;
  @IsPercent() readonly percent: unknown;
  @IsFlag() readonly flag: unknown;
  @IsId() readonly id: unknown;
  @IsText(5) readonly text: unknown;
  @IsProse(9) readonly prose: unknown;
  @IsMatching(/^[A-Z]{2}$/, 2, 'two capitals') readonly code: unknown;
  @IsOneOf(['granted', 'denied']) readonly outcome: unknown;
  @AreSomeOf(['panel', 'board']) readonly roles: unknown;
  @AreReasonCodes() readonly reasonCodes: unknown;
  @AreChipsBy(['sme', 'research']) readonly floors: unknown;
  @Optional() @IsText(5) readonly maybe: unknown;
}

function errorOf(field: keyof Sample, value: unknown): string | undefined {
  const sample = Object.assign(new Sample(), { [field]: value });
  const error = validateSync(sample).find(({ property }) => property === field);
  return error?.constraints && Object.values(error.constraints).join(' ');
}

function accepts(field: keyof Sample, ...values: unknown[]): void {
  for (const value of values) expect({ value, error: errorOf(field, value) }).toEqual({ value, error: undefined });
}

function refuses(field: keyof Sample, ...values: unknown[]): void {
  for (const value of [...values, null, undefined, {}, Symbol('odd')]) {
    expect({ value, isRefused: errorOf(field, value) !== undefined }).toEqual({ value, isRefused: true });
  }
}

const DIGITS_18 = '9'.repeat(18);

describe('amounts in minor units', () => {
  it('take a payment of one cent up to 18 digits and refuse zero, 19 digits and every other spelling', () => {
    accepts('paid', '1', '10', DIGITS_18);
    refuses('paid', '0', '-1', '+1', '01', '1.0', '1e3', ' 1', '1\n', '', '１', `1${DIGITS_18}`, 1, 1n, ['1']);
  });

  it('take zero where a part may be zero, but not minus zero', () => {
    accepts('part', '0', '1', DIGITS_18);
    refuses('part', '-0', '00', '-1');
  });

  it('take a change in both directions, but not zero', () => {
    accepts('delta', '1', '-1', DIGITS_18, `-${DIGITS_18}`);
    refuses('delta', '0', '-0', '--1', '-01', `-1${DIGITS_18}`);
  });

  it('name their range in the error', () => {
    expect(errorOf('paid', '0')).toBe(
      'paid must be a string with a whole number of minor units (cents), one or more, without leading zeros, of at most 18 digits.',
    );
  });
});

describe('codes', () => {
  it('of currencies are taken if active; withdrawn ones, metals, tests and names of inherited members are refused', () => {
    accepts('currency', 'EUR', 'SEK', 'JPY', 'KWD');
    refuses('currency', 'eur', 'EU', 'HRK', 'BGN', 'XAU', 'XXX', 'XTS', '', 'constructor', 978);
  });

  it('of countries are taken from ISO; reserved and user-assigned codes are refused', () => {
    accepts('country', 'FR', 'GR', 'GB', 'NO');
    refuses('country', 'fr', 'EL', 'UK', 'EU', 'XK', 'FRA', 'toString', '__proto__');
  });

  it('of resources are UUIDs of any version in lower case', () => {
    accepts('id', '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37', '00000000-0000-8000-8000-000000000000');
    refuses('id', '0B7E5C1A-3F52-4C8E-9A41-6D2F8C9E1B37', '0b7e5c1a3f524c8e9a416d2f8c9e1b37', 'partner-1', '');
    expect(validateSync(Object.assign(new IdParams(), { id: 'nobody' }))).toHaveLength(1);
    expect(validateSync(Object.assign(new IdParams(), { id: '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' }))).toEqual([]);
  });

  it('of a given pattern are taken only if they match it', () => {
    accepts('code', 'AB');
    refuses('code', 'ABC', 'A', 'ab', 12);
    expect(errorOf('code', 'ab')).toBe('code must be two capitals.');
  });
});

describe('the checks of time', () => {
  it('take real dates from 1970 to 2200', () => {
    accepts('date', '1970-01-01', '2200-12-31', '2028-02-29', '2000-02-29');
    refuses('date', '1969-12-31', '2201-01-01', '2026-02-29', '2026-02-30', '2100-02-29', '2026-13-01', '2026-00-10');
    refuses('date', '2026-1-1', '20260101', '2026-01-01T00:00:00Z', '+002026-01-01', '', 20260101);
  });

  it('take instants in UTC up to the millisecond', () => {
    accepts('instant', '1970-01-01T00:00:00Z', '2200-12-31T23:59:59.999Z', '2026-03-01T09:30:00.5Z');
    refuses('instant', '2026-02-30T00:00:00Z', '1969-12-31T23:59:59Z', '2201-01-01T00:00:00Z', '2026-01-01T24:00:00Z');
    refuses('instant', '2026-03-01T09:30:00', '2026-03-01T09:30:00+00:00', '2026-03-01t09:30:00z', '2026-03-01T09:30Z');
    refuses('instant', '2026-03-01T09:30:60Z', '2026-03-01T09:30:00.0001Z', '2026-03-01', 1772357400000);
  });

  it('take either where a date stands for its first instant', () => {
    accepts('either', '2026-03-01', '2026-03-01T09:30:00Z');
    refuses('either', '2026-02-30', '2026-02-30T00:00:00Z', 'tomorrow');
  });

  it('agree with the calendar on every day', () => {
    const day = fc.date({ min: new Date('1970-01-01'), max: new Date('2200-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(day, (at) => {
        expect(errorOf('instant', at.toISOString())).toBeUndefined();
        expect(errorOf('date', at.toISOString().slice(0, 10))).toBeUndefined();
      }),
    );
  });
});

describe('the checks of numbers', () => {
  it('take whole chips and chip-hours between one and their limit', () => {
    accepts('chips', 1, CHIPS_MAX);
    refuses('chips', 0, -1, 1.5, CHIPS_MAX + 1, '1', NaN, Infinity);
    accepts('chipHours', 1, CHIP_HOURS_MAX);
    refuses('chipHours', 0, CHIP_HOURS_MAX + 1, 2 ** 53);
  });

  it('take a percentage above 0 and up to 100 with four digits after the point', () => {
    accepts('percent', 0.0001, 33.4, 100, 50.0001);
    refuses('percent', 0, 0.00001, 100.0001, -1, 33.33333, '50', NaN);
  });

  it('take a boolean and nothing that only looks like one', () => {
    accepts('flag', true, false);
    refuses('flag', 'true', 0, 1, []);
  });
});

describe('texts', () => {
  it('are measured in characters, not UTF-16 units', () => {
    accepts('text', 'a', 'abcde', '😀😀😀😀😀', 'Ö. č');
    refuses('text', 'abcdef', '😀😀😀😀😀😀', '');
  });

  it('are refused if blank or untrimmed, or with control characters, lone surrogates or directional overrides', () => {
    refuses('text', ' ', ' a', 'a ', '\u00A0a', '\u200B', 'a\u0000b', 'a\nb', 'a\tb', 'a\u007Fb', 'a\u2028b');
    refuses('text', '\uD800', 'a\uDC00b', 'a\u202Eb', 'a\u2066b', 5, ['a']);
  });

  it('are refused with characters that nobody sees, of a line and of prose', () => {
    const invisible = [
      ...[
        '\u00AD',
        '\u034F',
        '\u061C',
        '\u115F',
        '\u180E',
        '\u200B',
        '\u200C',
        '\u200D',
        '\u200E',
        '\u200F',
        '\u2028',
        '\u2029',
      ],
      ...[
        '\u202E',
        '\u2060',
        '\u2064',
        '\u2066',
        '\u206F',
        '\u3164',
        '\uFE0F',
        '\uFEFF',
        '\uFFA0',
        '\uFFF9',
        '\u{E0041}',
        '\u{E01EF}',
      ],
    ];
    for (const mark of invisible) {
      for (const text of [`a${mark}b`, `a${mark}`, `${mark}b`]) refuses('text', text);
      refuses('prose', `a${mark}b`);
    }
    // Letters with marks that combine, and what the languages of the Union write: Greek, Bulgarian, Maltese, Irish, Catalan.
    accepts('text', 'a\u0301b', 'Ζεύς', 'Търг', 'Ħż', 'Ír', 'l·l', '“a”', 'a–b', '№ 1');
  });

  it('of prose may hold line breaks, but no other character that a line may not hold', () => {
    accepts('prose', 'one\ntwo', 'one\ttwo', 'one');
    refuses('prose', 'one\r\ntwo', 'a\u0000b', '\uD83D', 'a\u202Eb', 'ten letter', '\n', 'one\n');
  });

  it('are never taken if PostgreSQL or the canonical form refuses them', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 5 }),
        (text) => {
          if (errorOf('text', text) === undefined) {
            expect(text).not.toMatch(/\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
          }
        },
      ),
    );
  });
});

describe('the checks of lists and objects', () => {
  it('take one of a closed list', () => {
    accepts('outcome', 'granted', 'denied');
    refuses('outcome', 'Granted', '', 'toString', ['granted']);
    expect(errorOf('outcome', 'maybe')).toBe('outcome must be one of granted, denied.');
  });

  it('take some of a closed list, each once', () => {
    accepts('roles', ['panel'], ['board', 'panel']);
    refuses('roles', [], ['panel', 'panel'], ['auditor'], 'panel', [1]);
  });

  it('take 1 to 20 different reason codes of up to 64 characters', () => {
    const codes = (count: number) => Array.from({ length: count }, (_, index) => `reason-${index}`);
    accepts('reasonCodes', codes(1), codes(20), ['a'.repeat(64)], ['2fold']);
    refuses(
      'reasonCodes',
      codes(0),
      codes(21),
      ['a'.repeat(65)],
      ['twice', 'twice'],
      ['Upper'],
      ['a--b'],
      ['-a'],
      ['a_b'],
    );
    refuses('reasonCodes', 'reason-1', [1], [['a']], [null]);
  });

  it('take chips by category and no key besides, not even an inherited one', () => {
    accepts('floors', {}, { sme: 0 }, { sme: 1, research: CHIPS_MAX });
    const inheriting: unknown = Object.create({ sme: 1 });
    for (const value of [
      { startup: 1 },
      { sme: -1 },
      { sme: 1.5 },
      { sme: '1' },
      { sme: null },
      { sme: CHIPS_MAX + 1 },
      { constructor: 1 },
      JSON.parse('{"__proto__": 1}'),
      inheriting,
      [],
      [1],
      'sme',
      null,
    ]) {
      expect({ value, isRefused: errorOf('floors', value) !== undefined }).toEqual({ value, isRefused: true });
    }
  });
});

describe('optional fields', () => {
  it('may be left out but not null', () => {
    accepts('maybe', undefined, 'abc');
    expect(errorOf('maybe', null)).toBe(
      'maybe must be a text of 1 to 5 characters on one line, without space around it and without control or invisible characters.',
    );
  });
});

describe('the checks of fields', () => {
  it('report one plain sentence for each field of any JSON, and never throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const field of Object.keys(new Sample()) as (keyof Sample)[]) {
          expect(errorOf(field, value) ?? `${field} must be x.`).toMatch(new RegExp(`^${field} must be .*\\.$`, 's'));
        }
      }),
    );
  });

  it('document a pattern that matches exactly the amounts and codes that the check takes', () => {
    const patternOf = (field: keyof Sample): RegExp => {
      const schema: unknown = Reflect.getMetadata('swagger/apiModelProperties', Sample.prototype, field);
      return new RegExp((schema as { pattern: string }).pattern, 'u');
    };
    for (const field of ['paid', 'part', 'delta', 'id', 'code'] as const) {
      const pattern = patternOf(field);
      const spellings = fc.oneof(fc.stringMatching(pattern), fc.string(), fc.integer().map(String));
      fc.assert(fc.property(spellings, (text) => expect(errorOf(field, text) === undefined).toBe(pattern.test(text))));
    }
  });
});
