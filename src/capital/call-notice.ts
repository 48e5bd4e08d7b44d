import type { Calendar } from '../domain/business-days.js';
import { policyInForce } from '../governance/policy.js';
import type { Transaction } from '../ledger/transaction.js';

/** The notice that a capital call needs. */
export interface CallNotice {
  readonly businessDays: number;
  readonly calendar: Calendar;
}

/**
 * The notice while the board has adopted no policy. No law of the Union sets one. Ten business days are what ILPA recommends for funds, and
 * the least that this ledger has ever taken. A programme that has not decided yet can call capital, and nobody is called at
 * shorter notice than a policy would have to say. The calendar is then that of Brussels, as before.
 */
export const NOTICE_WITHOUT_POLICY: CallNotice = { businessDays: 10, calendar: 'brussels' };

/**
 * The policies `capital-call-notice` and `business-day-calendar` in force on the first instant of the day on which a call is issued.
 * @param issuedOn `YYYY-MM-DD`, UTC
 */
export function callNoticeOn(tx: Pick<Transaction, 'get'>, issuedOn: string): CallNotice {
  const { businessDays, calendar } = NOTICE_WITHOUT_POLICY;
  return {
    businessDays: policyInForce(tx, 'capital-call-notice', issuedOn)?.value.businessDays ?? businessDays,
    calendar: policyInForce(tx, 'business-day-calendar', issuedOn)?.value ?? calendar,
  };
}
