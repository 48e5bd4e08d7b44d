import fc from 'fast-check';
import { POLICY_NAMES, readPolicyValue, type PolicyName } from '../../src/governance/policy-values.js';
import {
  POLICY_VERSIONS_MAX,
  adoptPolicy,
  policy,
  policyAt,
  versionAt,
  type AdoptPolicyInput,
  type PolicyEvent,
} from '../../src/governance/policy.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { given, refusalOf } from '../support/given.js';

const NOW = '2026-06-15T12:00:00Z';
const REASON = 'Decision 12/2026 of the Governing Board';

const adopt = (value: unknown, effectiveFrom: string): AdoptPolicyInput => ({
  policy: 'entitlement-basis',
  value,
  effectiveFrom,
  reason: REASON,
});
const adopted = (version: number, value: 'committed' | 'paid', effectiveFrom: string): PolicyEvent => ({
  type: 'policy-adopted',
  data: { policy: 'entitlement-basis', version, value, effectiveFrom, reason: REASON },
});

describe('adopting a policy', () => {
  it('counts versions from one and stores the first instant of a date', () => {
    given(policy)
      .when((state) => adoptPolicy(state, adopt('committed', '2026-03-01'), NOW))
      .then([adopted(1, 'committed', '2026-03-01T00:00:00Z')]);
    given(policy, [adopted(1, 'committed', '2026-03-01T00:00:00Z')])
      .when((state) => adoptPolicy(state, adopt('paid', '2026-04-01T09:00:00.000Z'), NOW))
      .then([adopted(2, 'paid', '2026-04-01T09:00:00Z')]);
  });

  it('may begin with the version in force, which it corrects, but not a millisecond before', () => {
    const { when } = given(policy, [adopted(1, 'committed', '2026-03-01T00:00:00Z')]);
    when((state) => adoptPolicy(state, adopt('paid', '2026-03-01'), NOW)).then([
      adopted(2, 'paid', '2026-03-01T00:00:00Z'),
    ]);
    when((state) => adoptPolicy(state, adopt('paid', '2026-02-28T23:59:59.999Z'), NOW)).refuses(
      'policy-before-latest',
      {
        inForceSince: '2026-03-01T00:00:00Z',
        version: 1,
      },
    );
  });

  it('may replace a version that is not in force yet', () => {
    const history = [adopted(1, 'committed', '2026-03-01T00:00:00Z'), adopted(2, 'paid', '2199-01-01T00:00:00Z')];
    given(policy, history)
      .when((state) => adoptPolicy(state, adopt('paid', '2026-07-01'), NOW))
      .then([adopted(3, 'paid', '2026-07-01T00:00:00Z')]);
    const { state } = given(policy, [...history, adopted(3, 'committed', '2026-07-01T00:00:00Z')]);
    expect(policyAt(state, '2199-06-01')?.version).toBe(3);
  });

  it('keeps at most `POLICY_VERSIONS_MAX` versions', () => {
    const { when } = given(policy, [adopted(POLICY_VERSIONS_MAX, 'paid', '2026-03-01T00:00:00Z')]);
    when((state) => adoptPolicy(state, adopt('committed', '2026-04-01'), NOW)).refuses('too-many-policy-versions');
    given(policy, [adopted(POLICY_VERSIONS_MAX - 1, 'paid', '2026-03-01T00:00:00Z')])
      .when((state) => adoptPolicy(state, adopt('committed', '2026-04-01'), NOW))
      .then([adopted(POLICY_VERSIONS_MAX, 'committed', '2026-04-01T00:00:00Z')]);
  });

  it('refuses a value that is not of its policy and points to it', () => {
    const refusal = refusalOf(() => adoptPolicy(policy.initial, adopt('promised', '2026-03-01'), NOW));
    expect(refusal).toMatchObject({ kind: 'invalid', code: 'policy-value-invalid', errors: [{ pointer: '/value' }] });
    expect(refusal.detail).toBe('The value of entitlement-basis must be "committed" or "paid".');
  });
});

describe('a policy', () => {
  const { state } = given(policy, [
    adopted(1, 'committed', '2026-03-01T00:00:00Z'),
    adopted(2, 'paid', '2026-05-01T00:00:00Z'),
  ]);

  it('has no value before it was adopted and before it begins', () => {
    expect(policyAt(policy.initial, NOW)).toBeNull();
    expect(policyAt(state, '2026-02-28T23:59:59.999Z')).toBeNull();
    expect(versionAt(policy.initial, 'matching-basis', NOW)).toBeNull();
  });

  it('has the value of the version in force at the instant', () => {
    expect(policyAt(state, '2026-03-01')?.value).toBe('committed');
    expect(policyAt(state, '2026-04-30T23:59:59.999Z')?.value).toBe('committed');
    expect(versionAt(state, 'entitlement-basis', '2026-05-01T00:00:00Z')).toMatchObject({ version: 2, value: 'paid' });
  });

  it('is not read as the value of another policy', () => {
    expect(() => versionAt(state, 'matching-basis', NOW)).toThrow('entitlement-basis');
  });

  it('stops at an event that it does not know', () => {
    const strange = { type: 'policy-repealed', data: {} } as unknown as PolicyEvent;
    expect(() => policy.evolve(state, strange)).toThrow('policy-repealed');
    expect(policy.exists(policy.initial)).toBe(false);
    expect(policy.exists(state)).toBe(true);
  });
});

function accepts(name: PolicyName, value: unknown, read = value): void {
  expect(readPolicyValue(name, value)).toEqual({ policy: name, value: read });
}

function refuses(name: PolicyName, ...values: unknown[]): void {
  for (const value of [...values, null, undefined, 1, 'x', [[]], { constructor: 1 }, JSON.parse('{"__proto__": 1}')]) {
    expect(refusalOf(() => readPolicyValue(name, value)).code).toBe('policy-value-invalid');
  }
}

describe('the value of a policy', () => {
  it('free-access-evidence is a set of reasons', () => {
    accepts('free-access-evidence', ['sme-innovation', 'eu-funded'], ['eu-funded', 'sme-innovation']);
    accepts('free-access-evidence', []);
    refuses('free-access-evidence', ['eu-funded', 'eu-funded'], ['merit'], {});
  });

  it('demand-basis is all, eligible or decided', () => {
    for (const basis of ['all', 'eligible', 'decided']) accepts('demand-basis', basis);
    refuses('demand-basis', 'pending', ['all'], {});
  });

  it('access-modes has rules of modes, with sorted lists and no empty one', () => {
    const rules = { chipHoursMin: 5, chipHoursMax: 5, decision: { workingDaysMax: 4, from: 'cut-off' } };
    accepts('access-modes', {});
    accepts('access-modes', { playground: {}, 'fast-lane': rules });
    accepts(
      'access-modes',
      { regular: { months: [12, 3], audience: ['sme', 'research'] } },
      { regular: { months: [3, 12], audience: ['research', 'sme'] } },
    );
    accepts('access-modes', { regular: { months: [120] } });
    for (const wrong of [
      { ...rules, chipHoursMin: 6 },
      { chipHoursMax: 0 },
      { months: [] },
      { months: [3, 3] },
      { months: [121] },
      { months: [1.5] },
      { audience: [] },
      { audience: ['giant'] },
      { decision: { workingDaysMax: 4 } },
      { decision: { workingDaysMax: 4, from: 'opening' } },
      { other: 1 },
    ]) {
      refuses('access-modes', { regular: wrong });
    }
    refuses('access-modes', { express: {} });
  });

  it('entitlement-basis is committed or paid', () => {
    accepts('entitlement-basis', 'committed');
    accepts('entitlement-basis', 'paid');
    refuses('entitlement-basis', 'Paid', ['paid'], {}, []);
  });

  it('associated-countries are third countries, sorted and each once; it may be empty', () => {
    accepts('associated-countries', []);
    accepts('associated-countries', ['NO', 'CH', 'IS'], ['CH', 'IS', 'NO']);
    refuses('associated-countries', ['NO', 'NO'], ['FR'], ['no'], ['XK'], [7], {});
  });

  it('scale-up-definition has a number of staff from one', () => {
    accepts('scale-up-definition', { staffMax: 1 });
    accepts('scale-up-definition', { staffMax: 10_000_000 });
    refuses(
      'scale-up-definition',
      {},
      { staffMax: 0 },
      { staffMax: 10_000_001 },
      { staffMax: 1.5 },
      { staffMax: '499' },
    );
    refuses('scale-up-definition', { staffMax: 499, more: 1 }, [499], 499);
  });

  it('impact-ratio-minimum has a count from one and a ratio above 0 and up to 1', () => {
    accepts('impact-ratio-minimum', { decidedMin: 1, flagBelow: 0.8 });
    accepts('impact-ratio-minimum', { decidedMin: 1_000_000, flagBelow: 1 });
    refuses('impact-ratio-minimum', { decidedMin: 0, flagBelow: 0.8 }, { decidedMin: 1_000_001, flagBelow: 0.8 });
    refuses('impact-ratio-minimum', { decidedMin: 10, flagBelow: 0 }, { decidedMin: 10, flagBelow: 1.01 });
    refuses('impact-ratio-minimum', { decidedMin: 10 }, { flagBelow: 0.8 }, { decidedMin: 10, flagBelow: '0.8' });
  });

  it('matching-basis names kinds of contribution, at least one, sorted', () => {
    accepts('matching-basis', { kinds: ['capex'] });
    accepts(
      'matching-basis',
      { kinds: ['in-kind', 'capex', 'access-time-purchase'] },
      {
        kinds: ['access-time-purchase', 'capex', 'in-kind'],
      },
    );
    refuses('matching-basis', { kinds: [] }, { kinds: ['capex', 'capex'] }, { kinds: ['grants'] }, { kinds: 'capex' });
  });

  it('signature-acceptance is required or not-required', () => {
    accepts('signature-acceptance', 'required');
    accepts('signature-acceptance', 'not-required');
    refuses('signature-acceptance', 'committed', true, { required: true }, ['required'], '');
  });

  it('union-in-kind is counted or not-counted, and business-day-calendar a place of the institutions', () => {
    for (const word of ['counted', 'not-counted']) accepts('union-in-kind', word);
    refuses('union-in-kind', 'required', true, ['counted'], '');
    for (const place of ['brussels', 'luxembourg']) accepts('business-day-calendar', place);
    refuses('business-day-calendar', 'strasbourg', 'Brussels', { place: 'brussels' }, '');
  });

  it('capital-call-notice is a number of business days', () => {
    accepts('capital-call-notice', { businessDays: 1 });
    accepts('capital-call-notice', { businessDays: 250 });
    refuses('capital-call-notice', { businessDays: 0 }, { businessDays: 251 }, { businessDays: 1.5 }, {}, 10);
  });

  it('union-share-maximum is a percentage by kind of facility, and not of AI gigafactories', () => {
    accepts('union-share-maximum', { supercomputer: 50 });
    accepts('union-share-maximum', { 'ai-factory': 1, supercomputer: 100 });
    refuses('union-share-maximum', { supercomputer: 0 }, { supercomputer: 101 }, { supercomputer: 17.5 }, {});
    refuses('union-share-maximum', { 'ai-gigafactory': 17 }, { supercomputer: 50, 'ai-gigafactory': 17 }, 50, null);
  });

  it.each(['open-requests-per-partner', 'open-pledges-per-partner'] as const)('%s is a count', (name) => {
    accepts(name, { max: 1 });
    accepts(name, { max: 10_000 });
    refuses(name, { max: 0 }, { max: 10_001 }, { max: 1.5 }, { max: '5' }, {}, { max: 5, more: 1 }, 5);
  });

  it('is read or refused for any JSON, and reading again changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...POLICY_NAMES), fc.jsonValue(), (name, value) => {
        try {
          const read = readPolicyValue(name, value);
          expect(readPolicyValue(name, read.value)).toEqual(read);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
    );
  });
});
