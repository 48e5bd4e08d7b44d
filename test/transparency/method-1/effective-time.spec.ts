import fc from 'fast-check';
import type { RecordedEvent } from '../../../src/ledger/event.js';
import { MS_PER_DAY, formatInstant, parseInstant } from '../../../src/ledger/time.js';
import { capacityReport } from '../../../src/transparency/method-1/capacity-report.js';
import { capitalReport } from '../../../src/transparency/method-1/capital-report.js';
import { equalAccessReport } from '../../../src/transparency/method-1/equal-access-report.js';
import { fold, foldEffective, initialFoldState, type FoldState } from '../../../src/transparency/method-1/fold.js';
import { BEGIN, History, randomHistory } from '../history.js';
import { stories } from '../stories.js';

const effective = (events: readonly RecordedEvent[], effectiveAt: string): FoldState =>
  events.reduce<FoldState>((state, event) => foldEffective(state, event), { ...initialFoldState(), effectiveAt });
const plain = (events: readonly RecordedEvent[]): FoldState => events.reduce(fold, initialFoldState());

const APPLICATION = {
  callId: 'c',
  facilityId: 'f',
  mode: 'regular',
  partnerId: 'p',
  ultimateParentId: 'p',
  category: 'sme',
  country: 'FI',
  chipHoursRequested: 10,
  submittedAt: '2026-01-05T09:00:00Z',
} as const;
const DECIDED = '2026-02-16T09:00:00Z';

/** Events of January and February that were recorded in March. */
function lateRecords(): History {
  const history = new History();
  const submission = { ...APPLICATION, sector: 'health', submittedBy: 'p' };
  const effectiveAt = APPLICATION.submittedAt;
  history.record('access-request-r', { type: 'access-request-submitted', data: submission, effectiveAt });
  const denial = { ...APPLICATION, reasonCodes: ['any'], decidedAt: DECIDED };
  history.record('access-request-r', { type: 'access-denied', data: denial, effectiveAt: DECIDED });
  return history;
}

describe('a report of effective time', () => {
  it('counts an event that was recorded late from the instant at which it took effect', () => {
    const { events } = lateRecords();
    const totalsAt = (instant: string) => equalAccessReport(effective(events, instant)).totals;
    expect(totalsAt('2026-01-05T08:59:59.999Z')).toMatchObject({ submitted: 0, pending: 0, denied: 0 });
    expect(totalsAt('2026-01-05T09:00:00Z')).toMatchObject({ submitted: 1, pending: 1, denied: 0 });
    expect(totalsAt('2026-02-16T08:59:59.999Z')).toMatchObject({ submitted: 1, pending: 1, denied: 0 });
    expect(totalsAt(DECIDED)).toMatchObject({ submitted: 1, pending: 0, denied: 1 });
  });

  it('shows its instant beside its position', () => {
    const { events } = lateRecords();
    const report = equalAccessReport(effective(events, DECIDED));
    expect(report).toMatchObject({ position: 2, asOf: BEGIN, effectiveAt: DECIDED });
    expect(equalAccessReport(plain(events)).effectiveAt).toBeNull();
  });

  it('applies the policy that was in force at its instant', () => {
    const history = lateRecords();
    const policy = (version: number, effectiveFrom: string, decidedMin: number) =>
      history.record('policy-impact-ratio-minimum', {
        type: 'policy-adopted',
        data: {
          policy: 'impact-ratio-minimum',
          version,
          value: { decidedMin, flagBelow: 0.8 },
          effectiveFrom,
          reason: 'any',
        },
      });
    policy(1, '2026-01-01T00:00:00Z', 10);
    policy(2, '2026-02-01T00:00:00Z', 20);
    const versionAt = (instant: string) => equalAccessReport(effective(history.events, instant)).policies[0]?.version;
    expect(versionAt('2026-01-31T23:59:59Z')).toBe(1);
    expect(versionAt('2026-02-01T00:00:00Z')).toBe(2);
  });

  it('equals the plain report when no event took effect after its instant', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { events } = randomHistory(choices).history;
        const last = events.at(-1)?.recordedAt ?? BEGIN;
        const [one, other] = [effective(events, last), plain(events)];
        for (const report of [equalAccessReport, capitalReport, capacityReport]) {
          expect(report(one)).toEqual({ ...report(other), effectiveAt: last });
        }
      }),
      { numRuns: 30 },
    );
  });

  it('counts exactly the steps that had taken effect, whenever they were recorded', () => {
    fc.assert(
      fc.property(stories, fc.nat(120), fc.nat(200), (choices, lateDays, days) => {
        const isStep = ({ stream }: RecordedEvent): boolean => stream.startsWith('access-request-');
        const events = randomHistory(choices).history.events.map((event) => {
          const effectiveAt = formatInstant(parseInstant(event.recordedAt) - lateDays * MS_PER_DAY);
          return isStep(event) ? { ...event, effectiveAt } : event;
        });
        const at = formatInstant(parseInstant(BEGIN) + (days - 60) * MS_PER_DAY);
        const known = events.filter(
          (event) => isStep(event) && parseInstant(event.effectiveAt ?? '') <= parseInstant(at),
        );
        const count = (type: string): number => known.filter((event) => event.type === type).length;
        const { totals } = equalAccessReport(effective(events, at));
        expect(totals).toMatchObject({
          submitted: count('access-request-submitted'),
          withdrawn: count('access-request-withdrawn'),
          ineligible: count('eligibility-refused'),
          denied: count('access-denied'),
          granted: count('access-granted'),
          revoked: count('grant-revoked'),
        });
        expect(totals.pending).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 50 },
    );
  });

  it('needs a state that has an instant', () => {
    const [event] = lateRecords().events;
    expect(() => event && foldEffective(initialFoldState(), event)).toThrow('not one of effective time');
  });
});
