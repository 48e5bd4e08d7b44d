import { parseInstant } from '../../ledger/time.js';
import { spanOf } from '../../domain/points-in-time.js';
import { chipHours, chipMsByMonth, monthOf, monthText, type ChipSteps, type Month } from '../measures/chip-time.js';
import type { Reason } from '../measures/measures.js';
import type { FigurePeriod } from '../report-method.js';
import type { FacilityCapacity } from '../method-1/capacity-fold.js';
import { asOfInstant } from '../method-1/fold.js';
import type { FoldState } from './fold.js';
import { headerOf, type ReportHeader } from './report-header.js';

/** Chip-hours of one month, whole numbers. `installed = allocated + free` in every row. */
export interface ChipHours {
  readonly installedChipHours: number;
  /** Null: the ledger has no record of outages, and 0 would say that there were none. */
  readonly outageChipHours: null;
  readonly allocatedChipHours: number;
  /** Installed and not promised to anyone; an outage is not taken off. */
  readonly freeChipHours: number;
  readonly reasons: Readonly<Partial<Record<string, Reason>>>;
}
export interface CapacityRow extends ChipHours {
  readonly facilityId: string;
  readonly facilityName: string;
  readonly country: string;
  /** `YYYY-MM`, UTC. */
  readonly month: string;
  readonly usedChipHours: number;
  /** The same by chip model; use is not reported by model. */
  readonly chipModels: readonly (ChipHours & { readonly chipModel: string })[];
}
export interface CapacityReport extends ReportHeader {
  readonly facilityId: string | null;
  readonly rows: readonly CapacityRow[];
  /** All facilities together, by month. */
  readonly totals: readonly (ChipHours & { readonly month: string; readonly usedChipHours: number })[];
}

/** Ten years. Earlier months are left out, so that a report has a bound. */
const MONTHS_MAX = 120;
/** Allocations are made for at most a year; two years show everything that is planned. */
const MONTHS_AHEAD_MAX = 24;

const NO_OUTAGES = { outageChipHours: null, reasons: { outageChipHours: 'not-recorded' } } as const;

/**
 * Installed, allocated and used chip-hours by facility and month, as of the position of the state. The first month is the first one with
 * installed, allocated or used chips. The last month is that of the position, or the last one with a change after it.
 * @param period narrows the rows to the months that it touches: the figures are by month anyway.
 */
export function capacityReport(state: FoldState, facilityId?: string, period?: FigurePeriod): CapacityReport {
  const at = asOfInstant(state);
  const chosen = [...state.capacity.facilities].filter(([id]) => facilityId === undefined || id === facilityId);
  const facilities = chosen.sort(
    ([id, one], [otherId, other]) => compare(one.name, other.name) || compare(id, otherId),
  );
  const illustrative = facilities.some(([, facility]) => facility.illustrative);
  const isInPeriod = period === undefined ? () => true : monthsOf(period);
  const lines = (
    at === null ? [] : facilities.flatMap(([id, facility]) => linesOf(id, facility, monthOf(parseInstant(at))))
  ).filter(({ month }) => isInPeriod(month));
  return {
    ...headerOf(state, illustrative, period ?? null),
    facilityId: facilityId ?? null,
    rows: lines.map(rowOf),
    totals: totalsOf(lines),
  };
}

function monthsOf({ periodFrom, periodTo }: FigurePeriod): (month: Month) => boolean {
  const first = monthOf(spanOf(periodFrom)?.first ?? parseInstant(periodFrom));
  const last = monthOf(spanOf(periodTo)?.last ?? parseInstant(periodTo));
  return (month) => first <= month && month <= last;
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

interface ChipTime {
  readonly installedChipMs: bigint;
  readonly allocatedChipMs: bigint;
}
/** A row before rounding. */
interface Line extends ChipTime {
  readonly facilityId: string;
  readonly facility: FacilityCapacity;
  readonly month: Month;
  readonly usedChipMs: bigint;
  readonly models: readonly (ChipTime & { readonly chipModel: string })[];
}

function linesOf(facilityId: string, facility: FacilityCapacity, asOfMonth: Month): Line[] {
  const changes = changedMonths(facility);
  if (changes.length === 0) return [];
  const end = Math.min(Math.max(asOfMonth, ...changes), asOfMonth + MONTHS_AHEAD_MAX);
  const start = Math.max(Math.min(...changes), end - MONTHS_MAX + 1);
  const models = [...facility.chipModels]
    .sort(([one], [other]) => compare(one, other))
    .map(([chipModel, { installed, allocated }]) => ({
      chipModel,
      installed: chipMsByMonth(installed, start, end),
      allocated: chipMsByMonth(allocated, start, end),
    }));
  return Array.from({ length: Math.max(0, end - start + 1) }, (_, index) => {
    const ofMonth = models.map(({ chipModel, installed, allocated }) => ({
      chipModel,
      installedChipMs: installed[index] ?? 0n,
      allocatedChipMs: allocated[index] ?? 0n,
    }));
    const month = start + index;
    return {
      facilityId,
      facility,
      month,
      usedChipMs: facility.used.get(month) ?? 0n,
      models: ofMonth,
      ...added(ofMonth),
    };
  });
}

/** Months that have changes. An allocation that was released entirely leaves none. */
function changedMonths({ chipModels, used }: FacilityCapacity): Month[] {
  const ofSteps = (steps: ChipSteps): Month[] =>
    [...steps].flatMap(([month, { chips, chipMs }]) => (chips === 0 && chipMs === 0n ? [] : [month]));
  return [
    ...[...chipModels.values()].flatMap(({ installed, allocated }) => [...ofSteps(installed), ...ofSteps(allocated)]),
    ...[...used].flatMap(([month, chipMs]) => (chipMs === 0n ? [] : [month])),
  ];
}

function added(parts: readonly ChipTime[]): ChipTime {
  return {
    installedChipMs: parts.reduce((sum, part) => sum + part.installedChipMs, 0n),
    allocatedChipMs: parts.reduce((sum, part) => sum + part.allocatedChipMs, 0n),
  };
}

/** Free is the difference of the rounded numbers, so that the printed numbers of a row add up. */
function hoursOf({ installedChipMs, allocatedChipMs }: ChipTime): ChipHours {
  const installedChipHours = chipHours(installedChipMs);
  const allocatedChipHours = chipHours(allocatedChipMs);
  const freeChipHours = installedChipHours - allocatedChipHours;
  return { installedChipHours, ...NO_OUTAGES, allocatedChipHours, freeChipHours };
}

function rowOf({ facilityId, facility, month, usedChipMs, models, ...chipTime }: Line): CapacityRow {
  return {
    facilityId,
    facilityName: facility.name,
    country: facility.country,
    month: monthText(month),
    ...hoursOf(chipTime),
    usedChipHours: chipHours(usedChipMs),
    chipModels: models.map(({ chipModel, ...ofModel }) => ({ chipModel, ...hoursOf(ofModel) })),
  };
}

function totalsOf(lines: readonly Line[]): CapacityReport['totals'] {
  const months = [...new Set(lines.map(({ month }) => month))].sort((one, other) => one - other);
  return months.map((month) => {
    const ofMonth = lines.filter((line) => line.month === month);
    const usedChipMs = ofMonth.reduce((sum, line) => sum + line.usedChipMs, 0n);
    return { month: monthText(month), ...hoursOf(added(ofMonth)), usedChipHours: chipHours(usedChipMs) };
  });
}
