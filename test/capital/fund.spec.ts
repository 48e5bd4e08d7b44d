import { fund, type FundEvent, type TrancheKind } from '../../src/capital/fund.js';
import {
  FUND_FACILITIES_MAX,
  TRANCHE_RANK_MAX,
  defineTranche,
  establish,
  reachFinancialClose,
  type ReachFinancialCloseInput,
  subscribe,
  type MatchingPolicy,
} from '../../src/capital/fund.decisions.js';
import type { Funding } from '../../src/compute/contribution.js';
import { given, refusalOf } from '../support/given.js';

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
  data: { facilities: [], committedMinor: '100', reachedOn: '2026-03-20', evidenceRef: null },
};
/** Late on 20 March 2026, UTC. */
const NOW = '2026-03-20T23:59:59.999Z';
const SUBSCRIBER = { commitmentId: 'commitment-a', partnerId: 'partner-a', partnerKind: 'union' } as const;
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
      reachFinancialClose(state, facilities, {}, NOW);
  const CASH: MatchingPolicy = { version: 3, kinds: ['access-time-purchase', 'capex'] };
  const ready = given(fund, [established, FIRST_LOSS, subscribed('100')]);

  it('records the stated day and the evidence; without them it records the day of the decision and no evidence', () => {
    const stating = (input: ReachFinancialCloseInput) => (state: typeof fund.initial) =>
      reachFinancialClose(state, [], input, NOW);
    const recorded = { facilities: [], committedMinor: '100' };
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
      reachFinancialClose(state, [], { reachedOn }, NOW);
    ready.when(on('2026-03-20')).then([expect.objectContaining({ type: 'financial-close-reached' })]);
    ready.when(on('2026-03-21')).refuses('date-in-future', { date: '2026-03-21', today: '2026-03-20' });
  });

  it('records the compared sums and the clause', () => {
    ready.when(closing(gigafactory({ unionMinor: 100n, statesMinor: 100n }))).then([
      {
        type: 'financial-close-reached',
        data: {
          facilities: [{ facilityId: 'facility-a', unionMinor: '100', statesMinor: '100' }],
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

  it('counts the contributions of the states that the policy lists, and records the version of the policy', () => {
    const closingByPolicy = (funding: Partial<Funding>) => (state: typeof fund.initial) =>
      reachFinancialClose(state, [gigafactory({ unionMinor: 100n, statesMinor: 130n, ...funding })], {}, NOW, CASH);
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
          matchingKinds: ['access-time-purchase', 'capex'],
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
          facilities: [{ facilityId: 'facility-a', unionMinor: '500', statesMinor: '0' }],
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
