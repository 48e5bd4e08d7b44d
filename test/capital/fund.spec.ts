import { fund, type FundEvent, type TrancheKind } from '../../src/capital/fund.js';
import {
  FUND_FACILITIES_MAX,
  TRANCHE_RANK_MAX,
  defineTranche,
  establish,
  reachFinancialClose,
  type ReachFinancialCloseInput,
  subscribe,
} from '../../src/capital/fund.decisions.js';
import { RULES_WITHOUT_POLICY, type ContributionRules, type Funding } from '../../src/compute/contribution.js';
import { given, refusalOf } from '../support/given.js';

/** How contributions count without a policy. */
const COUNTED = { matchingKinds: ['access-time-purchase', 'capex'], unionInKind: 'counted' } as const;
const established: FundEvent = {
  type: 'fund-established',
  data: { name: 'InvestAI', currency: 'EUR', targetMinor: '1000' },
};
const tranche = (rank: number, kind: TrancheKind, capMinor: string): FundEvent => ({
  type: 'tranche-defined',
  data: { trancheId: `tranche-${rank}`, rank, kind, capMinor },
});
const subscribed = (deltaMinor: string, facilityId?: string): FundEvent => ({
  type: 'tranche-subscribed',
  data: { ...SUBSCRIBER, trancheId: 'tranche-1', deltaMinor, ...(facilityId !== undefined && { facilityId }) },
});
const closed: FundEvent = {
  type: 'financial-close-reached',
  data: { ...COUNTED, facilities: [], committedMinor: '100', reachedOn: '2026-03-20', evidenceRef: null },
};
/** Late on 20 March 2026, UTC. */
const NOW = '2026-03-20T23:59:59.999Z';
const SUBSCRIBER = {
  commitmentId: 'commitment-a',
  partnerId: 'partner-a',
  partnerKind: 'private',
  kind: 'capex',
} as const;
const FIRST_LOSS = tranche(1, 'first-loss', '300');

describe('the establishment of a fund', () => {
  it('records name, currency and target', () => {
    expect(establish({ name: 'InvestAI', currency: 'EUR', targetMinor: '1' })).toEqual([
      { type: 'fund-established', data: { name: 'InvestAI', currency: 'EUR', targetMinor: '1' } },
    ]);
  });

  it('keeps the source of the figures and the illustrative mark', () => {
    const [event] = establish({
      name: 'InvestAI',
      currency: 'EUR',
      targetMinor: '1',
      source: 'https://example.eu/decision',
      illustrative: true,
    });
    expect(event?.data).toMatchObject({ source: 'https://example.eu/decision', illustrative: true });
  });

  it('is refused with a target of zero', () => {
    expect(refusalOf(() => establish({ name: 'InvestAI', currency: 'EUR', targetMinor: '0' })).code).toBe(
      'amount-not-positive',
    );
  });
});

describe('the definition of a tranche', () => {
  const define = (rank: number, kind: TrancheKind, capMinor: string) => (state: typeof fund.initial) =>
    defineTranche(state, 'new', { rank, kind, capMinor });

  it('accepts caps up to the target and refuses one minor unit more', () => {
    given(fund, [established, FIRST_LOSS])
      .when(define(2, 'senior', '700'))
      .then([{ type: 'tranche-defined', data: { trancheId: 'new', rank: 2, kind: 'senior', capMinor: '700' } }]);
    given(fund, [established, FIRST_LOSS])
      .when(define(2, 'senior', '701'))
      .refuses('caps-exceed-target', { capsMinor: '1001', targetMinor: '1000' });
  });

  it('is refused for a rank that is taken', () => {
    given(fund, [established, FIRST_LOSS])
      .when(define(1, 'first-loss', '1'))
      .refuses('rank-taken', { rank: 1, trancheId: 'tranche-1' });
  });

  it('accepts ranks from 1 to the limit', () => {
    expect(given(fund, [established]).when(define(1, 'senior', '1'))).toBeDefined();
    given(fund, [established])
      .when(define(0, 'senior', '1'))
      .refuses('rank-out-of-range');
    given(fund, [established])
      .when(define(1.5, 'senior', '1'))
      .refuses('rank-out-of-range');
    given(fund, [established])
      .when(define(TRANCHE_RANK_MAX, 'senior', '1'))
      .then([expect.objectContaining({ type: 'tranche-defined' })]);
    given(fund, [established])
      .when(define(TRANCHE_RANK_MAX + 1, 'senior', '1'))
      .refuses('rank-out-of-range');
  });

  it('accepts a kind that repeats, is missing, or is put between two others', () => {
    const history = [established, tranche(1, 'first-loss', '100'), tranche(5, 'senior', '100')];
    for (const kind of ['first-loss', 'mezzanine', 'senior'] as const) {
      given(fund, history)
        .when(define(3, kind, '100'))
        .then([expect.objectContaining({ type: 'tranche-defined' })]);
    }
  });

  it('is refused for a kind that contradicts its rank, below or above', () => {
    const history = [established, tranche(3, 'mezzanine', '100')];
    given(fund, history)
      .when(define(2, 'senior', '100'))
      .refuses('rank-contradicts-kind', { otherRank: 3, otherKind: 'mezzanine' });
    given(fund, history)
      .when(define(4, 'first-loss', '100'))
      .refuses('rank-contradicts-kind', { otherRank: 3 });
  });

  it('is refused after financial close', () => {
    given(fund, [established, FIRST_LOSS, closed])
      .when(define(2, 'senior', '1'))
      .refuses('layers-settled');
  });

  it('keeps the tranches in order of rank, for any order of definition', () => {
    const { state } = given(fund, [established, tranche(3, 'senior', '1'), FIRST_LOSS, tranche(2, 'mezzanine', '1')]);
    expect(state).toMatchObject({ tranches: [{ rank: 1 }, { rank: 2 }, { rank: 3 }] });
  });
});

describe('the subscription of a tranche', () => {
  const by = (deltaMinor: bigint, facilityId?: string) => (state: typeof fund.initial) =>
    subscribe(state, {
      ...SUBSCRIBER,
      trancheId: 'tranche-1',
      deltaMinor,
      ...(facilityId !== undefined && { facilityId }),
    });

  it('accepts commitments up to the cap and refuses one minor unit more', () => {
    given(fund, [established, FIRST_LOSS, subscribed('200')])
      .when(by(100n, 'facility-a'))
      .then([subscribed('100', 'facility-a')]);
    given(fund, [established, FIRST_LOSS, subscribed('200')])
      .when(by(101n))
      .refuses('tranche-cap-exceeded', { committedMinor: '200', deltaMinor: '101', capMinor: '300' });
  });

  it('has room again after an amendment or a cancellation', () => {
    given(fund, [established, FIRST_LOSS, subscribed('300'), subscribed('-50')])
      .when(by(50n))
      .then([subscribed('50')]);
  });

  it('never falls below zero', () => {
    given(fund, [established, FIRST_LOSS, subscribed('200')])
      .when(by(-200n))
      .then([subscribed('-200')]);
    given(fund, [established, FIRST_LOSS, subscribed('200')])
      .when(by(-201n))
      .refuses('tranche-below-zero', { committedMinor: '200' });
  });

  it('is possible after financial close', () => {
    given(fund, [established, FIRST_LOSS, subscribed('100'), closed])
      .when(by(200n))
      .then([subscribed('200')]);
  });

  it('is refused for a tranche that the fund does not have', () => {
    given(fund, [established]).when(by(1n)).refuses('unknown-tranche', { id: 'tranche-1' });
  });

  it('records each facility once, and is refused above the limit of facilities', () => {
    const history = [established, FIRST_LOSS];
    for (let index = 0; index < FUND_FACILITIES_MAX; index += 1) {
      history.push(subscribed('1', `facility-${index}`), subscribed('-1', `facility-${index}`));
    }
    const full = given(fund, history);
    expect(full.state).toMatchObject({ facilityIds: { length: FUND_FACILITIES_MAX } });
    full.when(by(1n, 'facility-0')).then([subscribed('1', 'facility-0')]);
    full.when(by(1n, 'facility-new')).refuses('too-many-facilities', { limit: FUND_FACILITIES_MAX });
  });
});

describe('financial close', () => {
  const gigafactory = (funding: Partial<Funding>): Funding => ({
    facilityId: 'facility-a',
    kind: 'ai-gigafactory',
    unionMinor: 0n,
    statesMinor: 0n,
    matchingMinor: funding.statesMinor ?? 0n,
    capexMinor: 1_000n,
    ...funding,
  });
  const closing =
    (...facilities: readonly Funding[]) =>
    (state: typeof fund.initial) =>
      reachFinancialClose(state, facilities, {}, NOW, RULES_WITHOUT_POLICY);
  const BY_POLICY: ContributionRules = {
    ...RULES_WITHOUT_POLICY,
    matchingKinds: ['capex'],
    matchingPolicyVersion: 3,
    unionInKind: 'not-counted',
    unionInKindPolicyVersion: 2,
  };
  const ready = given(fund, [established, FIRST_LOSS, subscribed('100')]);

  it('records the stated day and the evidence; without them it records the day of the decision and no evidence', () => {
    const stating = (input: ReachFinancialCloseInput) => (state: typeof fund.initial) =>
      reachFinancialClose(state, [], input, NOW, RULES_WITHOUT_POLICY);
    const recorded = { ...COUNTED, facilities: [], committedMinor: '100' };
    ready.when(stating({ reachedOn: '2026-03-02', evidenceRef: 'memorandum 4' })).then([
      {
        type: 'financial-close-reached',
        data: { ...recorded, reachedOn: '2026-03-02', evidenceRef: 'memorandum 4' },
      },
    ]);
    ready
      .when(stating({}))
      .then([{ type: 'financial-close-reached', data: { ...recorded, reachedOn: '2026-03-20', evidenceRef: null } }]);
  });

  it('may be dated today, and not tomorrow', () => {
    const on = (reachedOn: string) => (state: typeof fund.initial) =>
      reachFinancialClose(state, [], { reachedOn }, NOW, RULES_WITHOUT_POLICY);
    ready.when(on('2026-03-20')).then([expect.objectContaining({ type: 'financial-close-reached' })]);
    ready.when(on('2026-03-21')).refuses('date-in-future', { date: '2026-03-21', today: '2026-03-20' });
  });

  it('records the compared sums and the clause', () => {
    ready.when(closing(gigafactory({ unionMinor: 100n, statesMinor: 100n }))).then([
      {
        type: 'financial-close-reached',
        data: {
          ...COUNTED,
          facilities: [{ facilityId: 'facility-a', unionMinor: '100', statesMinor: '100', matchingMinor: '100' }],
          committedMinor: '100',
          reachedOn: '2026-03-20',
          evidenceRef: null,
        },
        legalBasis: '2021/1173 Art. 12b(5)',
      },
    ]);
  });

  it('requires that the states match the Union to the last minor unit, in every facility', () => {
    ready
      .when(closing(gigafactory({ statesMinor: 500n }), gigafactory({ unionMinor: 100n, statesMinor: 99n })))
      .refuses('states-below-union', {
        clause: '2021/1173 Art. 12b(5)',
        unionMinor: '100',
        statesMinor: '99',
        facilityId: 'facility-a',
      });
  });

  it('counts the contributions by the policies in force, and records their versions', () => {
    const closingByPolicy = (funding: Partial<Funding>) => (state: typeof fund.initial) =>
      reachFinancialClose(
        state,
        [gigafactory({ unionMinor: 100n, statesMinor: 130n, ...funding })],
        {},
        NOW,
        BY_POLICY,
      );
    ready.when(closingByPolicy({ matchingMinor: 99n })).refuses('states-below-union', {
      unionMinor: '100',
      statesMinor: '130',
      matchingMinor: '99',
    });
    ready.when(closingByPolicy({ matchingMinor: 100n })).then([
      {
        type: 'financial-close-reached',
        data: {
          facilities: [{ facilityId: 'facility-a', unionMinor: '100', statesMinor: '130', matchingMinor: '100' }],
          committedMinor: '100',
          reachedOn: '2026-03-20',
          evidenceRef: null,
          matchingPolicyVersion: 3,
          matchingKinds: ['capex'],
          unionInKind: 'not-counted',
          unionInKindPolicyVersion: 2,
        },
        legalBasis: '2021/1173 Art. 12b(5)',
      },
    ]);
  });

  it('accepts a Union share of 17 % of the CAPEX and refuses one minor unit more', () => {
    const full = { statesMinor: 1_000n, capexMinor: 1_000n };
    ready
      .when(closing(gigafactory({ ...full, unionMinor: 170n })))
      .then([expect.objectContaining({ type: 'financial-close-reached' })]);
    ready
      .when(closing(gigafactory({ ...full, unionMinor: 171n })))
      .refuses('union-ceiling-exceeded', { unionMinor: '171', ceilingMinor: '170', capexMinor: '1000' });
  });

  it('rounds the ceiling down, because the law allows at most 17 %', () => {
    const odd = { statesMinor: 1_000n, capexMinor: 101n };
    ready
      .when(closing(gigafactory({ ...odd, unionMinor: 17n })))
      .then([expect.objectContaining({ type: 'financial-close-reached' })]);
    ready.when(closing(gigafactory({ ...odd, unionMinor: 18n }))).refuses('union-ceiling-exceeded');
  });

  it('is refused if the Union contributes and the CAPEX is unknown, and accepted without the Union', () => {
    const { capexMinor: _unstated, ...unstated } = gigafactory({ statesMinor: 100n });
    ready.when(closing(unstated)).then([expect.objectContaining({ type: 'financial-close-reached' })]);
    ready.when(closing({ ...unstated, unionMinor: 1n })).refuses('capex-unknown', { facilityId: 'facility-a' });
  });

  it('applies Art. 12b(5) only to gigafactories', () => {
    ready.when(closing(gigafactory({ kind: 'supercomputer', unionMinor: 500n }))).then([
      {
        type: 'financial-close-reached',
        data: {
          ...COUNTED,
          facilities: [{ facilityId: 'facility-a', unionMinor: '500', statesMinor: '0', matchingMinor: '0' }],
          committedMinor: '100',
          reachedOn: '2026-03-20',
          evidenceRef: null,
        },
      },
    ]);
  });

  it('requires a signed commitment that is not cancelled', () => {
    given(fund, [established, FIRST_LOSS]).when(closing()).refuses('nothing-signed');
    given(fund, [established, FIRST_LOSS, subscribed('100'), subscribed('-100')])
      .when(closing())
      .refuses('nothing-signed');
  });

  it('is possible once', () => {
    given(fund, [established, FIRST_LOSS, subscribed('100'), closed])
      .when(closing())
      .refuses('financial-close-reached-already');
  });
});

describe('Art. 12b(5): public money names its facility', () => {
  const taking =
    (change: object, deltaMinor = 1n) =>
    (state: typeof fund.initial) =>
      subscribe(state, { ...SUBSCRIBER, partnerKind: 'union', trancheId: 'tranche-1', deltaMinor, ...change });
  const taken = [expect.objectContaining({ type: 'tranche-subscribed' })];
  const open = given(fund, [established, FIRST_LOSS]);
  const without = given(fund, [
    { type: 'fund-established', data: { ...established.data, financesGigafactories: false } } as FundEvent,
    FIRST_LOSS,
  ]);
  /** As it was recorded before the kind was stated. */
  const unplaced = (deltaMinor: string): FundEvent => ({
    type: 'tranche-subscribed',
    data: { ...SUBSCRIBER, partnerKind: 'member-state', trancheId: 'tranche-1', deltaMinor, kind: null },
  });

  it('for CAPEX and for access time, of the Union and of a state, when it is signed or raised', () => {
    for (const partnerKind of ['union', 'member-state']) {
      for (const kind of ['capex', 'access-time-purchase']) {
        const clause = '2021/1173 Art. 12b(5)';
        open.when(taking({ partnerKind, kind })).refuses('facility-missing', { clause, partnerKind, kind });
        open.when(taking({ partnerKind, kind, facilityId: 'facility-a' })).then(taken);
      }
    }
  });

  it('but not in kind, not of others, not when it is lowered, and not in a fund that finances no gigafactory', () => {
    open.when(taking({ kind: 'in-kind' })).then(taken);
    for (const partnerKind of ['public-bank', 'regional', 'public-other', 'private']) {
      open.when(taking({ partnerKind })).then(taken);
    }
    given(fund, [established, FIRST_LOSS, unplaced('5')])
      .when(taking({ partnerKind: 'member-state' }, -5n))
      .then(taken);
    without.when(taking({})).then(taken);
  });

  it('before financial close, also where it was signed before the ledger asked', () => {
    const close = (state: typeof fund.initial) => reachFinancialClose(state, [], {}, NOW, RULES_WITHOUT_POLICY);
    const placed = [established, FIRST_LOSS, subscribed('100')];
    given(fund, [...placed, unplaced('5')])
      .when(close)
      .refuses('facility-missing', { unplacedMinor: '5', commitments: 1, commitmentIds: ['commitment-a'] });
    const closes = [expect.objectContaining({ type: 'financial-close-reached' })];
    given(fund, [...placed, unplaced('5'), unplaced('-5')])
      .when(close)
      .then(closes);
    given(fund, [
      ...placed,
      unplaced('5'),
      { ...unplaced('1'), data: { ...unplaced('1').data, kind: 'in-kind' } } as FundEvent,
    ])
      .when(close)
      .then(closes);
    without
      .when((state) =>
        close([FIRST_LOSS, unplaced('5')].slice(1).reduce((all, event) => fund.evolve(all, event), state)),
      )
      .then(closes);
  });
});

describe('the aggregate fund', () => {
  it('knows the day of its close', () => {
    const state = [established, FIRST_LOSS, subscribed('100'), closed].reduce(
      (before, event) => fund.evolve(before, event),
      fund.initial,
    );
    expect(state).toMatchObject({ status: 'closed', reachedOn: '2026-03-20' });
  });

  it('stops at an unknown event', () => {
    expect(() => fund.evolve(fund.initial, { type: 'fund-renamed', data: {} } as never)).toThrow('fund-renamed');
  });

  it('stops at a history that does not begin with the establishment', () => {
    expect(() => fund.evolve(fund.initial, closed)).toThrow('before it is established');
  });
});
