import type { WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';
import { expectRight, expectWrong } from './added-events.js';

const { named } = story;
const LAYER = named('second layer');
const FUND = named('second fund');

const pledged = (id: string, data: Record<string, unknown>, further: Record<string, unknown> = {}): WrittenEvent => ({
  stream: `commitment-${named(id)}`,
  type: 'commitment-pledged',
  data: { ...data, amountMinor: '10', ...further },
});
const old = (event: WrittenEvent, schema = 1): WrittenEvent => ({ ...event, envelope: { schema } });
const policy = (name: string, value: unknown): WrittenEvent => ({
  stream: `policy-${name}`,
  type: 'policy-adopted',
  role: 'board',
  data: { policy: name, version: 1, value, effectiveFrom: '2026-01-01T00:00:00Z', reason: 'r' },
});
const facility = (id: string, further: Record<string, unknown>): WrittenEvent => ({
  stream: `facility-${named(id)}`,
  type: 'facility-registered',
  data: { name: id, country: 'SE', kind: 'supercomputer', ...further },
});

describe('Art. 12b(5): public money names its facility', () => {
  const { facilityId: _none, ...union } = story.termsOf(story.UNION, 'union');
  const message = 'Public money names no facility';
  const event = (type: string, data: Record<string, unknown>): WrittenEvent => ({ stream: `fund-${FUND}`, type, data });
  const opened = (further: Record<string, unknown> = {}) => [
    event('fund-established', { name: 'Second', currency: 'EUR', targetMinor: '1000', ...further }),
    event('tranche-defined', { trancheId: LAYER, rank: 1, kind: 'first-loss', capMinor: '1000' }),
  ];
  const ofSecond = { fundId: FUND, trancheId: LAYER };
  const signed = (terms: Record<string, unknown>): [WrittenEvent, WrittenEvent] => {
    const [signature, booking] = story.signed('c9', terms, '10') as [WrittenEvent, WrittenEvent];
    return [signature, { ...booking, stream: `fund-${FUND}` }];
  };
  const oldSignature = (): WrittenEvent[] => {
    const [signature, booking] = signed({ ...union, ...ofSecond });
    const { kind: _kind, facilityId: _facility, ...data } = booking.data;
    return [signature, old({ ...booking, data })];
  };
  const close = event('financial-close-reached', {
    ...{ ...story.COUNTED, facilities: [], committedMinor: '10', reachedOn: '2026-03-02', evidenceRef: null },
  });

  it('in a pledge', async () => {
    await expectWrong(['funds', message], pledged('c9', union));
    await expectRight(old(pledged('c9', union)));
    await expectRight(pledged('c9', { ...union, kind: 'in-kind' }, { describes: 'staff' }));
    await expectRight(...opened({ financesGigafactories: false }), pledged('c9', { ...union, ...ofSecond }));
  });

  it('in a signature, also of an earlier pledge', async () => {
    const terms = { ...union, ...ofSecond };
    await expectWrong(['funds', message], ...opened(), old(pledged('c9', terms)), [...signed(terms)].slice(0, 2));
    await expectRight(...opened(), old(pledged('c9', terms)), oldSignature());
  });

  it('before the close of the fund', async () => {
    const terms = { ...union, ...ofSecond };
    const before = [...opened(), old(pledged('c9', terms)), oldSignature()];
    await expectWrong(['funds', 'while public money names no facility'], ...before, close);
    const { matchingKinds: _kinds, unionInKind: _inKind, ...data } = close.data;
    await expectRight(...before, old({ ...close, data }, 2));
  });

  it('and no gigafactory in a fund that finances none', async () => {
    const terms = { ...story.termsOf(story.UNION, 'union'), ...ofSecond };
    await expectWrong(
      ['funds', 'A fund that finances no gigafactory'],
      ...opened({ financesGigafactories: false }),
      pledged('c9', terms),
    );
    await expectRight(...opened(), pledged('c9', terms));
  });
});

describe('Art. 12b(10): a contribution in kind', () => {
  const terms = { ...story.termsOf(story.STATE, 'member-state'), kind: 'in-kind' };

  it('is described, and is no donated access time', async () => {
    await expectRight(pledged('c9', terms, { describes: 'equipment' }));
    await expectRight(old(pledged('c9', terms)));
    await expectWrong(['commitments', 'says what is given'], pledged('c9', terms));
    await expectWrong(
      ['commitments', 'says what is given'],
      pledged('c9', story.termsOf(story.STATE, 'member-state'), { describes: 'equipment' }),
    );
    await expectWrong(['commitments', 'Donated access time'], pledged('c9', terms, { describes: 'access-time' }));
  });

  it('is signed only as described', async () => {
    await expectRight(pledged('c9', terms, { describes: 'equipment' }), story.signed('c9', terms, '10'));
    const [signature, booking, contribution] = story.signed('c9', terms, '10') as [
      WrittenEvent,
      WrittenEvent,
      WrittenEvent,
    ];
    await expectWrong(['commitments', 'that nobody described'], old(pledged('c9', terms)), [signature, booking]);
    const { kind: _kind, ...data } = booking.data;
    await expectRight(old(pledged('c9', terms)), [signature, old({ ...booking, data }), contribution]);
  });
});

/** The pledge and the signature of a commitment to another facility than the one of the programme. */
const paying = (id: string, terms: Record<string, unknown>, amountMinor: string, further = {}) => {
  const [signature, booking, contribution] = story.signed(id, terms, amountMinor) as [
    WrittenEvent,
    WrittenEvent,
    WrittenEvent,
  ];
  const stream = `facility-${String(terms['facilityId'])}`;
  return [pledged(id, terms, { amountMinor, ...further }), [signature, booking, { ...contribution, stream }]];
};

describe('Art. 12b(5): the Union in kind', () => {
  const at = { facilityId: named('small') };
  const site = facility('small', { kind: 'ai-gigafactory', capexMinor: '1000', currency: 'EUR' });
  const ofState = paying('c8', { ...story.termsOf(story.STATE, 'member-state'), ...at }, '300');
  const inKind = (amountMinor: string) =>
    paying('c9', { ...story.termsOf(story.UNION, 'union'), ...at, kind: 'in-kind' }, amountMinor, {
      describes: 'equipment',
    });

  it('counts against the 17 % unless the policy says that it does not', async () => {
    await expectRight(site, ...ofState, ...inKind('170'));
    await expectWrong(['funds', 'more than 17 %'], site, ...ofState, ...inKind('171'));
    await expectRight(policy('union-in-kind', 'not-counted'), site, ...ofState, ...inKind('171'));
  });

  it('did not count in schema 1', async () => {
    const [pledge, command] = inKind('171') as [WrittenEvent, WrittenEvent[]];
    const [signature, booking, contribution] = command as [WrittenEvent, WrittenEvent, WrittenEvent];
    const { signedOn: _day, ...data } = contribution.data;
    await expectRight(site, ...ofState, pledge, [signature, booking, old({ ...contribution, data })]);
  });
});

describe('Arts. 17 and 18: the policy union-share-maximum', () => {
  const SITE = 'machine';
  const terms = { ...story.termsOf(story.UNION, 'union'), facilityId: named(SITE) };
  const given = (amountMinor: string) => paying('c9', terms, amountMinor);
  const site = facility(SITE, { capexMinor: '1001', currency: 'EUR' });

  it('passes at the line, and not one minor unit above', async () => {
    const half = policy('union-share-maximum', { supercomputer: 50 });
    await expectRight(half, site, ...given('500'));
    await expectWrong(['funds', 'more than 50 %'], half, site, ...given('501'));
    await expectRight(site, ...given('501'));
    await expectRight(policy('union-share-maximum', { 'ai-factory': 50 }), site, ...given('501'));
  });
});

describe('Art. 12b(4): the host', () => {
  const state = (country: string): WrittenEvent => story.partner(named('host'), 'member-state', country);
  const site = (country: string) => facility('hosted', { country, hostStatePartnerId: named('host') });

  it('is the state of the territory', async () => {
    await expectRight(state('FR'), site('FR'));
    await expectWrong(['partners', 'in another territory'], state('FR'), site('SE'));
    await expectRight(state('FR'), old(site('SE')));
  });

  it('is a Member State of the Union', async () => {
    await expectWrong(['partners', 'a Member State outside the Union'], state('US'));
    await expectRight(old(state('US')));
  });
});

describe('a call for access to a gigafactory', () => {
  const opened = (opensAt: string): WrittenEvent => ({
    stream: `access-call-${named('early')}`,
    type: 'access-call-opened',
    data: {
      ...{ facilityId: story.SITE, mode: 'regular', title: 't', opensAt, closesAt: '2026-12-31T00:00:00Z' },
      chipHours: 1,
    },
  });

  it('opens from the day on by which its host has signed money for it', async () => {
    await expectRight(opened('2026-02-02T00:00:00Z'));
    await expectWrong(['access-calls', 'signed no money'], opened('2026-02-01T23:59:59Z'));
    await expectRight(old(opened('2026-02-01T23:59:59Z')));
  });
});

describe('the kind of money of a partner', () => {
  const of = (legalForm: string, partnerKind: string) => [
    story.partner(named('body'), legalForm),
    pledged('c9', story.termsOf(named('body'), partnerKind)),
  ];

  it.each([
    ['region', 'regional'],
    ['public-body', 'public-other'],
    ['university', 'public-other'],
    ['research-organisation', 'public-other'],
    ['company', 'private'],
    ['consortium', 'private'],
  ])('of the form %s is %s', async (legalForm, kind) => {
    await expectRight(...of(legalForm, kind));
    await expectWrong(
      ['partners', 'another kind of partner'],
      ...of(legalForm, kind === 'private' ? 'regional' : 'private'),
    );
  });

  it('was private for all of them in schema 1', async () => {
    const [body, pledge] = of('public-body', 'private') as [WrittenEvent, WrittenEvent];
    await expectRight(body, old(pledge));
  });
});

describe('a decrease after financial close', () => {
  const union = story.termsOf(story.UNION, 'union');
  const commitment = `commitment-${named('c2')}`;
  const lowered = (further: Record<string, unknown> = {}, role = 'operator'): WrittenEvent[] => {
    const [, ...bookings] = story.signed('c2', union, '-100');
    const data = { ...union, deltaMinor: '-100', unfundedDeltaMinor: '-100', reason: 'r', ...further };
    const actor = role === 'operator' ? {} : { role, actor: story.UNION };
    return [{ stream: commitment, type: 'commitment-amended', data }, ...bookings].map((each) => ({
      ...each,
      ...actor,
    }));
  };
  const requested = (amountMinor?: string): WrittenEvent => ({
    ...{ stream: commitment, type: 'decrease-requested', role: 'partner', actor: story.UNION },
    data: { ...union, requestId: named('request'), reason: 'r', ...(amountMinor !== undefined && { amountMinor }) },
  });

  it('is asked for by the partner and accepted by the operator, and is not made by the partner', async () => {
    const accepted = lowered({ decreaseRequestId: named('request') });
    await expectRight(requested('100'), accepted);
    await expectRight(lowered());
    const [amended, booking, contribution] = lowered({}, 'partner') as [WrittenEvent, WrittenEvent, WrittenEvent];
    await expectWrong(['funds', 'A partner lowers by its own key'], [amended, contribution, booking]);
    const { kind: _kind, ...data } = booking.data;
    await expectRight([old(amended), old({ ...booking, data }), contribution]);
  });

  it('is the one that was asked for', async () => {
    const [accepted] = lowered({ decreaseRequestId: named('request') }) as [WrittenEvent];
    await expectWrong(['commitments', 'a request that does not wait'], [accepted]);
    await expectWrong(['commitments', 'Another decrease is accepted'], requested('99'), [accepted]);
    await expectWrong(['commitments', 'Another decrease is accepted'], requested(), [accepted]);
    await expectWrong(['commitments', 'than is unfunded'], requested('20001'));
  });
});

describe('the notice of a capital call', () => {
  const called = (issuedOn: string, dueOn: string): WrittenEvent => ({
    stream: `commitment-${named('c2')}`,
    type: 'capital-call-issued',
    data: {
      ...story.termsOf(story.UNION, 'union'),
      ...{ callId: named('k9'), amountMinor: '1', issuedOn, dueOn, unfundedDeltaMinor: '-1' },
    },
  });
  const wrong = ['funds', 'The call is due too early.'] as const;

  it('is that of the policy in force on the day of the issue, or ten business days in Brussels', async () => {
    await expectRight(called('2026-06-15', '2026-06-29'));
    await expectWrong(wrong, called('2026-06-15', '2026-06-28'));
    await expectWrong(wrong, called('2026-07-13', '2026-07-27'));
    const luxembourg = policy('business-day-calendar', 'luxembourg');
    await expectWrong(wrong, luxembourg, called('2026-06-15', '2026-06-29'));
    await expectRight(luxembourg, called('2026-07-13', '2026-07-27'));
    const five = policy('capital-call-notice', { businessDays: 5 });
    await expectRight(five, called('2026-06-15', '2026-06-22'));
    await expectWrong(wrong, five, called('2026-06-15', '2026-06-21'));
    // Not yet in force on the day of the issue.
    const later = { ...five, data: { ...five.data, effectiveFrom: '2026-06-16T00:00:00Z' } };
    await expectWrong(wrong, later, called('2026-06-15', '2026-06-22'));
  });

  it('is a number that the calendar can count, or the policy is named', async () => {
    await expectRight(
      policy('capital-call-notice', { businessDays: 250 }),
      policy('union-share-maximum', { supercomputer: 100 }),
    );
    for (const businessDays of [251, 1e15]) {
      await expectWrong(['funds', 'no number of business days'], policy('capital-call-notice', { businessDays }));
    }
    for (const supercomputer of [101, 1e15]) {
      await expectWrong(['funds', 'The share is no percentage'], policy('union-share-maximum', { supercomputer }));
    }
  });
});
