import { dateOf, formatInstant, MS_PER_DAY, MS_PER_HOUR, parseInstant } from '../ledger/time.js';
import { isBusinessDay } from '../domain/business-days.js';

/**
 * The two years of the demo programme, half-open. They are constants: with the wall clock every load would be
 * different.
 */
export const PROGRAMME_START = '2024-11-01';
export const PROGRAMME_END = '2026-11-01';

const MS_PER_MINUTE = 60_000;

export const addDays = (date: string, days: number): string => dateOf(parseInstant(date) + days * MS_PER_DAY);

export const daysBetween = (from: string, to: string): number =>
  Math.round((parseInstant(to) - parseInstant(from)) / MS_PER_DAY);

/** The same day of a later month, or the last day of that month if it is shorter. */
export function addMonths(date: string, months: number): string {
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return dateOf(Date.UTC(year, month - 1 + months, Math.min(day, lastDay)));
}

export const firstOfNextMonth = (date: string): string => addMonths(`${date.slice(0, 7)}-01`, 1);

/** The first instant of a date. */
export const midnight = (date: string): string => `${date}T00:00:00Z`;

/** The date itself or the next business day after it. */
export function businessDayFrom(date: string): string {
  let day = date;
  while (!isBusinessDay(day)) day = addDays(day, 1);
  return day;
}

/** An instant inside the working hours of a date. `share`, from 0 to 1, is the elapsed part of these hours. */
export const workingHour = (date: string, share: number): string =>
  formatInstant(parseInstant(date) + 8 * MS_PER_HOUR + Math.floor(share * 9 * 60) * MS_PER_MINUTE);

/** The instant after `share` of the time from one instant to another, to the second. */
export const instantBetween = (from: string, to: string, share: number): string => {
  const start = parseInstant(from);
  return formatInstant(Math.floor((start + (parseInstant(to) - start) * share) / 1000) * 1000);
};
