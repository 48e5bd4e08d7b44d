import type { Begin } from '../report-method.js';
import { noAmounts, type CapitalAmounts } from '../method-1/capital-fold.js';
import { cellSince } from './access-figures.js';
import type { CapitalCell } from './capital-fold.js';
import type { Holder } from './equal-access-fold.js';
import type { FoldState } from './fold.js';

/** The begin of the period of a report. */
export type Since = Begin<FoldState>;

/**
 * The later state with the sums of what came after the earlier one. What describes things (funds, facilities, pools, policies, partners)
 * and what waits at the end (pending requests) is that of the later state. A sum may be negative: demand that was counted as demand for
 * the Union's time is taken off when the request is granted from the time of somebody else.
 */
export function periodState(end: FoldState, begin: FoldState): FoldState {
  const { cells, holders, correctiveActions } = begin.equalAccess;
  return {
    ...end,
    equalAccess: {
      ...end.equalAccess,
      cells: since(end.equalAccess.cells, cells, cellSince),
      holders: since(end.equalAccess.holders, holders, holderSince),
      correctiveActions: end.equalAccess.correctiveActions.slice(correctiveActions.length),
    },
    capital: { ...end.capital, cells: since(end.capital.cells, begin.capital.cells, moneySince) },
  };
}

function since<Value>(
  later: ReadonlyMap<string, Value>,
  earlier: ReadonlyMap<string, Value>,
  difference: (later: Value, earlier: Value | undefined) => Value,
): Map<string, Value> {
  return new Map([...later].map(([key, value]) => [key, difference(value, earlier.get(key))]));
}

const holderSince = (later: Holder, earlier: Holder | undefined): Holder => ({
  ...later,
  submitted: later.submitted - (earlier?.submitted ?? 0),
  granted: later.granted - (earlier?.granted ?? 0),
  grantedHours: later.grantedHours - (earlier?.grantedHours ?? 0n),
});

const AMOUNTS = Object.keys(noAmounts()) as (keyof CapitalAmounts)[];
const COUNTS = ['pledges', 'signatures', 'cancellations', 'illustrative'] as const;

function moneySince(later: CapitalCell, earlier: CapitalCell | undefined): CapitalCell {
  const cell = { ...later };
  if (earlier === undefined) return cell;
  for (const amount of AMOUNTS) cell[amount] -= earlier[amount];
  for (const count of COUNTS) cell[count] -= earlier[count];
  return cell;
}
