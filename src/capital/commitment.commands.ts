import { EmptyBodyDto } from '../http/empty-body.dto.js';
import { IdParams } from '../http/validation.js';
import { recordContribution } from '../compute/contribution.js';
import { facility, registered } from '../compute/facility.js';
import { requireWithinQuota } from '../governance/partner-quota.js';
import { ledgerCommand, preparedLedgerCommand } from '../ledger/ledger-command.js';
import { unknown } from '../ledger/refusal.js';
import type { Transaction } from '../ledger/transaction.js';
import { OpenRecordCounts } from '../http/open-records.js';
import { partner, partnerKindOf } from '../partners/partner.js';
import { acceptancePolicyAt } from './acceptance-policy.js';
import { callNoticeOn } from './call-notice.js';
import { distribute, issueCall, payCall } from './cash.decisions.js';
import { accept, amend, cancel, sign, type Signatory } from './commitment.decisions.js';
import { acceptDecrease, requestDecrease } from './decrease-request.decisions.js';
import { pledge, pledgeTerms } from './pledge.decisions.js';
import {
  AcceptCommitmentDto,
  AmendCommitmentDto,
  CallParams,
  CancelCommitmentDto,
  DecreaseRequestParams,
  DistributeDto,
  IssueCallDto,
  PayCallDto,
  PledgeCommitmentDto,
  RequestDecreaseDto,
  SignCommitmentDto,
} from './commitment.dto.js';
import {
  commitment,
  existingCommitment,
  type CommitmentAmended,
  type CommitmentCancelled,
  type CommitmentTerms,
  type ExistingCommitment,
} from './commitment.js';
import { contributionRulesAt } from './contribution-policies.js';
import { subscribe } from './fund.decisions.js';
import { fund } from './fund.js';

/** Refusals of `ownTarget`. */
const TARGET = ['not-own', 'stale-revision', 'unknown-commitment'] as const;
/** Refusals of `moveCommitted`, whatever the direction. */
const MOVED = [
  'currency-differs',
  'states-below-union',
  'too-many-facilities',
  'tranche-below-zero',
  'unknown-facility',
  'unknown-fund',
  'unknown-tranche',
] as const;
/** Refusals of `moveCommitted` when the amount grows. */
const RAISED = [
  'capex-unknown',
  'facility-missing',
  'tranche-cap-exceeded',
  'union-ceiling-exceeded',
  'union-share-exceeded',
] as const;

const OPEN_PLEDGES = { projection: 'capital', table: 'commitments', status: 'pledged' };

/** The open pledges of a partner are counted before the decision on a pledge by its own key. */
export const PledgeCommitment = preparedLedgerCommand(
  {
    body: PledgeCommitmentDto,
    uses: OpenRecordCounts,
    refusals: [
      'amount-not-positive',
      'currency-differs',
      'description-missing',
      'description-not-for-money',
      'donated-time-is-no-contribution',
      'facility-missing',
      'fund-without-gigafactories',
      'illustrative-not-allowed',
      'not-own',
      'partner-quota-reached',
      'position-not-reached',
      'unknown-facility',
      'unknown-fund',
      'unknown-partner',
      'unknown-tranche',
    ],
  },
  (counts, { body }, caller) =>
    counts.forOwn(caller, OPEN_PLEDGES, (open) => ({
      decide: (tx) => {
        const id = tx.newId();
        tx.create(commitment, id);
        const terms = termsFor(tx, body);
        requireWithinQuota(tx, 'open-pledges-per-partner', open);
        tx.append(commitment, id, pledge(terms, body, tx.context.principal));
      },
    })),
);

export const AcceptCommitment = ledgerCommand(
  {
    params: IdParams,
    body: AcceptCommitmentDto,
    refusals: [...TARGET, 'commitment-accepted-already', 'commitment-not-pledged', 'date-in-future'],
  },
  (tx, { id, body }) => {
    tx.append(commitment, id, accept(ownTarget(tx, id), body, tx.now));
  },
);

export const SignCommitment = ledgerCommand(
  {
    params: IdParams,
    body: SignCommitmentDto,
    refusals: [
      ...TARGET,
      ...MOVED,
      ...RAISED,
      'commitment-not-accepted',
      'commitment-not-pledged',
      'date-in-future',
      'in-kind-not-described',
    ],
  },
  (tx, { id, body }) => {
    const pledged = ownTarget(tx, id);
    const [event] = sign(pledged, body, signatoryOf(tx, pledged), tx.now);
    tx.append(commitment, id, [event]);
    moveCommitted(tx, id, { ...event.data, deltaMinor: BigInt(event.data.amountMinor) });
  },
);

export const AmendCommitment = ledgerCommand(
  {
    params: IdParams,
    body: AmendCommitmentDto,
    refusals: [
      ...TARGET,
      ...MOVED,
      ...RAISED,
      'commitment-not-accepted',
      'commitment-not-signed',
      'decrease-needs-acceptance',
      'delta-is-zero',
      'unfunded-below-zero',
    ],
  },
  (tx, { id, body }) => {
    const current = ownTarget(tx, id);
    const [event] = amend(current, body, signatoryOf(tx, current));
    changeSigned(tx, id, event);
  },
);

export const RequestDecrease = ledgerCommand(
  {
    params: IdParams,
    body: RequestDecreaseDto,
    refusals: [
      ...TARGET,
      'amount-not-positive',
      'commitment-not-signed',
      'no-financial-close',
      'unfunded-below-zero',
      'unknown-fund',
    ],
  },
  (tx, { id, body }) => {
    const current = ownTarget(tx, id);
    const requestId = tx.newId('decrease-request');
    tx.append(commitment, id, requestDecrease(current, requestId, body, isClosed(tx, current)));
    return { requestId };
  },
);

export const AcceptDecrease = ledgerCommand(
  {
    params: DecreaseRequestParams,
    body: EmptyBodyDto,
    refusals: [...TARGET, ...MOVED, 'commitment-not-signed', 'unfunded-below-zero', 'unknown-decrease-request'],
  },
  (tx, { id, requestId }) => {
    const current = ownTarget(tx, id);
    const [event] = acceptDecrease(current, requestId, signatoryOf(tx, current));
    changeSigned(tx, id, event);
  },
);

export const IssueCall = ledgerCommand(
  {
    params: IdParams,
    body: IssueCallDto,
    refusals: [
      ...TARGET,
      'amount-not-positive',
      'call-before-financial-close',
      'call-before-signature',
      'commitment-not-signed',
      'no-financial-close',
      'notice-too-short',
      'too-many-calls',
      'unfunded-below-zero',
      'unknown-fund',
    ],
  },
  (tx, { id, body }) => {
    const current = ownTarget(tx, id);
    const callId = tx.newId('call');
    const toFund = tx.existing(fund, current.terms.fundId);
    tx.append(commitment, id, issueCall(current, toFund, callId, body, callNoticeOn(tx, body.issuedOn)));
    return { callId };
  },
);

export const PayCall = ledgerCommand(
  {
    params: CallParams,
    body: PayCallDto,
    refusals: [
      ...TARGET,
      'amount-not-positive',
      'commitment-not-signed',
      'date-in-future',
      'paid-before-call',
      'paid-exceeds-called',
      'unknown-call',
    ],
  },
  (tx, { id, callId, body }) => {
    tx.append(commitment, id, payCall(ownTarget(tx, id), callId, body, tx.now));
    return { callId };
  },
);

export const Distribute = ledgerCommand(
  {
    params: IdParams,
    body: DistributeDto,
    refusals: [
      ...TARGET,
      'amount-not-positive',
      'commitment-not-signed',
      'date-in-future',
      'no-financial-close',
      'nothing-paid-in',
      'paid-before-signature',
      'recallable-after-cancellation',
      'recallable-exceeds-amount',
      'recallable-exceeds-paid',
      'unknown-fund',
    ],
  },
  (tx, { id, body }) => {
    const current = ownTarget(tx, id);
    tx.append(commitment, id, distribute(current, tx.existing(fund, current.terms.fundId), body, tx.now));
  },
);

export const CancelCommitment = ledgerCommand(
  {
    params: IdParams,
    body: CancelCommitmentDto,
    refusals: [...TARGET, ...MOVED, 'commitment-cancelled-already', 'decrease-needs-acceptance'],
  },
  (tx, { id, body }) => {
    const current = ownTarget(tx, id);
    const [event] = cancel(current, body, signatoryOf(tx, current));
    changeSigned(tx, id, event);
  },
);

/** Appends an amendment or a cancellation, and books its effect. */
function changeSigned(tx: Transaction, id: string, event: CommitmentAmended | CommitmentCancelled): void {
  const before = tx.get(commitment, id);
  tx.append(commitment, id, [event]);
  const deltaMinor =
    event.type === 'commitment-amended' ? BigInt(event.data.deltaMinor) : -BigInt(event.data.releasedMinor);
  if (before.status !== 'signed') return;
  moveCommitted(tx, id, { ...event.data, signedOn: before.signedOn, deltaMinor });
}

/**
 * Reads every record that a pledge names. An unknown record is refused with 404, and a pledge for another partner with
 * 403.
 */
function termsFor(tx: Transaction, body: PledgeCommitmentDto): CommitmentTerms {
  const { partnerId, fundId, facilityId } = body;
  tx.requireOwn(partnerId);
  const pledging = tx.get(partner, partnerId);
  if (pledging.status === 'absent') throw unknown('partner', partnerId);
  const financed = facilityId === undefined ? undefined : registered(tx.existing(facility, facilityId));
  return pledgeTerms(body, tx.existing(fund, fundId), partnerKindOf(pledging.profile.legalForm), financed);
}

const signatoryOf = (tx: Transaction, of: ExistingCommitment): Signatory => ({
  actor: tx.context.principal,
  acceptance: acceptancePolicyAt(tx),
  isClosed: isClosed(tx, of),
});

const isClosed = (tx: Transaction, { terms }: ExistingCommitment): boolean =>
  tx.existing(fund, terms.fundId).status === 'closed';

/**
 * The commitment that the route names. The owner is checked before the revision: a 412 would show another partner that
 * the commitment has changed.
 */
function ownTarget(tx: Transaction, id: string): ExistingCommitment {
  tx.requireOwn(existingCommitment(tx.existing(commitment, id)).terms.partnerId);
  return existingCommitment(tx.target(commitment, id));
}

/**
 * Applies a change of the committed amount to the fund and the facility in the same append. The fund checks the cap of
 * the tranche. The facility checks the Union's ceiling and, once the fund is closed, that the states match the Union. A
 * refusal by one of them refuses the whole command.
 */
function moveCommitted(tx: Transaction, commitmentId: string, change: Movement): void {
  const { fundId, trancheId, partnerId, partnerKind, facilityId, kind, currency, signedOn, deltaMinor } = change;
  if (deltaMinor === 0n) return;
  const booked = { commitmentId, partnerId, partnerKind, kind, deltaMinor };
  const subscription = { ...booked, trancheId, ...(facilityId !== undefined && { facilityId }) };
  const financing = tx.existing(fund, fundId);
  tx.append(fund, fundId, subscribe(financing, subscription));
  if (facilityId === undefined) return;
  const contribution = { ...booked, currency, signedOn };
  const rules = contributionRulesAt(tx);
  const financed = tx.existing(facility, facilityId);
  tx.append(facility, facilityId, recordContribution(financed, contribution, rules, financing.status === 'closed'));
}

type Movement = CommitmentTerms & { readonly signedOn: string; readonly deltaMinor: bigint };
