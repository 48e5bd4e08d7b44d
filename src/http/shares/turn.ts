import { setImmediate } from 'node:timers/promises';

/** How long work may hold the event loop before everybody else has a turn. */
const TURN_MS_MAX = 10;

/** A turn of the event loop. Long work asks after each of its steps whether the turn is over. */
export class Turn {
  private since = performance.now();

  get isOver(): boolean {
    return performance.now() - this.since >= TURN_MS_MAX;
  }

  /** Lets everything else that waits run, and begins the next turn. */
  async next(): Promise<void> {
    await setImmediate();
    this.since = performance.now();
  }
}

/** The results of one step for each item, in turns of the event loop. Each step begins after the one before it has ended. */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  step: (item: Item, index: number) => Result | Promise<Result>,
): Promise<Result[]> {
  const turn = new Turn();
  const results: Result[] = [];
  for (const [index, item] of items.entries()) {
    const result = step(item, index);
    results.push(result instanceof Promise ? await result : result);
    if (turn.isOver) await turn.next();
  }
  return results;
}
