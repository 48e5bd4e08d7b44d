import { MODE_LIMITS } from '../domain/access-modes.js';
import type { AccessClass, AccessUse, FreeReason } from '../domain/free-access.js';
import { requireMayMark, type Illustrative } from '../domain/illustrative.js';
import type { Principal } from '../ledger/command-context.js';
import { forbid, invalid, refuse } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import type { Category } from '../partners/partner.js';
import { grantedWith, takesRequestsAt, type OpenedCall } from './access-call.js';
import {
  type AccessDenied,
  type AccessGranted,
  type AccessRequest,
  type AccessRequestSubmitted,
  type AccessRequestWithdrawn,
  type EligibilityConfirmed,
  type EligibilityRefused,
  type GrantedRequest,
  type GrantRevoked,
  type Funding,
  type PriceBasis,
  type SubmittedRequest,
} from './access-request.js';
import { ELIGIBLE_COUNTRY_CLAUSE } from './access.refusals.js';
import { requireEligibleCountry } from './eligible-countries.js';
import { priceClause, type PriceRules } from './free-access.js';
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
 * @throws Refusal `illustrative-not-allowed` (403); `call-not-open`, `category-missing`, `chip-hours-above-mode-limit` (409); the codes
 * of `effectiveInstant`.
 */
export function submitRequest(
  call: OpenedCall,
  applicant: Applicant,
  input: SubmitRequestInput,
  actor: Principal,
  now: string,
): [AccessRequestSubmitted] {
  requireMayMark(input, actor);
  const submittedAt = effectiveInstant(input, actor, now);
  const { callId, chipHours: chipHoursRequested, sector, illustrative } = input;
  requireInTime(call, callId, submittedAt);
  requireWithinMode(call, chipHoursRequested);
  const { partnerId, ultimateParentId, category, country } = applicant;
  if (category === undefined) {
    throw refuse(
      'category-missing',
      `The partner had no category in force at ${submittedAt}, and equal access is measured by category. Classify the partner first.`,
      { partnerId, submittedAt },
    );
  }
  const { facilityId, mode } = call;
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

function requireWithinMode({ mode }: OpenedCall, chipHours: number): void {
  const { chipHoursMax } = MODE_LIMITS[mode];
  if (chipHoursMax === undefined || chipHours <= chipHoursMax) return;
  throw refuse(
    'chip-hours-above-mode-limit',
    `A ${mode} request may ask for at most ${chipHoursMax} chip-hours, not ${chipHours}. Ask for less, or answer a call of another mode.`,
    { mode, chipHours, chipHoursMax },
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
  return [{ type, data, ...envelopeOf(input, checkedAt), legalBasis: ELIGIBLE_COUNTRY_CLAUSE }];
}

/** What the decision on a grant may state beside its hours, its price and its time. */
interface GrantTerms {
  readonly poolId?: string;
  readonly freeReason?: FreeReason;
  readonly freeEvidenceRef?: string;
  readonly funding?: Funding;
  readonly sealOfExcellenceRef?: string;
  readonly use?: AccessUse;
  readonly class?: AccessClass;
}

/** The policies and the facts of other records by which a request is decided. */
export interface DecisionRules extends PriceRules {
  /** The call of the request, whose budget the grant must fit into. */
  readonly call: OpenedCall;
  readonly associatedCountries: readonly string[];
}

export interface DecisionInput extends LateRecording, GrantTerms {
  readonly outcome: 'granted' | 'denied';
  readonly reasonCodes: readonly string[];
  /** Required for a grant, like the fields after it. A denial has none of these fields. */
  readonly chipHours?: number;
  readonly priceBasis?: PriceBasis;
  readonly validFrom?: string;
  readonly validTo?: string;
}

/**
 * Decides a request, once.
 * @throws Refusal `own-request` (403); `request-already-decided`, `request-withdrawn`, `request-ineligible`,
 * `country-not-eligible`, `granted-above-requested`, `call-budget-exceeded` (409); `granted-below-one`, `field-missing`, `field-not-for-denial`,
 * `validity-out-of-order`, `reason-codes-missing` (422); the codes of `priceClause` and of
 * `effectiveInstant`.
 */
export function decideRequest(
  state: AccessRequest,
  input: DecisionInput,
  actor: Principal,
  rules: DecisionRules,
  now: string,
): [AccessGranted | AccessDenied] {
  requireNotOwn(state, actor);
  const { application, since } = requireUndecided(state);
  const reasonCodes = requireReasonCodes(input.reasonCodes);
  if (input.outcome === 'denied') {
    requireNoAward(input);
    const decidedAt = effectiveInstant(input, actor, now, since);
    const data = { ...application, reasonCodes, decidedAt };
    return [{ type: 'access-denied', data, ...envelopeOf(input, decidedAt) }];
  }
  const award = awardOf(input, application.chipHoursRequested);
  // Check the country again: the eligibility check is optional, and the list of associated countries may have changed
  // since the check.
  requireEligibleCountry(application.country, rules.associatedCountries);
  const legalBasis = priceClause(application, award, rules);
  const callChipHours = grantedWith(rules.call, application.callId, award.chipHours);
  const decidedAt = effectiveInstant(input, actor, now, since);
  const data = { ...application, ...award, reasonCodes, decidedAt, callChipHours };
  return [
    { type: 'access-granted', data, ...envelopeOf(input, decidedAt), ...(legalBasis !== undefined && { legalBasis }) },
  ];
}

function awardOf(input: DecisionInput, chipHoursRequested: number) {
  const chipHours = requireField(input, 'chipHours');
  const priceBasis = requireField(input, 'priceBasis');
  const validFrom = formatInstant(parseInstant(requireField(input, 'validFrom')));
  const validTo = formatInstant(parseInstant(requireField(input, 'validTo')));
  if (chipHours < 1) {
    throw invalid(
      'granted-below-one',
      '/chipHours',
      'A grant is for at least 1 chip-hour. Deny the request to give none.',
    );
  }
  if (chipHours > chipHoursRequested) {
    throw refuse(
      'granted-above-requested',
      `At most the ${chipHoursRequested} chip-hours that were requested can be granted, not ${chipHours}.`,
      { chipHours, chipHoursRequested },
    );
  }
  if (parseInstant(validFrom) >= parseInstant(validTo)) {
    throw invalid(
      'validity-out-of-order',
      '/validTo',
      `The grant would end at ${validTo}, which is not after it begins at ${validFrom}. Give a later validTo.`,
      { validFrom, validTo },
    );
  }
  return { chipHours, priceBasis, validFrom, validTo, ...termsOf(input) };
}

const AWARD_FIELDS = ['chipHours', 'priceBasis', 'validFrom', 'validTo'] as const;
type AwardField = (typeof AWARD_FIELDS)[number];

const TERMS = ['poolId', 'freeReason', 'freeEvidenceRef', 'funding', 'sealOfExcellenceRef', 'use', 'class'] as const;

/** The terms that the decision states. A term that it leaves out is missing in the event. */
const termsOf = (input: GrantTerms): GrantTerms =>
  Object.fromEntries(TERMS.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]]])));

function requireField<Field extends AwardField>(input: DecisionInput, field: Field): NonNullable<DecisionInput[Field]> {
  const value = input[field];
  if (value === undefined) throw invalid('field-missing', `/${field}`, `A granted request needs ${field}.`);
  return value;
}

function requireNoAward(input: DecisionInput): void {
  for (const field of [...AWARD_FIELDS, ...TERMS]) {
    if (input[field] === undefined) continue;
    throw invalid('field-not-for-denial', `/${field}`, `A denied request has no ${field}. Leave it out.`);
  }
}

export interface RevocationInput extends LateRecording {
  readonly reasonCodes: readonly string[];
}

/**
 * Revokes a grant. The caller must release the later parts of its allocations in the same append.
 * @throws Refusal `grant-already-revoked`, `not-granted` (409); `reason-codes-missing` (422); the codes of `effectiveInstant`.
 */
export function revokeGrant(
  state: AccessRequest,
  input: RevocationInput,
  actor: Principal,
  now: string,
): [GrantRevoked] {
  const { application, chipHours, poolId, since } = requireGranted(state);
  const reasonCodes = requireReasonCodes(input.reasonCodes);
  const revokedAt = effectiveInstant(input, actor, now, since);
  const data = { ...application, chipHours, ...(poolId !== undefined && { poolId }), reasonCodes, revokedAt };
  return [{ type: 'grant-revoked', data, ...envelopeOf(input, revokedAt) }];
}

/**
 * An actor never decides on a request that it submitted, or that its own partner or a subsidiary of that partner
 * submitted.
 */
function requireNotOwn(state: AccessRequest, actor: Principal): void {
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

function requireUndecided(state: AccessRequest): SubmittedRequest {
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

function requireGranted(state: AccessRequest): GrantedRequest {
  if (state.status === 'granted') return state;
  if (state.status === 'absent') throw new Error('A grant must be read before it is revoked.');
  const { status, since } = state;
  if (status === 'revoked') {
    throw refuse('grant-already-revoked', `The grant is revoked since ${since}.`, { requestStatus: status, since });
  }
  throw refuse('not-granted', `The request is ${status}; only a granted request can be revoked.`, {
    requestStatus: status,
    since,
  });
}

function requireReasonCodes(reasonCodes: readonly string[]): readonly string[] {
  if (reasonCodes.length > 0) return reasonCodes;
  throw invalid('reason-codes-missing', '/reasonCodes', 'Give at least one reason code: every decision must say why.');
}
