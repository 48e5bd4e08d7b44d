import type { CommitmentKind, InKindDescription } from '../domain/commitment-kinds.js';
import type { FacilityKind } from '../compute/facility-events.js';
import { requireMayMark, type Illustrative } from '../domain/illustrative.js';
import { formatMinor } from '../domain/money.js';
import type { Principal } from '../ledger/command-context.js';
import { invalid, refuse } from '../ledger/refusal.js';
import type { PartnerKind } from '../partners/partner.js';
import { DONATION_CLAUSE } from './capital.refusals.js';
import type { CommitmentPledged, CommitmentTerms } from './commitment.js';
import { positiveMinor, requireFacility, trancheOf } from './fund.decisions.js';
import { existingFund, type Fund } from './fund.js';

/** The facts about the facility of a pledge that the pledge needs. */
export interface FinancedFacility {
  readonly kind: FacilityKind;
  readonly currency?: string;
}

export interface PledgeTermsInput {
  readonly fundId: string;
  readonly trancheId: string;
  readonly partnerId: string;
  readonly facilityId?: string;
  readonly currency: string;
  readonly kind: CommitmentKind;
}

/**
 * The terms of a pledge, with the facts about fund and partner that its events repeat. The partner's kind is its kind
 * at the pledge: a commitment of public money stays public money in every table.
 * @throws Refusal `unknown-tranche` (404), `currency-differs`, `facility-missing`, `fund-without-gigafactories` (409).
 */
export function pledgeTerms(
  input: PledgeTermsInput,
  toFund: Fund,
  partnerKind: PartnerKind,
  financed: FinancedFacility | undefined,
): CommitmentTerms {
  const { fundId, trancheId, partnerId, facilityId, currency, kind } = input;
  const { rank, kind: trancheKind } = trancheOf(toFund, trancheId);
  const fundCurrency = existingFund(toFund).currency;
  for (const [what, expected] of [
    ['fund', fundCurrency],
    ['facility', financed?.currency ?? currency],
  ] as const) {
    if (currency !== expected) {
      throw refuse('currency-differs', `The ${what} is in ${expected}, not in ${currency}. Pledge in ${expected}.`, {
        currency,
        [`${what}Currency`]: expected,
      });
    }
  }
  requireFacility(toFund, { partnerKind, ...input });
  if (facilityId !== undefined && financed?.kind === 'ai-gigafactory' && !existingFund(toFund).financesGigafactories) {
    throw refuse(
      'fund-without-gigafactories',
      'The fund was established as one that finances no AI gigafactory. Pledge to another fund, or for another facility.',
      { fundId, facilityId },
    );
  }
  return {
    fundId,
    trancheId,
    trancheRank: rank,
    trancheKind,
    partnerId,
    partnerKind,
    ...(facilityId !== undefined && { facilityId }),
    currency,
    kind,
  };
}

export interface PledgeInput extends Illustrative {
  readonly amountMinor: string;
  readonly describes?: InKindDescription;
  readonly programme?: string;
  readonly source?: string;
}

/**
 * Pledges an amount. A pledge is an intention and does not bind until it is signed. The pledges to a tranche may exceed
 * its cap. A contribution in kind says what it is, and is not access time: Art. 12b(10) makes the access time that a Member State gives
 * Union access time, which "shall not be taken into account as in-kind contribution". From other partners the ledger takes none either,
 * because hours are no part of the infrastructure.
 * @throws Refusal `amount-not-positive`, `description-missing`, `description-not-for-money` (422), `illustrative-not-allowed` (403),
 * `donated-time-is-no-contribution` (409).
 */
export function pledge(terms: CommitmentTerms, input: PledgeInput, actor: Principal): [CommitmentPledged] {
  requireMayMark(input, actor);
  const { programme, source, illustrative, describes } = input;
  requireDescription(terms, describes);
  const amountMinor = formatMinor(positiveMinor(input.amountMinor, '/amountMinor'));
  return [
    {
      type: 'commitment-pledged',
      data: {
        ...terms,
        amountMinor,
        ...(describes !== undefined && { describes }),
        ...(programme !== undefined && { programme }),
        ...(source !== undefined && { source }),
        ...(illustrative !== undefined && { illustrative }),
      },
    },
  ];
}

function requireDescription({ kind, partnerKind }: CommitmentTerms, describes: InKindDescription | undefined): void {
  if (kind !== 'in-kind') {
    if (describes === undefined) return;
    throw invalid('description-not-for-money', '/describes', `A ${kind} commitment is money. Leave describes out.`, {
      kind,
    });
  }
  if (describes === undefined) {
    throw invalid('description-missing', '/describes', 'A contribution in kind has to say what it is. Give describes.');
  }
  if (describes !== 'access-time') return;
  throw refuse(
    'donated-time-is-no-contribution',
    'Donated access time is no contribution in kind: it becomes Union access time and adds no money. Leave the pledge out.',
    { partnerKind, ...(partnerKind === 'member-state' && { clause: DONATION_CLAUSE }) },
  );
}
