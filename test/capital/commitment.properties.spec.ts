import fc from 'fast-check';
import { commitment, type Commitment, type CommitmentEvent } from '../../src/capital/commitment.js';
import { fund } from '../../src/capital/fund.js';
import { IDS, Live, Model, sequence } from './simulation.js';

function expectBalanced(live: Live, model: Model): void {
  for (const one of IDS) {
    const state = live.stateOf(one);
    const book = model.book(one);
    expect(state.status).toBe(book.status);
    if (state.status !== 'signed' && state.status !== 'cancelled') continue;
    const { committedMinor, calledMinor, paidMinor, distributedMinor, recallableMinor, unfundedMinor } = state;
    expect([committedMinor, calledMinor, paidMinor, distributedMinor, recallableMinor, unfundedMinor]).toEqual([
      book.committed,
      book.called(),
      book.paid(),
      book.distributed,
      book.recallable,
      book.unfunded(),
    ]);
    expect(unfundedMinor >= 0n && unfundedMinor <= committedMinor).toBe(true);
    expect(paidMinor <= calledMinor).toBe(true);
  }
  expect(live.fund).toMatchObject({ tranches: [{ committedMinor: model.committedOfAll() }] });
}

describe('any sequence of commands on the commitments of a tranche', () => {
  it('is accepted and refused as in a simple model, and every sum is equal after every step', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const [live, model] = [new Live(), new Model()];
        for (const next of steps) {
          expect({ next, taken: live.take(next) }).toEqual({ next, taken: model.take(next) });
          expectBalanced(live, model);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has the whole effect on the unfunded part in its events', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const live = new Live();
        for (const next of steps) live.take(next);
        for (const one of IDS) {
          const state = live.stateOf(one);
          const unfundedMinor = 'unfundedMinor' in state ? state.unfundedMinor : 0n;
          const stated = live.historyOf(one).reduce((sum, event) => sum + unfundedEffectOf(event), 0n);
          expect(stated).toBe(unfundedMinor);
        }
      }),
    );
  });

  it('has the same state live and after a replay, at every prefix', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const live = new Live();
        const seen: { readonly events: number; readonly state: Commitment }[] = [];
        for (const next of steps) {
          live.take(next);
          seen.push({ events: live.historyOf('commitment-a').length, state: live.stateOf('commitment-a') });
        }
        const stored: CommitmentEvent[] = JSON.parse(JSON.stringify(live.historyOf('commitment-a')));
        for (const { events, state } of seen) {
          const replayed = stored
            .slice(0, events)
            .reduce((s, event) => commitment.evolve(s, event), commitment.initial);
          expect(plain(replayed)).toEqual(plain(state));
        }
        expect(live.fundHistory.reduce((s, event) => fund.evolve(s, event), fund.initial)).toEqual(live.fund);
      }),
    );
  });
});

function unfundedEffectOf({ type, data }: CommitmentEvent): bigint {
  if (type === 'commitment-signed') return BigInt(data.amountMinor);
  return 'unfundedDeltaMinor' in data ? BigInt(data.unfundedDeltaMinor) : 0n;
}

/** Equal persistent maps may have different structures, so their contents are compared. */
const plain = (state: Commitment) => ('calls' in state ? { ...state, calls: Object.fromEntries(state.calls) } : state);
