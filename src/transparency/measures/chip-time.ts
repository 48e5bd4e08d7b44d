// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

import type { AllocationFacts, ReleaseFacts } from '../../compute/facility-events.js';
import { MS_PER_HOUR, parseInstant, type EpochMs } from '../../ledger/time.js';

/**
 * Chip-time is summed exactly, in chip-milliseconds: as bigint, because 100,000 chips pass 2^53 within three years. It becomes whole
 * chip-hours once, where it is published.
 */
export const chipMs = (chips: number, from: EpochMs, to: EpochMs): bigint => BigInt(chips) * BigInt(to - from);

export const allocatedChipMs = ({ chips, from, to }: AllocationFacts): bigint =>
  chipMs(chips, parseInstant(from), parseInstant(to));

/** Chip-time that a release frees: from `at` on, but neither before the begin of the allocation nor after its end. */
export function releasedChipMs(release: ReleaseFacts): bigint {
  return chipMs(release.chips, releasedFrom(release), parseInstant(release.to));
}

export function releasedFrom({ from, to, at }: ReleaseFacts): EpochMs {
  return Math.min(parseInstant(to), Math.max(parseInstant(from), parseInstant(at)));
}

const CHIP_MS_PER_CHIP_HOUR = BigInt(MS_PER_HOUR);
/** A chip for half an hour, in chip-milliseconds. */
const HALF = CHIP_MS_PER_CHIP_HOUR / 2n;

/** Whole chip-hours of an exact, non-negative sum, rounded half up. Below 2^53 for every sum that a century of Europe could reach. */
export const chipHours = (chipMsSum: bigint): number => Number((chipMsSum + HALF) / CHIP_MS_PER_CHIP_HOUR);

/** Months are numbered from year 0, so that they can be counted: 2026-01 is 2026 x 12. */
export type Month = number;

export function monthOf(at: EpochMs): Month {
  const date = new Date(at);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** First instant of a month, UTC. */
const monthStart = (month: Month): EpochMs => Date.UTC(Math.floor(month / 12), month % 12, 1);

/** `YYYY-MM`. */
export const monthText = (month: Month): string =>
  `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}`;

/**
 * A number of chips over time, as the changes of each month: how many chips more there are at the end of the month, and the chip-time of
 * the changes inside the month. The map grows with the months that have changes, not with the number of changes.
 */
export type ChipSteps = Map<Month, { chips: number; chipMs: bigint }>;

/** `chips` more (negative: fewer) from an instant on, for good. */
export const addStep = (steps: ChipSteps, at: EpochMs, chips: number): void => addStepIn(steps, monthOf(at), at, chips);

/** `chips` more (negative: fewer) in an interval. An interval that ends with a month changes nothing in the next month. */
export function addInterval(steps: ChipSteps, from: EpochMs, to: EpochMs, chips: number): void {
  if (from >= to) return;
  addStep(steps, from, chips);
  addStepIn(steps, monthOf(to - 1), to, -chips);
}

function addStepIn(steps: ChipSteps, month: Month, at: EpochMs, chips: number): void {
  const step = steps.get(month) ?? { chips: 0, chipMs: 0n };
  step.chips += chips;
  step.chipMs += chipMs(chips, at, monthStart(month + 1));
  steps.set(month, step);
}

/** Exact chip-time of every month from `first` to `last`, both included. */
export function chipMsByMonth(steps: ChipSteps, first: Month, last: Month): bigint[] {
  let chips = 0;
  for (const [month, step] of steps) if (month < first) chips += step.chips;
  const sums: bigint[] = [];
  for (let month = first; month <= last; month += 1) {
    const step = steps.get(month);
    sums.push(chipMs(chips, monthStart(month), monthStart(month + 1)) + (step?.chipMs ?? 0n));
    chips += step?.chips ?? 0;
  }
  return sums;
}

/**
 * The use of one interval is spread over at most so many months, to bound the loop. No mode of access grants a longer interval; if there
 * is one, its use in earlier months counts in its last month.
 */
const SPREAD_MONTHS_MAX = 120;

/** Spreads chip-hours evenly over an interval and adds them to the months that it touches; their sum stays exact. */
export function spreadOverMonths(months: Map<Month, bigint>, hours: number, from: EpochMs, to: EpochMs): void {
  const whole = chipMs(hours, 0, MS_PER_HOUR);
  const last = monthOf(to - 1);
  let rest = whole;
  for (let month = Math.max(monthOf(from), last - SPREAD_MONTHS_MAX); month < last; month += 1) {
    const part = BigInt(Math.min(to, monthStart(month + 1)) - Math.max(from, monthStart(month)));
    const taken = (whole * part) / BigInt(to - from);
    months.set(month, (months.get(month) ?? 0n) + taken);
    rest -= taken;
  }
  months.set(last, (months.get(last) ?? 0n) + rest);
}
