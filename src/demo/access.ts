import { planAccessCalls } from './access-calls.js';
import type { AccessCall } from './access-calls.js';
import { AllocationPlanner, addAllocation, addOverAllocation } from './allocations.js';
import type { Allocation } from './allocations.js';
import { addDays, daysBetween, instantBetween, midnight, PROGRAMME_END } from './calendar.js';
import type { CommandList } from './command-list.js';
import type { Facility } from './facilities.js';
import { groupedBy } from './grouping.js';
import { ACQUISITION, addClassification } from './partners.js';
import type { Applicant } from './partners.js';
import type { Random } from './random.js';
import { RequestPlanner } from './request-plan.js';
import type { RequestPlan } from './request-plan.js';
import { addAccessCall, addRequest } from './requests.js';
import { addUsage } from './usage.js';

export interface Access {
  readonly calls: readonly AccessCall[];
  readonly requests: readonly RequestPlan[];
  readonly allocations: readonly Allocation[];
  /** Names of the start-up's requests before and after its acquisition. */
  readonly acquired: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Names of the requests whose grants are revoked. */
  readonly revoked: readonly string[];
  readonly overAllocation: string;
}

export interface AccessInput {
  readonly facilities: readonly Facility[];
  readonly applicants: readonly Applicant[];
  readonly hostSignatures: ReadonlyMap<string, string>;
  readonly requestCount: number;
}

const OVER_ALLOCATED = 'request:over-allocated';
const REVOKED_GRANTS = 5;
const REVOCATION_CODES = ['conditions-breached', 'use-outside-purpose', 'establishment-moved-to-third-country'];
const ACQUISITION_DATES = {
  before: ['2025-03-17', '2025-07-14', '2025-09-22'],
  after: ['2025-11-10', '2026-02-16', '2026-04-20'],
};

/** Adds the calls, requests, decisions, allocations and usage of the two years. */
export function addAccess(commands: CommandList, random: Random, input: AccessInput): Access {
  const calls = planAccessCalls(input.facilities);
  const requests = planRequests(random, calls, input);
  const byCall = groupedBy(requests, ({ call }) => call.name);
  // A call without requests has nothing to show.
  const answered = calls.filter(({ name }) => byCall.has(name));
  for (const call of answered) {
    addAccessCall(commands, random, call, byCall.get(call.name) ?? [], input.hostSignatures.get(call.facility.name));
  }
  const acquired = addRequests(commands, random, requests);
  const planner = new AllocationPlanner(random);
  const allocations = byDecision(requests).flatMap((request) =>
    planner.plan(request, request.name === OVER_ALLOCATED ? 0.5 : 1),
  );
  for (const allocation of allocations) addAllocation(commands, allocation);
  const revokedOn = addRevocations(commands, allocations);
  addUsage(commands, allocations, revokedOn);
  const overAllocated = requests.filter(({ name }) => name === OVER_ALLOCATED);
  const [overAllocation = ''] = overAllocated.map((request) => addOverAllocation(commands, request));
  return { calls: answered, requests, allocations, acquired, revoked: [...revokedOn.keys()], overAllocation };
}

function planRequests(random: Random, calls: readonly AccessCall[], input: AccessInput): RequestPlan[] {
  const planner = new RequestPlanner(random, calls, input.applicants);
  const buyable = input.applicants.filter(({ name }) => name === ACQUISITION.partner);
  const others = input.applicants.filter(({ name }) => name !== ACQUISITION.partner);
  const onDate = (mode: AccessCall['mode'], date: string): AccessCall =>
    random.pick(calls.filter((call) => call.mode === mode && call.opensOn <= date && date < call.closesOn));
  const acquired = buyable.flatMap((applicant) => {
    const dates = [...ACQUISITION_DATES.before, ...ACQUISITION_DATES.after];
    return dates.map((date, index) => {
      const name = `request:acquired-${index + 1}`;
      // The grant of this request runs while the start-up is acquired, and keeps its category.
      const isRunning = date === ACQUISITION_DATES.before.at(-1);
      return isRunning
        ? planner.grantedRequest(name, onDate('fast-lane', date), applicant, date)
        : planner.request(name, onDate('fast-lane', date), applicant, date);
    });
  });
  const university = others.filter(({ name }) => name === 'partner:research-1');
  const overAllocated = university.map((applicant) =>
    planner.grantedRequest(OVER_ALLOCATED, onDate('ai-for-science', '2025-05-19'), applicant, '2025-05-19'),
  );
  const special = [...acquired, ...overAllocated];
  const rest = new RequestPlanner(random, calls, others).plan(input.requestCount - special.length);
  return [...special, ...rest];
}

/** The acquisition is recorded between the earlier and the later requests of the start-up, as in a real ledger. */
function addRequests(commands: CommandList, random: Random, requests: readonly RequestPlan[]): Access['acquired'] {
  const own = requests.filter(({ applicant }) => applicant.name === ACQUISITION.partner);
  const before = own.filter(({ submittedAt }) => submittedAt < ACQUISITION.on);
  for (const request of before) addRequest(commands, random, request);
  const { partner, acquirer, on } = ACQUISITION;
  const acquisition = 'acquisition:start-up-1';
  commands.add({
    name: acquisition,
    path: `/v1/partners/{${partner}}/acquisitions`,
    body: { acquirerId: { ref: acquirer }, effectiveFrom: on },
    after: before.map(({ name }) => name),
  });
  const classification = {
    basis: 'Part of a designated gatekeeper since its acquisition (invented)',
    evidenceRef: 'demo/evidence/start-up-1/acquisition',
    effectiveFrom: on,
  };
  addClassification(commands, partner, 'tech-giant', classification, [acquisition]);
  const later = requests.filter((request) => !before.includes(request));
  for (const request of later) addRequest(commands, random, request);
  const after = own.filter((request) => !before.includes(request));
  return { before: before.map(({ name }) => name), after: after.map(({ name }) => name) };
}

/** Capacity goes to requests in the order of their grants. */
const byDecision = (requests: readonly RequestPlan[]): RequestPlan[] => {
  const decidedAt = ({ outcome }: RequestPlan): string => (outcome.kind === 'granted' ? outcome.decidedAt : '');
  return requests
    .filter(({ outcome }) => outcome.kind === 'granted')
    .sort((left, right) => (decidedAt(left) < decidedAt(right) ? -1 : 1));
};

/** Revokes some grants half-way through their only allocation. Returns the revocation dates by name of the request. */
function addRevocations(commands: CommandList, allocations: readonly Allocation[]): Map<string, string> {
  const perGrant = groupedBy(allocations, ({ request }) => request.name);
  const candidates = allocations.filter(
    ({ request, from, to, releasedOn }) =>
      (perGrant.get(request.name)?.length ?? 0) === 1 &&
      !request.name.startsWith('request:acquired') &&
      request.name !== OVER_ALLOCATED &&
      releasedOn === undefined &&
      daysBetween(from, to) >= 40 &&
      to < PROGRAMME_END,
  );
  const step = Math.max(1, Math.floor(candidates.length / REVOKED_GRANTS));
  const chosen = candidates.filter((_, index) => index % step === 0).slice(0, REVOKED_GRANTS);
  return new Map(
    chosen.map(({ request, name, from, to }, index) => {
      const revokedOn = addDays(from, Math.floor(daysBetween(from, to) / 2));
      commands.add({
        name: `revocation:${request.name}`,
        path: `/v1/grants/{${request.name}}/revocation`,
        sender: 'panel',
        body: {
          reasonCodes: [REVOCATION_CODES[index % REVOCATION_CODES.length] ?? 'conditions-breached'],
          effectiveAt: instantBetween(midnight(revokedOn), midnight(addDays(revokedOn, 1)), 0.4),
        },
        after: [name],
      });
      return [request.name, revokedOn];
    }),
  );
}
