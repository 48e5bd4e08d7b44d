import type { DemoCommand } from '../../src/demo/command-list.js';
import { groupedBy } from '../../src/demo/grouping.js';
import { ASSOCIATED_COUNTRIES } from '../../src/demo/public-facts.js';
import { demoProgramme } from '../../src/demo/programme.js';
import { CATEGORIES } from '../../src/partners/partner.js';
import { isMemberState } from '../../src/domain/member-states.js';
import { CommandIndex, placeholder, reference, refOf, text, whole } from './command-index.js';

const { commands, access } = demoProgramme();
const index = new CommandIndex(commands);

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;
const END = '2026-11-01T00:00:00Z';

const requests = index.to('/v1/access-requests');
const byRequest = (route: string): Map<string, DemoCommand> =>
  new Map(index.to(route).map((command) => [placeholder(command), command]));
const eligibility = byRequest('/v1/access-requests/{}/eligibility');
const decisions = byRequest('/v1/access-requests/{}/decision');
const withdrawals = byRequest('/v1/access-requests/{}/withdrawal');
const revocations = byRequest('/v1/grants/{}/revocation');
const allocations = index
  .to('/v1/facilities/{}/allocations')
  .filter(({ expectedStatus }) => expectedStatus === undefined);
const releases = new Map(
  index.to('/v1/facilities/{}/allocations/{}/release').map((each) => [placeholder(each, 1), each]),
);
const commandsByName = new Map(commands.map((command) => [command.name, command]));
const named = (name: string): DemoCommand => commandsByName.get(name) ?? index.named(name);
const isGranted = ({ name }: DemoCommand): boolean => decisions.get(name)?.body['outcome'] === 'granted';

/** Categories of a partner in order of date. */
const classifications = groupedBy(index.to('/v1/partners/{}/classifications'), (each) => placeholder(each));
function categoryOf(request: DemoCommand): string {
  const day = text(request, 'effectiveAt').slice(0, 10);
  const own = classifications.get(reference(request, 'partnerId')) ?? [];
  const inForce = own.filter((each) => text(each, 'effectiveFrom') <= day);
  return text(
    inForce.toSorted((a, b) => (text(a, 'effectiveFrom') < text(b, 'effectiveFrom') ? -1 : 1)).at(-1) ?? request,
    'category',
  );
}

describe('the requests of the demo programme', () => {
  it('are distributed over two years that end before November 2026', () => {
    const instants = requests.map((request) => text(request, 'effectiveAt')).sort();
    expect((instants[0] ?? '') < '2025-01-01').toBe(true);
    expect((instants.at(-1) ?? '') >= '2026-10-01').toBe(true);
    const recorded = [
      ...requests,
      ...eligibility.values(),
      ...decisions.values(),
      ...withdrawals.values(),
      ...revocations.values(),
    ];
    for (const command of recorded) expect(text(command, 'effectiveAt') < END).toBe(true);
  });

  it('are submitted while their call is open, within the limit of their mode, by an applicant with a category in force', () => {
    for (const request of requests) {
      const call = named(reference(request, 'callId'));
      const at = Date.parse(text(request, 'effectiveAt'));
      expect(at).toBeGreaterThanOrEqual(Date.parse(text(call, 'opensAt')));
      expect(at).toBeLessThan(Date.parse(text(call, 'closesAt')));
      if (call.body['mode'] === 'fast-lane') expect(whole(request, 'chipHours')).toBeLessThanOrEqual(50_000);
      if (call.body['mode'] === 'large-scale') expect(whole(request, 'chipHours')).toBeGreaterThan(50_000);
      expect(categoryOf(request)).not.toBe('');
    }
  });

  it('are submitted by the operator, and checked and decided by the panel, in this order', () => {
    for (const request of requests) {
      expect(request.sender).toBe('operator');
      const steps = [eligibility, decisions, revocations].flatMap((each) => each.get(request.name) ?? []);
      for (const step of steps) expect(step.sender).toBe('panel');
      const instants = [request, ...steps].map((step) => Date.parse(text(step, 'effectiveAt')));
      expect(instants).toEqual(instants.toSorted((a, b) => a - b));
      const withdrawal = withdrawals.get(request.name);
      if (withdrawal) expect(steps).toEqual([]);
    }
  });

  it('are eligible only from Member States and associated countries', () => {
    for (const [name, check] of eligibility) {
      const country = text(named(reference(named(name), 'partnerId')), 'country');
      const isEligible = isMemberState(country) || ASSOCIATED_COUNTRIES.includes(country);
      if (check.body['eligible'] === true) expect(isEligible).toBe(true);
      if (!isEligible) expect(check.body['eligible']).toBe(false);
      if (decisions.has(name)) expect(check.body['eligible']).toBe(true);
    }
  });

  it('have a realistic mix of outcomes', () => {
    const outcomes = { full: 0, partly: 0, denied: 0, ineligible: 0, withdrawn: withdrawals.size, pending: 0 };
    for (const request of requests.filter(({ name }) => !withdrawals.has(name))) {
      const decision = decisions.get(request.name);
      if (eligibility.get(request.name)?.body['eligible'] === false) outcomes.ineligible += 1;
      else if (decision === undefined) outcomes.pending += 1;
      else if (decision.body['outcome'] === 'denied') outcomes.denied += 1;
      else if (whole(decision, 'chipHours') === whole(request, 'chipHours')) outcomes.full += 1;
      else outcomes.partly += 1;
    }
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(40);
    expect(Object.values(outcomes).reduce((total, count) => total + count, 0)).toBe(2_000);
  });

  it('are granted at most the requested chip-hours, and no call grants more than it offers', () => {
    const granted = requests.filter(isGranted);
    for (const request of granted) {
      expect(whole(named(`decision:${request.name}`), 'chipHours')).toBeLessThanOrEqual(whole(request, 'chipHours'));
    }
    for (const [call, answers] of groupedBy(granted, (request) => reference(request, 'callId'))) {
      const hours = answers.reduce((total, { name }) => total + whole(named(`decision:${name}`), 'chipHours'), 0);
      expect(hours).toBeLessThanOrEqual(whole(named(call), 'chipHours'));
    }
  });

  it('include requests of a start-up, under the category of its acquirer, a tech giant, from the acquisition on', () => {
    const { before, after } = access.acquired;
    expect(new Set(before.map((name) => categoryOf(named(name))))).toEqual(new Set(['start-up']));
    expect(new Set(after.map((name) => categoryOf(named(name))))).toEqual(new Set(['tech-giant']));
    const acquisition = named('acquisition:start-up-1');
    for (const name of before) expect(named(name).wave).toBeLessThan(acquisition.wave);
    for (const name of after) expect(named(name).wave).toBeGreaterThan(acquisition.wave);
    const running = before
      .flatMap((name) => decisions.get(name) ?? [])
      .filter(({ body }) => String(body['validTo']) > '2025-11-03');
    expect(running.length).toBeGreaterThan(0);
  });
});

/** The days from one midnight to another. */
const days = (from: string, to: string): number[] =>
  Array.from({ length: (Date.parse(to) - Date.parse(from)) / MS_PER_DAY }, (_, n) => Date.parse(from) / MS_PER_DAY + n);

/** Days on which caps, floors or installed chips do not suffice after all records, counted one day at a time. */
function breachesOf(facility: string, own: readonly DemoCommand[]): string[] {
  const { floors, caps, chipModel } = named(`quota:${facility}`).body;
  const limit = (limits: unknown, category: string, otherwise: number): number =>
    Object.entries((limits ?? {}) as Record<string, number>).find(([each]) => each === category)?.[1] ?? otherwise;
  const installs = index
    .to('/v1/facilities/{}/capacity')
    .filter((each) => placeholder(each) === facility && each.body['chipModel'] === chipModel)
    .map((each) => ({ day: Date.parse(text(each, 'effectiveFrom')) / MS_PER_DAY, chips: whole(each, 'chips') }));
  const usedByDay = new Map<number, Map<string, number>>();
  for (const each of own) {
    const category = categoryOf(named(reference(each, 'grantId')));
    for (const day of days(text(each, 'from'), text(each, 'to'))) {
      const used = usedByDay.get(day) ?? new Map<string, number>();
      usedByDay.set(day, used.set(category, (used.get(category) ?? 0) + whole(each, 'chips')));
    }
  }
  return [...usedByDay].flatMap(([day, used]) => {
    const installed = installs.reduce((total, install) => total + (install.day <= day ? install.chips : 0), 0);
    const promised = CATEGORIES.reduce(
      (total, each) => total + Math.max(used.get(each) ?? 0, limit(floors, each, 0)),
      0,
    );
    const overCap = [...used].filter(([category, chips]) => chips > limit(caps, category, Infinity));
    return promised > installed || overCap.length > 0 ? [`${facility} on day ${day}`] : [];
  });
}

describe('the allocations of the demo programme', () => {
  it('stay inside the period and the chip-hours of their grants', () => {
    for (const [grant, own] of groupedBy(allocations, (each) => reference(each, 'grantId'))) {
      const decision = named(`decision:${grant}`);
      for (const allocation of own) {
        expect(Date.parse(text(allocation, 'from'))).toBeGreaterThanOrEqual(Date.parse(text(decision, 'validFrom')));
        expect(Date.parse(text(allocation, 'to'))).toBeLessThanOrEqual(Date.parse(text(decision, 'validTo')));
        expect(reference(named(reference(named(grant), 'callId')), 'facilityId')).toBe(placeholder(allocation));
      }
      const hours = own.reduce(
        (total, each) => total + whole(each, 'chips') * days(text(each, 'from'), text(each, 'to')).length * 24,
        0,
      );
      expect(hours).toBeLessThanOrEqual(whole(decision, 'chipHours'));
    }
    expect(allocations.length).toBeGreaterThan(1_000);
  });

  it('fit the installed chips, every cap and every floor, in any order of recording', () => {
    const breaches = [...groupedBy(allocations, (each) => placeholder(each))].flatMap(([facility, own]) =>
      breachesOf(facility, own),
    );
    expect(breaches).toEqual([]);
  });

  it('are in some cases released early or with their grant, and always inside their period', () => {
    expect(releases.size).toBeGreaterThan(10);
    for (const [name, release] of releases) {
      expect(text(release, 'at') > text(named(name), 'from') && text(release, 'at') < text(named(name), 'to')).toBe(
        true,
      );
    }
    expect(revocations.size).toBe(5);
    expect(access.revoked).toEqual([...revocations.keys()]);
  });

  it('are used within their period and chip-hours, except for a few that the ledger must flag', () => {
    const hours = new Map<string, number>();
    for (const report of index.to('/v1/usage')) {
      const { records } = report.body;
      if (!Array.isArray(records)) throw new Error(`${report.name} has no records.`);
      expect(records.length).toBeLessThanOrEqual(10_000);
      for (const record of records as Record<string, string | number>[]) {
        const name = refOf(record['allocationId'], report.name);
        const end = [text(named(name), 'to'), releases.get(name)?.body['at'] ?? END, END].map(String).sort()[0] ?? END;
        expect(String(record['from']) >= text(named(name), 'from') && String(record['to']) <= end).toBe(true);
        hours.set(name, (hours.get(name) ?? 0) + Number(record['chipHours']));
      }
    }
    const over = [...hours].filter(([name, used]) => {
      const end = String(releases.get(name)?.body['at'] ?? text(named(name), 'to'));
      return used > whole(named(name), 'chips') * days(text(named(name), 'from'), end).length * 24;
    });
    expect(hours.size).toBeGreaterThan(900);
    expect(over.length).toBeGreaterThan(0);
    expect(over.length).toBeLessThan(20);
  });

  it('end with an allocation of more chips than are installed, which the ledger must refuse', () => {
    const refused = commands.filter(({ expectedStatus }) => expectedStatus !== undefined);
    expect(refused.map(({ name, expectedStatus }) => [name, expectedStatus])).toEqual([[access.overAllocation, 409]]);
    const [overAllocation] = refused;
    if (overAllocation === undefined) return;
    const installed = index
      .to('/v1/facilities/{}/capacity')
      .filter((each) => placeholder(each) === placeholder(overAllocation))
      .reduce(
        (total, each) =>
          total + (each.body['chipModel'] === overAllocation.body['chipModel'] ? whole(each, 'chips') : 0),
        0,
      );
    expect(whole(overAllocation, 'chips')).toBe(installed + 1);
    // The hour is inside the grant, so the missing chips are the only reason for the refusal.
    const grant = reference(overAllocation, 'grantId');
    const allocated = allocations.filter((each) => reference(each, 'grantId') === grant);
    const hours = allocated.reduce(
      (total, each) => total + whole(each, 'chips') * days(text(each, 'from'), text(each, 'to')).length * 24,
      installed + 1,
    );
    expect(hours).toBeLessThanOrEqual(whole(named(`decision:${grant}`), 'chipHours'));
  });
});
