/** Positions in a row, both ends included. */
export type PositionRange = readonly [first: number, last: number];

/** Positions in ascending order, kept as ranges. A position that is added twice in a row counts once. */
export class Positions {
  readonly #ranges: [first: number, last: number][] = [];

  /** @throws RangeError for a position before the last one added. */
  add(position: number): void {
    const last = this.#ranges.at(-1);
    if (last === undefined || position > last[1] + 1) {
      this.#ranges.push([position, position]);
      return;
    }
    if (position < last[1]) throw new RangeError(`Position ${position} comes after ${last[1]}.`);
    last[1] = position;
  }

  get ranges(): readonly PositionRange[] {
    return this.#ranges;
  }
}

/** `17..19 40`: a spreadsheet does not read a range in this form as a date. */
export const positionsText = (ranges: readonly PositionRange[]): string =>
  ranges.map(([first, last]) => (first === last ? String(first) : `${first}..${last}`)).join(' ');
