import type { RefusalCode } from '../../ledger/refusal-declaration.js';
import type { ACCESS_REFUSALS } from '../../access/access.refusals.js';
import type { CAPITAL_REFUSALS } from '../../capital/capital.refusals.js';
import type { COMPUTE_REFUSALS } from '../../compute/compute.refusals.js';
import type { DOMAIN_REFUSALS } from '../../domain/domain.refusals.js';
import type { ERASURE_REFUSALS } from '../../erasure/erasure.refusals.js';
import type { GOVERNANCE_REFUSALS } from '../../governance/governance.refusals.js';
import type { IDENTITY_REFUSALS } from '../../identity/identity.refusals.js';
import type { PARTNERS_REFUSALS } from '../../partners/partners.refusals.js';
import type { TRANSPARENCY_REFUSALS } from '../../transparency/transparency.refusals.js';
import type { RuleName } from './coverage.js';

/** The refusals of the features: what their decisions forbid. Those of HTTP, of the ledger and of its log are about requests. */
export type FeatureRefusal = RefusalCode &
  keyof (typeof ACCESS_REFUSALS &
    typeof CAPITAL_REFUSALS &
    typeof COMPUTE_REFUSALS &
    typeof DOMAIN_REFUSALS &
    typeof ERASURE_REFUSALS &
    typeof GOVERNANCE_REFUSALS &
    typeof IDENTITY_REFUSALS &
    typeof PARTNERS_REFUSALS &
    typeof TRANSPARENCY_REFUSALS);

/** The checks of `audit verify` that compute a second time what a decision forbids. */
export type HistoryCheck = RuleName | 'envelopes' | 'times' | 'actors';

/** Why no check of `audit verify` computes a second time what a refusal forbids. */
const REASONS = {
  request:
    'An answer to a request that names or asks for something that there is not: nothing of it can be in a history.',
  room: 'Bounds of the service, and no rules of the programme: a longer list would harm nobody.',
  publication: 'Run "audit replay": it makes each published report again and compares it with its period.',
  erasure: 'Sealed content is kept outside the log. Run "audit verify --database".',
  permission: 'Not computed a second time: the log names actors and roles, and not their credentials.',
  marks: 'Earlier versions let every role mark a record as made up, so that a mark of another role proves nothing.',
} as const;
type Reason = keyof typeof REASONS;

interface Unchecked {
  readonly none: Reason;
}

const none = (reason: Reason): Unchecked => ({ none: reason });

/** Every refusal of a feature: the checks that find a history that breaks it, or why none does. A code without an entry does not compile. */
const REFUSALS: Readonly<Record<FeatureRefusal, readonly HistoryCheck[] | Unchecked>> = {
  // identity
  'issuer-unreachable': none('request'),
  'unknown-api-key': ['api-keys'],
  'partner-required': none('permission'),
  'roles-not-for-a-partner': none('permission'),
  expired: ['times'],
  'api-key-revoked': ['api-keys'],
  // domain
  'illustrative-not-allowed': none('marks'),
  // partners
  'unknown-partner': ['partners'],
  'lei-check-digits': ['partners'],
  'member-state-outside-union': ['partners'],
  'registered-in-the-future': ['times'],
  'category-contradicts-legal-form': ['partners'],
  'evidence-missing': ['envelopes'],
  'start-up-too-old': ['partners'],
  'affiliation-with-itself': ['ownership'],
  'affiliation-kind-mismatch': ['ownership'],
  'holdings-above-hundred': ['ownership'],
  'affiliation-not-in-force': ['ownership'],
  'acquired-by-itself': ['ownership'],
  'ownership-cycle': ['ownership'],
  'ownership-too-wide': none('room'),
  'classification-before-latest': ['partners'],
  'affiliation-before-latest': ['ownership'],
  'acquisition-before-latest': ['ownership'],
  'too-many-decisions': none('room'),
  // governance
  'policy-value-invalid': ['envelopes', 'policies'],
  'policy-before-latest': ['policies'],
  'too-many-policy-versions': none('room'),
  // capital
  'unknown-fund': ['funds'],
  'unknown-tranche': ['funds'],
  'unknown-commitment': ['commitments'],
  'unknown-call': ['commitments'],
  'amount-not-positive': ['funds', 'commitments'],
  'date-in-future': ['times', 'funds'],
  'rank-out-of-range': none('room'),
  'layers-settled': ['funds'],
  'caps-exceed-target': ['funds'],
  'rank-taken': ['funds'],
  'rank-contradicts-kind': ['funds'],
  'tranche-cap-exceeded': ['funds'],
  'tranche-below-zero': ['funds'],
  'too-many-facilities': none('room'),
  'facility-missing': ['funds'],
  'fund-without-gigafactories': ['funds'],
  'financial-close-reached-already': ['funds'],
  'nothing-signed': ['funds'],
  'commitment-not-pledged': ['commitments'],
  'commitment-accepted-already': ['commitments'],
  'commitment-not-accepted': ['commitments'],
  'commitment-not-signed': ['commitments'],
  'commitment-cancelled-already': ['commitments'],
  'delta-is-zero': ['commitments'],
  'unfunded-below-zero': ['commitments'],
  'no-financial-close': ['funds'],
  'call-before-signature': ['commitments'],
  'call-before-financial-close': ['funds'],
  'notice-too-short': ['funds'],
  'too-many-calls': none('room'),
  'partner-quota-reached': none('room'),
  'paid-before-call': ['commitments'],
  'paid-exceeds-called': ['commitments'],
  'paid-before-signature': ['commitments'],
  'recallable-exceeds-amount': ['commitments'],
  'recallable-after-cancellation': ['commitments'],
  'recallable-exceeds-paid': ['commitments'],
  'nothing-paid-in': ['commitments'],
  'decrease-needs-acceptance': ['funds'],
  'unknown-decrease-request': ['commitments'],
  'description-missing': ['commitments'],
  'description-not-for-money': ['commitments'],
  'in-kind-not-described': ['commitments'],
  'donated-time-is-no-contribution': ['commitments'],
  // compute
  'submission-date-out-of-range': ['yearly-submissions'],
  'data-position-not-recorded': ['yearly-submissions'],
  'too-many-yearly-submissions': none('room'),
  'unknown-facility': ['funds', 'access-calls'],
  'currency-missing': ['funds'],
  'capex-missing': ['funds'],
  'host-not-a-state': ['partners'],
  'host-of-another-territory': ['partners'],
  'too-many-chip-models': none('room'),
  'unknown-chip-model': ['capacity'],
  'capacity-still-promised': ['capacity'],
  'floors-exceed-capacity': ['capacity'],
  'floor-above-cap': ['capacity'],
  'quota-policy-out-of-order': ['capacity'],
  'too-many-quota-policies': none('room'),
  'currency-differs': ['funds'],
  'capex-unknown': ['funds'],
  'union-ceiling-exceeded': ['funds'],
  'states-below-union': ['funds'],
  'union-share-exceeded': ['funds'],
  'unknown-pool': ['pools'],
  'operations-started-already': ['pools'],
  'pool-owner-mismatch': ['pools', 'partners'],
  'pool-basis-mismatch': ['pools'],
  'pool-defined-already': ['pools'],
  'too-many-pools': none('room'),
  'too-many-periods': none('room'),
  'entitlement-period-out-of-order': ['pools'],
  'entitlement-without-capex': ['pools'],
  'entitlement-basis-missing': ['pools'],
  'entitlement-basis-paid': ['pools'],
  'entitlement-period-overlaps': ['pools'],
  'contribution-without-pool': ['pools'],
  'contributions-exceed-capex': ['pools'],
  'rest-without-pool': ['pools'],
  'entitlement-below-use': ['pools'],
  'preferential-share-too-small': ['pools'],
  'preferential-hours-exceeded': ['pools'],
  'no-entitlement-period': ['pools'],
  'outside-entitlement-period': ['pools'],
  'pool-exceeded': ['pools'],
  'chip-model-without-factor': ['pools'],
  'commercial-share-exceeded': ['pools'],
  'donation-interval-out-of-order': ['pools'],
  'donor-not-a-state': ['pools'],
  'pool-not-of-union': ['pools'],
  'outside-donation-period': ['pools'],
  'donation-exceeds-pool': ['pools'],
  'operations-not-started': ['pools'],
  'ownership-too-early': ['pools'],
  'ownership-transferred-already': ['pools'],
  'residual-exceeds-capex': ['pools'],
  'empty-interval': none('request'),
  'too-many-pool-periods': none('request'),
  'too-many-steps': none('request'),
  // access
  'unknown-access-call': ['access-calls'],
  'unknown-access-request': ['access-requests'],
  'unknown-grant': ['access-requests'],
  'unknown-allocation': ['allocations'],
  'call-dates-out-of-order': ['access-calls'],
  'host-state-unknown': ['access-calls'],
  'host-state-not-committed': ['access-calls'],
  'category-missing': ['partners'],
  'call-not-open': ['access-calls'],
  'chip-hours-above-mode-limit': ['access-calls'],
  'chip-hours-below-mode-limit': ['access-calls'],
  'mode-not-for-category': ['access-calls'],
  'grant-length-not-allowed': ['access-calls'],
  'country-not-eligible': ['eligibility'],
  'late-recording-not-allowed': ['actors'],
  'effective-in-future': ['times'],
  'effective-too-early': ['access-requests'],
  'own-request': ['access-requests'],
  'eligibility-already-recorded': ['access-requests'],
  'request-withdrawn': ['access-requests'],
  'request-ineligible': ['access-requests'],
  'request-already-decided': ['access-requests'],
  'grant-already-revoked': ['access-requests'],
  'not-granted': ['access-requests'],
  'reason-codes-missing': ['access-requests'],
  'field-missing': ['envelopes'],
  'field-not-for-denial': ['envelopes'],
  'granted-below-one': ['access-requests'],
  'granted-above-requested': ['access-requests'],
  'call-budget-exceeded': ['access-calls'],
  'free-reason-missing': ['eligibility'],
  'free-reason-not-met': ['eligibility'],
  'free-evidence-missing': ['eligibility'],
  'free-by-law': ['eligibility'],
  'field-not-for-paid-access': ['eligibility'],
  'validity-out-of-order': ['access-requests'],
  'allocation-interval-out-of-order': ['access-requests'],
  'grant-for-another-facility': ['access-requests'],
  'grant-revoked': ['access-requests'],
  'outside-grant-period': ['access-requests'],
  'grant-hours-exceeded': ['access-requests'],
  'capacity-exceeded': ['capacity'],
  'quota-cap-exceeded': ['capacity'],
  'quota-floor-protected': ['capacity'],
  'grant-without-pool': ['pools'],
  'pool-not-of-grant': ['access-requests'],
  'allocation-has-pool': ['allocations'],
  'not-union-funded': ['access-requests'],
  'allocation-already-released': ['allocations'],
  'allocation-already-over': ['allocations'],
  'too-many-releases': none('room'),
  'usage-interval-out-of-order': ['allocations'],
  'usage-in-future': ['allocations'],
  // transparency
  'unknown-report': ['publications'],
  'period-out-of-order': ['publications'],
  'period-not-begun': ['publications'],
  'nothing-to-report': ['publications'],
  'report-without-imbalance': ['publications'],
  'too-many-corrective-actions': none('room'),
  'published-report-changed': none('publication'),
  'published-report-missing': none('publication'),
  'published-report-without-table': none('request'),
  'point-in-the-future': none('request'),
  'unknown-method': none('request'),
  'nothing-recorded': none('request'),
  'report-not-ready': none('request'),
  'too-many-reports': none('room'),
  'position-not-recorded': none('request'),
  'effective-time-too-far': none('request'),
  // erasure
  'unknown-subject': none('erasure'),
  'already-erased': none('erasure'),
};

/** The refusals with a check, each with the names of its checks. */
export const checkedRefusals = (): readonly (readonly [code: string, checks: readonly HistoryCheck[]])[] =>
  Object.entries(REFUSALS).flatMap(([code, covered]) => ('none' in covered ? [] : [[code, covered] as const]));

/** The refusals that no check computes a second time: each reason with its codes, of which it has at least one. */
export function uncheckedRefusals(): readonly (readonly [reason: string, codes: readonly string[]])[] {
  return Object.entries(REASONS).map(([name, reason]) => {
    const of = Object.entries(REFUSALS).filter(([, covered]) => 'none' in covered && covered.none === name);
    return [reason, of.map(([code]) => code)];
  });
}
