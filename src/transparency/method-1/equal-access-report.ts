import type { Mode } from '../../domain/access-modes.js';
import { dateOf, parseInstant } from '../../ledger/time.js';
import { CATEGORIES, NO_FACTS, categoryAt, type Category } from '../../partners/partner.js';
import { ultimateParentAt } from '../../partners/ownership.js';
import { accessFigures, sumsOf, withImpact, type AccessFigures, type AccessSums } from './access-figures.js';
import { gini, hhi, jain, lorenz, theil, type Holding } from '../measures/concentration.js';
import type { Cell, Holder } from './equal-access-fold.js';
import { policyInForce, asOfInstant, type FoldState } from './fold.js';
import { figures, impacts, isDefined, rounded, type Reason } from '../measures/measures.js';
import type { CorrectiveAction } from '../events/publication.js';
import { headerOf, type ReportHeader } from './report-header.js';

/** Narrows the report to one facility, one mode of access, or both. */
export interface AccessFilter {
  readonly facilityId?: string | undefined;
  readonly mode?: Mode | undefined;
}

export interface EqualAccessReport extends ReportHeader {
  readonly facilityId: string | null;
  readonly mode: Mode | null;
  /** All seven, always, in the order of `CATEGORIES`. */
  readonly categories: readonly (ComparedFigures & { readonly category: Category })[];
  readonly totals: AccessFigures;
  readonly concentration: Concentration;
  readonly countries: readonly (ComparedFigures & { readonly country: string })[];
  readonly reclassified: readonly Reclassified[];
  /** Art. 12b(16): decisions of the Governing Board, over all facilities and modes. */
  readonly correctiveActions: readonly PublishedAction[];
  readonly corrections: readonly never[];
  readonly withheld: readonly never[];
}
type ComparedFigures = ReturnType<typeof withImpact>;
export type PublishedAction = Omit<CorrectiveAction, 'category'> & { readonly category: Category | null };

/**
 * Whether access follows demand (Art. 12b(16) of Regulation (EU) 2021/1173), as of the position of the state. Demand is the requested
 * chip-hours of all submitted requests, whatever their outcome. Granted hours count as decided, revoked grants included.
 */
export function equalAccessReport(state: FoldState, filter: AccessFilter = {}): EqualAccessReport {
  const cells = [...state.equalAccess.cells.values()].filter((cell) => matches(cell, filter));
  const holders = [...state.equalAccess.holders.values()].filter((holder) => matches(holder, filter));
  const at = asOfInstant(state);
  const asOfDate = at === null ? null : dateOf(parseInstant(at));
  const all = sumsOf(cells);
  const rule = policyInForce(state, 'impact-ratio-minimum')?.value ?? null;
  const lines = <Key>(keys: readonly Key[], keyOf: (cell: Cell) => Key): [Key, ComparedFigures][] => {
    const groups = keys.map((key) => sumsOf(cells.filter((cell) => keyOf(cell) === key)));
    const compared = impacts(groups.map(outcomesOf), rule);
    const figuresOf = (own: AccessSums): AccessFigures => accessFigures(own, all, asOfDate);
    return zip(
      keys,
      zip(groups.map(figuresOf), compared).map(([line, impact]) => withImpact(line, impact)),
    );
  };
  const countries = [...new Set(cells.map(({ country }) => country))].sort();
  return {
    ...headerOf(state, all.illustrative > 0),
    facilityId: filter.facilityId ?? null,
    mode: filter.mode ?? null,
    categories: lines(CATEGORIES, (cell) => cell.category).map(([category, line]) => ({ category, ...line })),
    totals: accessFigures(all, all, asOfDate),
    concentration: concentrationOf(state, holders),
    countries: lines(countries, (cell) => cell.country).map(([country, line]) => ({ country, ...line })),
    reclassified: reclassifiedOf(state, holders),
    correctiveActions: state.equalAccess.correctiveActions.map((action) => ({
      ...action,
      category: action.category ?? null,
    })),
    corrections: [],
    withheld: [],
  };
}

export const matches = (of: Pick<Cell, 'facilityId' | 'mode'>, { facilityId, mode }: AccessFilter): boolean =>
  (facilityId === undefined || of.facilityId === facilityId) && (mode === undefined || of.mode === mode);

const outcomesOf = ({ granted, denied }: AccessSums) => ({ successes: granted, trials: granted + denied });

export function zip<A, B>(left: readonly A[], right: readonly B[]): [A, B][] {
  return left.flatMap((one, index) => {
    const other = right[index];
    return other === undefined ? [] : [[one, other]];
  });
}

/** The partners as known at the instant of a state. */
type Known = Pick<FoldState, 'partners' | 'effectiveAt' | 'recordedAt'>;

/** Inequality of granted chip-hours between ultimate parents. */
export interface ConcentrationFigures {
  /** Ultimate parents that are counted. */
  readonly holders: number;
  readonly gini: number | null;
  readonly hhi: number | null;
  readonly jain: number | null;
  readonly theil: number | null;
  readonly theilBetween: number | null;
  readonly theilWithin: number | null;
  readonly reasons: Partial<Record<string, Reason>>;
}
export interface Concentration extends ConcentrationFigures {
  /** Lorenz curve in steps of 5 % of the parents. */
  readonly lorenz: readonly { readonly holders: number; readonly amount: number }[];
  /** The same with the ultimate parents that were known when each request was submitted. */
  readonly asSubmitted: ConcentrationFigures;
  /** The same over all parents that submitted a request, parents without a grant included. */
  readonly applicants: ConcentrationFigures;
}

export const LORENZ_STEPS = 20;

/**
 * The population is the ultimate parents that hold a grant, as known at the position: two start-ups that one company bought later count as
 * one. A parent counts in the category in which most of its hours were granted, so that Theil's measure splits exactly.
 */
export function concentrationOf(state: Known, holders: readonly Holder[]): Concentration {
  const granted = holders.filter((holder) => holder.granted > 0);
  const asKnown = parentsNow(state);
  const parents = parentHoldings(granted, asKnown);
  return {
    ...concentrationFigures(parents),
    lorenz: lorenz(amountsOf(parents), LORENZ_STEPS).map((point) => ({
      holders: rounded(point.holders),
      amount: rounded(point.amount),
    })),
    asSubmitted: concentrationFigures(parentHoldings(granted, (holder) => holder.ultimateParentId)),
    applicants: concentrationFigures(parentHoldings(holders, asKnown)),
  };
}

/** Finds parents as known at the position. Remembers them: a partner has a holder for every mode and facility of its requests. */
function parentsNow(state: Known): (holder: Holder) => string {
  const { partners } = state;
  const at = asOfInstant(state);
  const parents = new Map<string, string>();
  return ({ partnerId }) => {
    const known = parents.get(partnerId);
    if (known !== undefined || at === null) return known ?? partnerId;
    const parentId = ultimateParentAt(partnerId, at, (id) => partners.get(id) ?? NO_FACTS);
    parents.set(partnerId, parentId);
    return parentId;
  };
}

const amountsOf = (holdings: readonly Holding[]): bigint[] => holdings.map(({ amount }) => amount);

function parentHoldings(holders: readonly Holder[], parentOf: (holder: Holder) => string): Holding[] {
  const parents = new Map<string, Map<Category, bigint>>();
  for (const holder of holders) {
    const parentId = parentOf(holder);
    const byCategory = parents.get(parentId) ?? new Map<Category, bigint>();
    byCategory.set(holder.category, (byCategory.get(holder.category) ?? 0n) + holder.grantedHours);
    parents.set(parentId, byCategory);
  }
  return [...parents.values()].map((byCategory) => ({
    group: mainCategory(byCategory),
    amount: [...byCategory.values()].reduce((sum, hours) => sum + hours, 0n),
  }));
}

/** The category with most hours; among equals the first in the fixed order. */
function mainCategory(byCategory: ReadonlyMap<Category, bigint>): Category {
  const present = CATEGORIES.filter((category) => byCategory.has(category));
  return present.reduce((main, category) =>
    (byCategory.get(category) ?? 0n) > (byCategory.get(main) ?? 0n) ? category : main,
  );
}

function concentrationFigures(holdings: readonly Holding[]): ConcentrationFigures {
  const amounts = amountsOf(holdings);
  const { total, between } = theil(holdings);
  const measured = figures({
    gini: gini(amounts),
    hhi: hhi(amounts),
    jain: jain(amounts),
    theil: total,
    theilBetween: between,
  });
  // The rounded total less the rounded part between, so that the two published parts add up to the published total.
  const within = isDefined(total) && isDefined(between) ? rounded(rounded(total) - rounded(between)) : null;
  const reasons = within === null ? { ...measured.reasons, theilWithin: 'nothing-granted' as const } : measured.reasons;
  return { holders: holdings.length, ...measured, theilWithin: within, reasons };
}

/** Grants under a category that their partner no longer has. They stay in the category in which they were made. */
export interface Reclassified {
  readonly from: Category;
  readonly to: Category;
  readonly partners: number;
  readonly grants: number;
  readonly chipHoursGranted: number;
}

export function reclassifiedOf(state: Known, holders: readonly Holder[]): Reclassified[] {
  const at = asOfInstant(state);
  if (at === null) return [];
  const lines = new Map<
    string,
    Reclassified & { readonly partnerIds: Set<string>; grants: number; chipHoursGranted: number }
  >();
  for (const { partnerId, category: from, granted, grantedHours } of holders) {
    const to = categoryAt(state.partners.get(partnerId) ?? NO_FACTS, at);
    if (granted === 0 || to === undefined || to === from) continue;
    const key = `${from} ${to}`;
    const line = lines.get(key) ?? {
      from,
      to,
      partners: 0,
      grants: 0,
      chipHoursGranted: 0,
      partnerIds: new Set<string>(),
    };
    line.partnerIds.add(partnerId);
    line.grants += granted;
    line.chipHoursGranted += Number(grantedHours);
    lines.set(key, line);
  }
  return [...lines.keys()].sort().flatMap((key) => {
    const line = lines.get(key);
    if (!line) return [];
    const { partnerIds, ...rest } = line;
    return [{ ...rest, partners: partnerIds.size }];
  });
}
