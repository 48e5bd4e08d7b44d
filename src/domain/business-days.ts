// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.
// Enter a year that deviates only before a report of its days is published.

import { MS_PER_DAY } from '../ledger/time.js';

/**
 * Business days of the institutions of the European Union: Monday to Friday without the days that close TARGET, the euro payment
 * system, and without the public holidays of the institutions in Brussels, or in Luxembourg. Council Regulation (EEC, Euratom) No 1182/71, Art. 2,
 * makes working days of all others; its Art. 3 does not count the day of the event from which a period runs.
 *
 * The rules below are data. They give the days that the Commission decided for 2014 (OJ C 39, 12.2.2013) and 2023 (OJ C 201 I,
 * 28.5.2021), but each year has a decision of its own, which may differ: what a decision adds or takes away goes into
 * `YEARLY_CHANGES`. Dates are `YYYY-MM-DD`, from 1970 on; every function throws RangeError on anything else.
 */

/** The places of the institutions. Each has the national day of its country. */
export const CALENDARS = ['brussels', 'luxembourg'] as const;
export type Calendar = (typeof CALENDARS)[number];

/** `MM-DD` of the national day. The lists of the Commission differ in nothing else (2023: 21 July for Brussels, 23 June for Luxembourg). */
const NATIONAL_DAYS: Readonly<Record<Calendar, string>> = { brussels: '07-21', luxembourg: '06-23' };

/** `MM-DD`. TARGET closes on 1 January, 1 May, 25 and 26 December; the others are the institutions' own. */
const FIXED_HOLIDAYS: readonly string[] = [
  '01-01', // New Year's Day
  '01-02', // day after
  '05-01', // Labour Day
  '05-09', // declaration of Robert Schuman
  '08-15', // Assumption
  '11-01', // All Saints
  '11-02', // All Souls
  '12-24', // the end-of-year days
  '12-25',
  '12-26',
  '12-27',
  '12-28',
  '12-29',
  '12-30',
  '12-31',
];

/** Days from Easter Sunday. TARGET closes on Good Friday and Easter Monday; the others are the institutions' own. */
const EASTER_HOLIDAYS: readonly number[] = [
  -3, // Maundy Thursday
  -2, // Good Friday
  1, // Easter Monday
  39, // Ascension
  40, // Friday after Ascension
  50, // Whit Monday
];

/** What the decision for a year adds to the rules or takes from them, by date. No such change is known so far. */
const YEARLY_CHANGES: Readonly<Record<string, { readonly [date: string]: 'holiday' | 'working-day' }>> = {};

const YEAR_MIN = 1970;
/** Forty years of business days: no period is longer, and the calendar is built year by year up to its end. */
const COUNT_MAX = 10_000;

interface Year {
  /** Business days from the first day of 1970 to the eve of this year. */
  readonly before: number;
  /** Business days of this year up to and including its n-th day; entry 0 is 0. */
  readonly through: Uint16Array;
}

/** Filled in order, one entry per year from 1970. At most a few hundred: the edge takes no year beyond 2200. */
const YEARS: Readonly<Record<Calendar, Year[]>> = { brussels: [], luxembourg: [] };

/** True when the institutions work and TARGET settles on that date. */
export function isBusinessDay(date: string, calendar: Calendar = 'brussels'): boolean {
  const { year, day } = dayOfYear(date);
  const { through } = yearOf(year, calendar);
  return (through[day] ?? 0) > (through[day - 1] ?? 0);
}

/**
 * Business days after `from` up to and including `to`: half-open (from, to], because the day of the event does not count
 * (Regulation 1182/71, Art. 3(1)). Negative when `to` lies before `from`; 0 from a Friday to the Sunday after it.
 */
export const businessDaysBetween = (from: string, to: string, calendar: Calendar = 'brussels'): number =>
  businessDaysThrough(to, calendar) - businessDaysThrough(from, calendar);

/** The `count`-th business day after `date` (0 to 10,000), so that `businessDaysBetween(date, result)` is `count`; `date` itself for 0. */
export function addBusinessDays(date: string, count: number, calendar: Calendar = 'brussels'): string {
  if (!Number.isInteger(count) || count < 0 || count > COUNT_MAX)
    throw new RangeError(`${count} is not a number of business days.`);
  if (count === 0) return date;
  const wanted = businessDaysThrough(date, calendar) + count;
  let year = dayOfYear(date).year;
  while (wanted > businessDaysThroughYear(year, calendar)) year += 1;
  const { before, through } = yearOf(year, calendar);
  const day = through.findIndex((businessDays) => before + businessDays === wanted);
  return new Date(Date.UTC(year, 0, day)).toISOString().slice(0, 10);
}

/** Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher. */
export function easterSunday(year: number): string {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const yearOfCentury = year % 100;
  const lunarShift = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const epact = (19 * golden + century - Math.floor(century / 4) - lunarShift + 15) % 30;
  const weekday = (32 + 2 * (century % 4) + 2 * Math.floor(yearOfCentury / 4) - epact - (yearOfCentury % 4)) % 7;
  const correction = Math.floor((golden + 11 * epact + 22 * weekday) / 451);
  const marchDay = 22 + epact + weekday - 7 * correction;
  return new Date(Date.UTC(year, 2, marchDay)).toISOString().slice(0, 10);
}

function businessDaysThrough(date: string, calendar: Calendar): number {
  const { year, day } = dayOfYear(date);
  const { before, through } = yearOf(year, calendar);
  return before + (through[day] ?? 0);
}

function businessDaysThroughYear(year: number, calendar: Calendar): number {
  const { before, through } = yearOf(year, calendar);
  return before + (through.at(-1) ?? 0);
}

function yearOf(year: number, calendar: Calendar): Year {
  const years = YEARS[calendar];
  for (let next = YEAR_MIN + years.length; next <= year; next += 1) {
    const before = next === YEAR_MIN ? 0 : businessDaysThroughYear(next - 1, calendar);
    years.push({ before, through: countDays(next, calendar) });
  }
  const found = years[year - YEAR_MIN];
  if (found === undefined) throw new RangeError(`The calendar of business days begins in ${YEAR_MIN}.`);
  return found;
}

function countDays(year: number, calendar: Calendar): Uint16Array {
  const holidays = holidaysOf(year, calendar);
  const first = Date.UTC(year, 0, 1);
  const days = (Date.UTC(year + 1, 0, 1) - first) / MS_PER_DAY;
  const through = new Uint16Array(days + 1);
  for (let day = 1; day <= days; day += 1) {
    const date = new Date(first + (day - 1) * MS_PER_DAY);
    const isWeekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
    const isWorking = !isWeekend && !holidays.has(date.toISOString().slice(0, 10));
    through[day] = (through[day - 1] ?? 0) + (isWorking ? 1 : 0);
  }
  return through;
}

function holidaysOf(year: number, calendar: Calendar): ReadonlySet<string> {
  const easter = Date.parse(easterSunday(year));
  const holidays = new Set([...FIXED_HOLIDAYS, NATIONAL_DAYS[calendar]].map((monthAndDay) => `${year}-${monthAndDay}`));
  for (const offset of EASTER_HOLIDAYS) {
    holidays.add(new Date(easter + offset * MS_PER_DAY).toISOString().slice(0, 10));
  }
  for (const [date, kind] of Object.entries(YEARLY_CHANGES[String(year)] ?? {})) {
    if (kind === 'holiday') holidays.add(date);
    else holidays.delete(date);
  }
  return holidays;
}

function dayOfYear(date: string): { readonly year: number; readonly day: number } {
  const at = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(at)) throw new RangeError(`"${date}" is not a date.`);
  const year = new Date(at).getUTCFullYear();
  return { year, day: (at - Date.UTC(year, 0, 1)) / MS_PER_DAY + 1 };
}
