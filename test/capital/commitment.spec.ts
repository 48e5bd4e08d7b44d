import {
  commitment,
  type Commitment,
  type CommitmentEvent,
  type CommitmentTerms,
} from '../../src/capital/commitment.js';
import { NOTICE_WITHOUT_POLICY, type CallNotice } from '../../src/capital/call-notice.js';
import { CALLS_MAX, distribute, issueCall, payCall } from '../../src/capital/cash.decisions.js';
import { accept, amend, cancel, sign, type Signatory } from '../../src/capital/commitment.decisions.js';
import { acceptDecrease, requestDecrease } from '../../src/capital/decrease-request.decisions.js';
import { pledge, pledgeTerms, type FinancedFacility } from '../../src/capital/pledge.decisions.js';
import type { ClosedFund, Fund } from '../../src/capital/fund.js';
import type { InKindDescription } from '../../src/domain/commitment-kinds.js';
import type { Principal } from '../../src/ledger/command-context.js';
import { given, refusalOf } from '../support/given.js';

const NOW = '2026-06-15T12:00:00Z';
const OPERATOR: Principal = { actorId: 'programme', roles: ['operator'] };
const PARTNER: Principal = { actorId: 'partner-a', roles: ['partner'], partnerId: 'partner-a' };
const TERMS: CommitmentTerms = {
  fundId: 'fund-a',
  trancheId: 'tranche-a',
  trancheRank: 1,
  trancheKind: 'first-loss',
  partnerId: 'partner-a',
  partnerKind: 'member-state',
  facilityId: 'facility-a',
  currency: 'EUR',
  kind: 'capex',
};
const CLOSED: ClosedFund = {
  status: 'closed',
  currency: 'EUR',
  targetMinor: 1_000n,
  tranches: [],
  facilityIds: ['facility-a'],
  financesGigafactories: true,
  unplacedMinor: new Map(),
  reachedOn: '2026-02-27',
};
const { reachedOn: _reachedOn, ...TERMS_OF_FUND } = CLOSED;
const OPEN: Fund = { ...TERMS_OF_FUND, status: 'established' };

const pledged: CommitmentEvent = { type: 'commitment-pledged', data: { ...TERMS, amountMinor: '1000' } };
const signed: CommitmentEvent = {
  type: 'commitment-signed',
  data: { ...TERMS, amountMinor: '1000', signedOn: '2026-03-02' },
};
const called = (callId: string, amountMinor: string): CommitmentEvent => ({
  type: 'capital-call-issued',
  data: {
    ...TERMS,
    callId,
    amountMinor,
    issuedOn: '2026-03-02',
    dueOn: '2026-03-16',
    unfundedDeltaMinor: `-${amountMinor}`,
  },
});
const paid = (callId: string, amountMinor: string): CommitmentEvent => ({
  type: 'capital-call-paid',
  data: { ...TERMS, callId, amountMinor, paidOn: '2026-03-16' },
});
const distributed = (amountMinor: string, recallableMinor: string): CommitmentEvent => ({
  type: 'distribution-paid',
  data: { ...TERMS, amountMinor, recallableMinor, paidOn: '2026-04-01', unfundedDeltaMinor: recallableMinor },
});
const cancelled: CommitmentEvent = {
  type: 'commitment-cancelled',
  data: { ...TERMS, reason: 'withdrawn', releasedMinor: '700', unfundedDeltaMinor: '-700' },
};
const taken = (type: CommitmentEvent['type']) => [expect.objectContaining({ type })];

describe('the terms of a pledge', () => {
  const tranche = {
    trancheId: 'tranche-a',
    rank: 1,
    kind: 'first-loss',
    capMinor: 1_000n,
    committedMinor: 0n,
  } as const;
  const { trancheRank: _rank, trancheKind: _kind, partnerKind: _partnerKind, ...input } = TERMS;
  const terms = (change: Partial<typeof input>, financed?: FinancedFacility) =>
    pledgeTerms({ ...input, ...change }, { ...OPEN, tranches: [tranche] }, 'member-state', financed);

  it('are repeated by later events: fund and partner', () => {
    expect(terms({}, { kind: 'ai-gigafactory', currency: 'EUR' })).toEqual(TERMS);
    expect(terms({})).toEqual(TERMS);
  });

  it('name a facility where the money is of the Union or of a state, by Art. 12b(5)', () => {
    const { facilityId: _none, ...placeless } = input;
    const of = (change: object, financesGigafactories = true, financed?: FinancedFacility) =>
      pledgeTerms(
        { ...placeless, ...change },
        { ...OPEN, tranches: [tranche], financesGigafactories },
        'member-state',
        financed,
      );
    expect(refusalOf(() => of({})).code).toBe('facility-missing');
    expect(of({}, false)).not.toHaveProperty('facilityId');
    expect(of({ kind: 'in-kind' })).not.toHaveProperty('facilityId');
    const named = { facilityId: 'facility-a' };
    expect(refusalOf(() => of(named, false, { kind: 'ai-gigafactory' }))).toMatchObject({
      code: 'fund-without-gigafactories',
      facts: { fundId: 'fund-a', facilityId: 'facility-a' },
    });
    expect(of(named, false, { kind: 'supercomputer' })).toMatchObject(named);
  });

  it('must name a tranche of the fund', () => {
    expect(refusalOf(() => terms({ trancheId: 'tranche-b' })).code).toBe('unknown-tranche');
  });

  it('must be in the currency of the fund and of the facility', () => {
    expect(refusalOf(() => terms({ currency: 'SEK' })).facts).toEqual({ currency: 'SEK', fundCurrency: 'EUR' });
    expect(refusalOf(() => terms({}, { kind: 'ai-factory', currency: 'SEK' })).facts).toEqual({
      currency: 'EUR',
      facilityCurrency: 'SEK',
    });
  });
});

describe('a pledge', () => {
  it('records the terms and the amount', () => {
    expect(pledge(TERMS, { amountMinor: '1000' }, OPERATOR)).toEqual([pledged]);
  });

  it('keeps the programme, the source and the illustrative mark', () => {
    const further = { programme: 'Digital Europe', source: 'https://example.eu/decision', illustrative: true };
    expect(pledge(TERMS, { amountMinor: '1', ...further }, OPERATOR)[0]?.data).toMatchObject(further);
  });

  it('is made up if the operator alone says so', () => {
    const marked = { amountMinor: '1', illustrative: true };
    expect(pledge(TERMS, marked, OPERATOR)[0].data.illustrative).toBe(true);
    expect(refusalOf(() => pledge(TERMS, marked, PARTNER))).toMatchObject({
      code: 'illustrative-not-allowed',
      facts: { needed: ['operator'], roles: ['partner'] },
    });
    expect(pledge(TERMS, { amountMinor: '1', illustrative: false }, PARTNER)[0].data.illustrative).toBe(false);
    expect(pledge(TERMS, { amountMinor: '1' }, PARTNER)[0].data).not.toHaveProperty('illustrative');
  });

  it('is refused with an amount of zero or less', () => {
    for (const amountMinor of ['0', '-1']) {
      expect(refusalOf(() => pledge(TERMS, { amountMinor }, OPERATOR)).code).toBe('amount-not-positive');
    }
  });
});

const BY_OPERATOR: Signatory = { actor: OPERATOR, acceptance: undefined, isClosed: true };
const REQUIRED = { version: 2, effectiveFrom: '2026-01-01T00:00:00Z' };
const accepted: CommitmentEvent = {
  type: 'commitment-accepted',
  data: { ...TERMS, amountMinor: '1000', acceptedOn: '2026-03-01' },
};

describe('an acceptance', () => {
  const on =
    (acceptedOn: string, further: object = {}) =>
    (state: Commitment) =>
      accept(state, { acceptedOn, ...further }, NOW);

  it('records the pledged amount, and where it is kept', () => {
    given(commitment, [pledged]).when(on('2026-03-01')).then([accepted]);
    given(commitment, [pledged])
      .when(on('2026-03-01', { evidenceRef: 'Decision 14' }))
      .then([{ ...accepted, data: { ...accepted.data, evidenceRef: 'Decision 14' } }]);
  });

  it('may be dated today but not tomorrow', () => {
    given(commitment, [pledged]).when(on('2026-06-15')).then(taken('commitment-accepted'));
    given(commitment, [pledged]).when(on('2026-06-16')).refuses('date-in-future', { date: '2026-06-16' });
  });

  it('happens once, and to a pledge', () => {
    given(commitment, [pledged, accepted])
      .when(on('2026-03-02'))
      .refuses('commitment-accepted-already', { acceptedOn: '2026-03-01' });
    given(commitment, [pledged, accepted, signed])
      .when(on('2026-03-02'))
      .refuses('commitment-not-pledged', { commitmentStatus: 'signed' });
    expect(() => given(commitment, [pledged, signed, accepted])).toThrow('cannot be accepted');
  });
});

describe('a signature by the key of the partner', () => {
  const by = (actor: Principal, acceptance: Signatory['acceptance']) => (state: Commitment) =>
    sign(state, { signedOn: '2026-03-02' }, { actor, acceptance, isClosed: false }, NOW);
  const raise =
    (deltaMinor: string, signatory: Partial<Signatory> = {}) =>
    (state: Commitment) =>
      amend(
        state,
        { deltaMinor, reason: 'scope' },
        { actor: PARTNER, acceptance: REQUIRED, isClosed: false, ...signatory },
      );
  const needed = { policy: 'signature-acceptance', policyVersion: 2, inForceSince: '2026-01-01T00:00:00Z' };

  it('binds once the operator has accepted the pledge, where a policy requires it', () => {
    given(commitment, [pledged])
      .when(by(PARTNER, REQUIRED))
      .refuses('commitment-not-accepted', {
        ...needed,
        amountMinor: '1000',
      });
    given(commitment, [pledged, accepted]).when(by(PARTNER, REQUIRED)).then([signed]);
    given(commitment, [pledged]).when(by(OPERATOR, REQUIRED)).then([signed]);
  });

  it('binds by itself without such a policy', () => {
    given(commitment, [pledged]).when(by(PARTNER, undefined)).then([signed]);
  });

  it('is not enough for a raise under the policy: the operator records it', () => {
    const history = [pledged, accepted, signed];
    given(commitment, history)
      .when(raise('1'))
      .refuses('commitment-not-accepted', { ...needed, amountMinor: '1' });
    given(commitment, history).when(raise('-1')).then(taken('commitment-amended'));
    given(commitment, history)
      .when(raise('1', { actor: OPERATOR }))
      .then(taken('commitment-amended'));
    given(commitment, history)
      .when(raise('1', { acceptance: undefined }))
      .then(taken('commitment-amended'));
  });
});

describe('a signature', () => {
  const on = (signedOn: string) => (state: Commitment) => sign(state, { signedOn }, BY_OPERATOR, NOW);

  it('makes the pledged amount committed and unfunded', () => {
    given(commitment, [pledged]).when(on('2026-03-02')).then([signed]);
  });

  it('may be dated today but not tomorrow', () => {
    given(commitment, [pledged]).when(on('2026-06-15')).then(taken('commitment-signed'));
    given(commitment, [pledged])
      .when(on('2026-06-16'))
      .refuses('date-in-future', { date: '2026-06-16', today: '2026-06-15' });
  });

  it('is possible once, and not for a cancelled commitment', () => {
    given(commitment, [pledged, signed])
      .when(on('2026-03-02'))
      .refuses('commitment-not-pledged', { commitmentStatus: 'signed' });
    given(commitment, [pledged, { ...cancelled, data: { ...cancelled.data, releasedMinor: '0' } } as CommitmentEvent])
      .when(on('2026-03-02'))
      .refuses('commitment-not-pledged', { commitmentStatus: 'cancelled' });
    expect(() => on('2026-03-02')(commitment.initial)).toThrow('A commitment is used before it is pledged.');
  });
});

describe('an amendment', () => {
  const by = (deltaMinor: string) => (state: Commitment) => amend(state, { deltaMinor, reason: 'scope' }, BY_OPERATOR);

  it('raises or lowers the unfunded part', () => {
    for (const delta of ['1', '-1']) {
      given(commitment, [pledged, signed])
        .when(by(delta))
        .then([
          {
            type: 'commitment-amended',
            data: { ...TERMS, deltaMinor: delta, reason: 'scope', unfundedDeltaMinor: delta },
          },
        ]);
    }
  });

  it('can remove the whole unfunded part, but not one minor unit of the called part', () => {
    const history = [pledged, signed, called('call-a', '300')];
    given(commitment, history).when(by('-700')).then(taken('commitment-amended'));
    given(commitment, history)
      .when(by('-701'))
      .refuses('unfunded-below-zero', { unfundedMinor: '700', deltaMinor: '-701' });
  });

  it('is refused with an amount of zero', () => {
    given(commitment, [pledged, signed]).when(by('0')).refuses('delta-is-zero');
  });

  it('requires a signed commitment that is not cancelled', () => {
    given(commitment, [pledged]).when(by('1')).refuses('commitment-not-signed', { commitmentStatus: 'pledged' });
    given(commitment, [pledged, signed, called('call-a', '300'), cancelled])
      .when(by('1'))
      .refuses('commitment-not-signed', { commitmentStatus: 'cancelled' });
  });
});

describe('a capital call', () => {
  const input = { amountMinor: '300', issuedOn: '2026-03-02', dueOn: '2026-03-16' };
  const calling =
    (change: Partial<typeof input>, of: Fund = CLOSED, notice = NOTICE_WITHOUT_POLICY) =>
    (state: Commitment) =>
      issueCall(state, of, 'call-a', { ...input, ...change }, notice);

  it('lowers the unfunded part at its issue', () => {
    given(commitment, [pledged, signed])
      .when(calling({}))
      .then([called('call-a', '300')]);
  });

  it('requires financial close', () => {
    given(commitment, [pledged, signed]).when(calling({}, OPEN)).refuses('no-financial-close', { fundId: 'fund-a' });
  });

  it('takes at most the whole unfunded part, and not one minor unit more', () => {
    given(commitment, [pledged, signed])
      .when(calling({ amountMinor: '1000' }))
      .then(taken('capital-call-issued'));
    given(commitment, [pledged, signed])
      .when(calling({ amountMinor: '1001' }))
      .refuses('unfunded-below-zero', { unfundedMinor: '1000', amountMinor: '1001' });
  });

  it('may take the recallable part of a distribution again, beyond the committed amount', () => {
    const history = [pledged, signed, called('call-0', '1000'), paid('call-0', '1000'), distributed('500', '400')];
    given(commitment, history)
      .when(calling({ amountMinor: '400' }))
      .then(taken('capital-call-issued'));
    given(commitment, history)
      .when(calling({ amountMinor: '401' }))
      .refuses('unfunded-below-zero');
  });

  it('is due on the tenth business day at the earliest', () => {
    given(commitment, [pledged, signed])
      .when(calling({ dueOn: '2026-03-16' }))
      .then(taken('capital-call-issued'));
    given(commitment, [pledged, signed])
      .when(calling({ dueOn: '2026-03-15' }))
      .refuses('notice-too-short', { earliestDueOn: '2026-03-16', businessDaysMin: 10 });
  });

  it('is due after the notice of the policy, on the calendar of the policy', () => {
    const on = (issuedOn: string, dueOn: string, notice: CallNotice) => calling({ issuedOn, dueOn }, CLOSED, notice);
    const history = given(commitment, [pledged, signed]);
    const five: CallNotice = { businessDays: 5, calendar: 'brussels' };
    history.when(on('2026-03-02', '2026-03-09', five)).then(taken('capital-call-issued'));
    history
      .when(on('2026-03-02', '2026-03-08', five))
      .refuses('notice-too-short', { earliestDueOn: '2026-03-09', businessDaysMin: 5, calendar: 'brussels' });
    // 23 June closes Luxembourg, and 21 July Brussels.
    const luxembourg: CallNotice = { businessDays: 10, calendar: 'luxembourg' };
    history.when(on('2026-06-15', '2026-06-29', NOTICE_WITHOUT_POLICY)).then(taken('capital-call-issued'));
    history
      .when(on('2026-06-15', '2026-06-29', luxembourg))
      .refuses('notice-too-short', { earliestDueOn: '2026-06-30' });
    history.when(on('2026-07-13', '2026-07-27', luxembourg)).then(taken('capital-call-issued'));
    history
      .when(on('2026-07-13', '2026-07-27', NOTICE_WITHOUT_POLICY))
      .refuses('notice-too-short', { earliestDueOn: '2026-07-28' });
  });

  it('does not count holidays of the institutions and of TARGET as business days', () => {
    const overEaster = { issuedOn: '2026-03-30' };
    given(commitment, [pledged, signed])
      .when(calling({ ...overEaster, dueOn: '2026-04-16' }))
      .then(taken('capital-call-issued'));
    given(commitment, [pledged, signed])
      .when(calling({ ...overEaster, dueOn: '2026-04-15' }))
      .refuses('notice-too-short', { earliestDueOn: '2026-04-16' });
  });

  it('is issued on the day of the signature at the earliest', () => {
    given(commitment, [pledged, signed])
      .when(calling({ issuedOn: '2026-03-02' }))
      .then(taken('capital-call-issued'));
    given(commitment, [pledged, signed])
      .when(calling({ issuedOn: '2026-03-01' }))
      .refuses('call-before-signature', { signedOn: '2026-03-02' });
  });

  it('is issued on the day of the financial close at the earliest', () => {
    const later: Fund = { ...CLOSED, reachedOn: '2026-03-03' };
    given(commitment, [pledged, signed])
      .when(calling({ issuedOn: '2026-03-03', dueOn: '2026-03-17' }, later))
      .then(taken('capital-call-issued'));
    given(commitment, [pledged, signed])
      .when(calling({ issuedOn: '2026-03-02' }, later))
      .refuses('call-before-financial-close', { fundId: 'fund-a', reachedOn: '2026-03-03', issuedOn: '2026-03-02' });
  });

  it('requires a signed commitment that is not cancelled, and an amount', () => {
    given(commitment, [pledged]).when(calling({})).refuses('commitment-not-signed');
    given(commitment, [pledged, signed, called('call-0', '300'), cancelled])
      .when(calling({}))
      .refuses('commitment-not-signed', { commitmentStatus: 'cancelled' });
    given(commitment, [pledged, signed])
      .when(calling({ amountMinor: '0' }))
      .refuses('amount-not-positive');
  });

  it('is refused beyond the limit of calls', () => {
    const calls = Array.from({ length: CALLS_MAX }, (_, index) => called(`call-${index}`, '1'));
    const large: CommitmentEvent = { ...signed, data: { ...signed.data, amountMinor: '5000' } } as CommitmentEvent;
    given(commitment, [pledged, large, ...calls.slice(1)])
      .when(calling({}))
      .then(taken('capital-call-issued'));
    given(commitment, [pledged, large, ...calls])
      .when(calling({}))
      .refuses('too-many-calls', { limit: CALLS_MAX });
  });
});

describe('a payment', () => {
  const paying =
    (amountMinor: string, paidOn = '2026-03-16', callId = 'call-a') =>
    (state: Commitment) =>
      payCall(state, callId, { amountMinor, paidOn }, NOW);
  const history = [pledged, signed, called('call-a', '300')];

  it('settles a call in parts, up to the amount of that call', () => {
    given(commitment, history)
      .when(paying('300'))
      .then([paid('call-a', '300')]);
    given(commitment, [...history, paid('call-a', '100')])
      .when(paying('200'))
      .then([paid('call-a', '200')]);
    given(commitment, [...history, paid('call-a', '100'), called('call-b', '300')])
      .when(paying('201'))
      .refuses('paid-exceeds-called', { calledMinor: '300', paidMinor: '100', amountMinor: '201' });
  });

  it('is dated from the day of the call to today', () => {
    given(commitment, history).when(paying('1', '2026-03-02')).then(taken('capital-call-paid'));
    given(commitment, history).when(paying('1', '2026-03-01')).refuses('paid-before-call', { issuedOn: '2026-03-02' });
    given(commitment, history).when(paying('1', '2026-06-15')).then(taken('capital-call-paid'));
    given(commitment, history).when(paying('1', '2026-06-16')).refuses('date-in-future');
  });

  it('is accepted for a call that was open at the cancellation of the commitment', () => {
    given(commitment, [...history, cancelled])
      .when(paying('300'))
      .then([paid('call-a', '300')]);
    given(commitment, [...history, cancelled])
      .when(paying('301'))
      .refuses('paid-exceeds-called');
  });

  it('must name a call of this commitment, and an amount', () => {
    given(commitment, history)
      .when(paying('1', '2026-03-16', 'call-b'))
      .refuses('unknown-call', { id: 'call-b' });
    given(commitment, history).when(paying('0')).refuses('amount-not-positive');
    given(commitment, [pledged]).when(paying('1')).refuses('commitment-not-signed');
  });
});

describe('a distribution', () => {
  const distributing =
    (amountMinor: string, recallableMinor: string, paidOn = '2026-04-01', by: Fund = CLOSED) =>
    (state: Commitment) =>
      distribute(state, by, { amountMinor, recallableMinor, paidOn }, NOW);
  const history = [pledged, signed, called('call-a', '300'), paid('call-a', '300')];

  it('adds its recallable part to the unfunded part', () => {
    given(commitment, history)
      .when(distributing('200', '50'))
      .then([distributed('200', '50')]);
    expect(given(commitment, [...history, distributed('200', '50')]).state).toMatchObject({
      unfundedMinor: 750n,
      distributedMinor: 200n,
      recallableMinor: 50n,
    });
  });

  it('is recallable from zero up to its amount', () => {
    given(commitment, history).when(distributing('200', '0')).then(taken('distribution-paid'));
    given(commitment, history).when(distributing('200', '200')).then(taken('distribution-paid'));
    given(commitment, history).when(distributing('200', '201')).refuses('recallable-exceeds-amount');
    given(commitment, history).when(distributing('200', '-1')).refuses('recallable-exceeds-amount');
  });

  it('makes no more than the paid-in capital callable again, however much is called', () => {
    const more = [...history, called('call-b', '500')];
    given(commitment, more).when(distributing('900', '300')).then(taken('distribution-paid'));
    given(commitment, more)
      .when(distributing('900', '301'))
      .refuses('recallable-exceeds-paid', { paidMinor: '300', madeRecallableMinor: '0', recallableMinor: '301' });
    given(commitment, [...more, distributed('200', '200')])
      .when(distributing('900', '100'))
      .then(taken('distribution-paid'));
    given(commitment, [...more, distributed('200', '200')])
      .when(distributing('900', '101'))
      .refuses('recallable-exceeds-paid', { paidMinor: '300', madeRecallableMinor: '200' });
  });

  it('is not made before financial close', () => {
    given(commitment, history)
      .when(distributing('1', '0', '2026-04-01', OPEN))
      .refuses('no-financial-close', { fundId: 'fund-a' });
  });

  it('is not made to a commitment on which nothing is paid in', () => {
    given(commitment, [pledged, signed, called('call-a', '300')])
      .when(distributing('1', '0'))
      .refuses('nothing-paid-in', { paidMinor: '0', firstPaidOn: null });
    given(commitment, [pledged, signed, called('call-a', '300'), paid('call-a', '1')])
      .when(distributing('1', '0'))
      .then(taken('distribution-paid'));
  });

  it('is dated from the first payment to today', () => {
    const earlier = { ...paid('call-a', '1'), data: { ...paid('call-a', '1').data, paidOn: '2026-03-10' } };
    const early = [...history.slice(0, 3), paid('call-a', '2'), earlier as CommitmentEvent];
    given(commitment, early)
      .when(distributing('1', '0', '2026-03-10'))
      .then(taken('distribution-paid'));
    given(commitment, early)
      .when(distributing('1', '0', '2026-03-09'))
      .refuses('nothing-paid-in', { firstPaidOn: '2026-03-10', paidOn: '2026-03-09' });
    given(commitment, history)
      .when(distributing('1', '0', '2026-03-01'))
      .refuses('paid-before-signature');
    given(commitment, history)
      .when(distributing('1', '0', '2026-06-15'))
      .then(taken('distribution-paid'));
    given(commitment, history)
      .when(distributing('1', '0', '2026-06-16'))
      .refuses('date-in-future');
  });

  it('is accepted after a cancellation, for paid-in capital, but makes no capital callable again', () => {
    const left = [...history, cancelled];
    given(commitment, left)
      .when(distributing('200', '0'))
      .then([distributed('200', '0')]);
    expect(given(commitment, [...left, distributed('200', '0')]).state).toMatchObject({
      status: 'cancelled',
      distributedMinor: 200n,
      unfundedMinor: 0n,
    });
    given(commitment, left).when(distributing('200', '1')).refuses('recallable-after-cancellation', {
      recallableMinor: '1',
    });
    given(commitment, left)
      .when(distributing('1', '0', '2026-03-01'))
      .refuses('paid-before-signature');
  });

  it('requires a signature and an amount', () => {
    given(commitment, [pledged]).when(distributing('1', '0')).refuses('commitment-not-signed', {
      commitmentStatus: 'pledged',
    });
    const withdrawn: CommitmentEvent = {
      type: 'commitment-cancelled',
      data: { ...TERMS, reason: 'withdrawn', releasedMinor: '0', unfundedDeltaMinor: '0' },
    };
    given(commitment, [pledged, withdrawn]).when(distributing('1', '0')).refuses('commitment-not-signed');
    given(commitment, history).when(distributing('0', '0')).refuses('amount-not-positive');
  });
});

describe('Art. 12b(10): a contribution in kind', () => {
  const IN_KIND = { ...TERMS, kind: 'in-kind' } as const;
  const pledging = (describes?: InKindDescription, terms: CommitmentTerms = IN_KIND) =>
    pledge(terms, { amountMinor: '1', ...(describes && { describes }) }, OPERATOR);

  it('says what is given, and money does not', () => {
    expect(pledging('equipment')[0].data).toMatchObject({ kind: 'in-kind', describes: 'equipment' });
    expect(refusalOf(() => pledging()).code).toBe('description-missing');
    expect(refusalOf(() => pledging('equipment', TERMS))).toMatchObject({
      code: 'description-not-for-money',
      facts: { kind: 'capex' },
    });
  });

  it('is not donated access time', () => {
    expect(refusalOf(() => pledging('access-time'))).toMatchObject({
      code: 'donated-time-is-no-contribution',
      facts: { clause: '2021/1173 Art. 12b(10)', partnerKind: 'member-state' },
    });
    // The clause is about Member States; the rule of the ledger is for all.
    expect(refusalOf(() => pledging('access-time', { ...IN_KIND, partnerKind: 'private' })).facts).toEqual({
      partnerKind: 'private',
    });
  });

  it('is signed only if the pledge says what is given', () => {
    const old: CommitmentEvent = { type: 'commitment-pledged', data: { ...IN_KIND, amountMinor: '1' } };
    const signing = (state: Commitment) => sign(state, { signedOn: '2026-03-02' }, BY_OPERATOR, NOW);
    given(commitment, [old]).when(signing).refuses('in-kind-not-described');
    given(commitment, [{ ...old, data: { ...old.data, describes: 'premises' } } as CommitmentEvent])
      .when(signing)
      .then(taken('commitment-signed'));
  });
});

describe('a partner that lowers or cancels what it has signed', () => {
  const by = (actor: Principal, isClosed: boolean): Signatory => ({ actor, acceptance: undefined, isClosed });
  const lowering = (signatory: Signatory) => (state: Commitment) =>
    amend(state, { deltaMinor: '-1', reason: 'scope' }, signatory);
  const cancelling = (signatory: Signatory) => (state: Commitment) => cancel(state, { reason: 'left' }, signatory);
  const history = given(commitment, [pledged, signed]);
  const asking =
    (input: { amountMinor?: string } = {}, isClosed = true) =>
    (state: Commitment) =>
      requestDecrease(state, 'request-a', { reason: 'scope', ...input }, isClosed);
  const requested = (amountMinor?: string, requestId = 'request-a'): CommitmentEvent => ({
    type: 'decrease-requested',
    data: { ...TERMS, requestId, reason: 'scope', ...(amountMinor !== undefined && { amountMinor }) },
  });
  const accepting = (requestId: string) => (state: Commitment) => acceptDecrease(state, requestId, BY_OPERATOR);

  it('does so itself before financial close, and asks after it', () => {
    history.when(lowering(by(PARTNER, false))).then(taken('commitment-amended'));
    history.when(cancelling(by(PARTNER, false))).then(taken('commitment-cancelled'));
    history.when(lowering(by(PARTNER, true))).refuses('decrease-needs-acceptance', { fundId: 'fund-a' });
    history.when(cancelling(by(PARTNER, true))).refuses('decrease-needs-acceptance', { fundId: 'fund-a' });
    history.when(lowering(by(OPERATOR, true))).then(taken('commitment-amended'));
    history.when(cancelling(by(OPERATOR, true))).then(taken('commitment-cancelled'));
    // A pledge binds nobody, also after the close. A raise needs no request.
    given(commitment, [pledged])
      .when(cancelling(by(PARTNER, true)))
      .then(taken('commitment-cancelled'));
    history
      .when((state) => amend(state, { deltaMinor: '1', reason: 'scope' }, by(PARTNER, true)))
      .then(taken('commitment-amended'));
  });

  it('asks for at most the unfunded part, or for all of it', () => {
    history.when(asking({ amountMinor: '1000' })).then([requested('1000')]);
    history.when(asking({ amountMinor: '1001' })).refuses('unfunded-below-zero', { unfundedMinor: '1000' });
    history.when(asking({ amountMinor: '0' })).refuses('amount-not-positive');
    history.when(asking()).then([requested()]);
    history.when(asking({}, false)).refuses('no-financial-close', { fundId: 'fund-a' });
    given(commitment, [pledged]).when(asking()).refuses('commitment-not-signed');
  });

  it('loses nothing before the operator accepts exactly what was asked for, once', () => {
    const waiting = [pledged, signed, requested('300')];
    expect(given(commitment, waiting).state).toMatchObject({ committedMinor: 1_000n, unfundedMinor: 1_000n });
    const accepted: CommitmentEvent = {
      type: 'commitment-amended',
      data: {
        ...TERMS,
        deltaMinor: '-300',
        reason: 'scope',
        unfundedDeltaMinor: '-300',
        decreaseRequestId: 'request-a',
      },
    };
    given(commitment, waiting).when(accepting('request-a')).then([accepted]);
    given(commitment, [...waiting, accepted])
      .when(accepting('request-a'))
      .refuses('unknown-decrease-request');
    given(commitment, [...waiting, requested('1', 'request-b')])
      .when(accepting('request-a'))
      .refuses('unknown-decrease-request', { id: 'request-a' });
    given(commitment, [...waiting, called('call-a', '701')])
      .when(accepting('request-a'))
      .refuses('unfunded-below-zero', { unfundedMinor: '299' });
    given(commitment, [...waiting, called('call-a', '700')])
      .when(accepting('request-a'))
      .then(taken('commitment-amended'));
  });

  it('is cancelled when a request without an amount is accepted', () => {
    given(commitment, [pledged, signed, called('call-a', '300'), requested()])
      .when(accepting('request-a'))
      .then([
        {
          type: 'commitment-cancelled',
          data: {
            ...TERMS,
            reason: 'scope',
            releasedMinor: '700',
            unfundedDeltaMinor: '-700',
            decreaseRequestId: 'request-a',
          },
        },
      ]);
  });
});

describe('a cancellation', () => {
  const cancelling = (state: Commitment) => cancel(state, { reason: 'withdrawn' }, BY_OPERATOR);

  it('releases the unfunded part and leaves the called part', () => {
    given(commitment, [pledged, signed, called('call-a', '300')])
      .when(cancelling)
      .then([cancelled]);
    expect(given(commitment, [pledged, signed, called('call-a', '300'), cancelled]).state).toMatchObject({
      status: 'cancelled',
      committedMinor: 300n,
      calledMinor: 300n,
      unfundedMinor: 0n,
    });
  });

  it('withdraws a pledge and releases nothing, because a pledge does not bind', () => {
    given(commitment, [pledged])
      .when(cancelling)
      .then([
        {
          type: 'commitment-cancelled',
          data: { ...TERMS, reason: 'withdrawn', releasedMinor: '0', unfundedDeltaMinor: '0' },
        },
      ]);
  });

  it('is possible once', () => {
    given(commitment, [pledged, signed, called('call-a', '300'), cancelled])
      .when(cancelling)
      .refuses('commitment-cancelled-already');
  });
});

describe('the aggregate commitment', () => {
  it('writes no amount as minus zero', () => {
    const [event] = cancel(
      given(commitment, [pledged, signed, called('call-a', '1000')]).state,
      { reason: 'done' },
      BY_OPERATOR,
    );
    expect(event?.data).toMatchObject({ releasedMinor: '0', unfundedDeltaMinor: '0' });
  });

  it('leaves out the facility if there is none', () => {
    const { facilityId: _none, ...free } = TERMS;
    const [event] = pledge(free, { amountMinor: '1' }, OPERATOR);
    expect(event?.data).not.toHaveProperty('facilityId');
  });

  it('stops at an unknown event, and at an impossible one', () => {
    expect(() => commitment.evolve(commitment.initial, { type: 'commitment-lost', data: {} } as never)).toThrow(
      'commitment-lost',
    );
    expect(() => commitment.evolve(commitment.initial, called('call-a', '1'))).toThrow('absent');
    expect(() => given(commitment, [pledged, signed, paid('call-x', '1')])).toThrow('never issued');
  });
});
