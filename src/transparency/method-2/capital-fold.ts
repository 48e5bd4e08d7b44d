import type { CommitmentKind } from '../../domain/commitment-kinds.js';
import { idOf } from '../../ledger/aggregate.js';
import type { LegalForm } from '../../partners/partner.js';
import { unknownToReport, type LedgerEvent } from '../events/ledger-event.js';
import {
  capexFacts,
  foldFund,
  noAmounts,
  type CapexFacts,
  type CapitalAmounts,
  type FundFacts,
} from '../method-1/capital-fold.js';
import { kindOf, type PartnerKind } from './partner-kinds.js';

/**
 * The part of the state for the capital report: committed and paid money by layer and kind of partner. Sums are exact minor units. It
 * grows with funds, layers, facilities, pledges that wait for a signature, and partners governed by public law.
 */
export interface CapitalState {
  readonly funds: Map<string, FundFacts>;
  readonly cells: Map<string, CapitalCell>;
  /** Pledges that are neither signed nor withdrawn: cell and amount by commitment. */
  readonly openPledges: Map<string, { readonly cell: string; readonly amountMinor: bigint }>;
  readonly facilities: Map<string, CapexFacts>;
  /** Partners whose legal form decides on the kind of their money, see `kindOf`. */
  readonly legalForms: Map<string, LegalForm>;
}

export interface CapitalCell extends CapitalAmounts {
  readonly fundId: string;
  readonly trancheId: string;
  readonly partnerKind: PartnerKind;
  readonly facilityId: string | null;
  readonly currency: string;
  readonly kind: CommitmentKind;
  pledges: number;
  signatures: number;
  cancellations: number;
  illustrative: number;
}

export const initialCapital = (): CapitalState => ({
  funds: new Map(),
  cells: new Map(),
  openPledges: new Map(),
  facilities: new Map(),
  legalForms: new Map(),
});

type EventOf<Type extends LedgerEvent['type']> = Extract<LedgerEvent, { readonly type: Type }>;
type MoneyEvent = EventOf<
  | 'commitment-pledged'
  | 'commitment-signed'
  | 'commitment-amended'
  | 'capital-call-issued'
  | 'capital-call-paid'
  | 'distribution-paid'
  | 'commitment-cancelled'
>;
type FundEvent = EventOf<'fund-established' | 'tranche-defined' | 'tranche-subscribed' | 'financial-close-reached'>;
export type CapitalEvent = FundEvent | MoneyEvent | EventOf<'facility-registered' | 'partner-registered'>;

/** Applies one event to the state, in place. */
export function foldCapital(state: CapitalState, event: CapitalEvent): void {
  const { stream } = event;
  switch (event.type) {
    case 'partner-registered':
      if (event.data.legalForm === 'public-body') state.legalForms.set(idOf(stream, 'partner'), event.data.legalForm);
      return;
    case 'facility-registered':
      state.facilities.set(idOf(stream, 'facility'), capexFacts(event.data));
      return;
    case 'fund-established':
    case 'tranche-defined':
    case 'tranche-subscribed':
    case 'financial-close-reached':
      foldFund(state.funds, event, idOf(stream, 'fund'));
      return;
    default:
      foldCommitment(state, event, idOf(stream, 'commitment'));
  }
}

function foldCommitment(state: CapitalState, event: MoneyEvent, commitmentId: string): void {
  const cell = cellOf(state, event.data);
  switch (event.type) {
    case 'commitment-pledged':
      cell.pledges += 1;
      if (event.data.illustrative) cell.illustrative += 1;
      openPledge(state, cell, commitmentId, BigInt(event.data.amountMinor));
      return;
    case 'commitment-signed':
      closePledge(state, commitmentId);
      cell.signatures += 1;
      cell.committedMinor += BigInt(event.data.amountMinor);
      cell.unfundedMinor += BigInt(event.data.amountMinor);
      return;
    case 'commitment-amended':
      cell.committedMinor += BigInt(event.data.deltaMinor);
      cell.unfundedMinor += BigInt(event.data.unfundedDeltaMinor);
      return;
    case 'capital-call-issued':
      cell.calledMinor += BigInt(event.data.amountMinor);
      cell.unfundedMinor += BigInt(event.data.unfundedDeltaMinor);
      return;
    case 'capital-call-paid':
      cell.paidMinor += BigInt(event.data.amountMinor);
      return;
    case 'distribution-paid':
      cell.distributedMinor += BigInt(event.data.amountMinor);
      cell.recallableMinor += BigInt(event.data.recallableMinor);
      cell.unfundedMinor += BigInt(event.data.unfundedDeltaMinor);
      return;
    case 'commitment-cancelled':
      closePledge(state, commitmentId);
      cell.cancellations += 1;
      cell.committedMinor -= BigInt(event.data.releasedMinor);
      cell.unfundedMinor += BigInt(event.data.unfundedDeltaMinor);
      return;
    default:
      unknownToReport(event);
  }
}

function openPledge(state: CapitalState, cell: CapitalCell, commitmentId: string, amountMinor: bigint): void {
  cell.pledgedMinor += amountMinor;
  cell.openPledgesMinor += amountMinor;
  state.openPledges.set(commitmentId, { cell: keyOf(cell), amountMinor });
}

/** Ends the pledge of a commitment, at its signature or withdrawal. A signed commitment that is cancelled has no open pledge. */
function closePledge(state: CapitalState, commitmentId: string): void {
  const pledge = state.openPledges.get(commitmentId);
  const cell = pledge && state.cells.get(pledge.cell);
  if (!pledge || !cell) return;
  cell.openPledgesMinor -= pledge.amountMinor;
  state.openPledges.delete(commitmentId);
}

type CellKey = Pick<CapitalCell, 'fundId' | 'trancheId' | 'partnerKind' | 'facilityId' | 'currency' | 'kind'>;

const keyOf = ({ fundId, trancheId, partnerKind, facilityId, currency, kind }: CellKey): string =>
  `${fundId} ${trancheId} ${partnerKind} ${facilityId ?? '-'} ${currency} ${kind}`;

function cellOf(state: CapitalState, terms: MoneyEvent['data']): CapitalCell {
  const { fundId, trancheId, partnerId, facilityId = null, currency, kind } = terms;
  const partnerKind = kindOf(terms.partnerKind, state.legalForms.get(partnerId));
  const place = { fundId, trancheId, partnerKind, facilityId, currency, kind };
  const key = keyOf(place);
  const known = state.cells.get(key);
  if (known) return known;
  const cell = { ...place, ...noAmounts(), pledges: 0, signatures: 0, cancellations: 0, illustrative: 0 };
  state.cells.set(key, cell);
  return cell;
}
