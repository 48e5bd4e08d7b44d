import { splitByLargestRemainder, type Share } from '../domain/money.js';

/** The capital of one commitment in a tranche. */
export interface Holding {
  /** Commitment id: breaks ties between equal remainders. */
  readonly id: string;
  /** Paid-in capital, the base of every pro rata share inside a tranche. */
  readonly paidMinor: bigint;
}

/** One layer of a fund, for the calculation of losses and distributions. */
export interface Layer {
  readonly trancheId: string;
  /** 1 takes the first loss; the highest rank is paid first. */
  readonly rank: number;
  /** The maximum for this layer: of a loss the outstanding amount, of a distribution the amount due. */
  readonly limitMinor: bigint;
  readonly holdings: readonly Holding[];
}

export interface LayerShare {
  readonly trancheId: string;
  readonly rank: number;
  readonly amountMinor: bigint;
  /** In the order of the layer's holdings. The shares add up to `amountMinor` exactly. */
  readonly shares: readonly Share[];
}

export interface Waterfall {
  /** In the order in which the layers take their parts. A layer that takes no part has a line with 0. */
  readonly lines: readonly LayerShare[];
  /** The part that no layer could take. Lines and rest add up to the amount exactly. */
  readonly restMinor: bigint;
}

/**
 * Allocates a loss, beginning with the first-loss layer: `a_r = min(o_r, L - sum of a below)`.
 * @throws RangeError on a negative amount or limit, on a rank that is given twice, or if a layer takes a part but has
 * no paid-in capital.
 */
export const allocateLoss = (lossMinor: bigint, layers: readonly Layer[]): Waterfall =>
  pour(
    lossMinor,
    [...layers].sort((a, b) => a.rank - b.rank),
  );

/**
 * Pays a distribution, beginning with the most senior layer: `p_r = min(due_r, D - sum of p above)`.
 * @throws RangeError as for `allocateLoss`.
 */
export const allocateDistribution = (distributionMinor: bigint, layers: readonly Layer[]): Waterfall =>
  pour(
    distributionMinor,
    [...layers].sort((a, b) => b.rank - a.rank),
  );

/** Fills the layers in the given order, each up to its limit. */
function pour(amountMinor: bigint, ordered: readonly Layer[]): Waterfall {
  if (amountMinor < 0n) throw new RangeError(`${amountMinor} is negative and cannot be allocated.`);
  if (new Set(ordered.map(({ rank }) => rank)).size < ordered.length) throw new RangeError('A rank is given twice.');
  let restMinor = amountMinor;
  const lines: LayerShare[] = [];
  for (const { trancheId, rank, limitMinor, holdings } of ordered) {
    if (limitMinor < 0n) throw new RangeError(`The limit of tranche ${trancheId} is negative.`);
    const takenMinor = restMinor < limitMinor ? restMinor : limitMinor;
    const weights = holdings.map(({ id, paidMinor }) => ({ id, weight: paidMinor }));
    lines.push({ trancheId, rank, amountMinor: takenMinor, shares: splitByLargestRemainder(takenMinor, weights) });
    restMinor -= takenMinor;
  }
  return { lines, restMinor };
}
