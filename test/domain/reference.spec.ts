import fc from 'fast-check';
import { addBusinessDays, businessDaysBetween, easterSunday, isBusinessDay } from '../../src/domain/business-days.js';
import { COUNTRY_CODES, isCountry } from '../../src/domain/countries.js';
import { CURRENCY_CODES, isCurrency, minorDigitsOf } from '../../src/domain/currencies.js';
import { EU_MEMBER_STATES, isMemberState } from '../../src/domain/member-states.js';

const MS_PER_DAY = 86_400_000;
const plusDays = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * MS_PER_DAY).toISOString().slice(0, 10);
const daysOf = (year: number): string[] =>
  Array.from({ length: 366 }, (_, day) => plusDays(`${year}-01-01`, day)).filter((date) => date.startsWith(`${year}`));
const isWeekday = (date: string): boolean => ![0, 6].includes(new Date(date).getUTCDay());

describe('countries', () => {
  it('are the 249 codes of ISO 3166-1, each once', () => {
    expect(new Set(COUNTRY_CODES).size).toBe(249);
    expect(COUNTRY_CODES.every((code) => /^[A-Z]{2}$/.test(code) && isCountry(code))).toBe(true);
    expect(['NA', 'GR', 'CI', 'AX', 'ZW'].every(isCountry)).toBe(true);
  });

  it('have no code that is only inherited, reserved or unassigned', () => {
    for (const code of ['constructor', '__proto__', 'toString', 'EU', 'XK', '']) {
      expect(isCountry(code)).toBe(false);
    }
  });

  it('hold the 27 Member States, Greece as GR and without the United Kingdom', () => {
    expect(EU_MEMBER_STATES).toHaveLength(27);
    expect(EU_MEMBER_STATES.every(isCountry)).toBe(true);
    expect(['GR', 'GB', 'NO', 'EL'].map(isMemberState)).toEqual([true, false, false, false]);
  });
});

describe('currencies', () => {
  it('are codes of three capitals, each once and sorted', () => {
    expect(CURRENCY_CODES.every((code) => /^[A-Z]{3}$/.test(code))).toBe(true);
    expect(CURRENCY_CODES).toEqual([...new Set(CURRENCY_CODES)].toSorted());
    expect(['EUR', 'JPY', 'KWD', 'CLF'].every(isCurrency)).toBe(true);
  });

  it('have the digits of the minor unit of ISO 4217', () => {
    const countOf = (digits: number) => CURRENCY_CODES.filter((code) => minorDigitsOf(code) === digits).length;
    expect([0, 1, 2, 3, 4].map(countOf)).toEqual([17, 0, 139, 7, 2]);
    expect(['EUR', 'JPY', 'ISK', 'KWD', 'TND', 'CLF', 'UYW', 'MGA'].map(minorDigitsOf)).toEqual([
      2, 0, 0, 3, 3, 4, 4, 2,
    ]);
  });

  it('leave out codes that are withdrawn or have no minor unit', () => {
    for (const code of ['BGN', 'HRK', 'DEM', 'XAU', 'XDR', 'XTS', 'XXX', 'constructor', '']) {
      expect([isCurrency(code), minorDigitsOf(code)]).toEqual([false, undefined]);
    }
  });
});

/** Easter Sundays as almanacs print them, the earliest and the latest possible dates among them. */
const EASTERS = (
  '1970-03-29 1981-04-19 1997-03-30 2000-04-23 2008-03-23 2011-04-24 2014-04-20 2016-03-27 2019-04-21 2020-04-12 ' +
  '2021-04-04 2022-04-17 2023-04-09 2024-03-31 2025-04-20 2026-04-05 2027-03-28 2028-04-16 2029-04-01 2030-04-21 ' +
  '2035-03-25 2038-04-25 2049-04-18 2076-04-19 2100-03-28'
).split(' ');

describe('Easter', () => {
  it.each(EASTERS)('falls on %s', (date) => {
    expect(easterSunday(Number(date.slice(0, 4)))).toBe(date);
  });

  it('is a Sunday between 22 March and 25 April in every year', () => {
    for (let year = 1970; year <= 2200; year += 1) {
      const date = easterSunday(year);
      expect(new Date(date).getUTCDay()).toBe(0);
      expect(date >= `${year}-03-22` && date <= `${year}-04-25`).toBe(true);
    }
  });
});

describe('business days', () => {
  it('are all weekdays of 2014 but those that the Commission decided (OJ C 39, 12.2.2013)', () => {
    const holidays = daysOf(2014).filter((date) => isWeekday(date) && !isBusinessDay(date));
    expect(holidays.map((date) => date.slice(5)).join(' ')).toBe(
      '01-01 01-02 04-17 04-18 04-21 05-01 05-09 05-29 05-30 06-09 07-21 08-15 12-24 12-25 12-26 12-29 12-30 12-31',
    );
  });

  it('are all weekdays of 2023 but those that the Commission decided for Brussels (OJ C 201 I, 28.5.2021)', () => {
    const holidays = daysOf(2023).filter((date) => isWeekday(date) && !isBusinessDay(date));
    expect(holidays.map((date) => date.slice(5)).join(' ')).toBe(
      '01-02 04-06 04-07 04-10 05-01 05-09 05-18 05-19 05-29 07-21 08-15 11-01 11-02 12-25 12-26 12-27 12-28 12-29',
    );
  });

  it('never fall on a weekend or on a day that closes TARGET', () => {
    for (let year = 1970; year <= 2200; year += 1) {
      const easter = easterSunday(year);
      const target = [`${year}-01-01`, plusDays(easter, -2), plusDays(easter, 1), `${year}-05-01`, `${year}-12-25`];
      for (const date of [...target, `${year}-12-26`, easter, plusDays(easter, -1)]) {
        expect({ date, isBusinessDay: isBusinessDay(date) }).toEqual({ date, isBusinessDay: false });
      }
    }
  });

  it('are closed in Luxembourg on 23 June instead of 21 July (the same decision for 2023)', () => {
    const differing = daysOf(2023).filter((date) => isBusinessDay(date, 'luxembourg') !== isBusinessDay(date));
    expect(differing).toEqual(['2023-06-23', '2023-07-21']);
    expect(isBusinessDay('2023-06-23', 'luxembourg')).toBe(false);
    // Both days of 2026 are weekdays: a Tuesday.
    expect(addBusinessDays('2026-06-15', 10)).toBe('2026-06-29');
    expect(addBusinessDays('2026-06-15', 10, 'luxembourg')).toBe('2026-06-30');
    expect(addBusinessDays('2026-07-13', 10, 'luxembourg')).toBe('2026-07-27');
    expect(addBusinessDays('2026-07-13', 10)).toBe('2026-07-28');
    expect(businessDaysBetween('2026-06-15', '2026-06-30', 'luxembourg')).toBe(10);
  });

  it('are counted without the day of the event', () => {
    expect(businessDaysBetween('2026-03-02', '2026-03-02')).toBe(0);
    expect(businessDaysBetween('2026-03-02', '2026-03-03')).toBe(1);
    expect(businessDaysBetween('2026-03-06', '2026-03-08')).toBe(0);
    expect(businessDaysBetween('2026-03-06', '2026-03-09')).toBe(1);
    expect(businessDaysBetween('2026-03-07', '2026-03-09')).toBe(1);
    expect(businessDaysBetween('2026-03-09', '2026-03-06')).toBe(-1);
  });

  it('put the tenth business day after a Monday two weeks later, and later across Easter and the end of the year', () => {
    expect(addBusinessDays('2026-03-02', 10)).toBe('2026-03-16');
    // Maundy Thursday to Easter Monday 2026 are 2 to 6 April.
    expect(addBusinessDays('2026-03-30', 10)).toBe('2026-04-16');
    expect(addBusinessDays('2026-12-23', 1)).toBe('2027-01-04');
    expect(addBusinessDays('2026-12-25', 0)).toBe('2026-12-25');
  });

  it('are found again by counting: adding and counting are inverse', () => {
    const dates = fc
      .date({ min: new Date('1970-01-01'), max: new Date('2200-12-31'), noInvalidDate: true })
      .map((at) => at.toISOString().slice(0, 10));
    fc.assert(
      fc.property(dates, fc.integer({ min: 1, max: 600 }), (date, count) => {
        const result = addBusinessDays(date, count);
        expect(isBusinessDay(result)).toBe(true);
        expect(businessDaysBetween(date, result)).toBe(count);
        expect(businessDaysBetween(result, date)).toBe(-count);
        expect(businessDaysBetween(date, plusDays(result, -1))).toBe(count - 1);
      }),
    );
  });

  it('agree with counting day by day', () => {
    const starts = fc.integer({ min: 0, max: 60_000 }).map((days) => plusDays('1970-01-01', days));
    fc.assert(
      fc.property(starts, fc.integer({ min: 0, max: 800 }), (from, span) => {
        let counted = 0;
        for (let day = 1; day <= span; day += 1) counted += isBusinessDay(plusDays(from, day)) ? 1 : 0;
        expect(businessDaysBetween(from, plusDays(from, span))).toBe(counted);
      }),
    );
  });

  it('refuse a text that is no date, a date before the calendar begins and a count out of bounds', () => {
    expect(() => isBusinessDay('2026-13-01')).toThrow(RangeError);
    expect(() => isBusinessDay('1969-12-31')).toThrow(RangeError);
    for (const count of [-1, 0.5, 10_001, NaN]) expect(() => addBusinessDays('2026-03-02', count)).toThrow(RangeError);
    expect(addBusinessDays('2026-03-02', 10_000) > '2066').toBe(true);
  });
});
