import type { CommitmentKind } from '../../src/domain/commitment-kinds.js';
import {
  fundingOf,
  hostStateCommittedBy,
  recordContribution,
  RULES_WITHOUT_POLICY,
  type ContributionInput,
  type ContributionRules,
} from '../../src/compute/contribution.js';
import { facility } from '../../src/compute/facility.js';
import type { ContributionFacts, FacilityEvent } from '../../src/compute/facility-events.js';
import { given } from '../support/given.js';
import { FACILITY_ID, HOST_ID, registeredEvent } from './history.js';

/** The ceiling of 17 % of EUR 4 billion is EUR 680 million. */
const GIGAFACTORY = registeredEvent({ capexMinor: '400000000000', currency: 'EUR' });
const CEILING_MINOR = 68_000_000_000n;

const unionInput = (further: Partial<ContributionInput> = {}): ContributionInput => ({
  commitmentId: 'commitment-1',
  partnerId: 'union',
  partnerKind: 'union',
  kind: 'capex',
  deltaMinor: CEILING_MINOR,
  currency: 'EUR',
  signedOn: '2026-02-02',
  ...further,
});
const recorded = (further: Partial<ContributionFacts> = {}): FacilityEvent => ({
  type: 'contribution-recorded',
  data: { ...unionInput(), deltaMinor: CEILING_MINOR.toString(), ...further },
});
const record =
  (further: Partial<ContributionInput>, rules: Partial<ContributionRules> = {}) =>
  (state: Parameters<typeof recordContribution>[0]) =>
    recordContribution(state, unionInput(further), { ...RULES_WITHOUT_POLICY, ...rules }, false);

describe('the contribution of the Union to an AI gigafactory', () => {
  it('may reach 17 % of the CAPEX and not one cent more', () => {
    const history = given(facility, [GIGAFACTORY]);
    history.when(record({})).then([{ ...recorded(), legalBasis: '2021/1173 Art. 12b(5)' }]);
    history.when(record({ deltaMinor: CEILING_MINOR + 1n })).refuses('union-ceiling-exceeded', {
      clause: '2021/1173 Art. 12b(5)',
      requestedMinor: '68000000001',
      unionMinor: '0',
      ceilingMinor: '68000000000',
    });
  });

  it('is the sum of CAPEX and purchases of access time', () => {
    const history = given(facility, [
      GIGAFACTORY,
      recorded({ kind: 'access-time-purchase', deltaMinor: '67999999999' }),
    ]);
    history.when(record({ deltaMinor: 2n })).refuses('union-ceiling-exceeded');
    history
      .when(record({ deltaMinor: 1n }))
      .then([{ ...recorded({ deltaMinor: '1' }), legalBasis: '2021/1173 Art. 12b(5)' }]);
  });

  it('is exact if 17 % of the CAPEX is not a whole number of cents', () => {
    const history = given(facility, [registeredEvent({ capexMinor: '101', currency: 'EUR' })]);
    history.when(record({ deltaMinor: 18n })).refuses('union-ceiling-exceeded', { ceilingMinor: '17' });
    expect(record({ deltaMinor: 17n })(history.state)).toHaveLength(1);
  });

  it('may be decreased at any time, and then has room again', () => {
    const full = [GIGAFACTORY, recorded()];
    expect(record({ deltaMinor: -1n })(given(facility, full).state)).toHaveLength(1);
    expect(record({ deltaMinor: 1n })(given(facility, [...full, recorded({ deltaMinor: '-1' })]).state)).toHaveLength(
      1,
    );
  });

  it('is refused while the CAPEX is unknown', () => {
    given(facility, [registeredEvent()])
      .when(record({ deltaMinor: 1n }))
      .refuses('capex-unknown');
  });
});

describe('contributions to a facility', () => {
  it('have no ceiling for other partners than the Union, and for other facilities than AI gigafactories', () => {
    const deltaMinor = CEILING_MINOR + 1n;
    expect(record({ partnerKind: 'private', deltaMinor })(given(facility, [GIGAFACTORY]).state)).toHaveLength(1);
    const factory = registeredEvent({ kind: 'ai-factory', capexMinor: '400000000000', currency: 'EUR' });
    expect(record({ deltaMinor })(given(facility, [factory]).state)).toHaveLength(1);
  });

  it('must be in the currency of the CAPEX, or of the first contribution', () => {
    given(facility, [GIGAFACTORY])
      .when(record({ currency: 'SEK' }))
      .refuses('currency-differs', {
        facilityCurrency: 'EUR',
      });
    given(facility, [registeredEvent(), recorded({ partnerKind: 'private', currency: 'SEK' })])
      .when(record({ partnerKind: 'private' }))
      .refuses('currency-differs', { facilityCurrency: 'SEK' });
  });

  it('are added up separately for the Union and for the states', () => {
    const { state } = given(facility, [
      GIGAFACTORY,
      recorded({ deltaMinor: '500' }),
      recorded({ deltaMinor: '40', kind: 'in-kind' }),
      recorded({ deltaMinor: '300', partnerKind: 'member-state', partnerId: HOST_ID }),
      recorded({ deltaMinor: '-100', partnerKind: 'member-state', partnerId: HOST_ID }),
      recorded({ deltaMinor: '60', partnerKind: 'member-state', partnerId: HOST_ID, kind: 'in-kind' }),
      recorded({ deltaMinor: '7', partnerKind: 'public-bank', partnerId: 'eib' }),
      recorded({ deltaMinor: '9', partnerKind: 'private', partnerId: 'consortium' }),
    ]);
    const sums = {
      facilityId: FACILITY_ID,
      kind: 'ai-gigafactory',
      capexMinor: 400_000_000_000n,
      unionMinor: 500n,
      statesMinor: 260n,
    };
    const of = (rules: Partial<ContributionRules>) =>
      fundingOf(state, FACILITY_ID, { ...RULES_WITHOUT_POLICY, ...rules });
    expect(of({})).toEqual({ ...sums, unionMinor: 540n, matchingMinor: 200n });
    expect(of({ unionInKind: 'not-counted' })).toEqual({ ...sums, matchingMinor: 200n });
    expect(of({ matchingKinds: ['in-kind', 'access-time-purchase'] })).toMatchObject({ matchingMinor: 60n });
  });
});

describe('once financial close is reached, the Participating States', () => {
  const ofStates = { partnerKind: 'member-state', partnerId: HOST_ID } as const;
  const matched = given(facility, [
    GIGAFACTORY,
    recorded({ deltaMinor: '500' }),
    recorded({ deltaMinor: '400', ...ofStates }),
    recorded({ deltaMinor: '200', kind: 'in-kind', ...ofStates }),
  ]);
  const change =
    (further: Partial<ContributionInput>, basis?: readonly CommitmentKind[]) =>
    (state: Parameters<typeof recordContribution>[0]) =>
      recordContribution(
        state,
        unionInput(further),
        { ...RULES_WITHOUT_POLICY, ...(basis && { matchingKinds: basis }) },
        true,
      );
  const taken = [expect.objectContaining({ type: 'contribution-recorded' })];
  const ALL = ['access-time-purchase', 'capex', 'in-kind'] as const;

  it('must still match the Union, to the last minor unit', () => {
    matched.when(change({ ...ofStates, deltaMinor: -100n }, ALL)).then(taken);
    matched.when(change({ ...ofStates, deltaMinor: -101n }, ALL)).refuses('states-below-union', {
      clause: '2021/1173 Art. 12b(5)',
      rule: 'matching',
      unionMinor: '500',
      statesMinor: '499',
    });
    matched.when(change({ deltaMinor: 100n }, ALL)).then(taken);
    matched
      .when(change({ deltaMinor: 101n }, ALL))
      .refuses('states-below-union', { unionMinor: '601', statesMinor: '600' });
  });

  it('match without a policy by money alone: Art. 12b(5) names nothing in kind', () => {
    const full = given(facility, [
      GIGAFACTORY,
      recorded({ deltaMinor: '500' }),
      recorded({ deltaMinor: '500', ...ofStates }),
      recorded({ deltaMinor: '200', kind: 'in-kind', ...ofStates }),
    ]);
    full.when(change({ ...ofStates, kind: 'in-kind', deltaMinor: -200n })).then(taken);
    full.when(change({ ...ofStates, deltaMinor: -1n })).refuses('states-below-union', {
      statesMinor: '499',
      matchingKinds: ['access-time-purchase', 'capex'],
    });
  });

  it('match with the contributions that count under the policy', () => {
    const basis = ['capex', 'in-kind'] as const;
    matched.when(change({ ...ofStates, deltaMinor: -100n }, basis)).then(taken);
    matched.when(change({ ...ofStates, deltaMinor: -101n }, basis)).refuses('states-below-union');
    // 400 against 500: a later policy has undone the match. A decrease is accepted for a kind that does not count, and
    // refused for a kind that counts.
    matched.when(change({ ...ofStates, deltaMinor: -1n, kind: 'in-kind' }, ['capex'])).then(taken);
    matched.when(change({ ...ofStates, deltaMinor: -1n }, ['capex'])).refuses('states-below-union', {
      matchingKinds: ['capex'],
    });
    matched.when(change({ ...ofStates, deltaMinor: 1n }, ['capex'])).then(taken);
    matched.when(change({ deltaMinor: -1n }, ['capex'])).then(taken);
  });

  it('are not affected by changes of other partners, before the close, or at facilities that are not gigafactories', () => {
    matched.when(change({ partnerKind: 'private', deltaMinor: -1n })).then(taken);
    matched.when(record({ ...ofStates, deltaMinor: -600n })).then(taken);
    const factory = registeredEvent({ kind: 'ai-factory', capexMinor: '400000000000', currency: 'EUR' });
    given(facility, [factory])
      .when(change({ deltaMinor: 1n }))
      .then(taken);
  });
});

describe('Art. 12b(5): what the Union gives in kind', () => {
  const full = given(facility, [GIGAFACTORY, recorded({ deltaMinor: (CEILING_MINOR - 1n).toString() })]);
  const inKind = (deltaMinor: bigint, rules: Partial<ContributionRules> = {}) =>
    record({ kind: 'in-kind', deltaMinor }, rules);

  it('counts against the 17 % without a policy, and where the policy says so', () => {
    const legalBasis = '2021/1173 Art. 12b(5)';
    for (const rules of [{}, { unionInKind: 'counted' }] as const) {
      full.when(inKind(1n, rules)).then([{ ...recorded({ kind: 'in-kind', deltaMinor: '1' }), legalBasis }]);
      full.when(inKind(2n, rules)).refuses('union-ceiling-exceeded', { clause: legalBasis, requestedMinor: '2' });
    }
    given(facility, [GIGAFACTORY, recorded({ kind: 'in-kind' })])
      .when(record({ deltaMinor: 1n }))
      .refuses('union-ceiling-exceeded', { unionMinor: CEILING_MINOR.toString() });
  });

  it('has no ceiling where the policy says that it does not count', () => {
    const notCounted = { unionInKind: 'not-counted' } as const;
    full
      .when(inKind(CEILING_MINOR, notCounted))
      .then([recorded({ kind: 'in-kind', deltaMinor: CEILING_MINOR.toString() })]);
    given(facility, [GIGAFACTORY, recorded({ kind: 'in-kind' })])
      .when(record({}, notCounted))
      .then([{ ...recorded(), legalBasis: '2021/1173 Art. 12b(5)' }]);
  });
});

describe('Arts. 17 and 18: the share of the Union in a supercomputer, by the policy union-share-maximum', () => {
  const supercomputer = given(facility, [
    registeredEvent({ kind: 'supercomputer', capexMinor: '1001', currency: 'EUR' }),
  ]);
  const rules = (percent: number) => ({ unionShareMaximum: { supercomputer: percent }, unionSharePolicyVersion: 2 });

  it.each([
    [50, 500n],
    [35, 350n],
  ])('of %i %% passes at the line, and not one minor unit above', (percent, ceilingMinor) => {
    supercomputer
      .when(record({ deltaMinor: ceilingMinor }, rules(percent)))
      .then([recorded({ deltaMinor: ceilingMinor.toString() })]);
    supercomputer.when(record({ deltaMinor: ceilingMinor + 1n }, rules(percent))).refuses('union-share-exceeded', {
      policy: 'union-share-maximum',
      policyVersion: 2,
      percent,
      ceilingMinor: ceilingMinor.toString(),
      capexMinor: '1001',
    });
  });

  it('has no limit without the policy, for another kind of facility, and for other partners', () => {
    const taken = [expect.objectContaining({ type: 'contribution-recorded' })];
    supercomputer.when(record({ deltaMinor: 1_001n })).then(taken);
    supercomputer.when(record({ deltaMinor: 1_001n }, { unionShareMaximum: { 'ai-factory': 1 } })).then(taken);
    supercomputer.when(record({ deltaMinor: 1_001n, partnerKind: 'member-state' }, rules(35))).then(taken);
  });

  it('needs a CAPEX', () => {
    given(facility, [registeredEvent({ kind: 'supercomputer' })])
      .when(record({ deltaMinor: 1n }, rules(35)))
      .refuses('capex-unknown', { policy: 'union-share-maximum' });
  });
});

describe('Art. 12b(4): the commitment of the hosting state', () => {
  const byHost = (deltaMinor: string, further: Partial<ContributionFacts> = {}) =>
    recorded({ deltaMinor, partnerKind: 'member-state', partnerId: HOST_ID, ...further });
  const committedBy = (day: string, ...events: FacilityEvent[]) =>
    hostStateCommittedBy(given(facility, [GIGAFACTORY, ...events]).state, day);

  it('counts from the day of its signature on, until all of it is cancelled', () => {
    expect(committedBy('2026-02-02')).toBe(false);
    expect(committedBy('2026-02-01', byHost('1'))).toBe(false);
    expect(committedBy('2026-02-02', byHost('1'))).toBe(true);
    expect(committedBy('2026-02-02', byHost('1'), byHost('-1'))).toBe(false);
  });

  it('is of money: for the CAPEX or for access time, and not in kind', () => {
    expect(committedBy('2026-02-02', byHost('1', { kind: 'in-kind' }))).toBe(false);
    expect(committedBy('2026-02-02', byHost('1', { kind: 'access-time-purchase' }))).toBe(true);
  });

  it('counts on every day if it was recorded before the day was stated', () => {
    const old = byHost('2', { signedOn: null });
    expect(committedBy('1999-01-01', old)).toBe(true);
    expect(committedBy('1999-01-01', old, byHost('-1'))).toBe(false);
  });

  it('is not the commitment of another state, and does not exist without a hosting state', () => {
    expect(committedBy('2026-02-02', byHost('1', { partnerId: 'other' }))).toBe(false);
    const hostless = registeredEvent({ hostStatePartnerId: undefined });
    expect(hostStateCommittedBy(given(facility, [hostless, byHost('1')]).state, '2026-02-02')).toBe(false);
  });
});
