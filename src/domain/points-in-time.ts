import { formatInstant, type EpochMs } from '../ledger/time.js';

/** What a text such as `2026-06-30` stands for: from its first to its last instant, both included. */
export interface Span {
  readonly first: EpochMs;
  readonly last: EpochMs;
}

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
const DATE = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
/** RFC 3339. In a query a `+` that is not written as `%2B` arrives as a space. */
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?(?:Z|([+ -])([01]\d|2[0-3]):([0-5]\d))$/;
/** Every text that `spanOf` may read. */
export const POINT_IN_TIME_PATTERN = String.raw`^\d{4}-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+ -]\d{2}:\d{2}))?)?$`;
export const POINT_IN_TIME_LENGTH_MAX = '2026-06-30T12:00:00.123456789+02:00'.length;

const MINUTE_MS = 60_000;

/**
 * Reads an instant (RFC 3339, with `Z` or an offset), a date, or a month. A date and a month are whole, in UTC: the 30th of June lasts
 * until its last millisecond. Digits of an instant after the milliseconds are left out.
 * @returns undefined for any other text, and for a date that is not in the calendar.
 */
export function spanOf(text: string): Span | undefined {
  const month = MONTH.exec(text);
  if (month) {
    const [year, number] = [Number(month[1]), Number(month[2])];
    return { first: Date.UTC(year, number - 1, 1), last: Date.UTC(year, number, 1) - 1 };
  }
  if (DATE.test(text)) {
    const first = dayOf(text);
    return first === undefined ? undefined : { first, last: first + 24 * 60 * MINUTE_MS - 1 };
  }
  const at = instantOf(text);
  return at === undefined ? undefined : { first: at, last: at };
}

/** The last instant of a span as text: RFC 3339, UTC. */
export const lastInstantOf = ({ last }: Span): string => formatInstant(last);

function instantOf(text: string): EpochMs | undefined {
  const parts = INSTANT.exec(text);
  if (!parts) return undefined;
  const [, date = '', hours, minutes, seconds, fraction = '.0', sign, offsetHours = '0', offsetMinutes = '0'] = parts;
  const day = dayOf(date);
  if (day === undefined) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * MINUTE_MS * (sign === '-' ? -1 : 1);
  const time = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS + Number(seconds) * 1_000;
  return day + time + Number(fraction.slice(1, 4).padEnd(3, '0')) - offset;
}

/** The first instant of a date in UTC. JavaScript reads 30 February as 2 March: such a date does not exist. */
function dayOf(date: string): EpochMs | undefined {
  const at = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(at) || !new Date(at).toISOString().startsWith(date) ? undefined : at;
}
