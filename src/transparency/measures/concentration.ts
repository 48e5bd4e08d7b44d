// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

import type { Measure, Reason } from './measures.js';
import { quotient } from './measures.js';

/**
 * How unequally something is spread over holders. Amounts are exact integers (chip-hours), so that the sums of squares and ranks are
 * exact and neither the order of the holders nor the machine can change a digit; only the logarithms of Theil's measure are floating
 * point. Every holder that is passed counts, holders of 0 included: the report decides which holders belong to the population.
 */

const ascending = (values: readonly bigint[]): bigint[] => [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);

/** Adds up from the smallest: the same result whatever the order of the terms. */
const stableSum = (terms: readonly number[]): number => [...terms].sort((a, b) => a - b).reduce((sum, x) => sum + x, 0);

const NOTHING: Reason = 'nothing-granted';

/** Gini's coefficient, `sum of (2i - n - 1) x_(i) / (n sum x)`, from 0 (all equal) to 1 - 1/n (one has all). */
export function gini(values: readonly bigint[]): Measure {
  const sum = total(values);
  if (sum === 0n) return NOTHING;
  const count = BigInt(values.length);
  const ranked = ascending(values).reduce(
    (acc, value, index) => acc + (2n * BigInt(index + 1) - count - 1n) * value,
    0n,
  );
  return quotient(ranked, count * sum);
}

/** Herfindahl-Hirschman index: sum of squared shares, from 1/n to 1 (the scale of 0 to 10,000 divided by 10,000). */
export function hhi(values: readonly bigint[]): Measure {
  const sum = total(values);
  return sum === 0n ? NOTHING : quotient(total(values.map((value) => value * value)), sum * sum);
}

/** Jain's fairness index, `(sum x)^2 / (n sum x^2)` = 1 / (n HHI): an equal split among this fraction of the holders has the same HHI. */
export function jain(values: readonly bigint[]): Measure {
  const sum = total(values);
  const squares = total(values.map((value) => value * value));
  return sum === 0n ? NOTHING : quotient(sum * sum, BigInt(values.length) * squares);
}

/** A holder's amount and the group that it belongs to. */
export interface Holding {
  readonly group: string;
  readonly amount: bigint;
}
export interface Theil {
  readonly total: Measure;
  /** Inequality if every holder had the mean of its group. */
  readonly between: Measure;
  /** Inequality inside the groups, weighted by their share of the total. */
  readonly within: Measure;
}

/** Theil's T, `(1/n) sum of (x/m) ln(x/m)`, and its exact split: total = between + within (Theil 1967; Shorrocks, Econometrica 48, 1980). */
export function theil(holdings: readonly Holding[]): Theil {
  const amounts = holdings.map(({ amount }) => amount);
  const sum = total(amounts);
  if (sum === 0n) return { total: NOTHING, between: NOTHING, within: NOTHING };
  const groups = new Map<string, bigint[]>();
  for (const { group, amount } of holdings) {
    const members = groups.get(group);
    if (members) members.push(amount);
    else groups.set(group, [amount]);
  }
  const parts = [...groups.values()].map((members) => {
    const part = total(members);
    return { share: quotient(part, sum), between: entropyTerm(part, members.length, sum, holdings.length), members };
  });
  return {
    total: theilTotal(amounts),
    between: notNegative(stableSum(parts.map(({ between }) => between))),
    within: notNegative(stableSum(parts.map((part) => (part.share === 0 ? 0 : part.share * theilTotal(part.members))))),
  };
}

function theilTotal(amounts: readonly bigint[]): number {
  const sum = total(amounts);
  return notNegative(stableSum(amounts.map((amount) => entropyTerm(amount, 1, sum, amounts.length))));
}

/** `s ln(s / p)` of a share of the amount s = part/sum held by a share of the holders p = count/all; 0 ln 0 is 0. */
function entropyTerm(part: bigint, count: number, sum: bigint, all: number): number {
  if (part === 0n) return 0;
  return quotient(part, sum) * Math.log(quotient(part * BigInt(all), sum * BigInt(count)));
}

/** Both measures are sums that cannot be negative; rounding may leave something like -1e-17. */
const notNegative = (value: number): number => Math.max(0, value);

/** A point of the Lorenz curve: the poorest `holders` of all (a fraction) hold this fraction of the `amount`. */
export interface LorenzPoint {
  readonly holders: number;
  readonly amount: number;
}

/** Lorenz curve at `steps` + 1 evenly spaced points, linear between holders; empty when there is nothing to share. */
export function lorenz(values: readonly bigint[], steps: number): LorenzPoint[] {
  const sum = total(values);
  if (sum === 0n) return [];
  const cumulative = [0n];
  for (const value of ascending(values)) cumulative.push((cumulative.at(-1) ?? 0n) + value);
  return Array.from({ length: steps + 1 }, (_, step) => {
    // The step falls (step x n mod steps) / steps of the way from one holder to the next.
    const whole = Math.floor((step * values.length) / steps);
    const rest = BigInt((step * values.length) % steps);
    const below = cumulative[whole] ?? sum;
    const above = cumulative[whole + 1] ?? sum;
    return {
      holders: step / steps,
      amount: quotient(below * BigInt(steps) + (above - below) * rest, sum * BigInt(steps)),
    };
  });
}
