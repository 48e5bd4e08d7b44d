import {
  commitment,
  type Commitment,
  type CommitmentEvent,
  type CommitmentTerms,
} from '../../src/capital/commitment.js';
import { CALLS_MAX, distribute, issueCall, payCall } from '../../src/capital/cash.decisions.js';
import {
  accept,
  amend,
  cancel,
  pledge,
  pledgeTerms,
  sign,
  type Signatory,
} from '../../src/capital/commitment.decisions.js';
import type { ClosedFund, Fund } from '../../src/capital/fund.js';
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
  const terms = (change: Partial<typeof input>, facilityCurrency?: string) =>
    pledgeTerms({ ...input, ...change }, { ...OPEN, tranches: [tranche] }, 'member-state', facilityCurrency);

  it('are repeated by later events: fund and partner', () => {
    expect(terms({}, 'EUR')).toEqual(TERMS);
    expect(terms({})).toEqual(TERMS);
  });

  it('must name a tranche of the fund', () => {
    expect(refusalOf(() => terms({ trancheId: 'tranche-b' })).code).toBe('unknown-tranche');
  });

  it('must be in the currency of the fund and of the facility', () => {
    expect(refusalOf(() => terms({ currency: 'SEK' })).facts).toEqual({ currency: 'SEK', fundCurrency: 'EUR' });
    expect(refusalOf(() => terms({}, 'SEK')).facts).toEqual({ currency: 'EUR', facilityCurrency: 'SEK' });
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

const BY_OPERATOR: Signatory = { actor: OPERATOR, acceptance: undefined };
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
    sign(state, { signedOn: '2026-03-02' }, { actor, acceptance }, NOW);
  const raise =
    (deltaMinor: string, signatory: Partial<Signatory> = {}) =>
    (state: Commitment) =>
      amend(state, { deltaMinor, reason: 'scope' }, { actor: PARTNER, acceptance: REQUIRED, ...signatory });
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
    (change: Partial<typeof input>, of: Fund = CLOSED) =>
    (state: Commitment) =>
      issueCall(state, of, 'call-a', { ...input, ...change });

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
    (amountMinor: string, recallableMinor: string, paidOn = '2026-04-01') =>
    (state: Commitment) =>
      distribute(state, { amountMinor, recallableMinor, paidOn }, NOW);
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

  it('makes no more than the called capital callable again', () => {
    given(commitment, history).when(distributing('900', '300')).then(taken('distribution-paid'));
    given(commitment, history)
      .when(distributing('900', '301'))
      .refuses('recallable-exceeds-called', { calledMinor: '300', recallableMinor: '301' });
    given(commitment, [...history, distributed('200', '200')])
      .when(distributing('900', '101'))
      .refuses('recallable-exceeds-called', { calledMinor: '100' });
  });

  it('is dated from the signature to today', () => {
    given(commitment, history)
      .when(distributing('1', '0', '2026-03-02'))
      .then(taken('distribution-paid'));
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

describe('a cancellation', () => {
  const cancelling = (state: Commitment) => cancel(state, { reason: 'withdrawn' });

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
    const [event] = cancel(given(commitment, [pledged, signed, called('call-a', '1000')]).state, { reason: 'done' });
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
