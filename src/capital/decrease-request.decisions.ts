import { formatMinor } from '../domain/money.js';
import { refuse, unknown } from '../ledger/refusal.js';
import { amend, cancel, requireUnfunded, signed, type Signatory } from './commitment.decisions.js';
import type { Commitment, CommitmentAmended, CommitmentCancelled, DecreaseRequested } from './commitment.js';
import { positiveMinor } from './fund.decisions.js';

export interface DecreaseInput {
  /** Absent: the whole unfunded part, by a cancellation. */
  readonly amountMinor?: string;
  readonly reason: string;
}

/**
 * Asks for a decrease or the cancellation of a signed commitment after financial close. Nothing changes before the operator accepts it. A later
 * request replaces one that waits.
 * @throws Refusal `amount-not-positive` (422); `commitment-not-signed`, `unfunded-below-zero`, `no-financial-close` (409: before it
 * the partner amends or cancels by itself).
 */
export function requestDecrease(
  state: Commitment,
  requestId: string,
  input: DecreaseInput,
  isClosed: boolean,
): [DecreaseRequested] {
  const { terms, unfundedMinor } = signed(state, 'decreased');
  const { reason } = input;
  if (!isClosed) {
    throw refuse(
      'no-financial-close',
      'The fund has not reached financial close. Until then amend or cancel the commitment itself; nobody has to accept it.',
      { fundId: terms.fundId },
    );
  }
  const amountMinor = input.amountMinor === undefined ? undefined : positiveMinor(input.amountMinor, '/amountMinor');
  if (amountMinor !== undefined) requireUnfunded(unfundedMinor, -amountMinor);
  const amount = amountMinor === undefined ? {} : { amountMinor: formatMinor(amountMinor) };
  return [{ type: 'decrease-requested', data: { ...terms, requestId, ...amount, reason } }];
}

/**
 * Accepts the request that waits: an amendment or a cancellation, which names the request.
 * @throws Refusal `unknown-decrease-request` (404); `commitment-not-signed`, `unfunded-below-zero` (409: more was called since).
 */
export function acceptDecrease(
  state: Commitment,
  requestId: string,
  by: Signatory,
): [CommitmentAmended] | [CommitmentCancelled] {
  const { decreaseRequest } = signed(state, 'decreased');
  if (decreaseRequest?.requestId !== requestId) throw unknown('decrease-request', requestId);
  const { amountMinor, reason } = decreaseRequest;
  if (amountMinor === undefined) {
    const [cancelled] = cancel(state, { reason }, by);
    return [{ ...cancelled, data: { ...cancelled.data, decreaseRequestId: requestId } }];
  }
  const [amended] = amend(state, { deltaMinor: formatMinor(-amountMinor), reason }, by);
  return [{ ...amended, data: { ...amended.data, decreaseRequestId: requestId } }];
}
