import type { TrancheKind } from '../../capital/fund.js';
import { figures, share, type Measure, type Reason } from '../measures/measures.js';
import { noAmounts, type CapexFacts, type CapitalAmounts, type FundFacts } from '../method-1/capital-fold.js';
import { RATIO_BASES, type PublishedAmounts } from '../method-1/capital-report.js';
import type { CapitalCell } from './capital-fold.js';
import type { FoldState } from './fold.js';
import { PARTNER_KINDS, isPublic, type PartnerKind } from './partner-kinds.js';
import { periodState, type Since } from './period.js';
import { headerOf, type ReportHeader } from './report-header.js';

type Reasons = Readonly<Partial<Record<string, Reason>>>;

/** One kind of partner in one tranche. */
export interface CapitalRow extends PublishedAmounts {
  readonly fundId: string;
  readonly fundName: string;
  readonly trancheId: string;
  readonly trancheRank: number;
  readonly trancheKind: TrancheKind;
  readonly partnerKind: PartnerKind;
  readonly currency: string;
  readonly pledges: number;
  readonly signatures: number;
  readonly cancellations: number;
}

/** A tranche in the stack of its fund: it takes losses between these two points, as fractions of everything committed. */
export interface Layer extends PublishedAmounts {
  readonly trancheId: string;
  readonly rank: number;
  readonly kind: TrancheKind;
  readonly capMinor: string;
  /** Losses up to here fall on the layers below. */
  readonly attachmentPoint: number | null;
  /** Losses from here on fall on the layers above. */
  readonly detachmentPoint: number | null;
  readonly committedByPartnerKind: Readonly<Record<PartnerKind, string>>;
  readonly reasons: Reasons;
}
export interface FundPicture {
  readonly fundId: string;
  readonly name: string;
  readonly currency: string;
  readonly targetMinor: string;
  /** Financial close is reached. */
  readonly closed: boolean;
  /** The layers from the most senior down: the first loss is at the bottom. */
  readonly layers: readonly Layer[];
}

/** Ratios on one base: committed or paid money. */
export interface CapitalRatios {
  readonly currency: string;
  readonly base: (typeof RATIO_BASES)[number];
  /** Money of the Union, the Member States, regions, other bodies governed by public law, and public banks. */
  readonly publicMinor: string;
  readonly privateMinor: string;
  readonly privatePerPublic: number | null;
  /** All money, the public part included, for each unit of public money. */
  readonly mobilisedPerPublic: number | null;
  readonly unionShareOfCapex: number | null;
  readonly reasons: Reasons;
}

/** Who pays for the computing infrastructure of one facility: the evidence for Art. 12b(5) of Regulation (EU) 2021/1173. */
export interface FacilityCapital {
  readonly facilityId: string;
  readonly name: string;
  readonly country: string;
  readonly kind: CapexFacts['kind'];
  readonly currency: string | null;
  readonly capexMinor: string | null;
  readonly committedByPartnerKind: Readonly<Record<PartnerKind, string>>;
  readonly paidByPartnerKind: Readonly<Record<PartnerKind, string>>;
  /** CAPEX contributions and guaranteed purchases of access time of the Union over the CAPEX; at most 0.17 by law. */
  readonly unionShareOfCapexCommitted: number | null;
  readonly unionShareOfCapexPaid: number | null;
  readonly reasons: Reasons;
}

export type CapitalTotal = PublishedAmounts & {
  readonly currency: string;
  readonly partnerKind: PartnerKind | 'all';
};

/** Funds and facilities are always as of the end: a stack of layers and a share of the CAPEX are of a point in time. */
export interface CapitalReport extends ReportHeader {
  readonly rows: readonly CapitalRow[];
  readonly totals: readonly CapitalTotal[];
  readonly ratios: readonly CapitalRatios[];
  /** For a report of a period: the totals and ratios from the first event on, at the end of the period. Else null. */
  readonly atEnd: { readonly totals: readonly CapitalTotal[]; readonly ratios: readonly CapitalRatios[] } | null;
  readonly funds: readonly FundPicture[];
  readonly facilities: readonly FacilityCapital[];
}

type Amount = 'committedMinor' | 'paidMinor';
const AMOUNT_OF_BASE: Readonly<Record<CapitalRatios['base'], Amount>> = {
  committed: 'committedMinor',
  paid: 'paidMinor',
};

/**
 * Committed and paid money by layer and kind of partner, as of the position of the state.
 * @param since a state of an earlier point: rows, totals and ratios are those of what came after it.
 */
export function capitalReport(end: FoldState, since?: Since): CapitalReport {
  const { funds, facilities } = end.capital;
  const atEnd = [...end.capital.cells.values()];
  const all = since ? [...periodState(end, since.state).capital.cells.values()] : atEnd;
  const illustrative =
    atEnd.some((cell) => cell.illustrative > 0) ||
    [...funds.values(), ...facilities.values()].some((facts) => facts.illustrative);
  const orderedFunds = byName(funds);
  return {
    ...headerOf(end, illustrative, since?.period ?? null),
    rows: orderedFunds.flatMap(([fundId, fund]) => rowsOf(fundId, fund, all)),
    ...sumsOf(all, facilities),
    atEnd: since ? sumsOf(atEnd, facilities) : null,
    funds: orderedFunds.map(([fundId, fund]) => pictureOf(fundId, fund, atEnd)),
    facilities: byName(facilities).map(([facilityId, facts]) => facilityOf(facilityId, facts, atEnd)),
  };
}

/** Totals and ratios, by currency. */
function sumsOf(cells: readonly CapitalCell[], facilities: ReadonlyMap<string, CapexFacts>) {
  const currencies = [...new Set(cells.map(({ currency }) => currency))].sort();
  return {
    totals: currencies.flatMap((currency) => totalsOf(currency, cells)),
    ratios: currencies.flatMap((currency) => RATIO_BASES.map((base) => ratiosOf(currency, base, cells, facilities))),
  };
}

/** Sorts by name, then by id, because two may have the same name. */
function byName<Facts extends { readonly name: string }>(all: ReadonlyMap<string, Facts>): [string, Facts][] {
  return [...all].sort(([id, one], [otherId, other]) => compare(one.name, other.name) || compare(id, otherId));
}

/** Compares by code unit, not by locale: the order is the same on every machine. */
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const AMOUNTS = Object.keys(noAmounts()) as (keyof CapitalAmounts)[];

function published(cells: readonly CapitalCell[]): PublishedAmounts {
  return Object.fromEntries(AMOUNTS.map((amount) => [amount, sum(cells, amount).toString()])) as PublishedAmounts;
}

const sum = (cells: readonly CapitalCell[], amount: keyof CapitalAmounts): bigint =>
  cells.reduce((total, cell) => total + cell[amount], 0n);

const byRank = (fund: FundFacts) => [...fund.tranches].sort(([, one], [, other]) => one.rank - other.rank);

function rowsOf(fundId: string, fund: FundFacts, all: readonly CapitalCell[]): CapitalRow[] {
  return byRank(fund).flatMap(([trancheId, { rank, kind }]) =>
    PARTNER_KINDS.map((partnerKind) => {
      const cells = all.filter((cell) => cell.trancheId === trancheId && cell.partnerKind === partnerKind);
      const place = { fundId, fundName: fund.name, trancheId, trancheRank: rank, trancheKind: kind, partnerKind };
      return {
        ...place,
        currency: fund.currency,
        pledges: count(cells, 'pledges'),
        signatures: count(cells, 'signatures'),
        cancellations: count(cells, 'cancellations'),
        ...published(cells),
      };
    }),
  );
}

const count = (cells: readonly CapitalCell[], field: 'pledges' | 'signatures' | 'cancellations'): number =>
  cells.reduce((total, cell) => total + cell[field], 0);

function totalsOf(currency: string, all: readonly CapitalCell[]): CapitalTotal[] {
  const cells = all.filter((cell) => cell.currency === currency);
  return [
    ...PARTNER_KINDS.map((partnerKind) => ({
      currency,
      partnerKind,
      ...published(cells.filter((cell) => cell.partnerKind === partnerKind)),
    })),
    { currency, partnerKind: 'all', ...published(cells) },
  ];
}

function byPartnerKind(cells: readonly CapitalCell[], amount: Amount): Record<PartnerKind, string> {
  const of = (kind: PartnerKind): string =>
    sum(
      cells.filter((cell) => cell.partnerKind === kind),
      amount,
    ).toString();
  return Object.fromEntries(PARTNER_KINDS.map((kind) => [kind, of(kind)])) as Record<PartnerKind, string>;
}

function pictureOf(fundId: string, fund: FundFacts, all: readonly CapitalCell[]): FundPicture {
  const { name, currency, targetMinor, closed } = fund;
  const inFund = all.filter((cell) => cell.fundId === fundId);
  const totalMinor = sum(inFund, 'committedMinor');
  let belowMinor = 0n;
  const layers = byRank(fund).map(([trancheId, { rank, kind, capMinor }]): Layer => {
    const cells = inFund.filter((cell) => cell.trancheId === trancheId);
    const attachmentPoint = share(belowMinor, totalMinor, 'nothing-committed');
    belowMinor += sum(cells, 'committedMinor');
    const detachmentPoint = share(belowMinor, totalMinor, 'nothing-committed');
    return {
      trancheId,
      rank,
      kind,
      capMinor: capMinor.toString(),
      ...published(cells),
      ...figures({ attachmentPoint, detachmentPoint }),
      committedByPartnerKind: byPartnerKind(cells, 'committedMinor'),
    };
  });
  return { fundId, name, currency, targetMinor: targetMinor.toString(), closed, layers: layers.reverse() };
}

function ratiosOf(
  currency: string,
  base: CapitalRatios['base'],
  all: readonly CapitalCell[],
  facilities: ReadonlyMap<string, CapexFacts>,
): CapitalRatios {
  const amount = AMOUNT_OF_BASE[base];
  const cells = all.filter((cell) => cell.currency === currency);
  const totalMinor = sum(cells, amount);
  const publicMinor = sum(
    cells.filter((cell) => isPublic(cell.partnerKind)),
    amount,
  );
  const privateMinor = totalMinor - publicMinor;
  return {
    currency,
    base,
    publicMinor: publicMinor.toString(),
    privateMinor: privateMinor.toString(),
    ...figures({
      privatePerPublic: share(privateMinor, publicMinor, 'no-public-contribution'),
      mobilisedPerPublic: share(totalMinor, publicMinor, 'no-public-contribution'),
      unionShareOfCapex: unionShare([...facilities], currency, amount, cells),
    }),
  };
}

/** Over all facilities whose CAPEX is recorded in this currency. Contributions to other facilities are left out: there is no CAPEX to compare them with. */
function unionShare(
  facilities: readonly (readonly [id: string, facts: CapexFacts])[],
  currency: string | null,
  amount: Amount,
  cells: readonly CapitalCell[],
): Measure {
  const known = facilities.filter(([, facts]) => facts.capexMinor !== null && facts.currency === currency);
  const ids = new Set(known.map(([id]) => id));
  const capexMinor = known.reduce((total, [, facts]) => total + (facts.capexMinor ?? 0n), 0n);
  const counted = cells.filter(
    (cell) => cell.facilityId !== null && ids.has(cell.facilityId) && cell.currency === currency && isUnionShare(cell),
  );
  return share(sum(counted, amount), capexMinor, 'no-facility-with-capex');
}

/** Art. 12b(5) has two forms of the Union's contribution: a part of the CAPEX, or a purchase of access time instead. */
const isUnionShare = ({ partnerKind, kind }: CapitalCell): boolean =>
  partnerKind === 'union' && (kind === 'capex' || kind === 'access-time-purchase');

function facilityOf(facilityId: string, facts: CapexFacts, all: readonly CapitalCell[]): FacilityCapital {
  const { name, country, kind, currency, capexMinor } = facts;
  // An amount in another currency than the CAPEX has no share of it; the ledger refuses such contributions.
  const cells = all.filter(
    (cell) => cell.facilityId === facilityId && (currency === null || cell.currency === currency),
  );
  const only = [[facilityId, facts]] as const;
  return {
    facilityId,
    name,
    country,
    kind,
    currency,
    capexMinor: capexMinor?.toString() ?? null,
    committedByPartnerKind: byPartnerKind(cells, 'committedMinor'),
    paidByPartnerKind: byPartnerKind(cells, 'paidMinor'),
    ...figures({
      unionShareOfCapexCommitted: unionShare(only, currency, 'committedMinor', cells),
      unionShareOfCapexPaid: unionShare(only, currency, 'paidMinor', cells),
    }),
  };
}
