/**
 * A small seeded generator (mulberry32), so that the demo programme is the same on every machine and in every year.
 * Statistical quality is enough for illustrative data; never use it for secrets.
 */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A separate generator for one part of the programme, so that a change in one part does not change the others. */
  static forPart(seed: number, part: string): Random {
    let hash = 0x811c9dc5 ^ seed;
    for (const character of part) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    return new Random(hash);
  }

  /** At least 0 and below 1. */
  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(min: number, max: number): number {
    return min + this.fraction() * (max - min);
  }

  /** Includes both ends. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /**
   * An integer whose order of magnitude is uniform: most are small and a few are large, like requests for computing
   * time.
   */
  magnitude(min: number, max: number): number {
    return Math.round(min * (max / min) ** this.fraction());
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return this.weighted(items, () => 1);
  }

  /** @throws RangeError if no item has a positive weight. */
  weighted<T>(items: readonly T[], weightOf: (item: T) => number): T {
    const total = items.reduce((sum, item) => sum + weightOf(item), 0);
    let rest = this.fraction() * total;
    for (const item of items) {
      const weight = weightOf(item);
      if (weight > 0 && rest < weight) return item;
      rest -= weight;
    }
    throw new RangeError('There is nothing to choose from.');
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, order: this.fraction() }))
      .sort((left, right) => left.order - right.order)
      .map(({ item }) => item);
  }
}
