import type { AcceptancePolicy } from './acceptance-policy.js';
import type { Principal } from '../ledger/command-context.js';
import { invalid, refuse } from '../ledger/refusal.js';
import {
  existingCommitment,
  type Commitment,
  type CommitmentAccepted,
  type CommitmentAmended,
  type CommitmentCancelled,
  type CommitmentSigned,
  type CommitmentTerms,
  type ExistingCommitment,
  type PledgedCommitment,
  type SignedCommitment,
} from './commitment.js';
import { notInFuture } from '../domain/past-dates.js';
import { formatMinor, parseMinor } from '../domain/money.js';

export interface AcceptanceInput {
  readonly acceptedOn: string;
  readonly evidenceRef?: string;
}

/**
 * Accepts a pledge, once: the partner may sign it by itself. A signature by the operator needs no acceptance, because it is one.
 * @throws Refusal `date-in-future` (422); `commitment-not-pledged`, `commitment-accepted-already` (409).
 */
export function accept(state: Commitment, input: AcceptanceInput, now: string): [CommitmentAccepted] {
  const { acceptedOn, evidenceRef } = input;
  const { terms, pledgedMinor, acceptedOn: before } = pledgedOnly(state, 'accepted');
  if (before !== undefined) {
    throw refuse('commitment-accepted-already', `The pledge was accepted on ${before}, which happens once.`, {
      acceptedOn: before,
    });
  }
  notInFuture('acceptedOn', acceptedOn, now);
  const amountMinor = formatMinor(pledgedMinor);
  const data = { ...terms, amountMinor, acceptedOn, ...(evidenceRef !== undefined && { evidenceRef }) };
  return [{ type: 'commitment-accepted', data }];
}

/** Who signs, amends or cancels, and under which policy. */
export interface Signatory {
  readonly actor: Principal;
  /** Whether the fund of the commitment has reached financial close. */
  readonly isClosed: boolean;
  /** Undefined where a partner's own signature binds by itself. */
  readonly acceptance: AcceptancePolicy | undefined;
}

/**
 * Signs a pledge. In the same append, the fund and the facility decide on their own streams whether the tranche and the
 * Union's ceiling leave room.
 * @throws Refusal `date-in-future` (422; a signature of tomorrow would satisfy Art. 12b(4) today),
 * `commitment-not-pledged`, `commitment-not-accepted`, `in-kind-not-described` (409; a pledge from before the ledger asked).
 */
export function sign(
  state: Commitment,
  input: { readonly signedOn: string },
  by: Signatory,
  now: string,
): [CommitmentSigned] {
  const { signedOn } = input;
  const { terms, pledgedMinor, acceptedOn, describes } = pledgedOnly(state, 'signed');
  notInFuture('signedOn', signedOn, now);
  if (terms.kind === 'in-kind' && describes === undefined) {
    throw refuse(
      'in-kind-not-described',
      'The pledge does not say what is given in kind, so that it may be access time. Cancel it, and pledge again with describes.',
    );
  }
  if (acceptedOn === undefined) requireAccepted(by, pledgedMinor, 'sign the pledge');
  return [
    {
      type: 'commitment-signed',
      data: { ...terms, amountMinor: formatMinor(pledgedMinor), signedOn },
    },
  ];
}

function pledgedOnly(state: Commitment, action: string): PledgedCommitment {
  if (state.status === 'pledged') return state;
  const { status } = existingCommitment(state);
  throw refuse('commitment-not-pledged', `Only a pledge can be ${action}; this commitment is ${status}.`, {
    commitmentStatus: status,
  });
}

/** Under the policy, what a partner promises by its own key binds only as far as the operator has accepted it. */
function requireAccepted({ actor, acceptance }: Signatory, amountMinor: bigint, step: string): void {
  if (acceptance === undefined || actor.roles.includes('operator')) return;
  const { version: policyVersion, effectiveFrom } = acceptance;
  throw refuse(
    'commitment-not-accepted',
    `Version ${policyVersion} of the policy signature-acceptance is in force since ${effectiveFrom}: the partner itself may ${step} (${amountMinor} minor units) once the operator has accepted it, or the operator records it.`,
    {
      policy: 'signature-acceptance',
      policyVersion,
      inForceSince: effectiveFrom,
      amountMinor: formatMinor(amountMinor),
    },
  );
}

/**
 * Raises or lowers the committed amount. The called part stays committed: only the unfunded part can be released.
 * Under the policy `signature-acceptance` the operator records a raise: an acceptance is of the pledged amount alone.
 * @throws Refusal `delta-is-zero` (422); `commitment-not-signed`, `unfunded-below-zero`, `commitment-not-accepted`,
 * `decrease-needs-acceptance` (409).
 */
export function amend(
  state: Commitment,
  input: { readonly deltaMinor: string; readonly reason: string },
  by: Signatory,
): [CommitmentAmended] {
  const { terms, unfundedMinor } = signed(state, 'amended');
  const deltaMinor = parseMinor(input.deltaMinor);
  if (deltaMinor < 0n) requireMayDecrease(by, terms);
  if (deltaMinor === 0n) throw invalid('delta-is-zero', '/deltaMinor', 'An amendment of 0 changes nothing.');
  requireUnfunded(unfundedMinor, deltaMinor);
  if (deltaMinor > 0n) requireAccepted(by, deltaMinor, 'raise what it has signed');
  const delta = formatMinor(deltaMinor);
  return [
    {
      type: 'commitment-amended',
      data: { ...terms, deltaMinor: delta, reason: input.reason, unfundedDeltaMinor: delta },
    },
  ];
}

/**
 * Cancels a commitment, once: a pledge is withdrawn, and a signed commitment loses its unfunded part. Open calls stay
 * payable.
 * @throws Refusal `commitment-cancelled-already`, `decrease-needs-acceptance` (409).
 */
export function cancel(state: Commitment, input: { readonly reason: string }, by: Signatory): [CommitmentCancelled] {
  if (state.status === 'cancelled') {
    throw refuse('commitment-cancelled-already', 'This commitment is cancelled already; that happens once.');
  }
  const { terms } = existingCommitment(state);
  if (state.status === 'signed') requireMayDecrease(by, terms);
  const releasedMinor = state.status === 'signed' ? state.unfundedMinor : 0n;
  return [
    {
      type: 'commitment-cancelled',
      data: {
        ...terms,
        reason: input.reason,
        releasedMinor: formatMinor(releasedMinor),
        unfundedDeltaMinor: formatMinor(-releasedMinor),
      },
    },
  ];
}

/**
 * Others have closed the financing on the strength of what was signed. After it a partner asks for a decrease, and the operator accepts it.
 * @throws Refusal `decrease-needs-acceptance` (409).
 */
function requireMayDecrease({ actor, isClosed }: Signatory, { fundId }: CommitmentTerms): void {
  if (!isClosed || actor.roles.includes('operator')) return;
  throw refuse(
    'decrease-needs-acceptance',
    'The fund has reached financial close, so that a partner no longer lowers or cancels what it has signed by itself. Ask for it with ' +
      'POST /v1/commitments/{id}/decrease-requests; it takes effect when the operator accepts it.',
    { fundId },
  );
}

/** @throws Refusal `unfunded-below-zero` (409). */
export function requireUnfunded(unfundedMinor: bigint, deltaMinor: bigint): void {
  if (unfundedMinor + deltaMinor >= 0n) return;
  throw refuse(
    'unfunded-below-zero',
    `Only ${unfundedMinor} minor units are unfunded; ${-deltaMinor} cannot be taken away. What is called stays committed.`,
    { unfundedMinor: formatMinor(unfundedMinor), deltaMinor: formatMinor(deltaMinor) },
  );
}

/**
 * Narrows to a signed commitment. `action` completes the sentence "only a signed one can be ...".
 * @throws Refusal `commitment-not-signed` (409).
 */
export function signed(state: Commitment, action: string): SignedCommitment {
  if (state.status !== 'signed') throw unsigned(existingCommitment(state).status, action);
  return state;
}

const unsigned = (status: ExistingCommitment['status'], action: string) =>
  refuse('commitment-not-signed', `This commitment is ${status}; only a signed one can be ${action}.`, {
    commitmentStatus: status,
  });
