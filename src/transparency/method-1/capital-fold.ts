import type { CommitmentKind } from '../../domain/commitment-kinds.js';
import type { CommitmentTerms } from '../../capital/commitment.js';
import type { TrancheKind } from '../../capital/fund.js';
import type { FacilityDescription } from '../../compute/facility-events.js';
import { idOf } from '../../ledger/aggregate.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { unknownToReport } from '../events/ledger-event.js';
import type { EventOf } from './method-events.js';
import { kindIn1, type PartnerKind } from './partner-kinds.js';

/**
 * The part of the state for the capital report: committed and paid money by layer and kind of partner. Sums are exact minor units. It
 * grows with funds, layers, facilities and pledges that wait for a signature.
 */
export interface CapitalState {
  readonly funds: Map<string, FundFacts>;
  readonly cells: Map<string, CapitalCell>;
  /** Pledges that are neither signed nor withdrawn: cell and amount by commitment. */
  readonly openPledges: Map<string, { readonly cell: string; readonly amountMinor: bigint }>;
  readonly facilities: Map<string, CapexFacts>;
}

export interface FundFacts {
  readonly name: string;
  readonly currency: string;
  readonly targetMinor: bigint;
  readonly illustrative: boolean;
  closed: boolean;
  readonly tranches: Map<string, { readonly rank: number; readonly kind: TrancheKind; readonly capMinor: bigint }>;
}

/** The denominator of the Union's share: CAPEX of the computing infrastructure, Art. 12b(5) of Regulation (EU) 2021/1173. */
export interface CapexFacts {
  readonly name: string;
  readonly country: string;
  readonly kind: FacilityDescription['kind'];
  readonly capexMinor: bigint | null;
  readonly currency: string | null;
  readonly illustrative: boolean;
}

export interface CapitalAmounts {
  /** All pledges, signed and withdrawn ones included. */
  pledgedMinor: bigint;
  /** Pledged and neither signed nor withdrawn. */
  openPledgesMinor: bigint;
  /** Signed, plus amendments, less what cancellations released. */
  committedMinor: bigint;
  calledMinor: bigint;
  paidMinor: bigint;
  distributedMinor: bigint;
  /** Distributed under the condition that it may be called again. */
  recallableMinor: bigint;
  /** Signed and may still be called. */
  unfundedMinor: bigint;
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

export const noAmounts = (): CapitalAmounts => ({
  pledgedMinor: 0n,
  openPledgesMinor: 0n,
  committedMinor: 0n,
  calledMinor: 0n,
  paidMinor: 0n,
  distributedMinor: 0n,
  recallableMinor: 0n,
  unfundedMinor: 0n,
});

export const initialCapital = (): CapitalState => ({
  funds: new Map(),
  cells: new Map(),
  openPledges: new Map(),
  facilities: new Map(),
});

type FundEvent = EventOf<'fund-established' | 'tranche-defined' | 'tranche-subscribed' | 'financial-close-reached'>;
type MoneyEvent = EventOf<
  | 'commitment-pledged'
  | 'commitment-signed'
  | 'commitment-amended'
  | 'capital-call-issued'
  | 'capital-call-paid'
  | 'distribution-paid'
  | 'commitment-cancelled'
>;
export type CapitalEvent = FundEvent | MoneyEvent | EventOf<'facility-registered'>;

/** Applies one event to the state, in place. */
export function foldCapital(state: CapitalState, event: CapitalEvent, stream: RecordedEvent['stream']): void {
  switch (event.type) {
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

export function capexFacts({
  name,
  country,
  kind,
  capexMinor,
  currency,
  illustrative,
}: FacilityDescription): CapexFacts {
  return {
    name,
    country,
    kind,
    capexMinor: capexMinor === undefined ? null : BigInt(capexMinor),
    currency: currency ?? null,
    illustrative: illustrative ?? false,
  };
}

export function foldFund(funds: CapitalState['funds'], event: FundEvent, fundId: string): void {
  switch (event.type) {
    case 'fund-established': {
      const { name, currency, targetMinor, illustrative = false } = event.data;
      const facts = {
        name,
        currency,
        targetMinor: BigInt(targetMinor),
        illustrative,
        closed: false,
        tranches: new Map(),
      };
      funds.set(fundId, facts);
      return;
    }
    case 'tranche-defined': {
      const { trancheId, rank, kind, capMinor } = event.data;
      fundOf(funds, fundId).tranches.set(trancheId, { rank, kind, capMinor: BigInt(capMinor) });
      return;
    }
    case 'tranche-subscribed':
      // The events of the commitment hold the same change.
      return;
    case 'financial-close-reached':
      fundOf(funds, fundId).closed = true;
      return;
    default:
      unknownToReport(event);
  }
}

function fundOf(funds: CapitalState['funds'], fundId: string): FundFacts {
  const facts = funds.get(fundId);
  if (!facts) throw new Error(`Fund ${fundId} is used before it is established.`);
  return facts;
}

function foldCommitment(state: CapitalState, event: MoneyEvent, commitmentId: string): void {
  const cell = cellOf(state, { ...event.data, partnerKind: kindIn1(event.data.partnerKind) });
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

type CellKey = Pick<CommitmentTerms, 'fundId' | 'trancheId' | 'currency' | 'kind'> & {
  readonly partnerKind: PartnerKind;
  readonly facilityId?: string | null;
};

const keyOf = ({ fundId, trancheId, partnerKind, facilityId, currency, kind }: CellKey): string =>
  `${fundId} ${trancheId} ${partnerKind} ${facilityId ?? '-'} ${currency} ${kind}`;

function cellOf(state: CapitalState, terms: CellKey): CapitalCell {
  const key = keyOf(terms);
  const known = state.cells.get(key);
  if (known) return known;
  const { fundId, trancheId, partnerKind, facilityId = null, currency, kind } = terms;
  const place = { fundId, trancheId, partnerKind, facilityId, currency, kind };
  const cell = { ...place, ...noAmounts(), pledges: 0, signatures: 0, cancellations: 0, illustrative: 0 };
  state.cells.set(key, cell);
  return cell;
}
