import { invalid, refuse, unknown } from '../ledger/refusal.js';
import { addBusinessDays } from '../domain/business-days.js';
import type {
  CapitalCallIssued,
  CapitalCallPaid,
  Commitment,
  CommitmentTerms,
  DistributionPaid,
  CommitmentBalance,
} from './commitment.js';
import type { CallNotice } from './call-notice.js';
import { signed } from './commitment.decisions.js';
import type { Fund } from './fund.js';
import { positiveMinor } from './fund.decisions.js';
import { notInFuture } from '../domain/past-dates.js';
import { formatMinor, parseMinor } from '../domain/money.js';

/** Calls of one commitment: a call a month for eighty years. One answer contains a commitment with all its calls. */
export const CALLS_MAX = 1_000;

export interface IssueCallInput {
  readonly amountMinor: string;
  readonly issuedOn: string;
  readonly dueOn: string;
}

/**
 * Calls capital. A call must not be dated before the day of the financial close. If nobody stated that day, it is the
 * day of the recording, also for funds that were closed before the ledger asked for the day.
 * @param notice the policies in force on the day of the issue.
 * @throws Refusal `amount-not-positive` (422), `commitment-not-signed`, `no-financial-close`, `call-before-signature`,
 * `call-before-financial-close`, `notice-too-short`, `unfunded-below-zero`, `too-many-calls` (409).
 */
export function issueCall(
  state: Commitment,
  calling: Fund,
  callId: string,
  input: IssueCallInput,
  notice: CallNotice,
): [CapitalCallIssued] {
  const { issuedOn, dueOn } = input;
  const { terms, unfundedMinor, calls, signedOn } = signed(state, 'called');
  const amountMinor = positiveMinor(input.amountMinor, '/amountMinor');
  if (calling.status !== 'closed') {
    throw refuse(
      'no-financial-close',
      'The fund has not reached financial close; no capital may be called before it.',
      {
        fundId: terms.fundId,
      },
    );
  }
  if (issuedOn < signedOn) {
    throw refuse(
      'call-before-signature',
      `The commitment was signed on ${signedOn}; a call of ${issuedOn} is too early.`,
      {
        signedOn,
        issuedOn,
      },
    );
  }
  const { reachedOn } = calling;
  if (issuedOn < reachedOn) {
    throw refuse(
      'call-before-financial-close',
      `The fund reached financial close on ${reachedOn}; a call of ${issuedOn} is too early. Date it ${reachedOn} or later.`,
      { fundId: terms.fundId, reachedOn, issuedOn },
    );
  }
  checkNotice(issuedOn, dueOn, notice);
  if (amountMinor > unfundedMinor) {
    throw refuse(
      'unfunded-below-zero',
      `Only ${unfundedMinor} minor units are unfunded; ${amountMinor} cannot be called.`,
      {
        unfundedMinor: formatMinor(unfundedMinor),
        amountMinor: formatMinor(amountMinor),
      },
    );
  }
  if (calls.size >= CALLS_MAX) {
    throw refuse('too-many-calls', `A commitment takes at most ${CALLS_MAX} calls.`, { limit: CALLS_MAX });
  }
  const amount = formatMinor(amountMinor);
  return [
    {
      type: 'capital-call-issued',
      data: {
        ...terms,
        callId,
        amountMinor: amount,
        issuedOn,
        dueOn,
        unfundedDeltaMinor: formatMinor(-amountMinor),
      },
    },
  ];
}

function checkNotice(issuedOn: string, dueOn: string, { businessDays, calendar }: CallNotice): void {
  const earliestDueOn = addBusinessDays(issuedOn, businessDays, calendar);
  if (dueOn < earliestDueOn) {
    throw refuse(
      'notice-too-short',
      `A call of ${issuedOn} is due on ${earliestDueOn} at the earliest, ${businessDays} business days later (calendar of ${calendar}); ` +
        `${dueOn} is too early.`,
      { issuedOn, dueOn, earliestDueOn, businessDaysMin: businessDays, calendar },
    );
  }
}

export interface PayCallInput {
  readonly amountMinor: string;
  readonly paidOn: string;
}

/**
 * Records a payment on a call, in full or in part. The unfunded part does not change, because the call reduced it
 * already. A cancelled commitment is still liable for the calls that were open at its cancellation.
 * @throws Refusal `amount-not-positive`, `date-in-future` (422), `commitment-not-signed`, `paid-before-call`,
 * `paid-exceeds-called` (409), `unknown-call` (404).
 */
export function payCall(state: Commitment, callId: string, input: PayCallInput, now: string): [CapitalCallPaid] {
  const { paidOn } = input;
  const { terms, calls } = state.status === 'cancelled' ? state : signed(state, 'paid');
  const amountMinor = positiveMinor(input.amountMinor, '/amountMinor');
  const call = calls.get(callId);
  if (!call) throw unknown('call', callId);
  if (paidOn < call.issuedOn) {
    throw refuse('paid-before-call', `The call was issued on ${call.issuedOn}; ${paidOn} is before it.`, {
      issuedOn: call.issuedOn,
      paidOn,
    });
  }
  notInFuture('paidOn', paidOn, now);
  const openMinor = call.amountMinor - call.paidMinor;
  if (amountMinor > openMinor) {
    throw refuse(
      'paid-exceeds-called',
      `Of this call ${openMinor} minor units are open; ${amountMinor} cannot be paid.`,
      {
        calledMinor: formatMinor(call.amountMinor),
        paidMinor: formatMinor(call.paidMinor),
        amountMinor: formatMinor(amountMinor),
      },
    );
  }
  return [{ type: 'capital-call-paid', data: { ...terms, callId, amountMinor: formatMinor(amountMinor), paidOn } }];
}

export interface DistributeInput {
  readonly amountMinor: string;
  /** The part that may be called again. It is added to the unfunded part. */
  readonly recallableMinor: string;
  readonly paidOn: string;
}

/**
 * Pays money back to the partner, after financial close and to capital that was paid in: from the day of the first payment on. A
 * recallable distribution returns contributed capital (ILPA), so only what was paid in, and not made recallable before, can become callable
 * again. A cancelled commitment still receives the earnings of its paid-in capital, but no part of them becomes callable again.
 * @throws Refusal `amount-not-positive`, `recallable-exceeds-amount`, `date-in-future` (422), `commitment-not-signed`,
 * `no-financial-close`, `paid-before-signature`, `nothing-paid-in`, `recallable-after-cancellation`, `recallable-exceeds-paid` (409).
 */
export function distribute(state: Commitment, by: Fund, input: DistributeInput, now: string): [DistributionPaid] {
  const { paidOn } = input;
  const { terms, paidMinor, recallableMinor: madeRecallableMinor, firstPaidOn, signedOn } = onceSigned(state);
  const amountMinor = positiveMinor(input.amountMinor, '/amountMinor');
  const recallableMinor = parseMinor(input.recallableMinor);
  if (recallableMinor < 0n || recallableMinor > amountMinor) {
    throw invalid(
      'recallable-exceeds-amount',
      '/recallableMinor',
      `The recallable part is between 0 and the amount of ${amountMinor} minor units; ${recallableMinor} is not.`,
      { amountMinor: formatMinor(amountMinor), recallableMinor: formatMinor(recallableMinor) },
    );
  }
  if (paidOn < signedOn) {
    throw refuse('paid-before-signature', `The commitment was signed on ${signedOn}; ${paidOn} is before it.`, {
      signedOn,
      paidOn,
    });
  }
  notInFuture('paidOn', paidOn, now);
  if (by.status !== 'closed') {
    throw refuse(
      'no-financial-close',
      'The fund has not reached financial close; nothing is called, paid in or distributed before it.',
      { fundId: terms.fundId },
    );
  }
  if (firstPaidOn === undefined || paidOn < firstPaidOn) {
    throw refuse(
      'nothing-paid-in',
      firstPaidOn === undefined
        ? 'Nothing is paid in on this commitment, so that nothing can be distributed to it.'
        : `The first payment on this commitment arrived on ${firstPaidOn}; a distribution of ${paidOn} is before it.`,
      { paidOn, paidMinor: formatMinor(paidMinor), firstPaidOn: firstPaidOn ?? null },
    );
  }
  if (state.status === 'cancelled' && recallableMinor > 0n) {
    throw refuse(
      'recallable-after-cancellation',
      `The commitment is cancelled, so that nothing may be called of it; ${recallableMinor} cannot become callable again. ` +
        'Send 0 as recallableMinor.',
      { recallableMinor: formatMinor(recallableMinor) },
    );
  }
  const returnableMinor = paidMinor - madeRecallableMinor;
  if (recallableMinor > returnableMinor) {
    throw refuse(
      'recallable-exceeds-paid',
      `${paidMinor} minor units are paid in, of which ${madeRecallableMinor} are recallable already; ${recallableMinor} more cannot become callable again.`,
      {
        paidMinor: formatMinor(paidMinor),
        madeRecallableMinor: formatMinor(madeRecallableMinor),
        recallableMinor: formatMinor(recallableMinor),
      },
    );
  }
  const [amount, recallable] = [formatMinor(amountMinor), formatMinor(recallableMinor)];
  return [
    {
      type: 'distribution-paid',
      data: { ...terms, amountMinor: amount, recallableMinor: recallable, paidOn, unfundedDeltaMinor: recallable },
    },
  ];
}

/**
 * Narrows to a commitment that was signed, also if it was cancelled later.
 * @throws Refusal `commitment-not-signed` (409) for a pledge, also for a withdrawn one.
 */
function onceSigned(
  state: Commitment,
): CommitmentBalance & { readonly terms: CommitmentTerms; readonly signedOn: string } {
  if (state.status !== 'cancelled' || state.signedOn === undefined) return signed(state, 'distributed to');
  return { ...state, signedOn: state.signedOn };
}
