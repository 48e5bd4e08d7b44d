import { allocate, assignPool, releaseAllocation } from '../../src/access/allocation.js';
import { setEntitlement } from '../../src/compute/entitlement.js';
import { facility, registered, type Facility } from '../../src/compute/facility.js';
import type { ContributionFacts, FacilityEvent } from '../../src/compute/facility-events.js';
import { accountOf, leftPartsOf, PARTS_PER_UNIT_HOUR } from '../../src/compute/hour-account.js';
import { definePool, startOperations } from '../../src/compute/pool.decisions.js';
import type { PoolFacts } from '../../src/compute/pool-events.js';
import type { HourPolicies } from '../../src/compute/pool-policies.js';
import { setPreferentialAccess } from '../../src/compute/preferential-access.js';
import { donateTime, transferOwnership } from '../../src/compute/union-time.js';
import { formatInstant, parseInstant, MS_PER_HOUR } from '../../src/ledger/time.js';
import { given } from '../support/given.js';
import { FACILITY_ID, allocatedEvent, fold, grantOf, installedEvent, policyEvent, registeredEvent } from './history.js';

const [UNION, STATE, REST, GIFT] = ['pool-1', 'pool-2', 'pool-3', 'pool-4'];
const STATE_ID = 'state-1';
const COMMITTED = { version: 1, basis: 'committed' } as const;
const YEAR = { periodFrom: '2027-01-01', periodTo: '2028-01-01', unit: 'chip-hour' };
const PERIOD = { from: parseInstant('2027-01-01'), to: parseInstant('2028-01-01') };

const contribution = (
  partnerId: string,
  partnerKind: ContributionFacts['partnerKind'],
  deltaMinor: string,
  kind: ContributionFacts['kind'] = 'capex',
): FacilityEvent => ({
  type: 'contribution-recorded',
  data: { commitmentId: 'c', partnerId, partnerKind, kind, deltaMinor, currency: 'EUR', signedOn: null },
});
const pool = (poolId: string, owner: PoolFacts['owner'], further: Partial<PoolFacts> = {}): FacilityEvent => ({
  type: 'access-pool-defined',
  data: { poolId, owner, basis: 'capex', ...further },
});
const SITE: readonly FacilityEvent[] = [
  registeredEvent({ capexMinor: '100', currency: 'EUR' }),
  installedEvent(100_000, '2026-01-01T00:00:00Z'),
  contribution('union', 'union', '17'),
  contribution(STATE_ID, 'member-state', '17'),
];
const POOLS = [
  pool(UNION, 'union'),
  pool(STATE, 'member-state', { partnerId: STATE_ID }),
  pool(REST, 'consortium'),
  pool(GIFT, 'union', { basis: 'donation' }),
];
const entitled = (events: readonly FacilityEvent[], availableUnitHours: number, period = YEAR): FacilityEvent[] => [
  ...events,
  ...setEntitlement(fold(events), { ...period, availableUnitHours }, COMMITTED),
];
/** Entitlements of 170, 170 and 660 unit-hours for 2027. */
const HOURS = entitled([...SITE, ...POOLS], 1_000);

const grant = (poolId?: string, further: Parameters<typeof grantOf>[0] = {}) =>
  grantOf({
    ...(poolId !== undefined && { poolId }),
    validFrom: '2026-01-01T00:00:00Z',
    validTo: '2029-01-01T00:00:00Z',
    ...further,
  });
/** One chip for so many hours of March 2027. */
const ask =
  (
    hours: number,
    of = grant(UNION),
    policies: HourPolicies = {},
    further: { chips?: number; from?: string; poolId?: string; chipModel?: string } = {},
  ) =>
  (state: Facility) => {
    const { from = '2027-03-01T00:00:00Z', chips = 1, chipModel = 'GB300', poolId } = further;
    const to = formatInstant(parseInstant(from) + hours * MS_PER_HOUR);
    const input = {
      allocationId: `a${hours}${from}`,
      chipModel,
      chips,
      from,
      to,
      ...(poolId !== undefined && { poolId }),
    };
    return allocate(state, FACILITY_ID, of, input, policies);
  };
const linesOf = (events: readonly FacilityEvent[]) =>
  events.flatMap((event) =>
    event.type === 'entitlement-set' ? event.data.lines.map(({ unitHours }) => unitHours) : [],
  );

describe('Art. 12b(13): access time in proportion to the contributions', () => {
  it('divides the available hours exactly, and what is left after rounding goes to the largest remainder', () => {
    expect(linesOf(entitled([...SITE, ...POOLS], 100_001))).toEqual([17_000, 17_000, 66_001]);
  });

  it('counts purchases of access time for their pool, and in-kind contributions for none', () => {
    const events = [
      ...SITE,
      contribution('union', 'union', '17', 'access-time-purchase'),
      contribution(STATE_ID, 'member-state', '40', 'in-kind'),
      ...POOLS,
      pool('pool-5', 'union', { basis: 'purchase' }),
    ];
    expect(linesOf(entitled(events, 100))).toEqual([17, 17, 49, 17]);
  });

  it('refuses lines that would leave somebody without their hours, or give more than there are', () => {
    const set = (events: readonly FacilityEvent[]) => () =>
      setEntitlement(fold(events), { ...YEAR, availableUnitHours: 1 }, COMMITTED);
    const { when } = given(facility, SITE);
    const refused = (events: readonly FacilityEvent[], code: Parameters<ReturnType<typeof when>['refuses']>[0]) =>
      when(set(events)).refuses(code, {});
    refused([...SITE, ...POOLS.slice(1)], 'contribution-without-pool');
    refused([...SITE, ...POOLS.slice(0, 2)], 'rest-without-pool');
    refused([...SITE, contribution(STATE_ID, 'member-state', '67'), ...POOLS], 'contributions-exceed-capex');
    refused([registeredEvent(), ...POOLS], 'entitlement-without-capex');
    expect(linesOf(entitled([...SITE, contribution(STATE_ID, 'member-state', '66'), ...POOLS], 100))).toEqual([
      17, 83, 0,
    ]);
  });

  it('needs a policy that says which amounts count, and refuses paid ones, which the facility does not know', () => {
    const { when } = given(facility, [...SITE, ...POOLS]);
    const input = { ...YEAR, availableUnitHours: 1 };
    when((state) => setEntitlement(state, input, undefined)).refuses('entitlement-basis-missing');
    when((state) => setEntitlement(state, input, { version: 2, basis: 'paid' })).refuses('entitlement-basis-paid', {
      policyVersion: 2,
    });
  });

  it('sets periods side by side, and the same one again, but none that overlaps', () => {
    const { when, state } = given(facility, HOURS);
    const set = (periodFrom: string, periodTo: string) => (at: Facility) =>
      setEntitlement(at, { ...YEAR, periodFrom, periodTo, availableUnitHours: 1_000 }, COMMITTED);
    expect(set('2028-01-01', '2029-01-01')(state)).toHaveLength(1);
    expect(set('2027-01-01', '2028-01-01')(state)).toHaveLength(1);
    when(set('2027-12-31', '2028-12-31')).refuses('entitlement-period-overlaps');
    when(set('2027-01-01', '2027-01-01')).refuses('entitlement-period-out-of-order');
  });

  it('sets a period again down to what is allocated in it, and not below', () => {
    const used = [...HOURS, ...ask(170)(fold(HOURS))];
    const set = (availableUnitHours: number) => (at: Facility) =>
      setEntitlement(at, { ...YEAR, availableUnitHours }, COMMITTED);
    expect(set(1_000)(fold(used))).toHaveLength(1);
    given(facility, used)
      .when(set(994))
      .refuses('entitlement-below-use', { poolId: UNION, unitHours: 169, neededUnitHours: 170 });
  });

  it('lets the last unit-hour of a pool be allocated and refuses one more, and a release gives hours back', () => {
    const { when, state } = given(facility, HOURS);
    expect(ask(170)(state)).toMatchObject([
      { data: { poolId: UNION, unitThousandths: 1_000, protection: 'category' } },
    ]);
    when(ask(171)).refuses('pool-exceeded', {
      poolId: UNION,
      periodFrom: '2027-01-01T00:00:00Z',
      creditUnitHours: 170,
      usedUnitHours: 0,
      leftUnitHours: 170,
      requestedUnitHours: 171,
    });
    const used = [...HOURS, ...ask(170)(state)];
    given(facility, used).when(ask(1)).refuses('pool-exceeded', { leftUnitHours: 0, usedUnitHours: 170 });
    const allocationId = registered(fold(used)).allocations.first()?.allocationId ?? '';
    const back = [...used, ...releaseAllocation(fold(used), allocationId, '2027-03-01T01:00:00Z', 'r')];
    expect(ask(169)(fold(back))).toHaveLength(1);
    given(facility, back).when(ask(170)).refuses('pool-exceeded', { leftUnitHours: 169 });
  });

  it('counts an allocation over two periods in each by its part, to the millisecond', () => {
    const both = entitled(HOURS, 100, { ...YEAR, periodFrom: '2028-01-01', periodTo: '2029-01-01' });
    const over = (hours: number) => ask(hours, grant(UNION), {}, { from: '2027-12-31T00:00:00Z' });
    // 24 hours in 2027, 17 in 2028.
    const [event] = over(41)(fold(both));
    expect(event).toBeDefined();
    given(facility, both).when(over(41.001)).refuses('pool-exceeded', { periodFrom: '2028-01-01T00:00:00Z' });
    const after = registered(fold([...both, ...over(41)(fold(both))])).hours;
    expect(leftPartsOf(accountOf(after, UNION, PERIOD))).toBe(146n * PARTS_PER_UNIT_HOUR);
    expect(leftPartsOf(accountOf(after, UNION, { from: PERIOD.to, to: 0 }))).toBe(0n);
    given(facility, HOURS).when(over(25)).refuses('outside-entitlement-period');
    expect(over(24)(fold(HOURS))).toHaveLength(1);
  });

  it('needs a pool at a facility that has pools, and none where there is none', () => {
    const { when } = given(facility, HOURS);
    when(ask(1, grant())).refuses('grant-without-pool');
    when(ask(1, grant('pool-9'))).refuses('unknown-pool');
    when(ask(1, grant(UNION), {}, { poolId: STATE })).refuses('pool-not-of-grant', { grantPoolId: UNION });
    expect(ask(1, grant(), {}, { poolId: STATE })(fold(HOURS))).toMatchObject([{ data: { poolId: STATE } }]);
    const [event] = ask(1, grant())(fold(SITE));
    expect(event?.data).not.toHaveProperty('poolId');
  });

  it('converts chip-hours by the policy, and refuses a model that it does not name', () => {
    const two = [...HOURS, installedEvent(10, '2026-01-01T00:00:00Z', 'H100')];
    const policies = { equivalence: { version: 3, factors: { GB300: 1, H100: 0.125 } } };
    expect(ask(1_360, grant(UNION), policies, { chipModel: 'H100' })(fold(two))).toMatchObject([
      { data: { unitThousandths: 125 } },
    ]);
    const { when } = given(facility, two);
    when(ask(1_361, grant(UNION), policies, { chipModel: 'H100' })).refuses('pool-exceeded', {
      requestedUnitHours: 170.125,
    });
    when(ask(1)).refuses('chip-model-without-factor', { policyVersion: null });
    when(ask(1, grant(UNION), { equivalence: { version: 3, factors: { H100: 1 } } })).refuses(
      'chip-model-without-factor',
      {
        chipModel: 'GB300',
        policyVersion: 3,
      },
    );
  });

  it('gets a pool for an allocation of the time before pools, once, and only hours that the pool has', () => {
    const old = allocatedEvent({ from: '2027-03-01T00:00:00Z', to: '2027-03-08T02:00:00Z', chips: 1 });
    const history = entitled([...SITE, old, ...POOLS], 1_000);
    const assign = (poolId: string) => (state: Facility) =>
      assignPool(state, { allocationId: 'allocation-1', poolId, evidenceRef: 'annex 2' }, {});
    const [assigned] = assign(UNION)(fold(history));
    expect(assigned).toMatchObject({ type: 'pool-assigned', data: { poolId: UNION, unitThousandths: 1_000 } });
    const after = [...history, ...assign(UNION)(fold(history))];
    given(facility, after).when(assign(STATE)).refuses('allocation-has-pool', { poolId: UNION });
    given(facility, after).when(ask(1)).refuses('pool-exceeded', { usedUnitHours: 170 });
    given(facility, entitled([...SITE, old, ...POOLS], 990))
      .when(assign(UNION))
      .refuses('pool-exceeded');
  });

  it('is of an owner that fits: one pool for each source of hours', () => {
    const define =
      (
        poolId: string,
        owner: PoolFacts['owner'],
        basis: PoolFacts['basis'],
        form?: Parameters<typeof definePool>[2],
        partnerId?: string,
      ) =>
      (state: Facility) =>
        definePool(state, { poolId, owner, basis, ...(partnerId !== undefined && { partnerId }) }, form);
    const { when, state } = given(facility, HOURS);
    when(define('p', 'union', 'capex')).refuses('pool-defined-already', { poolId: UNION });
    when(define('p', 'union', 'capex', 'union', 'union')).refuses('pool-defined-already');
    when(define('p', 'member-state', 'capex', 'company', 'x')).refuses('pool-owner-mismatch');
    when(define('p', 'member-state', 'donation', 'member-state', 'x')).refuses('pool-basis-mismatch');
    expect(define('p', 'member-state', 'capex', 'member-state', 'x')(state)).toHaveLength(1);
    expect(define('p', 'private', 'preferential', 'company', 'x')(state)).toHaveLength(1);
  });
});

describe('Art. 12b(10): access time that a Member State gives', () => {
  const donate =
    (unitHours: number, further: object = {}) =>
    (state: Facility) =>
      donateTime(state, {
        ...{
          fromPoolId: STATE,
          unionPoolId: GIFT,
          unitHours,
          from: '2027-06-01',
          to: '2027-09-01',
          arrangementRef: 'r',
        },
        ...further,
      });

  it('is at most what the pool of the state has left', () => {
    const { when, state } = given(facility, HOURS);
    expect(donate(170)(state)).toHaveLength(1);
    when(donate(171)).refuses('donation-exceeds-pool', { leftUnitHours: 170 });
    const used = [...HOURS, ...ask(20, grant(STATE))(state)];
    expect(donate(150)(fold(used))).toHaveLength(1);
    given(facility, used).when(donate(151)).refuses('donation-exceeds-pool', { leftUnitHours: 150 });
  });

  it('moves hours to the Union and no cent of a contribution', () => {
    const after = fold([...HOURS, ...donate(100)(fold(HOURS))]);
    expect(registered(after).contributions).toEqual(registered(fold(HOURS)).contributions);
    expect(registered(after).hours.financing).toEqual(registered(fold(HOURS)).hours.financing);
    expect(ask(100, grant(GIFT))(after)).toHaveLength(1);
    expect(() => ask(101, grant(GIFT))(after)).toThrow(expect.objectContaining({ code: 'pool-exceeded' }));
    expect(ask(70, grant(STATE))(after)).toHaveLength(1);
    expect(() => ask(71, grant(STATE))(after)).toThrow(expect.objectContaining({ code: 'pool-exceeded' }));
  });

  it('is given by a state, to the Union, inside one period', () => {
    const { when } = given(facility, HOURS);
    when(donate(1, { fromPoolId: REST })).refuses('donor-not-a-state');
    when(donate(1, { unionPoolId: REST })).refuses('pool-not-of-union');
    when(donate(1, { to: '2028-01-02' })).refuses('outside-donation-period');
    when(donate(1, { to: '2027-06-01' })).refuses('donation-interval-out-of-order');
    expect(donate(1, { to: '2028-01-01' })(fold(HOURS))).toHaveLength(1);
  });
});

describe('Art. 12b(12): the transfer of ownership', () => {
  const started = (on: string): FacilityEvent[] => [
    ...HOURS,
    { type: 'operations-started', data: { on, evidenceRef: 'e' } },
  ];
  const transfer =
    (on: string, residualMinor = '5') =>
    (state: Facility) =>
      transferOwnership(state, { on, residualMinor, valuationRef: 'v', unionPoolId: UNION });

  it('is five years to the day after the start of operations at the earliest', () => {
    expect(transfer('2027-03-01')(fold(started('2022-03-01')))).toHaveLength(1);
    given(facility, started('2022-03-01'))
      .when(transfer('2027-02-28'))
      .refuses('ownership-too-early', { earliestOn: '2027-03-01' });
    given(facility, started('2024-02-29'))
      .when(transfer('2027-02-28'))
      .refuses('ownership-too-early', { earliestOn: '2029-03-01' });
    given(facility, HOURS).when(transfer('2027-03-01')).refuses('operations-not-started');
  });

  it('gives the Union floor(residual value x available hours / CAPEX), once', () => {
    const history = entitled([...SITE, ...POOLS], 999);
    const events = [...history, { type: 'operations-started', data: { on: '2020-01-01', evidenceRef: 'e' } } as const];
    const [event] = transfer('2027-01-01')(fold(events));
    expect(event).toMatchObject({
      data: { unitHours: 49, formula: 'floor(residualMinor * availableUnitHours / capexMinor)' },
    });
    const after = [...events, event];
    // 169 or 170 hours of the entitlement (remainders .83), and 49.
    const own = accountOf(registered(fold(after)).hours, UNION, PERIOD);
    expect([own.entitled, own.residual]).toEqual([170n, 49n]);
    given(facility, after).when(transfer('2027-01-01')).refuses('ownership-transferred-already');
    given(facility, events).when(transfer('2027-01-01', '101')).refuses('residual-exceeds-capex');
    expect(transfer('2027-01-01', '100')(fold(events))).toHaveLength(1);
  });

  it('counts from operations that have started, once', () => {
    const start = (on: string) => (state: Facility) =>
      startOperations(state, { on, evidenceRef: 'e' }, '2027-03-01T10:00:00Z');
    expect(start('2027-03-01')(fold(HOURS))).toHaveLength(1);
    given(facility, HOURS).when(start('2027-03-02')).refuses('date-in-future');
    given(facility, started('2022-03-01')).when(start('2022-03-01')).refuses('operations-started-already');
  });
});

describe('GBER Art. 26(4): preferential access', () => {
  const set = (unitHours: number) => (state: Facility) =>
    setPreferentialAccess(state, { partnerId: 'firm', periodFrom: '2027-05-01', unitHours, conditionsRef: 'c' });
  const financed = (capexMinor: string, firmMinor: string): FacilityEvent[] => {
    const events = [
      registeredEvent({ capexMinor, currency: 'EUR' }),
      contribution('firm', 'private', firmMinor),
      pool(REST, 'consortium'),
    ];
    return entitled(events, 1_000);
  };

  it('is for who financed 10.0000 % of the investment costs, and hours are at most in proportion', () => {
    const history = financed('1000000', '100000');
    expect(set(100)(fold(history))).toMatchObject([{ data: { sharePpm: 100_000, unitHours: 100 } }]);
    given(facility, history).when(set(101)).refuses('preferential-hours-exceeded', { maximumUnitHours: 100 });
    given(facility, financed('1000000', '99999')).when(set(1)).refuses('preferential-share-too-small');
  });

  it('is asked for when the entitlement of a preferential pool is set', () => {
    const events = (firmMinor: string) => [
      registeredEvent({ capexMinor: '1000000', currency: 'EUR' }),
      contribution('firm', 'private', firmMinor),
      pool(REST, 'consortium'),
      pool('pool-5', 'private', { partnerId: 'firm', basis: 'preferential' }),
    ];
    expect(linesOf(entitled(events('100000'), 1_000))).toEqual([900, 100]);
    expect(() => entitled(events('99999'), 1_000)).toThrow(
      expect.objectContaining({ code: 'preferential-share-too-small' }),
    );
  });
});

describe('Arts. 17, 18: commercial use of a supercomputer', () => {
  const events = entitled(
    [registeredEvent({ kind: 'supercomputer', capexMinor: '100', currency: 'EUR' }), ...SITE.slice(1), ...POOLS],
    10_000,
  );
  const commercial = grant(UNION, { use: 'commercial' });
  const policies = { commercialSharesPpm: { supercomputer: 200_000 } } as const;

  it('takes 20.0000 % of the time of the Union, and not one unit-hour more', () => {
    // The Union has 1,700 hours.
    expect(ask(340, commercial, policies)(fold(events))).toMatchObject([{ data: { use: 'commercial' } }]);
    const { when, state } = given(facility, events);
    when(ask(341, commercial, policies)).refuses('commercial-share-exceeded', {
      unionUnitHours: 1_700,
      maximumPpm: 200_000,
    });
    const used = [...events, ...ask(340, commercial, policies)(state)];
    given(facility, used)
      .when(ask(1, commercial, policies))
      .refuses('commercial-share-exceeded', { commercialUnitHours: 340 });
    expect(ask(1, grant(UNION, { use: 'non-commercial' }), policies)(fold(used))).toHaveLength(1);
    expect(ask(341, commercial)(state)).toHaveLength(1);
    expect(ask(341, grant(REST, { use: 'commercial' }), policies)(state)).toHaveLength(1);
  });
});

describe('Art. 12b(15)(c): chips that are reserved for Union-funded projects', () => {
  const site = [
    registeredEvent(),
    installedEvent(10_000, '2026-01-01T00:00:00Z'),
    policyEvent(1, '2026-01-01T00:00:00Z', { 'union-funded': 1_000 }, {}),
  ];
  const chips = (count: number, of: Parameters<typeof grantOf>[0] = {}) =>
    ask(1, grant(undefined, of), {}, { chips: count });

  it('leave 9,000 of 10,000 to others and not 9,001, and are for such a project of any category', () => {
    const { when, state } = given(facility, site);
    when(chips(9_001)).refuses('quota-floor-protected', { available: 9_000, protectedByFloors: 1_000 });
    const full = [...site, ...chips(9_000)(state)];
    given(facility, full).when(chips(1)).refuses('quota-floor-protected', { available: 0 });
    for (const category of ['start-up', 'tech-giant'] as const) {
      const [event] = chips(1_000, { unionFunded: true, category })(fold(full));
      expect(event).toMatchObject({ data: { category, protection: 'union-funded' } });
    }
    given(facility, full)
      .when(chips(1_001, { unionFunded: true }))
      .refuses('capacity-exceeded', { available: 1_000 });
  });

  it('are for Union-funded projects alone, which may as well count in their category', () => {
    const reserved = (protection: 'category' | 'union-funded', unionFunded: boolean) => (state: Facility) => {
      const input = {
        allocationId: 'a',
        chipModel: 'GB300',
        chips: 1,
        from: '2027-03-01',
        to: '2027-03-02',
        protection,
      };
      return allocate(state, FACILITY_ID, grant(undefined, { unionFunded }), input);
    };
    given(facility, site).when(reserved('union-funded', false)).refuses('not-union-funded');
    expect(reserved('category', true)(fold(site))).toMatchObject([{ data: { protection: 'category' } }]);
  });
});
