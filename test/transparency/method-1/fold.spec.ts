import fc from 'fast-check';
import { EMPTY_ROOT } from '../../../src/tlog/merkle.js';
import { canonicalize } from '../../../src/ledger/canonical.js';
import { capacityReport } from '../../../src/transparency/method-1/capacity-report.js';
import { capitalReport } from '../../../src/transparency/method-1/capital-report.js';
import { equalAccessReport } from '../../../src/transparency/method-1/equal-access-report.js';
import { fold, initialFoldState, restore, type FoldState } from '../../../src/transparency/method-1/fold.js';
import { METHOD_1 } from '../../../src/transparency/method-1/method.js';
import { serialise as serialiseBy } from '../../../src/transparency/report-method.js';
import { bound, reportText } from '../../../src/transparency/method-1/report-header.js';
import type { RecordedEvent } from '../../../src/ledger/event.js';
import { History, randomHistory } from '../history.js';
import { stories } from '../stories.js';

const serialise = (state: FoldState): string => serialiseBy(METHOD_1, state);
const folded = (events: readonly RecordedEvent[], from: FoldState = initialFoldState()): FoldState =>
  events.reduce(fold, from);

const allReports = (state: FoldState): string[] =>
  [
    equalAccessReport(state),
    equalAccessReport(state, { mode: 'regular' }),
    capitalReport(state),
    capacityReport(state),
  ].map((report) => reportText(bound(report, EMPTY_ROOT)));

/** The state as plain JSON values, without the code that writes it piece by piece. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { $integer: String(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (!(value instanceof Map)) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  }
  const keys = [...(value as Map<string | number, unknown>).keys()];
  keys.sort((a, b) => (a < b ? -1 : 1));
  return { $map: keys.map((key) => [key, plain(value.get(key))]) };
}

describe('the fold of method 1.0', () => {
  it('makes the same bytes from the first event on and from a state stored at any position', () => {
    fc.assert(
      fc.property(stories, fc.nat(), (choices, cut) => {
        const { events } = randomHistory(choices).history;
        const at = cut % (events.length + 1);
        const live = folded(events);
        const resumed = folded(events.slice(at), restore(serialise(folded(events.slice(0, at)))));
        expect(serialise(resumed)).toBe(serialise(live));
        expect(allReports(resumed)).toEqual(allReports(live));
      }),
    );
  });

  it('restores a state from its text unchanged, at every position', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const state = initialFoldState();
        for (const event of randomHistory(choices).history.events) {
          fold(state, event);
          const text = serialise(state);
          expect(serialise(restore(text))).toBe(text);
          expect(text).toBe(canonicalize(plain(state)));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('keeps a state that does not grow with the number of requests', () => {
    const one = (count: number): number => {
      const submissions = Array.from({ length: count }, () => ({ step: 2, which: 1, size: 40, hours: 0 }));
      const decisions = Array.from({ length: count }, () => ({ step: 5, which: 1, size: 5, hours: 0 }));
      return serialise(folded(randomHistory([...submissions, ...decisions]).history.events)).length;
    };
    // Counters get longer, nothing else does.
    expect(one(1000) - one(10)).toBeLessThan(100);
  });

  it('refuses an event that is not the next one: a later one and an earlier one', () => {
    const { events } = randomHistory([]).history;
    const state = folded(events.slice(0, 3));
    expect(() => folded(events.slice(4), state)).toThrow('The event at position 5 does not follow position 3.');
    expect(() => folded(events.slice(2), state)).toThrow('The event at position 3 does not follow position 3.');
  });

  it('passes over an event of a type that came after it', () => {
    const before = folded(randomHistory([]).history.events);
    const [event] = new History().record('fund-f', { type: 'tranche-subscribed', data: {} as never }).events;
    if (!event) throw new Error('There is no event.');
    const text = serialise(before).replace(`"position":${before.position}`, `"position":${before.position + 1}`);
    expect(
      serialise(
        fold(before, {
          ...event,
          position: before.position + 1,
          recordedAt: before.recordedAt ?? '',
          type: 'loss-forgiven',
        }),
      ),
    ).toBe(text);
  });

  it('refuses a stored state of another version', () => {
    const text = serialise(initialFoldState()).replace('"version":3', '"version":0');
    expect(() => restore(text)).toThrow('The state is of version 0; this program reads version 3.');
  });
});
