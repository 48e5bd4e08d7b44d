import { requireMayMark, type Illustrative } from '../domain/illustrative.js';
import type { Principal } from '../ledger/command-context.js';
import { forbid, invalid, refuse } from '../ledger/refusal.js';
import type { Category } from '../partners/partner.js';
import { takesRequestsAt, type OpenedCall } from './access-call.js';
import {
  type AccessRequest,
  type AccessRequestSubmitted,
  type AccessRequestWithdrawn,
  type EligibilityConfirmed,
  type EligibilityRefused,
  type SubmittedRequest,
} from './access-request.js';
import { eligibilityClause, requireEligibleCountry } from './eligible-countries.js';
import { requireWithinMode, type ModeRules } from './mode-rules.js';
import { effectiveInstant, envelopeOf, type LateRecording } from './late-recording.js';

/** The facts about the applicant at the instant of the submission. */
export interface Applicant {
  readonly partnerId: string;
  readonly country: string;
  readonly ultimateParentId: string;
  /** Category in force at that instant; undefined if the partner had none. */
  readonly category: Category | undefined;
}

export interface SubmitRequestInput extends LateRecording, Illustrative {
  readonly callId: string;
  readonly chipHours: number;
  readonly sector: string;
}

/**
 * Submits a request. `applicant` must be the facts at `effectiveInstant(input, actor, now)`.
 * @throws Refusal `illustrative-not-allowed` (403); `call-not-open`, `category-missing` (409); the codes of
 * `requireWithinMode` and `effectiveInstant`.
 */
export function submitRequest(
  call: OpenedCall,
  applicant: Applicant,
  input: SubmitRequestInput,
  actor: Principal,
  now: string,
  modes: ModeRules,
): [AccessRequestSubmitted] {
  requireMayMark(input, actor);
  const submittedAt = effectiveInstant(input, actor, now);
  const { callId, chipHours: chipHoursRequested, sector, illustrative } = input;
  requireInTime(call, callId, submittedAt);
  const { partnerId, ultimateParentId, category, country } = applicant;
  if (category === undefined) {
    throw refuse(
      'category-missing',
      `The partner had no category in force at ${submittedAt}, and equal access is measured by category. Classify the partner first.`,
      { partnerId, submittedAt },
    );
  }
  const { facilityId, mode } = call;
  requireWithinMode(modes, mode, category, chipHoursRequested);
  const data = {
    callId,
    facilityId,
    mode,
    partnerId,
    ultimateParentId,
    category,
    country,
    chipHoursRequested,
    submittedAt,
    sector,
    submittedBy: actor.actorId,
    ...(illustrative && { illustrative }),
  };
  return [{ type: 'access-request-submitted', data, ...envelopeOf(input, submittedAt) }];
}

function requireInTime(call: OpenedCall, callId: string, submittedAt: string): void {
  if (takesRequestsAt(call, submittedAt)) return;
  const { opensAt, closesAt } = call;
  throw refuse(
    'call-not-open',
    `The call takes requests from ${opensAt} until before ${closesAt}; this one would be submitted at ${submittedAt}. Answer a call that is open.`,
    { callId, opensAt, closesAt, submittedAt },
  );
}

export interface WithdrawRequestInput extends LateRecording {
  readonly reason?: string;
}

/** @throws Refusal `request-already-decided`, `request-withdrawn`, `request-ineligible` (409), and the codes of `effectiveInstant`. */
export function withdrawRequest(
  state: AccessRequest,
  input: WithdrawRequestInput,
  actor: Principal,
  now: string,
): [AccessRequestWithdrawn] {
  const { application, since } = requireUndecided(state);
  const withdrawnAt = effectiveInstant(input, actor, now, since);
  const { reason } = input;
  const data = { ...application, ...(reason !== undefined && { reason }), withdrawnAt };
  return [{ type: 'access-request-withdrawn', data, ...envelopeOf(input, withdrawnAt) }];
}

export interface EligibilityInput extends LateRecording {
  readonly eligible: boolean;
  readonly reasonCodes: readonly string[];
}

/**
 * Records the outcome of the eligibility check, once and before the decision.
 * @throws Refusal `own-request` (403); `eligibility-already-recorded`, `country-not-eligible` and the codes of a request
 * that is no longer undecided (409); the codes of `effectiveInstant`.
 */
export function recordEligibility(
  state: AccessRequest,
  input: EligibilityInput,
  actor: Principal,
  associatedCountries: readonly string[],
  now: string,
): [EligibilityConfirmed | EligibilityRefused] {
  requireNotOwn(state, actor);
  requireUnchecked(state);
  const { application, since } = requireUndecided(state);
  const reasonCodes = requireReasonCodes(input.reasonCodes);
  if (input.eligible) requireEligibleCountry(application.country, associatedCountries);
  const checkedAt = effectiveInstant(input, actor, now, since);
  const type = input.eligible ? 'eligibility-confirmed' : 'eligibility-refused';
  const data = { ...application, reasonCodes, checkedAt };
  const legalBasis = eligibilityClause(reasonCodes);
  return [{ type, data, ...envelopeOf(input, checkedAt), ...(legalBasis && { legalBasis }) }];
}

/**
 * An actor never decides on a request that it submitted, or that its own partner or a subsidiary of that partner
 * submitted.
 * @throws Refusal `own-request` (403).
 */
export function requireNotOwn(state: AccessRequest, actor: Principal): void {
  if (state.status === 'absent') return;
  const { partnerId, ultimateParentId } = state.application;
  const own = new Set([state.submittedBy, partnerId, ultimateParentId]);
  const isOwn = own.has(actor.actorId) || (actor.partnerId !== undefined && own.has(actor.partnerId));
  if (!isOwn) return;
  throw forbid(
    'own-request',
    'Nobody checks or decides a request that they submitted or that is for their own partner or its subsidiary. Let another panel member do it.',
    { partnerId, ultimateParentId, submittedBy: state.submittedBy },
  );
}

function requireUnchecked(state: AccessRequest): void {
  const isRecorded =
    state.status === 'ineligible' || (state.status === 'submitted' && state.eligibility === 'eligible');
  if (!isRecorded) return;
  throw refuse(
    'eligibility-already-recorded',
    `The eligibility of this request took effect at ${state.since}, and it is recorded once.`,
    { requestStatus: state.status, since: state.since },
  );
}

/** @throws Refusal `request-withdrawn`, `request-ineligible`, `request-already-decided` (409). */
export function requireUndecided(state: AccessRequest): SubmittedRequest {
  if (state.status === 'submitted') return state;
  if (state.status === 'absent') throw new Error('A request must be read before it is decided.');
  const { status, since } = state;
  switch (status) {
    case 'withdrawn':
      throw refuse('request-withdrawn', `The request was withdrawn at ${since}. Submit a new one.`, {
        requestStatus: status,
        since,
      });
    case 'ineligible':
      throw refuse('request-ineligible', `The request was found ineligible at ${since}.`, {
        requestStatus: status,
        since,
      });
    case 'granted':
    case 'denied':
    case 'revoked':
      throw refuse(
        'request-already-decided',
        `The request is ${status} since ${since}, and a request is decided once.`,
        { requestStatus: status, since },
      );
  }
}

/** @throws Refusal `reason-codes-missing` (422). */
export function requireReasonCodes(reasonCodes: readonly string[]): readonly string[] {
  if (reasonCodes.length > 0) return reasonCodes;
  throw invalid('reason-codes-missing', '/reasonCodes', 'Give at least one reason code: every decision must say why.');
}
