import type { Mode } from '../../domain/access-modes.js';
import { CATEGORIES, type Category } from '../../partners/partner.js';
import { impacts } from '../measures/measures.js';
import { policyInForce } from '../method-1/fold.js';
import {
  concentrationOf,
  reclassifiedOf,
  zip,
  type Concentration,
  type PublishedAction,
  type Reclassified,
} from '../method-1/equal-access-report.js';
import {
  accessFigures,
  signedChipHours,
  sumsOf,
  withImpact,
  type AccessFigures,
  type AccessSums,
  type DemandBasis,
  type Reading,
} from './access-figures.js';
import {
  isInPlace,
  isInScope,
  isUnassigned,
  scopeOf,
  type AccessFilter,
  type Scope,
  type ScopeRule,
} from './access-scope.js';
import {
  accessTimeLines,
  donatedTime,
  preferentialAccess,
  type AccessTimeLine,
  type DonatedTime,
  type PreferentialAccess,
} from './access-time-report.js';
import { limitsOf } from './decision-limits.js';
import type { Cell } from './equal-access-fold.js';
import type { FoldState } from './fold.js';
import { periodState, type Since } from './period.js';
import { asOfDate, headerOf, type ReportHeader } from './report-header.js';

export interface EqualAccessReport extends ReportHeader {
  readonly facilityId: string | null;
  readonly mode: Mode | null;
  /** Whose time is counted. */
  readonly scope: Scope;
  /** The policy `demand-basis` in force: the basis of `shareRequested`, `representation` and `shareGap`. */
  readonly demandBasis: DemandBasis;
  /** All seven, always, in the order of `CATEGORIES`. */
  readonly categories: readonly (ComparedFigures & { readonly category: Category })[];
  readonly totals: AccessFigures;
  /** For a report of a period: the same sums from the first event on, at the end of the period. Else null. */
  readonly atEnd: AccessFigures | null;
  readonly concentration: Concentration;
  readonly countries: readonly (ComparedFigures & { readonly country: string })[];
  readonly reclassified: readonly Reclassified[];
  /** Chip-hours granted free of charge, by reason. */
  readonly freeReasons: readonly { readonly reason: string; readonly chipHoursGranted: number }[];
  /** Grants, allocations and use whose access pool is not recorded. */
  readonly unassigned: Unassigned;
  readonly accessTime: readonly AccessTimeLine[];
  readonly donatedTime: DonatedTime;
  readonly preferentialAccess: readonly PreferentialAccess[];
  /** Art. 12b(16): decisions of the Governing Board, over all facilities and modes. */
  readonly correctiveActions: readonly PublishedAction[];
  readonly corrections: readonly never[];
  readonly withheld: readonly never[];
}
type ComparedFigures = ReturnType<typeof withImpact>;
export interface Unassigned {
  readonly granted: number;
  readonly chipHoursGranted: number;
  readonly chipHoursAllocated: number;
  readonly chipHoursUsed: number;
}

/** How the figures of a state are read. */
export const readingOf = (state: FoldState): Reading => ({
  asOfDate: asOfDate(state),
  limitOf: limitsOf(state.policies),
  demandBasis: policyInForce(state, 'demand-basis')?.value ?? 'all',
});

/**
 * Whether access follows demand (Art. 12b(16) of Regulation (EU) 2021/1173), as of the position of the state, in the time that the scope
 * names. Granted hours count as decided; `chipHoursGrantedNet` leaves revoked grants out.
 * @param since a state of an earlier point: the figures are those of what came after it. Access time, preferences, scope and policies are
 *   always those of the end.
 */
export function equalAccessReport(end: FoldState, filter: AccessFilter = {}, since?: Since): EqualAccessReport {
  const rule = scopeOf(end, filter);
  const reading = readingOf(end);
  const state = since ? periodState(end, since.state) : end;
  const inPlace = [...state.equalAccess.cells.values()].filter((cell) => isInPlace(cell, filter));
  const cells = inPlace.filter((cell) => isInScope(cell, filter, rule));
  const holders = [...state.equalAccess.holders.values()].filter(
    (holder) => (holder.submitted > 0 || holder.granted > 0) && isInScope(holder, filter, rule),
  );
  const all = sumsOf(cells);
  const ratioRule = policyInForce(end, 'impact-ratio-minimum')?.value ?? null;
  const lines = <Key>(keys: readonly Key[], keyOf: (cell: Cell) => Key): [Key, ComparedFigures][] => {
    const groups = keys.map((key) => sumsOf(cells.filter((cell) => keyOf(cell) === key)));
    const compared = impacts(groups.map(outcomesOf), ratioRule);
    const figuresOf = (own: AccessSums): AccessFigures => accessFigures(own, all, reading);
    return zip(
      keys,
      zip(groups.map(figuresOf), compared).map(([line, impact]) => withImpact(line, impact)),
    );
  };
  const countries = [...new Set(cells.map(({ country }) => country))].sort();
  const { facilityId } = filter;
  return {
    ...headerOf(end, isIllustrative(end, filter), since?.period ?? null),
    facilityId: facilityId ?? null,
    mode: filter.mode ?? null,
    scope: rule.scope,
    demandBasis: reading.demandBasis,
    categories: lines(CATEGORIES, (cell) => cell.category).map(([category, line]) => ({ category, ...line })),
    totals: accessFigures(all, all, reading),
    atEnd: since ? totalsOf(end, filter, rule, reading) : null,
    concentration: concentrationOf(state, holders),
    countries: lines(countries, (cell) => cell.country).map(([country, line]) => ({ country, ...line })),
    reclassified: reclassifiedOf(state, holders),
    freeReasons: [...all.freeHoursByReason.keys()].sort().map((reason) => ({
      reason,
      chipHoursGranted: Number(all.freeHoursByReason.get(reason) ?? 0n),
    })),
    unassigned: unassignedOf(inPlace.filter((cell) => isUnassigned(cell, filter))),
    accessTime: accessTimeLines(end, facilityId),
    donatedTime: donatedTime(end, inPlace, facilityId),
    preferentialAccess: preferentialAccess(end, facilityId),
    correctiveActions: state.equalAccess.correctiveActions.map((action) => ({
      ...action,
      category: action.category ?? null,
    })),
    corrections: [],
    withheld: [],
  };
}

const outcomesOf = ({ granted, denied }: AccessSums) => ({ successes: granted, trials: granted + denied });

/** A made-up request marks the report, whosever time it asked for. */
const isIllustrative = (state: FoldState, filter: AccessFilter): boolean =>
  [...state.equalAccess.cells.values()].some((cell) => cell.illustrative > 0 && isInPlace(cell, filter));

function totalsOf(state: FoldState, filter: AccessFilter, rule: ScopeRule, reading: Reading): AccessFigures {
  const sums = sumsOf([...state.equalAccess.cells.values()].filter((cell) => isInScope(cell, filter, rule)));
  return accessFigures(sums, sums, reading);
}

function unassignedOf(cells: readonly Cell[]): Unassigned {
  const { granted, grantedHours, allocatedChipMs, usedHours } = sumsOf(cells);
  return {
    granted,
    chipHoursGranted: Number(grantedHours),
    chipHoursAllocated: signedChipHours(allocatedChipMs),
    chipHoursUsed: Number(usedHours),
  };
}
