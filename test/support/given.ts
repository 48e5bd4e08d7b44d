import { Refusal } from '../../src/ledger/refusal.js';
import type { DomainEvent, Aggregate } from '../../src/ledger/aggregate.js';

/** Folds a history, runs one decision on it and states the expected result. */
export function given<State, Event extends DomainEvent>(
  aggregate: Aggregate<State, Event>,
  history: readonly Event[] = [],
) {
  const state = history.reduce((current, event) => aggregate.evolve(current, event), aggregate.initial);
  return {
    state,
    when: (decide: (state: State) => readonly DomainEvent[]) => ({
      then: (events: readonly object[]) => expect(decide(state)).toEqual(events),
      refuses: (code: string, facts?: object) => {
        const refusal = refusalOf(() => decide(state));
        expect(refusal.code).toBe(code);
        if (facts) expect(refusal.facts).toMatchObject(facts);
      },
    }),
  };
}

/** The refusal that `run` throws. Fails the test when `run` throws nothing, or an error that is no refusal. */
export function refusalOf(run: () => unknown): Refusal {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('Expected a refusal, but the decision was taken.');
}
