import { invalid } from '../ledger/refusal.js';
import { dateOf, parseInstant } from '../ledger/time.js';

/**
 * Refuses a date in the future. Dates are UTC days, like all times in the ledger. Today is accepted.
 * @throws Refusal `date-in-future` (422).
 */
export function notInFuture(field: string, date: string, now: string): void {
  const today = dateOf(parseInstant(now));
  if (date > today) {
    const detail = `${field} is ${date}, but today is ${today} (UTC). Record it once it has happened.`;
    throw invalid('date-in-future', `/${field}`, detail, { date, today });
  }
}
