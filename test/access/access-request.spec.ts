import type { OpenedCall } from '../../src/access/access-call.js';
import {
  accessRequest,
  grantOf,
  type AccessRequestEvent,
  type Application,
  type GrantRevoked,
} from '../../src/access/access-request.js';
import {
  recordEligibility,
  submitRequest,
  withdrawRequest,
  type Applicant,
} from '../../src/access/access-request.decisions.js';
import {
  decideRequest,
  revokeGrant,
  type DecisionInput,
  type DecisionRules,
} from '../../src/access/grant.decisions.js';
import type { ModeRules } from '../../src/access/mode-rules.js';
import type { Mode } from '../../src/domain/access-modes.js';
import type { Category } from '../../src/domain/categories.js';
import type { Principal } from '../../src/ledger/command-context.js';
import { given, refusalOf } from '../support/given.js';

const NOW = '2026-03-10T12:00:00Z';
const LATER = '2026-03-20T12:00:00Z';
const OPERATOR: Principal = { actorId: 'key-operator', roles: ['operator'] };
const PANEL: Principal = { actorId: 'key-panel', roles: ['panel'] };
const PARTNER: Principal = { actorId: 'applicant', roles: ['partner'], partnerId: 'applicant' };

const CALL: OpenedCall = {
  status: 'opened',
  facilityId: 'facility',
  mode: 'fast-lane',
  opensAt: '2026-03-01T00:00:00Z',
  closesAt: '2026-06-01T00:00:00Z',
  chipHours: 2_000_000,
  grantedChipHours: 0,
};
const APPLICANT: Applicant = { partnerId: 'applicant', country: 'FR', ultimateParentId: 'parent', category: 'sme' };

const application: Application = {
  callId: 'call',
  facilityId: 'facility',
  mode: 'fast-lane',
  partnerId: 'applicant',
  ultimateParentId: 'parent',
  category: 'sme',
  country: 'FR',
  chipHoursRequested: 40_000,
  submittedAt: NOW,
};
const reasonCodes = ['score-above-threshold'];
const award = {
  chipHours: 30_000,
  priceBasis: 'free' as const,
  freeReason: 'sme-innovation' as const,
  validFrom: '2026-04-01T00:00:00Z',
  validTo: '2026-10-01T00:00:00Z',
};
const MODES: ModeRules = {
  version: 4,
  value: {
    playground: { months: [1, 2, 3], audience: ['sme', 'start-up'] },
    'fast-lane': { chipHoursMax: 50_000 },
    'large-scale': { chipHoursMin: 50_001 },
  },
};
const RULES: DecisionRules = {
  call: CALL,
  modes: MODES,
  associatedCountries: [],
  isUnionTime: true,
  freeAccessEvidence: null,
};
const grantInput: DecisionInput = { outcome: 'granted', reasonCodes, ...award };

const submitted: AccessRequestEvent = {
  type: 'access-request-submitted',
  data: { ...application, sector: 'health', submittedBy: 'key-operator' },
};
const fromAbroad = (country: string): AccessRequestEvent => ({
  type: 'access-request-submitted',
  data: { ...application, country, sector: 'health', submittedBy: 'key-operator' },
});
const withdrawn: AccessRequestEvent = {
  type: 'access-request-withdrawn',
  data: { ...application, withdrawnAt: NOW },
};
const confirmed: AccessRequestEvent = {
  type: 'eligibility-confirmed',
  data: { ...application, reasonCodes, checkedAt: NOW },
};
const refused: AccessRequestEvent = { ...confirmed, type: 'eligibility-refused' };
const granted: AccessRequestEvent = {
  type: 'access-granted',
  data: { ...application, ...award, reasonCodes, decidedAt: NOW },
};
const denied: AccessRequestEvent = { type: 'access-denied', data: { ...application, reasonCodes, decidedAt: NOW } };
const revoked: GrantRevoked = {
  type: 'grant-revoked',
  data: { ...application, chipHours: 30_000, reasonCodes, revokedAt: LATER },
};

describe('submitting an access request', () => {
  const input = { callId: 'call', chipHours: 40_000, sector: 'health' };
  const absent = given(accessRequest);
  const submit = (change: Partial<Parameters<typeof submitRequest>[2]> = {}, now = NOW, actor = OPERATOR) =>
    submitRequest(CALL, APPLICANT, { ...input, ...change }, actor, now, MODES);

  test('records the category, country and parent of that instant, and the submitter', () => {
    absent.when(() => submit()).then([submitted]);
  });

  test('marks an illustrative request, and no other', () => {
    const data = { ...submitted.data, illustrative: true };
    absent.when(() => submit({ illustrative: true })).then([{ ...submitted, data }]);
    absent.when(() => submit({ illustrative: false })).then([submitted]);
  });

  test('is made up if the operator alone says so', () => {
    const own = { ...submitted, data: { ...submitted.data, submittedBy: 'applicant' } };
    absent
      .when(() => submit({ illustrative: true }, NOW, PARTNER))
      .refuses('illustrative-not-allowed', {
        needed: ['operator'],
        roles: ['partner'],
      });
    absent.when(() => submit({ illustrative: false }, NOW, PARTNER)).then([own]);
    absent.when(() => submit({}, NOW, PARTNER)).then([own]);
  });

  test('is in time from the first instant of the call until just before its last', () => {
    absent.when(() => submit({}, '2026-02-28T23:59:59.999Z')).refuses('call-not-open', { opensAt: CALL.opensAt });
    expect(submit({}, '2026-03-01T00:00:00Z')).toHaveLength(1);
    expect(submit({}, '2026-05-31T23:59:59.999Z')).toHaveLength(1);
    absent.when(() => submit({}, '2026-06-01T00:00:00Z')).refuses('call-not-open', { closesAt: CALL.closesAt });
  });

  test('is refused for a partner without a category in force', () => {
    absent
      .when(() => submitRequest(CALL, { ...APPLICANT, category: undefined }, input, OPERATOR, NOW, MODES))
      .refuses('category-missing', { partnerId: 'applicant', submittedAt: NOW });
  });

  const under = (
    mode: Mode,
    chipHours: number,
    { category = 'sme', modes = MODES }: { category?: Category; modes?: ModeRules } = {},
  ) => submitRequest({ ...CALL, mode }, { ...APPLICANT, category }, { ...input, chipHours }, OPERATOR, NOW, modes);

  test('accepts the hours of the policy access-modes: 50,000 in the fast lane, 50,001 at large scale', () => {
    expect(under('fast-lane', 50_000)).toHaveLength(1);
    const facts = { chipHours: 50_001, chipHoursMax: 50_000, policyVersion: 4 };
    absent.when(() => under('fast-lane', 50_001)).refuses('chip-hours-above-mode-limit', facts);
    expect(under('large-scale', 50_001)).toHaveLength(1);
    absent
      .when(() => under('large-scale', 50_000))
      .refuses('chip-hours-below-mode-limit', { chipHours: 50_000, chipHoursMin: 50_001 });
    expect(under('regular', 1)).toHaveLength(1);
  });

  test('accepts the categories of the audience of the mode', () => {
    expect(under('playground', 100)).toHaveLength(1);
    absent
      .when(() => under('playground', 100, { category: 'tech-giant' }))
      .refuses('mode-not-for-category', { category: 'tech-giant', audience: ['sme', 'start-up'] });
  });

  test('has no limit of its mode before the board adopted one', () => {
    expect(under('fast-lane', 50_001, { modes: null })).toHaveLength(1);
    expect(under('large-scale', 1, { modes: null })).toHaveLength(1);
  });
});

describe('recording a step of an access request late', () => {
  const effectiveAt = '2026-03-05T08:00:00.000Z';
  const input = { callId: 'call', chipHours: 40_000, sector: 'health', effectiveAt };
  const absent = given(accessRequest);

  test('sets the instant of the submission and of the envelope', () => {
    const [event] = submitRequest(CALL, APPLICANT, input, OPERATOR, NOW, MODES);
    expect(event.data.submittedAt).toBe('2026-03-05T08:00:00Z');
    expect(event.effectiveAt).toBe('2026-03-05T08:00:00Z');
  });

  test('compares the earlier instant with the call, not the present instant', () => {
    const afterClosing = '2026-06-15T00:00:00Z';
    expect(submitRequest(CALL, APPLICANT, input, OPERATOR, afterClosing, MODES)).toHaveLength(1);
    const early = { ...input, effectiveAt: '2026-02-28T00:00:00Z' };
    absent.when(() => submitRequest(CALL, APPLICANT, early, OPERATOR, NOW, MODES)).refuses('call-not-open');
  });

  test('is refused for a future instant, and accepted for the present instant', () => {
    const future = { ...input, effectiveAt: '2026-03-10T12:00:00.001Z' };
    absent.when(() => submitRequest(CALL, APPLICANT, future, OPERATOR, NOW, MODES)).refuses('effective-in-future');
    expect(submitRequest(CALL, APPLICANT, { ...input, effectiveAt: NOW }, OPERATOR, NOW, MODES)).toHaveLength(1);
  });

  const others: [string, Principal][] = [
    ['a partner', PARTNER],
    ['an operator key that is bound to a partner', { ...PARTNER, roles: ['operator'] }],
    ['an auditor', { actorId: 'key', roles: ['auditor'] }],
  ];
  test.each(others)('is refused for %s', (_who, actor) => {
    const refusal = refusalOf(() => submitRequest(CALL, APPLICANT, input, actor, NOW, MODES));
    expect([refusal.kind, refusal.code]).toEqual(['forbidden', 'late-recording-not-allowed']);
  });

  test('cannot precede the step before', () => {
    const history = given(accessRequest, [submitted]);
    const at = (effectiveAt: string) => ({ ...grantInput, effectiveAt });
    history
      .when((state) => decideRequest(state, at('2026-03-10T11:59:59Z'), PANEL, RULES, LATER))
      .refuses('effective-too-early', { notBefore: NOW });
    const [event] = decideRequest(history.state, at(NOW), PANEL, RULES, LATER);
    expect(event).toMatchObject({ data: { decidedAt: NOW }, effectiveAt: NOW });
  });

  test('is possible for withdrawal, eligibility and revocation', () => {
    const late = { effectiveAt: '2026-03-12T00:00:00Z' };
    const { state } = given(accessRequest, [submitted]);
    const grant = given(accessRequest, [submitted, granted]).state;
    const events = [
      ...withdrawRequest(state, late, OPERATOR, LATER),
      ...recordEligibility(state, { eligible: false, reasonCodes, ...late }, PANEL, [], LATER),
      ...revokeGrant(grant, { reasonCodes, ...late }, PANEL, LATER),
    ];
    expect(events.map((event) => event.effectiveAt)).toEqual(Array(3).fill(late.effectiveAt));
  });
});

describe('withdrawing an access request', () => {
  test('ends an undecided request, with or without a check', () => {
    for (const history of [[submitted], [submitted, confirmed]]) {
      given(accessRequest, history)
        .when((state) => withdrawRequest(state, { reason: 'Funded otherwise.' }, PARTNER, LATER))
        .then([
          {
            type: 'access-request-withdrawn',
            data: { ...application, reason: 'Funded otherwise.', withdrawnAt: LATER },
          },
        ]);
    }
  });

  test.each([
    ['granted', granted, 'request-already-decided'],
    ['denied', denied, 'request-already-decided'],
    ['withdrawn', withdrawn, 'request-withdrawn'],
    ['ineligible', refused, 'request-ineligible'],
  ])('is refused once the request is %s', (status, event, code) => {
    given(accessRequest, [submitted, event])
      .when((state) => withdrawRequest(state, {}, PARTNER, LATER))
      .refuses(code, { requestStatus: status });
  });
});

describe('checking eligibility', () => {
  const eligible = { eligible: true, reasonCodes };
  const ineligible = { eligible: false, reasonCodes: ['established-elsewhere'] };

  test('records the applicant as eligible or not', () => {
    const history = given(accessRequest, [submitted]);
    history
      .when((state) => recordEligibility(state, eligible, PANEL, [], LATER))
      .then([{ type: 'eligibility-confirmed', data: { ...application, reasonCodes, checkedAt: LATER } }]);
    history
      .when((state) => recordEligibility(state, ineligible, PANEL, [], LATER))
      .then([
        {
          type: 'eligibility-refused',
          data: { ...application, reasonCodes: ['established-elsewhere'], checkedAt: LATER },
        },
      ]);
  });

  test.each([
    ['established-in-member-state', true],
    ['not-established-in-eligible-country', false],
  ])('rests on Art. 12b(15)(a) for the reason %s, and not for a reason that is not the country', (code, eligible) => {
    const { state } = given(accessRequest, [submitted]);
    const check = (...reasonCodes: string[]) =>
      recordEligibility(state, { eligible, reasonCodes }, PANEL, [], LATER)[0];
    expect(check('complete', code).legalBasis).toBe('2021/1173 Art. 12b(15)(a)');
    expect(check('duplicate-request')).not.toHaveProperty('legalBasis');
  });

  test('accepts an applicant from an associated country only while the policy lists the country', () => {
    const history = given(accessRequest, [fromAbroad('NO')]);
    expect(recordEligibility(history.state, eligible, PANEL, ['NO'], LATER)).toHaveLength(1);
    history
      .when((state) => recordEligibility(state, eligible, PANEL, ['IS'], LATER))
      .refuses('country-not-eligible', { country: 'NO', clause: '2021/1173 Art. 12b(15)(a)' });
    expect(recordEligibility(history.state, ineligible, PANEL, [], LATER)).toHaveLength(1);
  });

  test('is possible once, with either result', () => {
    for (const event of [confirmed, refused]) {
      given(accessRequest, [submitted, event])
        .when((state) => recordEligibility(state, eligible, PANEL, [], LATER))
        .refuses('eligibility-already-recorded');
    }
  });

  test.each([
    ['granted', granted, 'request-already-decided'],
    ['denied', denied, 'request-already-decided'],
    ['withdrawn', withdrawn, 'request-withdrawn'],
  ])('is refused once the request is %s', (status, event, code) => {
    given(accessRequest, [submitted, event])
      .when((state) => recordEligibility(state, eligible, PANEL, [], LATER))
      .refuses(code, { requestStatus: status });
  });

  test('requires a reason', () => {
    given(accessRequest, [submitted])
      .when((state) => recordEligibility(state, { eligible: true, reasonCodes: [] }, PANEL, [], LATER))
      .refuses('reason-codes-missing');
  });
});

describe('the decision on an access request', () => {
  const history = given(accessRequest, [submitted]);

  test('grants, with or without an earlier eligibility check', () => {
    for (const before of [[submitted], [submitted, confirmed]]) {
      given(accessRequest, before)
        .when((state) => decideRequest(state, grantInput, PANEL, RULES, LATER))
        .then([
          {
            type: 'access-granted',
            data: { ...application, ...award, reasonCodes, decidedAt: LATER, callChipHours: 30_000 },
            legalBasis: '2021/1173 Art. 12b(15)(b)',
          },
        ]);
    }
  });

  test('denies with reasons and no other field', () => {
    history
      .when((state) => decideRequest(state, { outcome: 'denied', reasonCodes }, PANEL, RULES, LATER))
      .then([{ type: 'access-denied', data: { ...application, reasonCodes, decidedAt: LATER } }]);
  });

  test.each([
    ['granted', [granted], 'request-already-decided'],
    ['denied', [denied], 'request-already-decided'],
    ['revoked', [granted, revoked], 'request-already-decided'],
    ['withdrawn', [withdrawn], 'request-withdrawn'],
    ['ineligible', [refused], 'request-ineligible'],
  ])('refuses a second decision on a request that is %s', (status, events, code) => {
    for (const input of [grantInput, { outcome: 'denied' as const, reasonCodes }]) {
      given(accessRequest, [submitted, ...events])
        .when((state) => decideRequest(state, input, PANEL, RULES, LATER))
        .refuses(code, { requestStatus: status });
    }
  });

  test('grants from one chip-hour to all requested chip-hours, and no more', () => {
    const grant = (chipHours: number) =>
      decideRequest(history.state, { ...grantInput, chipHours }, PANEL, RULES, LATER);
    history.when(() => grant(0)).refuses('granted-below-one');
    expect(grant(1)).toHaveLength(1);
    expect(grant(40_000)).toHaveLength(1);
    history
      .when(() => grant(40_001))
      .refuses('granted-above-requested', { chipHours: 40_001, chipHoursRequested: 40_000 });
  });

  test('grants for a number of months of the mode, to the day', () => {
    const { state } = given(accessRequest, [
      { type: 'access-request-submitted', data: { ...submitted.data, mode: 'playground' } as never },
    ]);
    const until = (validFrom: string, validTo: string, rules = RULES) =>
      decideRequest(state, { ...grantInput, validFrom, validTo }, PANEL, rules, LATER);
    expect(until('2026-04-01', '2026-07-01')).toHaveLength(1);
    expect(until('2026-11-30', '2027-02-28')).toHaveLength(1);
    expect(until('2026-04-15T09:30:00Z', '2026-05-15T09:30:00Z')).toHaveLength(1);
    for (const validTo of ['2026-07-02', '2026-06-30', '2036-04-01']) {
      given(accessRequest)
        .when(() => until('2026-04-01', validTo))
        .refuses('grant-length-not-allowed', { months: [1, 2, 3], policyVersion: 4 });
    }
    expect(until('2026-04-01', '2036-04-01', { ...RULES, modes: null })).toHaveLength(1);
  });

  test('grants for a period that is not empty', () => {
    const until = (validTo: string) => decideRequest(history.state, { ...grantInput, validTo }, PANEL, RULES, LATER);
    history.when(() => until(award.validFrom)).refuses('validity-out-of-order');
    expect(until('2026-04-01T00:00:00.001Z')).toHaveLength(1);
  });

  test('names the missing field of a grant and the forbidden field of a denial', () => {
    for (const field of ['chipHours', 'priceBasis', 'validFrom', 'validTo'] as const) {
      const { [field]: value, ...rest } = grantInput;
      const lacking = refusalOf(() => decideRequest(history.state, rest as DecisionInput, PANEL, RULES, LATER));
      expect([lacking.code, lacking.errors[0]?.pointer]).toEqual(['field-missing', `/${field}`]);
      const denial = { outcome: 'denied' as const, reasonCodes, [field]: value };
      const excess = refusalOf(() => decideRequest(history.state, denial, PANEL, RULES, LATER));
      expect([excess.code, excess.errors[0]?.pointer]).toEqual(['field-not-for-denial', `/${field}`]);
    }
  });

  test('checks the country of a grant again, because the earlier check is optional', () => {
    const abroad = given(accessRequest, [fromAbroad('CH')]);
    abroad.when((state) => decideRequest(state, grantInput, PANEL, RULES, LATER)).refuses('country-not-eligible');
    expect(
      decideRequest(abroad.state, grantInput, PANEL, { ...RULES, associatedCountries: ['CH'] }, LATER),
    ).toHaveLength(1);
    expect(decideRequest(abroad.state, { outcome: 'denied', reasonCodes }, PANEL, RULES, LATER)).toHaveLength(1);
  });

  test('requires a reason', () => {
    history
      .when((state) => decideRequest(state, { ...grantInput, reasonCodes: [] }, PANEL, RULES, LATER))
      .refuses('reason-codes-missing');
  });
});

describe('the submitter of an access request', () => {
  const { state } = given(accessRequest, [submitted]);
  const own: [string, Principal][] = [
    ['the same key', OPERATOR],
    ['a panel key bound to the applicant', { actorId: 'applicant', roles: ['panel'], partnerId: 'applicant' }],
    ['a panel key bound to its ultimate parent', { actorId: 'parent', roles: ['panel'], partnerId: 'parent' }],
  ];

  test.each(own)('cannot check or decide the request: %s', (_who, actor) => {
    const attempts = [
      () => recordEligibility(state, { eligible: true, reasonCodes }, actor, [], LATER),
      () => decideRequest(state, grantInput, actor, RULES, LATER),
      () => decideRequest(state, { outcome: 'denied', reasonCodes }, actor, RULES, LATER),
    ];
    for (const attempt of attempts) {
      const refusal = refusalOf(attempt);
      expect([refusal.kind, refusal.code]).toEqual(['forbidden', 'own-request']);
    }
  });

  test('differs from a reviewer that is bound to another partner', () => {
    const stranger: Principal = { actorId: 'other', roles: ['panel'], partnerId: 'other' };
    expect(decideRequest(state, grantInput, stranger, RULES, LATER)).toHaveLength(1);
  });
});

describe('a grant', () => {
  const grant = {
    id: 'request',
    partnerId: 'applicant',
    category: 'sme',
    country: 'FR',
    mode: 'fast-lane',
    facilityId: 'facility',
    chipHours: 30_000,
    unionFunded: false,
    validFrom: award.validFrom,
    validTo: award.validTo,
  };

  test('exists from the decision on, and also after its revocation', () => {
    expect(grantOf('request', given(accessRequest, [submitted]).state)).toBeNull();
    expect(grantOf('request', given(accessRequest, [submitted, denied]).state)).toBeNull();
    expect(grantOf('request', given(accessRequest, [submitted, granted]).state)).toEqual({ ...grant, revoked: false });
    const { state } = given(accessRequest, [submitted, granted, revoked]);
    expect(grantOf('request', state)).toEqual({ ...grant, revoked: true });
  });

  test('can be revoked once', () => {
    given(accessRequest, [submitted, granted])
      .when((state) => revokeGrant(state, { reasonCodes }, PANEL, LATER))
      .then([revoked]);
    given(accessRequest, [submitted, granted, revoked])
      .when((state) => revokeGrant(state, { reasonCodes }, PANEL, LATER))
      .refuses('grant-already-revoked');
  });

  test.each([
    ['submitted', []],
    ['withdrawn', [withdrawn]],
    ['ineligible', [refused]],
    ['denied', [denied]],
  ])('cannot be revoked while the request is %s', (status, events) => {
    given(accessRequest, [submitted, ...events])
      .when((state) => revokeGrant(state, { reasonCodes }, PANEL, LATER))
      .refuses('not-granted', { requestStatus: status });
  });
});

test('an access request stops at an unknown event', () => {
  const strange = { type: 'access-lotteried', data: {} } as unknown as AccessRequestEvent;
  expect(() => accessRequest.evolve(accessRequest.initial, strange)).toThrow('unknown type "access-lotteried"');
});
