import { AFTER_FINDING_MS, AFTER_START_MS, isDue } from '../../../src/audit/database/attestation/due.js';

const NOTHING = { hold: null, different: new Map<string, number>() };
const DAY_MS = 86_400_000;
const cleanAt = (ageMs: number) => ({ ...NOTHING, clean: { position: 9, atSeconds: 1, ageMs } });

describe('a check in the background', () => {
  it.each([
    ['some minutes after the start', NOTHING, AFTER_START_MS, undefined, true],
    ['not before', NOTHING, AFTER_START_MS - 1, undefined, false],
    ['after a start, however new the last one is', cleanAt(1), AFTER_START_MS, undefined, true],
    ['a day after the last one', cleanAt(DAY_MS), 3 * DAY_MS, DAY_MS, true],
    ['not earlier', cleanAt(DAY_MS), 3 * DAY_MS, DAY_MS - 1, false],
    ['not if another instance has checked', cleanAt(DAY_MS - 1), 3 * DAY_MS, DAY_MS, false],
    ['a day after one that could not compare everything', NOTHING, 3 * DAY_MS, DAY_MS, true],
    [
      'immediately after a start with a finding in a view',
      { ...NOTHING, different: new Map([['a', 1]]) },
      0,
      undefined,
      true,
    ],
    ['immediately after a start with a rewritten event', { ...NOTHING, hold: 'why' }, 0, undefined, true],
    ['again some minutes after a finding', { ...NOTHING, hold: 'why' }, DAY_MS, AFTER_FINDING_MS, true],
    ['not earlier than that', { ...NOTHING, hold: 'why' }, DAY_MS, AFTER_FINDING_MS - 1, false],
  ])('is made %s', (_when, state, sinceStartMs, sinceCheckMs, due) => {
    expect(isDue(state, { sinceStartMs, sinceCheckMs, hours: 24 })).toBe(due);
  });

  it('is never made where it is switched off, unless something was found before', () => {
    const times = { sinceStartMs: DAY_MS, sinceCheckMs: undefined, hours: 0 };
    expect(isDue(NOTHING, times)).toBe(false);
    expect(isDue({ ...NOTHING, hold: 'why' }, times)).toBe(true);
  });
});
