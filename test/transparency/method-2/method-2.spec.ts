import fc from 'fast-check';
import type { Application } from '../../../src/access/access-request.js';
import type { PolicyName, PolicyValues } from '../../../src/governance/policy-values.js';
import type { RecordedEvent } from '../../../src/ledger/event.js';
import { EMPTY_ROOT } from '../../../src/tlog/merkle.js';
import type { LedgerFact } from '../../../src/transparency/events/ledger-event.js';
import { METHOD_1 } from '../../../src/transparency/method-1/method.js';
import { capacityReport } from '../../../src/transparency/method-2/capacity-report.js';
import { capitalReport } from '../../../src/transparency/method-2/capital-report.js';
import { equalAccessReport, type EqualAccessReport } from '../../../src/transparency/method-2/equal-access-report.js';
import {
  entryCount,
  fold,
  foldEffective,
  initialFoldState,
  type FoldState,
} from '../../../src/transparency/method-2/fold.js';
import { METHOD_2 } from '../../../src/transparency/method-2/method.js';
import { serialise } from '../../../src/transparency/report-method.js';
import { History, randomHistory } from '../history.js';
import { stories } from '../stories.js';

const folded = (events: readonly RecordedEvent[]): FoldState => events.reduce(fold, initialFoldState());
const effective = (events: readonly RecordedEvent[], effectiveAt: string): FoldState =>
  events.reduce<FoldState>((state, event) => foldEffective(state, event), { ...initialFoldState(), effectiveAt });

type Category = Application['category'];

/** Requests to one facility, and whose time they are granted from. */
class Requests {
  readonly events: RecordedEvent[] = [];

  /** @param at when it was recorded. */
  record(stream: string, event: LedgerFact, at: string): this {
    const position = this.events.length + 1;
    const [recorded] = new History().record(stream, event).events;
    if (recorded) this.events.push({ ...recorded, position, recordedAt: at });
    return this;
  }

  ask(category: Category, chipHoursRequested: number, at: string, of: Partial<Application> = {}) {
    const id = `r${this.events.length}`;
    const place = { callId: 'call', facilityId: 'helsinki', mode: 'regular', country: 'FI' } as const;
    const application = { ...place, partnerId: id, ultimateParentId: id, category, ...of };
    const request = { ...application, chipHoursRequested, submittedAt: at };
    const data = { ...request, sector: 'health', submittedBy: id };
    this.record(`access-request-${id}`, { type: 'access-request-submitted', data }, at);
    return { id, request };
  }

  grant({ id, request }: ReturnType<Requests['ask']>, chipHours: number, at: string, of: object = {}): void {
    const award = {
      chipHours,
      priceBasis: 'free',
      reasonCodes: ['ok'],
      validFrom: at,
      validTo: '2027-01-01T00:00:00Z',
    };
    const data = { ...request, ...award, decidedAt: at, ...of };
    this.record(`access-request-${id}`, { type: 'access-granted', data } as LedgerFact, at);
  }

  /** @param recordedAt when the denial was recorded. */
  deny({ id, request }: ReturnType<Requests['ask']>, at: string, recordedAt = at): void {
    const data = { ...request, reasonCodes: ['no'], decidedAt: at };
    this.record(`access-request-${id}`, { type: 'access-denied', data, effectiveAt: at }, recordedAt);
  }

  refuse({ id, request }: ReturnType<Requests['ask']>, at: string): void {
    const data = { ...request, reasonCodes: ['no'], checkedAt: at };
    this.record(`access-request-${id}`, { type: 'eligibility-refused', data }, at);
  }

  revoke({ id, request }: ReturnType<Requests['ask']>, chipHours: number, at: string, of: object = {}): void {
    const data = { ...request, chipHours, reasonCodes: ['no'], revokedAt: at, ...of };
    this.record(`access-request-${id}`, { type: 'grant-revoked', data } as LedgerFact, at);
  }

  policy<Name extends PolicyName>(policy: Name, value: PolicyValues[Name], at: string): void {
    const data = { policy, version: 1, value, effectiveFrom: at, reason: 'any' };
    this.record(`policy-${policy}`, { type: 'policy-adopted', data } as LedgerFact, at);
  }

  report(filter = {}): EqualAccessReport {
    return equalAccessReport(folded(this.events), filter);
  }
}

const lineOf = (report: EqualAccessReport, category: Category) => {
  const line = report.categories.find((one) => one.category === category);
  if (!line) throw new Error(`There is no line for ${category}.`);
  return line;
};

const MONDAY = '2026-06-01T09:00:00Z';
const LATER = '2026-06-02T09:00:00Z';

/**
 * The Union pays 17 % of the CAPEX, a state 17 %, private partners the rest. Start-ups and large firms ask alike for all 170,000 h of the
 * Union, which all go to large firms; start-ups buy 830,000 h of the others' time.
 */
function workedExample(): Requests {
  const all = new Requests();
  const facility = {
    name: 'Helsinki',
    country: 'FI',
    kind: 'ai-gigafactory',
    capexMinor: '100',
    currency: 'EUR',
  } as const;
  all.record('facility-helsinki', { type: 'facility-registered', data: facility }, MONDAY);
  for (const [poolId, owner, partnerId] of [
    ['union', 'union', undefined],
    ['finland', 'member-state', 'fi'],
    ['firms', 'consortium', undefined],
  ] as const) {
    const data = { poolId, owner, basis: 'capex', ...(partnerId && { partnerId }) } as const;
    all.record('facility-helsinki', { type: 'access-pool-defined', data }, MONDAY);
  }
  const period = { periodFrom: '2026-01-01T00:00:00Z', periodTo: '2027-01-01T00:00:00Z' };
  const lines = [
    { poolId: 'finland', contributionMinor: '17', unitHours: 170_000 },
    { poolId: 'firms', contributionMinor: '66', unitHours: 660_000 },
    { poolId: 'union', contributionMinor: '17', unitHours: 170_000 },
  ];
  const terms = { availableUnitHours: 1_000_000, capexMinor: '100', currency: 'EUR', unit: 'B200' };
  const data = { ...period, ...terms, basis: 'committed', policyVersion: 1, lines } as const;
  all.record('facility-helsinki', { type: 'entitlement-set', data }, MONDAY);
  const [large, startUp, buyer] = [
    all.ask('large-enterprise', 170_000, MONDAY),
    all.ask('start-up', 170_000, MONDAY),
    all.ask('start-up', 830_000, MONDAY),
  ];
  all.grant(large, 170_000, LATER, { poolId: 'union' });
  all.deny(startUp, LATER);
  all.grant(buyer, 830_000, LATER, { poolId: 'firms', priceBasis: 'pay-per-use' });
  return all;
}

const representations = (report: EqualAccessReport) => [
  lineOf(report, 'start-up').representation,
  lineOf(report, 'large-enterprise').representation,
];

describe('Art. 12b(16): the share of the access time of the Union (F2)', () => {
  const example = workedExample();

  it('is 0 for start-ups and 2 for large firms, where the report of all time says nearly equal', () => {
    const ofUnion = example.report();
    expect(ofUnion.scope).toMatchObject({ pool: 'union', poolIds: ['union'] });
    expect(representations(ofUnion)).toEqual([0, 2]);
    const ofAll = example.report({ pool: 'all' });
    expect(representations(ofAll)).toEqual([0.9711, 1.17]);
    const before = JSON.parse(
      METHOD_1.text(
        example.events.reduce((state, event) => METHOD_1.fold(state, event), METHOD_1.initial()),
        EMPTY_ROOT,
        { kind: 'equal-access' },
      ),
    ) as EqualAccessReport;
    expect(representations(before)).toEqual([0.9711, 1.17]);
  });

  it('counts the time of a state by its id, and of nobody when it has none', () => {
    expect(example.report({ pool: 'fi' }).scope.poolIds).toEqual(['finland']);
    expect(example.report({ pool: 'fi' }).totals).toMatchObject({ submitted: 0, chipHoursGranted: 0 });
    expect(example.report({ pool: 'nobody' }).scope.poolIds).toEqual([]);
  });

  it('says that it counts everybody where there are no pools, and shows what has no pool', () => {
    const plain = new Requests();
    plain.grant(plain.ask('sme', 100, MONDAY), 40, LATER);
    const report = plain.report();
    expect(report.scope).toEqual({
      pool: 'all',
      poolIds: [],
      statement: "Everybody's time: no access pools are recorded. Demand is every request.",
    });
    expect(report.unassigned).toMatchObject({ granted: 1, chipHoursGranted: 40 });
    expect(example.report().unassigned).toMatchObject({ granted: 0, chipHoursGranted: 0 });
  });

  it('Art. 12b(13): shows the way from the euro to the hour', () => {
    const line = example.report().accessTime.find(({ poolId }) => poolId === 'union');
    expect(line).toMatchObject({
      contributionMinor: '17',
      shareOfCapex: 0.17,
      availableUnitHours: 1_000_000,
      entitledUnitHours: 170_000,
      grantedChipHours: 170_000,
      allocatedUnitHours: 0,
      leftUnitHours: 170_000,
    });
  });

  it('books allocated hours in their pool and period by the factor of the model, and a release takes them off', () => {
    const booked = workedExample();
    const place = {
      allocationId: 'a',
      grantId: 'g',
      partnerId: 'p',
      category: 'sme',
      country: 'FI',
      mode: 'regular',
    } as const;
    const interval = { from: '2026-12-31T00:00:00Z', to: '2027-01-02T00:00:00Z' };
    const facts = {
      ...place,
      chipModel: 'B200',
      chips: 10,
      ...interval,
      protection: 'category',
      poolId: 'union',
      unitThousandths: 1500,
      use: 'commercial',
    } as const;
    booked.record('facility-helsinki', { type: 'chips-allocated', data: facts }, LATER);
    const hoursIn = (periodFrom: string | null) =>
      booked.report().accessTime.find((line) => line.poolId === 'union' && line.periodFrom === periodFrom);
    // 10 chips for a day, 1.5 unit-hours for each chip-hour: 360 in the period, 360 after it.
    expect(hoursIn('2026-01-01T00:00:00Z')).toMatchObject({
      allocatedUnitHours: 360,
      leftUnitHours: 169_640,
      commercialUnitHours: 360,
    });
    expect(hoursIn(null)).toMatchObject({ allocatedUnitHours: 360, entitledUnitHours: 0 });
    booked.record(
      'facility-helsinki',
      { type: 'allocation-released', data: { ...facts, at: '2026-12-31T12:00:00Z', reason: 'any' } },
      LATER,
    );
    expect(hoursIn('2026-01-01T00:00:00Z')).toMatchObject({ allocatedUnitHours: 180, leftUnitHours: 169_820 });
    expect(hoursIn(null)).toMatchObject({ allocatedUnitHours: 0 });
  });

  it.each([
    ['one hour more than the share', 501, 499, true],
    ['the share itself', 500, 500, false],
  ])('Art. 12b(10): donated time is primarily for start-ups and SMEs: %s', (_what, small, other, isPrimary) => {
    const donated = workedExample();
    const period = { periodFrom: '2026-01-01T00:00:00Z', periodTo: '2027-01-01T00:00:00Z' };
    donated.record(
      'facility-helsinki',
      { type: 'access-pool-defined', data: { poolId: 'given', owner: 'union', basis: 'donation' } },
      LATER,
    );
    const gift = {
      fromPoolId: 'finland',
      unionPoolId: 'given',
      partnerId: 'fi',
      unitHours: 1000,
      from: period.periodFrom,
      to: period.periodTo,
    };
    donated.record(
      'facility-helsinki',
      { type: 'access-time-donated', data: { ...gift, ...period, arrangementRef: 'a' } },
      LATER,
    );
    expect(donated.report().donatedTime).toMatchObject({ donatedUnitHours: 1000, primaryShare: null, isPrimary: null });
    donated.policy('donated-time-primary-share', { sharePpm: 500_000 }, LATER);
    donated.grant(donated.ask('sme', 1000, LATER), small, LATER, { poolId: 'given' });
    donated.grant(donated.ask('research', 1000, LATER), other, LATER, { poolId: 'given' });
    expect(donated.report().donatedTime).toMatchObject({ primaryShare: small / 1000, isPrimary });
  });
});

describe('demand (F16)', () => {
  const requests = new Requests();
  const [sme, startUp, foreign] = [
    requests.ask('sme', 1000, MONDAY),
    requests.ask('start-up', 1000, MONDAY),
    requests.ask('tech-giant', 2000, MONDAY),
  ];
  requests.grant(sme, 1000, LATER);
  requests.refuse(foreign, LATER);

  it('is shown on all bases, and the policy in force chooses the headline', () => {
    const { demand, representation } = lineOf(requests.report(), 'sme');
    expect([demand.all.chipHours, demand.eligible.chipHours, demand.decided.chipHours]).toEqual([1000, 1000, 1000]);
    expect([demand.all.representation, demand.eligible.representation, demand.decided.representation]).toEqual([
      4, 2, 1,
    ]);
    expect([requests.report().demandBasis, representation]).toEqual(['all', 4]);
    const waiting = lineOf(requests.report(), 'start-up').demand;
    expect([waiting.all.representation, waiting.decided.representation]).toEqual([0, null]);
    expect(waiting.decided.reasons).toEqual({ representation: 'no-demand' });
    requests.policy('demand-basis', 'decided', LATER);
    expect([requests.report().demandBasis, lineOf(requests.report(), 'sme').representation]).toEqual(['decided', 1]);
    expect(lineOf(requests.report(), 'start-up').representation).toBeNull();
    requests.deny(startUp, LATER);
    expect(lineOf(requests.report(), 'start-up').representation).toBe(0);
  });

  it('shows revoked grants apart: granted, and granted net of them', () => {
    const revoked = new Requests();
    const [kept, lost] = [revoked.ask('sme', 100, MONDAY), revoked.ask('start-up', 100, MONDAY)];
    revoked.grant(kept, 100, MONDAY);
    revoked.grant(lost, 100, MONDAY);
    revoked.revoke(lost, 100, LATER);
    expect(lineOf(revoked.report(), 'start-up')).toMatchObject({
      chipHoursGranted: 100,
      chipHoursGrantedNet: 0,
      shareGranted: 0.5,
      shareGrantedNet: 0,
    });
  });
});

describe('decisions within the limit (F17, F18)', () => {
  /** Fast lane: four working days. 1 June 2026 is a Monday, so that 5 June is the last day in time. */
  function pendingUntil(asOf: string): EqualAccessReport['totals'] {
    const requests = new Requests();
    requests.deny(requests.ask('sme', 10, MONDAY, { mode: 'fast-lane' }), LATER);
    for (let each = 0; each < 9; each += 1) requests.ask('sme', 10, MONDAY, { mode: 'fast-lane' });
    requests.record('api-key-k', { type: 'api-key-revoked', data: {} }, asOf);
    return requests.report().totals;
  }

  it('counts a pending request past its limit as not in time, and not before', () => {
    expect(pendingUntil('2026-06-05T23:59:59Z')).toMatchObject({ overdue: 0, decidedWithinLimit: 1 });
    expect(pendingUntil('2026-06-08T00:00:00Z')).toMatchObject({ overdue: 9, decidedWithinLimit: 0.1 });
  });

  it.each([
    ['2026-06-15T12:00:00Z', 1],
    ['2026-06-16T12:00:00Z', 0],
  ])('takes the last day of a call that closes at midnight as its cut-off: a decision of %s', (decidedAt, inTime) => {
    const requests = new Requests();
    const call = {
      facilityId: 'helsinki',
      mode: 'large-scale',
      title: 't',
      opensAt: MONDAY,
      closesAt: '2026-06-02T00:00:00Z',
      chipHours: 1,
    } as const;
    requests.record('access-call-call', { type: 'access-call-opened', data: call }, MONDAY);
    requests.deny(requests.ask('sme', 10, MONDAY, { mode: 'large-scale' }), decidedAt);
    expect(requests.report().totals.decidedWithinLimit).toBe(inTime);
  });

  it('takes the limit of the policy access-modes in force on the day of the submission', () => {
    const inTime = (adoptedAt: string): number | null => {
      const requests = new Requests();
      requests.policy(
        'access-modes',
        { 'fast-lane': { decision: { workingDaysMax: 1, from: 'submission' } } },
        adoptedAt,
      );
      requests.deny(requests.ask('sme', 10, MONDAY, { mode: 'fast-lane' }), '2026-06-03T09:00:00Z');
      return requests.report().totals.decidedWithinLimit;
    };
    expect([inTime('2026-05-01T00:00:00Z'), inTime('2026-06-02T00:00:00Z')]).toEqual([0, 1]);
  });

  it.each([
    ['submission', 0],
    ['cut-off', 1],
  ] as const)('counts the limit of the policy access-modes from the %s, also of what is pending', (from, inTime) => {
    const requests = new Requests();
    requests.policy('access-modes', { 'fast-lane': { decision: { workingDaysMax: 4, from } } }, MONDAY);
    const call = { facilityId: 'helsinki', mode: 'fast-lane', title: 't', chipHours: 1 } as const;
    const opened = { ...call, opensAt: MONDAY, closesAt: '2026-06-16T00:00:00Z' };
    requests.record('access-call-call', { type: 'access-call-opened', data: opened }, MONDAY);
    const submittedAt = '2026-06-02T09:00:00Z';
    requests.ask('sme', 10, submittedAt, { mode: 'fast-lane' });
    requests.deny(requests.ask('sme', 10, submittedAt, { mode: 'fast-lane' }), '2026-06-19T09:00:00Z');
    expect(requests.report().totals).toMatchObject({ decidedWithinLimit: inTime, overdue: 1 - inTime });
  });

  it('counts a request once, also when a policy for the day of its submission is adopted while it waits', () => {
    const requests = new Requests();
    const request = requests.ask('sme', 10, MONDAY, { mode: 'fast-lane' });
    const rule = { 'fast-lane': { decision: { workingDaysMax: 1, from: 'cut-off' } } } as const;
    requests.policy('access-modes', rule, MONDAY);
    requests.deny(request, LATER);
    expect(requests.report().totals).toMatchObject({ pending: 0, overdue: 0 });
  });

  it('shows how many decisions were recorded late, and by how much', () => {
    const requests = new Requests();
    requests.deny(requests.ask('sme', 10, MONDAY), LATER);
    for (const day of ['12', '22', '32']) {
      const recordedAt = day === '32' ? '2026-07-02T09:00:00Z' : `2026-06-${day}T09:00:00Z`;
      requests.deny(requests.ask('sme', 10, MONDAY), LATER, recordedAt);
    }
    expect(requests.report().totals).toMatchObject({
      recordedLate: 3,
      recordedLateMedianDays: 20,
      medianDecisionDays: 1,
    });
    expect(new Requests().report().totals.reasons.recordedLateMedianDays).toBe('nothing-recorded-late');
  });
});

describe('fulfilment and answers (F19, F20)', () => {
  it('takes a denial as 0 in the median over decided requests', () => {
    const requests = new Requests();
    for (let each = 0; each < 9; each += 1) requests.deny(requests.ask('sme', 10, MONDAY), LATER);
    requests.grant(requests.ask('sme', 10, MONDAY), 10, LATER);
    expect(requests.report().totals).toMatchObject({
      fulfilmentMedian: 0,
      grantedFulfilmentMedian: 1,
      fulfilment: 0.1,
    });
  });

  it('takes the refusal of eligibility as an answer, and not as a decision', () => {
    const requests = new Requests();
    const asked = Array.from({ length: 10 }, () => requests.ask('sme', 10, MONDAY));
    for (const request of asked.slice(0, 6)) requests.refuse(request, LATER);
    for (const request of asked.slice(6)) requests.deny(request, '2026-06-15T09:00:00Z');
    const { totals } = requests.report();
    expect([totals.medianAnswerDays, totals.medianAnswerDaysCensored]).toEqual([1, 1]);
    expect([totals.medianDecisionDays, totals.medianDecisionDaysCensored]).toEqual([10, 10]);
  });
});

describe('public money (F4)', () => {
  /** Union 100, state 100, a region (legal form `public-body`) 500, a company 100. */
  function ratios(kindOfRegion: string) {
    const money = new Requests();
    const fund = { name: 'f', currency: 'EUR', targetMinor: '800' };
    money.record('fund-f', { type: 'fund-established', data: fund }, MONDAY);
    money.record(
      'fund-f',
      { type: 'tranche-defined', data: { trancheId: 't', rank: 1, kind: 'senior', capMinor: '800' } },
      MONDAY,
    );
    for (const [partnerId, legalForm, partnerKind, amountMinor] of [
      ['eu', 'union', 'union', '100'],
      ['fi', 'member-state', 'member-state', '100'],
      ['lapland', 'public-body', kindOfRegion, '500'],
      ['firm', 'company', 'private', '100'],
    ] as const) {
      const registered = {
        type: 'partner-registered',
        data: { legalName: partnerId, country: 'FI', legalForm },
      } as const;
      money.record(`partner-${partnerId}`, registered, MONDAY);
      const place = {
        fundId: 'f',
        trancheId: 't',
        trancheRank: 1,
        trancheKind: 'senior',
        currency: 'EUR',
        kind: 'capex',
      };
      const terms = { ...place, partnerId, partnerKind, amountMinor };
      money.record(
        `commitment-${partnerId}`,
        { type: 'commitment-pledged', data: terms } as unknown as LedgerFact,
        MONDAY,
      );
      const data = { ...terms, signedOn: '2026-06-01' };
      money.record(`commitment-${partnerId}`, { type: 'commitment-signed', data } as unknown as LedgerFact, MONDAY);
    }
    const report = capitalReport(folded(money.events));
    const [committed] = report.ratios;
    const [layer] = report.funds[0]?.layers ?? [];
    return [committed?.privatePerPublic, committed?.mobilisedPerPublic, layer?.committedByPartnerKind];
  }

  it.each([
    ['private', 'public-other'],
    ['public-other', 'public-other'],
    ['regional', 'regional'],
  ])('is that of a region too, whose events call it %s', (stated, kind) => {
    const none = { regional: '0', 'public-other': '0', 'public-bank': '0' };
    const byKind = { ...none, union: '100', 'member-state': '100', private: '100', [kind]: '500' };
    expect(ratios(stated)).toEqual([0.142857, 1.142857, byKind]);
  });
});

describe('outages (F26)', () => {
  it('are not recorded, which is not 0', () => {
    const one = new Requests();
    const facility = { name: 'Helsinki', country: 'FI', kind: 'ai-gigafactory' } as const;
    one.record('facility-h', { type: 'facility-registered', data: facility }, MONDAY);
    const data = { chipModel: 'B200', chips: 1, effectiveFrom: '2026-06-01T00:00:00Z' };
    one.record('facility-h', { type: 'capacity-installed', data }, MONDAY);
    expect(capacityReport(folded(one.events)).rows[0]).toMatchObject({
      installedChipHours: 720,
      outageChipHours: null,
      freeChipHours: 720,
      reasons: { outageChipHours: 'not-recorded' },
    });
  });
});

describe('money in a report of effective time (F27)', () => {
  const money = new Requests();
  const place = { fundId: 'f', trancheId: 't', trancheRank: 1, trancheKind: 'senior', currency: 'EUR', kind: 'capex' };
  const terms = { ...place, partnerId: 'p', partnerKind: 'private', amountMinor: '100' };
  const late = '2026-01-05T09:00:00Z';
  money.record('fund-f', { type: 'fund-established', data: { name: 'f', currency: 'EUR', targetMinor: '1' } }, MONDAY);
  money.record(
    'commitment-c',
    { type: 'commitment-pledged', data: terms } as unknown as LedgerFact,
    '2025-12-01T00:00:00Z',
  );
  for (const [type, dates] of [
    ['commitment-signed', { signedOn: '2025-12-02' }],
    ['capital-call-issued', { callId: 'k', issuedOn: '2025-12-03', dueOn: '2025-12-30', unfundedDeltaMinor: '-100' }],
    ['capital-call-paid', { callId: 'k', paidOn: '2025-12-30' }],
    ['distribution-paid', { paidOn: '2026-02-01', recallableMinor: '0', unfundedDeltaMinor: '0' }],
  ] as const) {
    money.record('commitment-c', { type, data: { ...terms, ...dates } } as unknown as LedgerFact, late);
  }
  const sums = (at: string) => {
    const total = capitalReport(effective(money.events, at)).totals.at(-1);
    return [total?.committedMinor, total?.calledMinor, total?.paidMinor, total?.distributedMinor];
  };

  it('counts from its own date on, however late it was recorded', () => {
    expect(sums('2025-12-01T23:59:59.999Z')).toEqual(['0', '0', '0', '0']);
    expect(sums('2025-12-02T23:59:59.999Z')).toEqual(['100', '0', '0', '0']);
    expect(sums('2025-12-29T23:59:59.999Z')).toEqual(['100', '100', '0', '0']);
    expect(sums('2025-12-31T23:59:59.999Z')).toEqual(['100', '100', '100', '0']);
  });

  it('counts from its recording on where its date is later: an event that is recorded has taken effect', () => {
    expect(sums('2026-01-05T08:59:59.999Z')).toEqual(['100', '100', '100', '0']);
    expect(sums(late)).toEqual(['100', '100', '100', '100']);
  });
});

describe('policies beside figures (F34)', () => {
  it('are those that a figure or a decision reads', () => {
    const requests = new Requests();
    requests.policy('scale-up-definition', { staffMax: 499 }, MONDAY);
    requests.policy('impact-ratio-minimum', { decidedMin: 1, flagBelow: 0.8 }, MONDAY);
    expect(requests.report().policies.map(({ policy }) => policy)).toEqual(['impact-ratio-minimum']);
  });
});

describe('the figures of a period', () => {
  it('are those of the events in it: the figures of two periods add up to those of both', () => {
    fc.assert(
      fc.property(stories, fc.nat(), (choices, cut) => {
        const { events } = randomHistory(choices).history;
        const at = cut % (events.length + 1);
        const [begin, end] = [folded(events.slice(0, at)), folded(events)];
        const period = { periodFrom: '2026-01-01', periodTo: '2026-12-31', fromPosition: at };
        const access = equalAccessReport(end, {}, { state: begin, period });
        const [before, after] = [equalAccessReport(begin).totals, equalAccessReport(end).totals];
        for (const field of [
          'submitted',
          'pending',
          'denied',
          'granted',
          'revoked',
          'chipHoursRequested',
          'chipHoursGranted',
          'chipHoursUsed',
        ] as const) {
          expect([field, access.totals[field]]).toEqual([field, after[field] - before[field]]);
        }
        expect(access.atEnd).toEqual(after);
        const money = capitalReport(end, { state: begin, period });
        const totalOf = (report: { readonly totals: typeof money.totals }): bigint =>
          report.totals
            .filter(({ partnerKind }) => partnerKind === 'all')
            .reduce((sum, { paidMinor }) => sum + BigInt(paidMinor), 0n);
        expect(totalOf(money)).toBe(totalOf(capitalReport(end)) - totalOf(capitalReport(begin)));
        expect(money.atEnd?.totals).toEqual(capitalReport(end).totals);
        expect(money.funds).toEqual(capitalReport(end).funds);
      }),
      { numRuns: 50 },
    );
  });

  it('narrow the report on capacity to its months', () => {
    const { events } = randomHistory([
      { step: 0, which: 1, size: 1, hours: 24 * 60 },
      { step: 0, which: 1, size: 1, hours: 24 * 60 },
    ]).history;
    const period = { periodFrom: '2026-02-10', periodTo: '2026-03-31', fromPosition: 0 };
    const months = new Set(capacityReport(folded(events), undefined, period).rows.map(({ month }) => month));
    expect([...months]).toEqual(['2026-02', '2026-03']);
  });
});

describe('the size of a state', () => {
  const perEntry = (events: readonly RecordedEvent[]): number => {
    const state = folded(events);
    return serialise(METHOD_2, state).length / entryCount(state);
  };

  it('is about 100 bytes for each entry of a random history', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const bytes = perEntry(randomHistory(choices).history.events);
        expect(bytes).toBeGreaterThan(40);
        expect(bytes).toBeLessThan(250);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['open pledges', (one: Requests, n: number) => pledge(one, n)],
    [
      'pending requests',
      (one: Requests, n: number) => one.ask('sme', 10, MONDAY, { partnerId: `p${n}`, ultimateParentId: `p${n}` }),
    ],
    [
      'policies',
      (one: Requests, n: number) =>
        one.policy(
          'impact-ratio-minimum',
          { decidedMin: n, flagBelow: 0.8 },
          new Date(Date.parse(MONDAY) + n).toISOString(),
        ),
    ],
    ['calls with a cut-off', (one: Requests, n: number) => openCall(one, n)],
    [
      'pools',
      (one: Requests, n: number) =>
        one.record(
          'facility-h',
          { type: 'access-pool-defined', data: { poolId: `p${n}`, owner: 'union', basis: 'capex' } },
          MONDAY,
        ),
    ],
  ])('counts %s', (_what, add) => {
    const requests = new Requests();
    const before = entryCount(folded(requests.events));
    for (let n = 0; n < 200; n += 1) add(requests, n);
    const grown = entryCount(folded(requests.events)) - before;
    expect(grown).toBeGreaterThanOrEqual(200);
    expect(perEntry(requests.events)).toBeLessThan(250);
  });

  function pledge(one: Requests, n: number): void {
    const place = {
      fundId: 'f',
      trancheId: 't',
      trancheRank: 1,
      trancheKind: 'senior',
      currency: 'EUR',
      kind: 'capex',
    };
    const data = { ...place, partnerId: 'p', partnerKind: 'private', amountMinor: '100' };
    one.record(`commitment-${n}`, { type: 'commitment-pledged', data } as unknown as LedgerFact, MONDAY);
  }

  function openCall(one: Requests, n: number): void {
    const data = {
      facilityId: 'h',
      mode: 'large-scale',
      title: 't',
      opensAt: MONDAY,
      closesAt: LATER,
      chipHours: 1,
    } as const;
    one.record(`access-call-${n}`, { type: 'access-call-opened', data }, MONDAY);
  }
});

describe('the fold of method 2.0', () => {
  it('stops at an event of a type that it does not know', () => {
    const [event] = new Requests().record(
      'fund-f',
      { type: 'loss-forgiven', data: {} } as unknown as LedgerFact,
      MONDAY,
    ).events;
    expect(() => event && fold(initialFoldState(), event)).toThrow('does not know the event type "loss-forgiven"');
  });

  it('makes the same bytes from a state stored at any position', () => {
    fc.assert(
      fc.property(stories, fc.nat(), (choices, cut) => {
        const { events } = randomHistory(choices).history;
        const at = cut % (events.length + 1);
        const resumed = events
          .slice(at)
          .reduce(fold, METHOD_2.restore(serialise(METHOD_2, folded(events.slice(0, at)))) as FoldState);
        expect(serialise(METHOD_2, resumed)).toBe(serialise(METHOD_2, folded(events)));
      }),
      { numRuns: 30 },
    );
  });
});
