/**
 * Levels over a fixed row of places, as a segment tree in flat arrays. To add to a range of places takes a number of steps
 * that grows with the logarithm of their number, and every node knows the lowest and the highest level below it. An amount
 * for a whole node is stored at the node: a descent must carry the sum along.
 */
export class LevelTree {
  readonly lows: Float64Array;
  readonly highs: Float64Array;
  readonly added: Float64Array;

  /** @param places a power of two. */
  constructor(private readonly places: number) {
    this.lows = new Float64Array(2 * places);
    this.highs = new Float64Array(2 * places);
    this.added = new Float64Array(2 * places);
  }

  /** Adds to the places `[from, to)`. */
  add(from: number, to: number, amount: number): void {
    if (from < to && amount !== 0) this.addBelow(1, 0, this.places, from, to, amount);
  }

  private addBelow(node: number, start: number, end: number, from: number, to: number, amount: number): void {
    if (from <= start && end <= to) {
      this.added[node] = (this.added[node] ?? 0) + amount;
      this.lows[node] = (this.lows[node] ?? 0) + amount;
      this.highs[node] = (this.highs[node] ?? 0) + amount;
      return;
    }
    const middle = (start + end) / 2;
    const left = 2 * node;
    const right = left + 1;
    if (from < middle) this.addBelow(left, start, middle, from, to, amount);
    if (to > middle) this.addBelow(right, middle, end, from, to, amount);
    const own = this.added[node] ?? 0;
    this.lows[node] = own + Math.min(this.lows[left] ?? 0, this.lows[right] ?? 0);
    this.highs[node] = own + Math.max(this.highs[left] ?? 0, this.highs[right] ?? 0);
  }
}

/** The smallest power of two that is not below a number. */
export function placesFor(count: number): number {
  let places = 1;
  while (places < count) places *= 2;
  return places;
}
