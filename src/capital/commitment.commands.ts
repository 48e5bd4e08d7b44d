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
import { distribute, issueCall, payCall } from './cash.decisions.js';
import { accept, amend, cancel, pledge, pledgeTerms, sign, type Signatory } from './commitment.decisions.js';
import {
  AcceptCommitmentDto,
  AmendCommitmentDto,
  CallParams,
  CancelCommitmentDto,
  DistributeDto,
  IssueCallDto,
  PayCallDto,
  PledgeCommitmentDto,
  SignCommitmentDto,
} from './commitment.dto.js';
import { commitment, existingCommitment, type CommitmentTerms, type ExistingCommitment } from './commitment.js';
import { subscribe } from './fund.decisions.js';
import { fund } from './fund.js';
import { matchingPolicyAt } from './matching-policy.js';

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
const RAISED = ['capex-unknown', 'tranche-cap-exceeded', 'union-ceiling-exceeded'] as const;

const OPEN_PLEDGES = { projection: 'capital', table: 'commitments', status: 'pledged' };

/** The open pledges of a partner are counted before the decision on a pledge by its own key. */
export const PledgeCommitment = preparedLedgerCommand(
  {
    body: PledgeCommitmentDto,
    uses: OpenRecordCounts,
    refusals: [
      'amount-not-positive',
      'currency-differs',
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
    refusals: [...TARGET, ...MOVED, ...RAISED, 'commitment-not-accepted', 'commitment-not-pledged', 'date-in-future'],
  },
  (tx, { id, body }) => {
    const [event] = sign(ownTarget(tx, id), body, signatoryOf(tx), tx.now);
    tx.append(commitment, id, [event]);
    moveCommitted(tx, id, event.data, BigInt(event.data.amountMinor));
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
      'delta-is-zero',
      'unfunded-below-zero',
    ],
  },
  (tx, { id, body }) => {
    const [event] = amend(ownTarget(tx, id), body, signatoryOf(tx));
    tx.append(commitment, id, [event]);
    moveCommitted(tx, id, event.data, BigInt(event.data.deltaMinor));
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
    tx.append(commitment, id, issueCall(current, toFund, callId, body));
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
      'paid-before-signature',
      'recallable-after-cancellation',
      'recallable-exceeds-amount',
      'recallable-exceeds-called',
    ],
  },
  (tx, { id, body }) => {
    tx.append(commitment, id, distribute(ownTarget(tx, id), body, tx.now));
  },
);

export const CancelCommitment = ledgerCommand(
  { params: IdParams, body: CancelCommitmentDto, refusals: [...TARGET, ...MOVED, 'commitment-cancelled-already'] },
  (tx, { id, body }) => {
    const [event] = cancel(ownTarget(tx, id), body);
    tx.append(commitment, id, [event]);
    moveCommitted(tx, id, event.data, -BigInt(event.data.releasedMinor));
  },
);

/**
 * Reads every record that a pledge names. An unknown record is refused with 404, and a pledge for another partner with
 * 403.
 */
function termsFor(tx: Transaction, body: PledgeCommitmentDto): CommitmentTerms {
  const { partnerId, fundId, facilityId } = body;
  tx.requireOwn(partnerId);
  const pledging = tx.get(partner, partnerId);
  if (pledging.status === 'absent') throw unknown('partner', partnerId);
  const facilityCurrency =
    facilityId === undefined ? undefined : registered(tx.existing(facility, facilityId)).currency;
  return pledgeTerms(body, tx.existing(fund, fundId), partnerKindOf(pledging.profile.legalForm), facilityCurrency);
}

const signatoryOf = (tx: Transaction): Signatory => ({
  actor: tx.context.principal,
  acceptance: acceptancePolicyAt(tx),
});

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
function moveCommitted(tx: Transaction, commitmentId: string, terms: CommitmentTerms, deltaMinor: bigint): void {
  if (deltaMinor === 0n) return;
  const { fundId, trancheId, partnerId, partnerKind, facilityId, kind, currency } = terms;
  const change = { commitmentId, partnerId, partnerKind, deltaMinor };
  const subscription = { ...change, trancheId, ...(facilityId !== undefined && { facilityId }) };
  const financing = tx.existing(fund, fundId);
  tx.append(fund, fundId, subscribe(financing, subscription));
  if (facilityId === undefined) return;
  const contribution = { ...change, kind, currency };
  const closedOn = financing.status === 'closed' ? { basis: matchingPolicyAt(tx)?.kinds } : undefined;
  tx.append(facility, facilityId, recordContribution(tx.existing(facility, facilityId), contribution, closedOn));
}
