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
      facilities: [{ facilityId: story.SITE, unionMinor: '20000', statesMinor: '70010', ...line }],
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

  it('is paid on the day of the signature at the earliest', async () => {
    await expectRight(paid({}));
    await expectWrong(['commitments', 'from before the signature'], paid({ paidOn: '2026-02-01' }));
  });
});
