import type { WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';
import { expectRight, expectWrong } from './added-events.js';

const { named } = story;
const FUND = named('second fund');
const TRANCHE = named('second layer');

const terms = (partnerId: string, partnerKind: string, further: Record<string, unknown> = {}) => ({
  ...story.termsOf(partnerId, partnerKind),
  ...further,
});
const UNION = terms(story.UNION, 'union');
const pledged = (id: string, data: Record<string, unknown>, amountMinor: string): WrittenEvent => ({
  stream: `commitment-${named(id)}`,
  type: 'commitment-pledged',
  data: { ...data, amountMinor },
});
/** The pledge and the signature, after financial close of the fund of the programme. */
const signed = (id: string, data: Record<string, unknown>, amountMinor: string) => [
  pledged(id, data, amountMinor),
  story.signed(id, data, amountMinor),
];
/** The commitment of the state is amended. */
function lowered(deltaMinor: string): WrittenEvent[] {
  const state = terms(story.STATE, 'member-state');
  const [, booking, contribution] = story.signed('c1', state, deltaMinor) as [WrittenEvent, WrittenEvent, WrittenEvent];
  const data = { ...state, deltaMinor, unfundedDeltaMinor: deltaMinor, reason: 'r' };
  return [{ stream: `commitment-${named('c1')}`, type: 'commitment-amended', data }, booking, contribution];
}
const basis = (version: number, effectiveFrom: string, ...kinds: string[]): WrittenEvent => ({
  stream: 'policy-matching-basis',
  type: 'policy-adopted',
  role: 'board',
  data: { policy: 'matching-basis', version, value: { kinds }, effectiveFrom, reason: 'r' },
});

// At the site of the programme the Union has signed 20,000 and the state 70,000 for CAPEX. The last command cancels 42,000 of the state.
describe('the match of the states after financial close', () => {
  it('is kept by what the Union adds, and by what a state takes away', async () => {
    await expectRight(...signed('c3', UNION, '8000'));
    await expectWrong(['funds', 'do not match the Union any more'], lowered('-42000'), ...signed('c3', UNION, '8001'));
    await expectWrong(['funds', 'do not match the Union any more'], ...signed('c3', UNION, '8001'), lowered('-42000'));
  });

  it('counts the kinds of the policy in force', async () => {
    await expectRight(basis(1, '2026-01-01T00:00:00Z', 'capex'), ...signed('c3', UNION, '1'));
    // Nobody knows within a day under which of two versions the command was decided.
    await expectRight(basis(1, '2026-03-02T08:00:00Z', 'access-time-purchase'), ...signed('c3', UNION, '1'));
    await expectWrong(
      ['funds', 'do not match the Union any more'],
      basis(1, '2026-01-01T00:00:00Z', 'access-time-purchase'),
      ...signed('c3', UNION, '1'),
    );
  });
});

describe('a financial close under a policy on matching', () => {
  const state = terms(story.STATE, 'member-state', { fundId: FUND, trancheId: TRANCHE });
  const fund = (type: string, data: Record<string, unknown>): WrittenEvent => ({ stream: `fund-${FUND}`, type, data });
  const [signature, booking, contribution] = story.signed('c4', state, '10') as [
    WrittenEvent,
    WrittenEvent,
    WrittenEvent,
  ];
  const opened = [
    fund('fund-established', { name: 'Second', currency: 'EUR', targetMinor: '1000' }),
    fund('tranche-defined', { trancheId: TRANCHE, rank: 1, kind: 'first-loss', capMinor: '1000' }),
    pledged('c4', state, '10'),
    [signature, { ...booking, stream: `fund-${FUND}` }, contribution],
  ];
  const closed = (stated: Record<string, unknown>, line: Record<string, unknown> = {}): WrittenEvent =>
    fund('financial-close-reached', {
      ...story.COUNTED,
      facilities: [
        { facilityId: story.SITE, unionMinor: '20000', statesMinor: '70010', matchingMinor: '70010', ...line },
      ],
      committedMinor: '10',
      reachedOn: '2026-03-02',
      evidenceRef: null,
      ...stated,
    });
  const FROM = '2026-01-01T00:00:00Z';
  const CAPEX = { matchingPolicyVersion: 1, matchingKinds: ['capex'] };

  it('names the version in force, its kinds and the sums that count', async () => {
    await expectRight(...opened, closed({}));
    await expectRight(basis(1, FROM, 'capex'), ...opened, closed(CAPEX, { matchingMinor: '70010' }));
    const another = 'another policy on matching';
    await expectWrong(['funds', another], basis(1, FROM, 'capex'), ...opened, closed({}));
    await expectWrong(['funds', another], ...opened, closed(CAPEX, { matchingMinor: '70010' }));
    await expectWrong(
      ['funds', 'other kinds'],
      basis(1, FROM, 'capex'),
      ...opened,
      closed({ ...CAPEX, matchingKinds: ['in-kind'] }, { matchingMinor: '70010' }),
    );
    await expectWrong(
      ['funds', 'is not the sum of the contributions that count'],
      basis(1, FROM, 'capex'),
      ...opened,
      closed(CAPEX, { matchingMinor: '70009' }),
    );
  });

  it('counts money alone without a policy, and by schema 2 everything', async () => {
    const everything = ['access-time-purchase', 'capex', 'in-kind'];
    await expectWrong(['funds', 'other kinds'], ...opened, closed({ matchingKinds: everything }));
    const old: WrittenEvent = {
      ...fund('financial-close-reached', {
        facilities: [{ facilityId: story.SITE, unionMinor: '20000', statesMinor: '70010' }],
        ...{ committedMinor: '10', reachedOn: '2026-03-02', evidenceRef: null },
      }),
      envelope: { schema: 2 },
    };
    await expectRight(...opened, old);
  });

  it('counts what the Union gives in kind by the policy in force', async () => {
    const inKind = terms(story.UNION, 'union', { kind: 'in-kind' });
    const given = [
      { ...pledged('c5', inKind, '50'), data: { ...inKind, amountMinor: '50', describes: 'equipment' } },
      story.signed('c5', inKind, '50'),
    ];
    await expectRight(...given, ...opened, closed({}, { unionMinor: '20050' }));
    await expectWrong(['funds', 'unionMinor of facility'], ...given, ...opened, closed({}));
    const policy: WrittenEvent = {
      ...basis(1, FROM),
      stream: 'policy-union-in-kind',
      data: { policy: 'union-in-kind', version: 1, value: 'not-counted', effectiveFrom: FROM, reason: 'r' },
    };
    const named = { unionInKind: 'not-counted', unionInKindPolicyVersion: 1 };
    await expectRight(policy, ...given, ...opened, closed(named));
    await expectWrong(['funds', "another policy on the Union's"], policy, ...given, ...opened, closed({}));
    await expectWrong(
      ['funds', 'counts the Union in kind in another way'],
      ...[policy, ...given, ...opened, closed({ ...named, unionInKind: 'counted' })],
    );
  });

  it('is not reached when the kinds that count do not match the Union', async () => {
    await expectWrong(
      ['funds', 'do not match the Union at facility'],
      basis(1, FROM, 'in-kind'),
      ...opened,
      closed({ matchingPolicyVersion: 1, matchingKinds: ['in-kind'] }, { matchingMinor: '0' }),
    );
  });
});

describe('a distribution', () => {
  const state = story.termsOf(story.STATE, 'member-state');
  const paid = (data: Record<string, unknown>): WrittenEvent => ({
    stream: `commitment-${named('c1')}`,
    type: 'distribution-paid',
    data: { ...state, amountMinor: '10', recallableMinor: '0', unfundedDeltaMinor: '0', paidOn: '2026-02-02', ...data },
  });

  it('is paid on the day of the first payment at the earliest', async () => {
    await expectRight(paid({ paidOn: '2026-03-02' }));
    await expectWrong(['commitments', 'before anything was paid in'], paid({ paidOn: '2026-03-01' }));
    await expectWrong(['commitments', 'from before the signature'], paid({ paidOn: '2026-02-01' }));
  });

  it('is paid to who paid something in, and returns no more than that', async () => {
    const union = { ...terms(story.UNION, 'union'), paidOn: '2026-03-02' };
    const toUnion = { ...paid(union), stream: `commitment-${named('c2')}` };
    await expectWrong(['commitments', 'before anything was paid in'], toUnion);
    // 30,000 are paid in and 2,000 recallable already.
    const recallable = (minor: string) => ({
      ...{ amountMinor: '50000', recallableMinor: minor, unfundedDeltaMinor: minor, paidOn: '2026-03-02' },
    });
    await expectWrong(['commitments', 'More becomes callable again'], paid(recallable('28001')));
  });

  it('obeyed neither rule in schema 1', async () => {
    await expectRight({ ...paid({}), envelope: { schema: 1 } });
  });

  it('is made after financial close', async () => {
    const data = { ...state, fundId: FUND, trancheId: TRANCHE, paidOn: '2026-03-02' };
    const fund = (type: string, of: Record<string, unknown>): WrittenEvent => ({
      stream: `fund-${FUND}`,
      type,
      data: of,
    });
    const open = [
      fund('fund-established', { name: 'Second', currency: 'EUR', targetMinor: '1000' }),
      fund('tranche-defined', { trancheId: TRANCHE, rank: 1, kind: 'first-loss', capMinor: '1000' }),
    ];
    await expectWrong(['funds', 'Money is distributed before financial close.'], ...open, paid(data));
  });
});
