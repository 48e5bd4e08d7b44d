import fc from 'fast-check';
import { accessRequest, type AccessRequest, type AccessRequestEvent } from '../../src/access/access-request.js';
import { recordEligibility, submitRequest, withdrawRequest } from '../../src/access/access-request.decisions.js';
import { decideRequest, revokeGrant } from '../../src/access/grant.decisions.js';
import type { OpenedCall } from '../../src/access/access-call.js';
import type { Principal } from '../../src/ledger/command-context.js';
import { Refusal } from '../../src/ledger/refusal.js';
import type { Category } from '../../src/partners/partner.js';

const CATEGORIES: readonly Category[] = ['start-up', 'sme', 'research', 'large-enterprise', 'tech-giant'];
const NOW = '2026-03-10T12:00:00Z';
const SUBMITTER: Principal = { actorId: 'submitter', roles: ['operator'] };
const PANEL: Principal = { actorId: 'panel', roles: ['panel'] };
const CALL: OpenedCall = {
  status: 'opened',
  facilityId: 'facility',
  mode: 'regular',
  opensAt: '2026-03-01T00:00:00Z',
  closesAt: '2026-06-01T00:00:00Z',
  chipHours: 1,
  grantedChipHours: 0,
};
const reasonCodes = ['any'];
const VALID = { validFrom: '2026-04-01', validTo: '2026-05-01' };
const RULES = {
  modes: null,
  call: { ...CALL, chipHours: 10 ** 9 },
  associatedCountries: [],
  isUnionTime: true,
  freeAccessEvidence: null,
};

type Step = (state: AccessRequest) => AccessRequestEvent[];
const STEPS: Readonly<Record<string, (chipHours: number) => Step>> = {
  withdraw: () => (state) => withdrawRequest(state, {}, SUBMITTER, NOW),
  confirm: () => (state) => recordEligibility(state, { eligible: true, reasonCodes }, PANEL, [], NOW),
  refuse: () => (state) => recordEligibility(state, { eligible: false, reasonCodes }, PANEL, [], NOW),
  grant: (chipHours) => (state) => {
    const award = { chipHours, priceBasis: 'pay-per-use' as const, use: 'commercial' as const, ...VALID };
    return decideRequest(state, { outcome: 'granted', reasonCodes, ...award }, PANEL, RULES, NOW);
  },
  deny: () => (state) => decideRequest(state, { outcome: 'denied', reasonCodes }, PANEL, RULES, NOW),
  revoke: () => (state) => revokeGrant(state, { reasonCodes }, PANEL, NOW),
};

const steps = fc.array(fc.tuple(fc.constantFrom(...Object.keys(STEPS)), fc.integer({ min: 0, max: 120 })), {
  maxLength: 8,
});
const request = fc.record({
  category: fc.constantFrom(...CATEGORIES),
  country: fc.constantFrom('FR', 'DE', 'US'),
  chipHours: fc.integer({ min: 1, max: 100 }),
  steps,
});

/** Runs the steps that the decisions allow, and skips refused steps. */
function historyOf({ category, country, chipHours, steps }: typeof request extends fc.Arbitrary<infer R> ? R : never) {
  const applicant = { partnerId: 'applicant', country, ultimateParentId: 'applicant', category };
  const input = { callId: 'call', chipHours, sector: 'health' };
  const events: AccessRequestEvent[] = [...submitRequest(CALL, applicant, input, SUBMITTER, NOW, null)];
  let state = events.reduce(accessRequest.evolve, accessRequest.initial);
  for (const [name, hours] of steps) {
    try {
      const decided = STEPS[name]?.(hours)(state) ?? [];
      events.push(...decided);
      state = decided.reduce(accessRequest.evolve, state);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return { events, state };
}

const count = (events: readonly AccessRequestEvent[], ...types: AccessRequestEvent['type'][]) =>
  events.filter(({ type }) => types.includes(type)).length;

describe('after any commands on any number of access requests', () => {
  test('every category adds up: submitted = withdrawn + ineligible + pending + denied + granted', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 20 }), (requests) => {
        const histories = requests.map(historyOf);
        for (const category of CATEGORIES) {
          const own = histories.filter(({ events }) => events[0]?.data.category === category);
          const events = own.flatMap((history) => history.events);
          const pending = own.filter(({ state }) => state.status === 'submitted').length;
          const ended = count(
            events,
            'access-request-withdrawn',
            'eligibility-refused',
            'access-denied',
            'access-granted',
          );
          expect(count(events, 'access-request-submitted')).toBe(ended + pending);
        }
      }),
    );
  });

  test('a request is checked at most once, decided at most once, and granted at most the requested chip-hours', () => {
    fc.assert(
      fc.property(request, (input) => {
        const { events } = historyOf(input);
        expect(count(events, 'access-granted', 'access-denied')).toBeLessThanOrEqual(1);
        expect(count(events, 'eligibility-confirmed', 'eligibility-refused')).toBeLessThanOrEqual(1);
        expect(count(events, 'grant-revoked')).toBeLessThanOrEqual(count(events, 'access-granted'));
        for (const event of events) {
          if (event.type !== 'access-granted') continue;
          expect(event.data.chipHours).toBeGreaterThanOrEqual(1);
          expect(event.data.chipHours).toBeLessThanOrEqual(event.data.chipHoursRequested);
          expect(event.data.country).not.toBe('US');
        }
      }),
    );
  });

  test('every event repeats the application word for word', () => {
    fc.assert(
      fc.property(request, (input) => {
        const { events, state } = historyOf(input);
        if (state.status === 'absent') throw new Error('A submitted request exists.');
        for (const event of events) expect(event.data).toMatchObject(state.application);
      }),
    );
  });
});
