import fc from 'fast-check';
import type { Mode } from '../../../src/domain/access-modes.js';
import type { RecordedEvent } from '../../../src/ledger/event.js';
import { chipMs } from '../../../src/transparency/measures/chip-time.js';
import { equalAccessReport, type EqualAccessReport } from '../../../src/transparency/method-1/equal-access-report.js';
import { fold, initialFoldState } from '../../../src/transparency/method-1/fold.js';
import { MS_PER_DAY, MS_PER_HOUR, parseInstant } from '../../../src/ledger/time.js';
import { CATEGORIES, type Category } from '../../../src/partners/partner.js';
import type { Application, PriceBasis } from '../../../src/access/access-request.js';
import { BEGIN, History, randomHistory, type RequestModel } from '../history.js';
import { stories } from '../stories.js';

const reportOf = (events: readonly RecordedEvent[], filter = {}): EqualAccessReport =>
  equalAccessReport(events.reduce(fold, initialFoldState()), filter);

/** Records requests and decisions. Members that a test leaves out are the same for all. */
class Requests extends History {
  private count = 0;

  ask(of: Partial<Application> & { category: Category }, chipHoursRequested: number): Application & { id: string } {
    this.count += 1;
    const id = `r${this.count}`;
    const facts = {
      callId: 'call',
      facilityId: 'helsinki',
      mode: 'regular' as Mode,
      partnerId: id,
      ultimateParentId: id,
      country: 'FI',
    };
    const application = { ...facts, ...of, chipHoursRequested, submittedAt: this.at };
    const data = { ...application, sector: 'health', submittedBy: application.partnerId };
    this.record(`access-request-${id}`, { type: 'access-request-submitted', data });
    return { ...application, id };
  }

  grant(
    { id, ...application }: Application & { id: string },
    chipHours: number,
    priceBasis: PriceBasis = 'free',
  ): void {
    const award = {
      chipHours,
      priceBasis,
      reasonCodes: ['ok'],
      validFrom: this.at,
      validTo: '2027-01-01T00:00:00Z',
      decidedAt: this.at,
    };
    this.record(`access-request-${id}`, { type: 'access-granted', data: { ...application, ...award } });
  }

  deny({ id, ...application }: Application & { id: string }): void {
    const data = { ...application, reasonCodes: ['no'], decidedAt: this.at };
    this.record(`access-request-${id}`, { type: 'access-denied', data });
  }

  of(category: Category, filter = {}): EqualAccessReport['categories'][number] {
    const found = reportOf(this.events, filter).categories.find((line) => line.category === category);
    if (!found) throw new Error(`There is no line for ${category}.`);
    return found;
  }
}

describe('the equal-access report', () => {
  it('compares granted with requested hours', () => {
    const requests = new Requests();
    const [small, research] = [requests.ask({ category: 'sme' }, 600), requests.ask({ category: 'research' }, 200)];
    requests.ask({ category: 'sme' }, 200);
    requests.grant(small, 150);
    requests.grant(research, 150, 'pay-per-use');
    expect(requests.of('sme')).toMatchObject({
      submitted: 2,
      granted: 1,
      pending: 1,
      chipHoursRequested: 800,
      chipHoursRequestedBy: { granted: 600, pending: 200, denied: 0, withdrawn: 0, ineligible: 0 },
      chipHoursGranted: 150,
      chipHoursGrantedFree: 150,
      chipHoursGrantedPayPerUse: 0,
      shareRequested: 0.8,
      shareGranted: 0.5,
      representation: 0.625,
      shareGap: -0.3,
      successRate: 1,
      fulfilment: 0.1875,
      fulfilmentMedian: 0.25,
    });
    expect(requests.of('research')).toMatchObject({ representation: 2.5, shareGap: 0.3, grantedPayPerUse: 1 });
  });

  it('shows all seven categories in their order, and null with a reason where a figure is not defined', () => {
    const { categories, totals, concentration, asOf, position } = reportOf([]);
    expect({ asOf, position }).toEqual({ asOf: null, position: 0 });
    expect(categories.map(({ category }) => category)).toEqual(CATEGORIES);
    expect(categories[0]).toMatchObject({
      submitted: 0,
      shareRequested: null,
      representation: null,
      successRate: null,
      successRateInterval: null,
      medianDecisionDays: null,
      decidedWithinLimit: null,
      impactFlag: null,
      reasons: {
        shareRequested: 'no-demand',
        representation: 'no-demand',
        shareGap: 'no-demand',
        successRate: 'no-decisions',
        successRateInterval: 'no-decisions',
        fulfilment: 'no-demand',
        medianDecisionDays: 'no-decisions',
        medianDecisionDaysCensored: 'no-requests',
        decidedWithinLimit: 'no-decisions-with-a-limit',
        impactFlag: 'no-policy',
      },
    });
    expect(totals).toMatchObject({ submitted: 0, successRate: null });
    expect(concentration).toMatchObject({
      gini: null,
      reasons: { gini: 'nothing-granted', theilWithin: 'nothing-granted' },
    });
  });

  it('counts a revoked grant as granted, and as revoked', () => {
    const requests = new Requests();
    const { id, ...application } = requests.ask({ category: 'sme' }, 600);
    requests.grant({ id, ...application }, 500);
    const revoked = { chipHours: 500, reasonCodes: ['fraud'], revokedAt: requests.at };
    requests.record(`access-request-${id}`, { type: 'grant-revoked', data: { ...application, ...revoked } });
    expect(requests.of('sme')).toMatchObject({ granted: 1, revoked: 1, chipHoursGranted: 500, chipHoursRevoked: 500 });
  });

  it('measures time to decision in working days, and pending requests in the censored median only', () => {
    const requests = new Requests();
    const early = requests.ask({ category: 'sme' }, 10);
    requests.ask({ category: 'sme' }, 10);
    // Monday to Wednesday, then to the Monday after.
    requests.wait(2 * MS_PER_DAY).deny(early);
    expect(requests.of('sme')).toMatchObject({ medianDecisionDays: 2, medianDecisionDaysCensored: 2 });
    const late = requests.ask({ category: 'sme' }, 10);
    requests.ask({ category: 'sme' }, 10);
    requests.wait(5 * MS_PER_DAY).grant(late, 10);
    expect(requests.of('sme')).toMatchObject({
      medianDecisionDays: 2.5,
      p90DecisionDays: 3,
      medianDecisionDaysCensored: 3,
    });
  });

  it('counts a decision on the last day of the limit as in time, and one a day later as late', () => {
    const limits: [Mode, number][] = [
      ['playground', 2],
      ['fast-lane', 4],
    ];
    for (const [mode, days] of limits) {
      const requests = new Requests();
      const [inTime, late] = [
        requests.ask({ category: 'sme', mode }, 10),
        requests.ask({ category: 'research', mode }, 10),
      ];
      requests.wait(days * MS_PER_DAY).deny(inTime);
      // The weekend does not count: Friday's late decision falls on the Monday after.
      requests.wait(days === 4 ? 3 * MS_PER_DAY : MS_PER_DAY).deny(late);
      expect(requests.of('sme').decidedWithinLimit).toBe(1);
      expect(requests.of('research').decidedWithinLimit).toBe(0);
    }
  });

  it('counts the ten working days of large-scale access from the cut-off of the call', () => {
    const requests = new Requests();
    const data = {
      facilityId: 'helsinki',
      mode: 'large-scale',
      title: 't',
      opensAt: BEGIN,
      closesAt: '2026-03-09T17:00:00Z',
      chipHours: 1,
    } as const;
    requests.record('access-call-call', { type: 'access-call-opened', data });
    const [inTime, late] = [
      requests.ask({ category: 'sme', mode: 'large-scale' }, 10),
      requests.ask({ category: 'research', mode: 'large-scale' }, 10),
    ];
    requests.wait(21 * MS_PER_DAY).deny(inTime);
    requests.wait(MS_PER_DAY).deny(late);
    expect(requests.of('sme')).toMatchObject({ decidedWithinLimit: 1, medianDecisionDays: 15 });
    expect(requests.of('research')).toMatchObject({ decidedWithinLimit: 0, medianDecisionDays: 16 });
  });

  it('has no share in time for modes without a limit', () => {
    const requests = new Requests();
    requests.deny(requests.ask({ category: 'sme', mode: 'regular' }, 10));
    expect(requests.of('sme')).toMatchObject({
      decidedWithinLimit: null,
      reasons: { decidedWithinLimit: 'no-decisions-with-a-limit' },
    });
  });

  it('narrows to a facility and to a mode', () => {
    const requests = new Requests();
    requests.ask({ category: 'sme', facilityId: 'bologna' }, 10);
    requests.ask({ category: 'sme', facilityId: 'bologna', mode: 'playground' }, 5);
    requests.ask({ category: 'sme' }, 1);
    expect(requests.of('sme').chipHoursRequested).toBe(16);
    expect(requests.of('sme', { facilityId: 'bologna' }).chipHoursRequested).toBe(15);
    expect(requests.of('sme', { mode: 'regular' }).chipHoursRequested).toBe(11);
    expect(requests.of('sme', { facilityId: 'bologna', mode: 'regular' }).chipHoursRequested).toBe(10);
    expect(requests.of('sme', { facilityId: 'nowhere' }).submitted).toBe(0);
  });

  it('measures concentration on the parents that are known now, and beside it on the parents known at submission', () => {
    const requests = new Requests();
    for (const partnerId of ['a', 'b', 'c'])
      requests.grant(requests.ask({ category: 'start-up', partnerId, ultimateParentId: partnerId }, 100), 100);
    requests.ask({ category: 'sme', partnerId: 'd', ultimateParentId: 'd' }, 100);
    expect(reportOf(requests.events).concentration).toMatchObject({
      holders: 3,
      gini: 0,
      applicants: { holders: 4, gini: 0.25 },
    });
    const profile = { legalName: 'A', country: 'FI', legalForm: 'company' } as const;
    requests.record('partner-a', { type: 'partner-registered', data: profile });
    requests.record('partner-a', {
      type: 'partner-acquired',
      data: { acquirerId: 'b', effectiveFrom: BEGIN.slice(0, 10) },
    });
    expect(reportOf(requests.events).concentration).toMatchObject({
      holders: 2,
      gini: 0.166667,
      hhi: 0.555556,
      jain: 0.9,
      asSubmitted: { holders: 3, gini: 0 },
    });
  });

  it('ignores an acquisition that has not taken effect yet', () => {
    const requests = new Requests();
    for (const partnerId of ['a', 'b'])
      requests.grant(requests.ask({ category: 'start-up', partnerId, ultimateParentId: partnerId }, 100), 100);
    requests.record('partner-a', {
      type: 'partner-registered',
      data: { legalName: 'A', country: 'FI', legalForm: 'company' },
    });
    requests.record('partner-a', { type: 'partner-acquired', data: { acquirerId: 'b', effectiveFrom: '2026-03-03' } });
    expect(reportOf(requests.events).concentration.holders).toBe(2);
    requests.wait(MS_PER_DAY).ask({ category: 'sme' }, 1);
    expect(reportOf(requests.events).concentration.holders).toBe(1);
  });

  it('keeps grants under the category of their request and lists the grants whose partner has another category now', () => {
    const requests = new Requests();
    requests.record('partner-a', {
      type: 'partner-registered',
      data: { legalName: 'A', country: 'FI', legalForm: 'company' },
    });
    const classify = (category: Category, effectiveFrom: string) =>
      requests.record('partner-a', {
        type: 'partner-classified',
        data: { category, basis: 'b', evidenceRef: 'e', effectiveFrom },
      });
    classify('start-up', '2026-01-01');
    requests.grant(requests.ask({ category: 'start-up', partnerId: 'a' }, 100), 80);
    expect(reportOf(requests.events).reclassified).toEqual([]);
    classify('tech-giant', '2026-03-01');
    expect(requests.of('start-up').granted).toBe(1);
    expect(reportOf(requests.events).reclassified).toEqual([
      { from: 'start-up', to: 'tech-giant', partners: 1, grants: 1, chipHoursGranted: 80 },
    ]);
  });

  it('judges impact by the policy in force, and names that policy', () => {
    const requests = new Requests();
    for (let i = 0; i < 20; i += 1) {
      requests.grant(requests.ask({ category: 'large-enterprise' }, 10), 10);
      requests.deny(requests.ask({ category: 'start-up' }, 10));
    }
    expect(requests.of('start-up')).toMatchObject({ impactRatio: 0, impactFlag: null });
    const value = { decidedMin: 10, flagBelow: 0.8 };
    const policy = {
      policy: 'impact-ratio-minimum',
      version: 1,
      value,
      effectiveFrom: '2026-01-01T00:00:00Z',
      reason: 'r',
    } as const;
    requests.record('policy-impact-ratio-minimum', { type: 'policy-adopted', data: policy });
    expect(requests.of('start-up')).toMatchObject({ impactRatio: 0, impactPValue: 0, impactFlag: 'low' });
    expect(requests.of('large-enterprise')).toMatchObject({ impactRatio: 1, impactFlag: 'none' });
    const { reason: _reason, ...published } = policy;
    expect(reportOf(requests.events).policies).toEqual([published]);
  });

  it('is marked illustrative when one of its records is, and not otherwise', () => {
    const requests = new Requests();
    const { id: _id, ...application } = requests.ask({ category: 'sme' }, 10);
    expect(reportOf(requests.events).illustrative).toBe(false);
    const data = { ...application, facilityId: 'bologna', sector: 's', submittedBy: 'p', illustrative: true };
    requests.record('access-request-x', { type: 'access-request-submitted', data });
    expect(reportOf(requests.events).illustrative).toBe(true);
    expect(reportOf(requests.events, { facilityId: 'helsinki' }).illustrative).toBe(false);
  });
});

describe('the equal-access report of any history', () => {
  it('equals a sum over every single request, by category and in total', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { history, requests } = randomHistory(choices);
        const report = reportOf(history.events);
        for (const { category, ...line } of report.categories) {
          expect(line).toMatchObject(countsOf(requests.filter(({ application }) => application.category === category)));
        }
        expect(report.totals).toMatchObject(countsOf(requests));
        for (const line of [...report.categories, ...report.countries, report.totals]) {
          expect(line.withdrawn + line.ineligible + line.pending + line.denied + line.granted).toBe(line.submitted);
          const hours = Object.values(line.chipHoursRequestedBy).reduce((sum, part) => sum + part, 0);
          expect(hours).toBe(line.chipHoursRequested);
          expect(line.chipHoursGrantedFree + line.chipHoursGrantedPayPerUse).toBe(line.chipHoursGranted);
        }
      }),
    );
  });

  it('has shares that sum to 1 and gaps that sum to 0, by category and by country', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const report = reportOf(randomHistory(choices).history.events);
        for (const lines of [report.categories, report.countries]) {
          const sum = (field: 'shareRequested' | 'shareGranted' | 'shareGap') =>
            lines.reduce((total, line) => total + (line[field] ?? 0), 0);
          if (report.totals.chipHoursRequested > 0) expect(sum('shareRequested')).toBeCloseTo(1, 4);
          if (report.totals.chipHoursGranted > 0) expect(sum('shareGranted')).toBeCloseTo(1, 4);
          expect(sum('shareGap')).toBeCloseTo(0, 4);
        }
      }),
    );
  });

  it('publishes a Theil split that adds up to the last digit, and a Jain index that is 1 / (n HHI)', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { concentration } = reportOf(randomHistory(choices).history.events);
        for (const { holders, hhi, jain, theil, theilBetween, theilWithin } of [
          concentration,
          concentration.applicants,
        ]) {
          if (hhi === null || jain === null || theil === null || theilBetween === null || theilWithin === null) {
            expect({ hhi, jain, theil, theilBetween, theilWithin }).toEqual({
              hhi: null,
              jain: null,
              theil: null,
              theilBetween: null,
              theilWithin: null,
            });
            continue;
          }
          expect(Math.round((theilBetween + theilWithin) * 1e6)).toBe(Math.round(theil * 1e6));
          expect(jain).toBeCloseTo(1 / (holders * hhi), 3);
        }
      }),
    );
  });

  it('measures concentration on the ultimate parents, found from every acquisition', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { history, requests, acquirers } = randomHistory(choices);
        const top = (id: string): string => (acquirers.has(id) ? top(acquirers.get(id) ?? '') : id);
        const granted = requests.filter(({ status }) => status === 'granted' || status === 'revoked');
        const parents = new Set(granted.map(({ application }) => top(application.partnerId)));
        expect(reportOf(history.events).concentration.holders).toBe(parents.size);
      }),
    );
  });

  it('adds up allocated and used hours exactly, releases included', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { history, allocations, usedHours } = randomHistory(choices);
        for (const { category, chipHoursAllocated, chipHoursUsed } of reportOf(history.events).categories) {
          const own = allocations.filter(({ facts }) => facts.category === category);
          const exact = own.reduce(
            (sum, { facts, end }) => sum + chipMs(facts.chips, parseInstant(facts.from), end),
            0n,
          );
          expect(chipHoursAllocated).toBe(Math.round(Number(exact) / MS_PER_HOUR));
          expect(chipHoursUsed).toBe(usedHours.get(category) ?? 0);
        }
      }),
    );
  });
});

function countsOf(requests: readonly RequestModel[]) {
  const count = (...statuses: string[]) => requests.filter(({ status }) => statuses.includes(status)).length;
  return {
    submitted: requests.length,
    withdrawn: count('withdrawn'),
    ineligible: count('ineligible'),
    pending: count('pending'),
    denied: count('denied'),
    granted: count('granted', 'revoked'),
    revoked: count('revoked'),
    chipHoursRequested: requests.reduce((sum, { application }) => sum + application.chipHoursRequested, 0),
    chipHoursGranted: requests.reduce((sum, { chipHours }) => sum + chipHours, 0),
  };
}
