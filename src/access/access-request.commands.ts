import { IdParams } from '../http/validation.js';
import { releaseGrant } from './allocation.js';
import { facility, registered } from '../compute/facility.js';
import { poolOf } from '../compute/hour-booking.js';
import { requireWithinQuota } from '../governance/partner-quota.js';
import { policyInForce } from '../governance/policy.js';
import type { PolicyName } from '../governance/policy-values.js';
import { ledgerCommand, preparedLedgerCommand } from '../ledger/ledger-command.js';
import { unknown } from '../ledger/refusal.js';
import type { Transaction } from '../ledger/transaction.js';
import { OpenRecordCounts } from '../http/open-records.js';
import { ultimateParentAt } from '../partners/ownership.js';
import { categoryAt, partner } from '../partners/partner.js';
import { accessCall, countGrant, openedCall, returnHours } from './access-call.js';
import { recordEligibility, submitRequest, withdrawRequest, type Applicant } from './access-request.decisions.js';
import { decideRequest, revokeGrant, type DecisionRules } from './grant.decisions.js';
import {
  DecideAccessRequestDto,
  RecordEligibilityDto,
  RevokeGrantDto,
  SubmitAccessRequestDto,
  WithdrawAccessRequestDto,
} from './access-request.dto.js';
import { accessRequest, filed, type AccessRequest, type Application, type Filed } from './access-request.js';
import { effectiveInstant, type LateRecording } from './late-recording.js';

/** Refusals of `effectiveInstant`. */
const LATE = ['effective-in-future', 'effective-too-early', 'late-recording-not-allowed'] as const;
const TARGET = ['stale-revision', 'unknown-access-request'] as const;
const UNDECIDED = ['request-already-decided', 'request-ineligible', 'request-withdrawn'] as const;

const OPEN_REQUESTS = { projection: 'access', table: 'access_requests', status: 'submitted' };

/** The open requests of a partner are counted before the decision on a request by its own key. */
export const SubmitAccessRequest = preparedLedgerCommand(
  {
    body: SubmitAccessRequestDto,
    uses: OpenRecordCounts,
    refusals: [
      ...LATE,
      'call-not-open',
      'category-missing',
      'chip-hours-above-mode-limit',
      'chip-hours-below-mode-limit',
      'illustrative-not-allowed',
      'mode-not-for-category',
      'not-own',
      'ownership-too-wide',
      'partner-quota-reached',
      'position-not-reached',
      'unknown-access-call',
      'unknown-partner',
    ],
  },
  (counts, { body }, caller) =>
    counts.forOwn(caller, OPEN_REQUESTS, (open) => ({ decide: (tx) => submit(tx, body, open) })),
);

function submit(tx: Transaction, body: SubmitAccessRequestDto, open: number | undefined): void {
  const { principal } = tx.context;
  tx.requireOwn(body.partnerId);
  requireWithinQuota(tx, 'open-requests-per-partner', open);
  const id = tx.newId();
  tx.create(accessRequest, id);
  const call = openedCall(tx.existing(accessCall, body.callId));
  const applicant = applicantAt(tx, body.partnerId, effectiveInstant(body, principal, tx.now));
  const events = submitRequest(call, applicant, body, principal, tx.now, inForce(tx, 'access-modes', body));
  tx.append(accessRequest, id, events, { subject: id, content: confidential(body) });
}

export const WithdrawAccessRequest = ledgerCommand(
  { params: IdParams, body: WithdrawAccessRequestDto, refusals: [...TARGET, ...UNDECIDED, ...LATE, 'not-own'] },
  (tx, { id, body }) => {
    tx.append(accessRequest, id, withdrawRequest(ownTarget(tx, id), body, tx.context.principal, tx.now));
  },
);

export const RecordEligibility = ledgerCommand(
  {
    params: IdParams,
    body: RecordEligibilityDto,
    refusals: [
      ...TARGET,
      ...UNDECIDED,
      ...LATE,
      'country-not-eligible',
      'eligibility-already-recorded',
      'own-request',
      'reason-codes-missing',
    ],
  },
  (tx, { id, body }) => {
    const request = tx.target(accessRequest, id);
    const associated = associatedCountries(tx, body);
    tx.append(accessRequest, id, recordEligibility(request, body, tx.context.principal, associated, tx.now));
  },
);

export const DecideAccessRequest = ledgerCommand(
  {
    params: IdParams,
    body: DecideAccessRequestDto,
    refusals: [
      ...TARGET,
      ...UNDECIDED,
      ...LATE,
      'call-budget-exceeded',
      'country-not-eligible',
      'field-missing',
      'field-not-for-denial',
      'field-not-for-paid-access',
      'free-by-law',
      'free-evidence-missing',
      'free-reason-missing',
      'free-reason-not-met',
      'granted-above-requested',
      'granted-below-one',
      'grant-length-not-allowed',
      'own-request',
      'reason-codes-missing',
      'unknown-access-call',
      'unknown-facility',
      'unknown-pool',
      'validity-out-of-order',
    ],
  },
  (tx, { id, body }) => {
    const request = tx.target(accessRequest, id);
    const rules = rulesFor(tx, filed(request), body);
    const [decision] = decideRequest(request, body, tx.context.principal, rules, tx.now);
    tx.append(accessRequest, id, [decision]);
    if (decision.type === 'access-denied') return;
    const { callId, chipHours, callChipHours } = decision.data;
    if (callChipHours !== undefined) tx.append(accessCall, callId, [countGrant(id, chipHours, callChipHours)]);
  },
);

export const RevokeGrant = ledgerCommand(
  {
    params: IdParams,
    body: RevokeGrantDto,
    refusals: [
      ...TARGET,
      ...LATE,
      'grant-already-revoked',
      'not-granted',
      'reason-codes-missing',
      'too-many-releases',
      'unknown-access-call',
      'unknown-facility',
    ],
  },
  (tx, { id, body }) => {
    const grant = filed(tx.target(accessRequest, id));
    const [revoked] = revokeGrant(grant, body, tx.context.principal, tx.now);
    tx.append(accessRequest, id, [revoked]);
    // Release in the same append: a revoked grant must not hold chips at any position of the log.
    const { facilityId, callId, chipHours, revokedAt } = revoked.data;
    const released = releaseGrant(tx.existing(facility, facilityId), id, revokedAt, 'grant-revoked');
    tx.append(facility, facilityId, released);
    if (grant.status === 'granted' && grant.countsOnCall) {
      const allocatedChipMs = registered(tx.existing(facility, facilityId)).grants.get(id)?.chipMs ?? 0n;
      const call = openedCall(tx.existing(accessCall, callId));
      tx.append(accessCall, callId, returnHours(call, id, chipHours, allocatedChipMs));
    }
    return { releasedAllocations: released.length };
  },
);

/** The facts about an applicant at the instant of its submission. */
function applicantAt(tx: Transaction, partnerId: string, submittedAt: string): Applicant {
  const state = tx.get(partner, partnerId);
  if (state.status === 'absent') throw unknown('partner', partnerId);
  return {
    partnerId,
    country: state.profile.country,
    ultimateParentId: ultimateParentAt(partnerId, submittedAt, (id) => tx.get(partner, id)),
    category: categoryAt(state, submittedAt),
  };
}

/**
 * Sealed content, which the event does not contain. It has names of people and descriptions of projects, which the
 * public must not see.
 */
const confidential = ({ purpose, contact }: SubmitAccessRequestDto): object => ({
  purpose,
  ...(contact !== undefined && { contact }),
});

/** The version of a policy that is in force when the step takes effect. */
const inForce = <Name extends PolicyName>(tx: Transaction, name: Name, { effectiveAt = tx.now }: LateRecording) =>
  policyInForce(tx, name, effectiveAt);

/** Without a policy only Member States are eligible. */
const associatedCountries = (tx: Transaction, step: LateRecording): readonly string[] =>
  inForce(tx, 'associated-countries', step)?.value ?? [];

const rulesFor = (tx: Transaction, { application }: Filed, body: DecideAccessRequestDto): DecisionRules => ({
  call: openedCall(tx.existing(accessCall, application.callId)),
  associatedCountries: associatedCountries(tx, body),
  modes: inForce(tx, 'access-modes', body),
  freeAccessEvidence: inForce(tx, 'free-access-evidence', body),
  isUnionTime: isUnionTime(tx, application, body.poolId),
});

/**
 * Whether the hours of a grant are the Union's. A grant that names no pool counts as one of the Union's time: no other owner is recorded, so
 * the conditions of Art. 12b(15) hold.
 * @throws Refusal `unknown-pool` (404).
 */
function isUnionTime(tx: Transaction, { facilityId }: Application, poolId: string | undefined): boolean {
  if (poolId === undefined) return true;
  return poolOf(registered(tx.existing(facility, facilityId)).hours, poolId).owner === 'union';
}

/**
 * The request that the route names. The owner is checked before the revision: a 412 would show another partner that the
 * request has changed.
 */
function ownTarget(tx: Transaction, id: string): AccessRequest {
  const request = tx.existing(accessRequest, id);
  if (request.status !== 'absent') tx.requireOwn(request.application.partnerId);
  return tx.target(accessRequest, id);
}
