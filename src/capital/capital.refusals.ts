import { UNION_CLAUSE } from '../compute/compute.refusals.js';
import { CALENDARS } from '../domain/business-days.js';
import { COMMITMENT_KINDS } from '../domain/commitment-kinds.js';
import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  dateFact,
  idFact,
  instantFact,
  listFact,
  minorFact,
  optional,
  orNull,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';
import { PARTNER_KINDS } from '../partners/partner.js';
import { TRANCHE_KINDS } from './fund.js';

/** Donated access time of Member States. */
export const DONATION_CLAUSE = '2021/1173 Art. 12b(10)' as const;

const trancheFacts = {
  trancheId: idFact('The tranche.'),
  committedMinor: minorFact('What is committed to it.', '600000000'),
  deltaMinor: minorFact('What the command would add; negative if it takes away.', '500000000'),
  capMinor: minorFact('Its cap.', '1000000000'),
};
const signedOn = dateFact('When the commitment was signed.', '2026-03-10');
const statusFact = wordFact('Status of the commitment.', ['pledged', 'signed', 'cancelled']);

export const CAPITAL_REFUSALS = declareRefusals({
  'unknown-fund': unknownId('There is no fund with this id.', 'Take the id from GET /v1/funds.'),
  'unknown-tranche': unknownId('The fund has no tranche with this id.', 'Take the id from GET /v1/funds/{id}.'),
  'unknown-commitment': unknownId(
    'There is no commitment with this id that the credential may see.',
    'Take the id from GET /v1/commitments.',
  ),
  'unknown-decrease-request': unknownId(
    'No request with this id waits on the commitment: there was none, or it is accepted or replaced.',
    'Take the id from decreaseRequest of GET /v1/commitments/{id}.',
  ),
  'unknown-call': unknownId('The commitment has no call with this id.', 'Take the id from GET /v1/commitments/{id}.'),
  'amount-not-positive': {
    kind: 'invalid',
    means: 'The amount is not above 0.',
    next: 'Give an amount of at least 1 minor unit.',
    facts: { amount: minorFact('The amount that was given.', '0') },
  },
  'rank-out-of-range': {
    kind: 'invalid',
    means: 'The rank is not a whole number of the allowed range.',
    next: 'Give a rank that detail allows.',
    facts: { rank: wholeFact('The rank that was given.', 0) },
  },
  'layers-settled': {
    kind: 'conflict',
    means: 'The fund has reached financial close, and its layers are settled.',
    next: 'Establish another fund for further tranches.',
  },
  'caps-exceed-target': {
    kind: 'conflict',
    means: 'The caps of the tranches would add up to more than the target of the fund.',
    next: 'Give a lower cap.',
    facts: {
      capsMinor: minorFact('Sum of the caps with this tranche.', '1100000000'),
      targetMinor: minorFact('Target of the fund.', '1000000000'),
    },
  },
  'rank-taken': {
    kind: 'conflict',
    means: 'Another tranche of the fund has this rank.',
    next: 'Choose another rank.',
    facts: { rank: wholeFact('The rank.', 1), trancheId: idFact('The tranche that has it.') },
  },
  'rank-contradicts-kind': {
    kind: 'conflict',
    means: 'The tranche would lose in another order than its kind says: first-loss, then mezzanine, then senior.',
    next: 'Choose a rank that fits the kinds of the other tranches.',
    facts: {
      rank: wholeFact('The rank that was given.', 3),
      kind: wordFact('The kind that was given.', TRANCHE_KINDS),
      otherRank: wholeFact('Rank of the tranche that it contradicts.', 2),
      otherKind: wordFact('Kind of that tranche.', TRANCHE_KINDS),
    },
  },
  'tranche-cap-exceeded': {
    kind: 'conflict',
    means: 'More would be committed to the tranche than its cap.',
    next: 'Commit at most availableMinor, or choose another tranche.',
    facts: { ...trancheFacts, availableMinor: minorFact('What is still free under the cap.', '400000000') },
  },
  'tranche-below-zero': {
    kind: 'conflict',
    means: 'Less than nothing would be committed to the tranche.',
    next: 'Take away at most what is committed.',
    facts: trancheFacts,
  },
  'too-many-facilities': {
    kind: 'conflict',
    means: 'The fund finances as many facilities as one may.',
    next: 'Finance the facility from another fund.',
    facts: { limit: wholeFact('Facilities that a fund may finance.', 100) },
  },
  'facility-missing': {
    kind: 'conflict',
    means:
      'Money of the Union or of a Member State names no facility, so that the ceiling of the Union and the match by the states cannot be checked.',
    next: 'Pledge it with a facilityId, or to a fund that was established with financesGigafactories: false.',
    facts: {
      clause: clauseFact(UNION_CLAUSE),
      partnerKind: optional(wordFact('Kind of the partner.', PARTNER_KINDS)),
      kind: optional(wordFact('Kind of the commitment.', COMMITMENT_KINDS)),
      unplacedMinor: optional(minorFact('What is signed without a facility, at financial close.', '1000000')),
      commitments: optional(wholeFact('Commitments without a facility, at financial close.', 1)),
      commitmentIds: optional(listFact('The first 20 of them.', idFact('A commitment.'))),
    },
  },
  'fund-without-gigafactories': {
    kind: 'conflict',
    means: 'The fund was established as one that finances no AI gigafactory.',
    next: 'Pledge to another fund, or for another facility.',
    facts: { fundId: idFact('The fund.'), facilityId: idFact('The AI gigafactory.') },
  },
  'financial-close-reached-already': {
    kind: 'conflict',
    means: 'The fund has reached financial close, which happens once.',
    next: 'Nothing needs to be done.',
  },
  'nothing-signed': {
    kind: 'conflict',
    means: 'No commitment to the fund is signed.',
    next: 'Sign at least one commitment first.',
    facts: { committedMinor: minorFact('What is committed to the fund.', '0') },
  },
  'commitment-not-pledged': {
    kind: 'conflict',
    means: 'Only a pledge can be signed, and the commitment is no pledge any more.',
    next: 'Read the commitment. Pledge again if it is cancelled.',
    facts: { commitmentStatus: statusFact },
  },
  'commitment-not-signed': {
    kind: 'conflict',
    means: 'Only a signed commitment can be amended, called or paid on.',
    next: 'Sign the commitment first, if it is a pledge.',
    facts: { commitmentStatus: statusFact },
  },
  'commitment-accepted-already': {
    kind: 'conflict',
    means: 'The pledge is accepted already, which happens once.',
    next: 'Nothing needs to be done.',
    facts: { acceptedOn: dateFact('When it was accepted.', '2026-03-01') },
  },
  'commitment-not-accepted': {
    kind: 'conflict',
    means: 'The programme has not accepted what the partner would sign, and a policy requires that it does so first.',
    next: 'Ask the operator to accept the pledge, or to record the step.',
    facts: {
      policy: wordFact('The policy that requires it.', ['signature-acceptance']),
      policyVersion: wholeFact('Its version in force.', 1),
      inForceSince: instantFact('When this version began.', '2026-01-01T00:00:00Z'),
      amountMinor: minorFact('What the partner would bind itself to.', '50000000000'),
    },
  },
  'commitment-cancelled-already': {
    kind: 'conflict',
    means: 'The commitment is cancelled already, which happens once.',
    next: 'Nothing needs to be done.',
  },
  'delta-is-zero': {
    kind: 'invalid',
    means: 'An amendment of 0 changes nothing.',
    next: 'Give the amount by which the commitment changes.',
  },
  'unfunded-below-zero': {
    kind: 'conflict',
    means: 'More would be called or taken away than is unfunded. What is called stays committed.',
    next: 'Give at most unfundedMinor.',
    facts: {
      unfundedMinor: minorFact('What is committed and not called.'),
      amountMinor: optional(minorFact('The amount of the call.', '500000000')),
      deltaMinor: optional(minorFact('The amount of the amendment.', '-500000000')),
    },
  },
  'no-financial-close': {
    kind: 'conflict',
    means:
      'The fund has not reached financial close. Before it no capital is called or distributed, and no decrease needs a request.',
    next: 'Record the financial close first. For a decrease, amend or cancel the commitment itself.',
    facts: { fundId: idFact('The fund.') },
  },
  'call-before-signature': {
    kind: 'conflict',
    means: 'The call is dated before the commitment was signed.',
    next: 'Date the call signedOn or later.',
    facts: { signedOn, issuedOn: dateFact('The date of the call.') },
  },
  'call-before-financial-close': {
    kind: 'conflict',
    means: 'The call is dated before the financial close of the fund.',
    next: 'Date the call reachedOn or later.',
    facts: {
      fundId: idFact('The fund.'),
      reachedOn: dateFact('When it reached financial close.', '2026-03-10'),
      issuedOn: dateFact('The date of the call.'),
    },
  },
  'notice-too-short': {
    kind: 'conflict',
    means: 'The call is due before its notice has passed.',
    next: 'Give earliestDueOn or a later date as dueOn.',
    facts: {
      issuedOn: dateFact('The date of the call.'),
      dueOn: dateFact('The date that was given.', '2026-03-05'),
      earliestDueOn: dateFact('The first date on which the call may be due.', '2026-03-13'),
      businessDaysMin: wholeFact('Business days of notice, by the policy capital-call-notice; 10 without it.', 10),
      calendar: wordFact(
        'Place whose holidays count, by the policy business-day-calendar; Brussels without it.',
        CALENDARS,
      ),
    },
  },
  'too-many-calls': {
    kind: 'conflict',
    means: 'The commitment has as many calls as one may have.',
    next: 'Call the rest under another commitment.',
    facts: { limit: wholeFact('Calls that a commitment may have.', 1_000) },
  },
  'paid-before-call': {
    kind: 'conflict',
    means: 'The payment is dated before the call was issued.',
    next: 'Give the day of the payment, issuedOn or later.',
    facts: { issuedOn: dateFact('The date of the call.'), paidOn: dateFact('The date that was given.', '2026-02-27') },
  },
  'paid-exceeds-called': {
    kind: 'conflict',
    means: 'More would be paid than is open of the call.',
    next: 'Record at most calledMinor less paidMinor.',
    facts: {
      calledMinor: minorFact('The amount of the call.'),
      paidMinor: minorFact('What is paid of it.', '300000000'),
      amountMinor: minorFact('The amount that was given.', '200000000'),
    },
  },
  'nothing-paid-in': {
    kind: 'conflict',
    means: 'Nothing was paid in on the commitment by the day of the distribution.',
    next: 'Record the payment first, and date the distribution firstPaidOn or later.',
    facts: {
      paidOn: dateFact('The day of the distribution.', '2026-06-01'),
      paidMinor: minorFact('What is paid in by now.', '0'),
      firstPaidOn: orNull(dateFact('The day of the first payment.', '2026-06-15')),
    },
  },
  'decrease-needs-acceptance': {
    kind: 'conflict',
    means: 'After financial close a partner does not lower or cancel what it has signed by itself.',
    next: 'Ask for it with POST /v1/commitments/{id}/decrease-requests; the operator accepts it.',
    facts: { fundId: idFact('The fund that has reached financial close.') },
  },
  'description-missing': {
    kind: 'invalid',
    means: 'A contribution in kind does not say what it is.',
    next: 'Give describes.',
  },
  'description-not-for-money': {
    kind: 'invalid',
    means: 'A commitment of money describes something that is given in kind.',
    next: 'Leave describes out.',
    facts: { kind: wordFact('Kind of the commitment.', COMMITMENT_KINDS) },
  },
  'in-kind-not-described': {
    kind: 'conflict',
    means: 'The pledge is from before the ledger asked what is given in kind.',
    next: 'Cancel the pledge, and pledge again with describes.',
  },
  'donated-time-is-no-contribution': {
    kind: 'conflict',
    means: 'Access time that is given is no contribution in kind: it becomes Union access time and adds no money.',
    next: 'Leave the pledge out.',
    facts: {
      clause: optional(clauseFact(DONATION_CLAUSE)),
      partnerKind: wordFact('Kind of the partner. The clause is about Member States.', PARTNER_KINDS),
    },
  },
  'paid-before-signature': {
    kind: 'conflict',
    means: 'The distribution is dated before the commitment was signed.',
    next: 'Give the day of the distribution, signedOn or later.',
    facts: { signedOn, paidOn: dateFact('The date that was given.') },
  },
  'recallable-exceeds-amount': {
    kind: 'invalid',
    means: 'The recallable part is below 0 or above the amount that is paid back.',
    next: 'Give a part from 0 to amountMinor.',
    facts: {
      amountMinor: minorFact('The amount that is paid back.'),
      recallableMinor: minorFact('The part that was given.', '500000000'),
    },
  },
  'recallable-after-cancellation': {
    kind: 'conflict',
    means: 'The commitment is cancelled, so that nothing can become callable again.',
    next: 'Send 0 as recallableMinor.',
    facts: { recallableMinor: minorFact('The part that was given.') },
  },
  'recallable-exceeds-paid': {
    kind: 'conflict',
    means: 'More would become callable again than was paid in and is not recallable yet.',
    next: 'Give at most paidMinor less madeRecallableMinor as recallableMinor.',
    facts: {
      paidMinor: minorFact('What is paid in.'),
      madeRecallableMinor: minorFact('What earlier distributions made callable again.', '0'),
      recallableMinor: minorFact('The part that was given.', '500000000'),
    },
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof CAPITAL_REFUSALS> {}
}
