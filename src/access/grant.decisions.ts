import type { AccessClass, AccessUse, FreeReason } from '../domain/free-access.js';
import type { Principal } from '../ledger/command-context.js';
import { invalid, refuse } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import { grantedWith, type OpenedCall } from './access-call.js';
import { requireNotOwn, requireReasonCodes, requireUndecided } from './access-request.decisions.js';
import type {
  AccessDenied,
  AccessGranted,
  AccessRequest,
  Funding,
  GrantedRequest,
  GrantRevoked,
  PriceBasis,
} from './access-request.js';
import { requireEligibleCountry } from './eligible-countries.js';
import { priceClause, type PriceRules } from './free-access.js';
import { effectiveInstant, envelopeOf, type LateRecording } from './late-recording.js';
import { requireLength, type ModeRules } from './mode-rules.js';

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
  readonly modes: ModeRules;
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
 * `country-not-eligible`, `granted-above-requested`, `call-budget-exceeded`,
 * `grant-length-not-allowed` (409); `granted-below-one`, `field-missing`, `field-not-for-denial`,
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
  requireLength(rules.modes, application.mode, award.validFrom, award.validTo);
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
