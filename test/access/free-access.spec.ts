import { accessRequest, type AccessRequestEvent } from '../../src/access/access-request.js';
import { decideRequest, type DecisionInput, type DecisionRules } from '../../src/access/grant.decisions.js';
import type { OpenedCall } from '../../src/access/access-call.js';
import type { Mode } from '../../src/domain/access-modes.js';
import type { FreeReason } from '../../src/domain/free-access.js';
import type { Principal } from '../../src/ledger/command-context.js';
import { CATEGORIES, type Category } from '../../src/partners/partner.js';
import { given, refusalOf } from '../support/given.js';

const NOW = '2026-03-10T12:00:00Z';
const PANEL: Principal = { actorId: 'key-panel', roles: ['panel'] };
const CALL: OpenedCall = {
  ...{ status: 'opened', facilityId: 'facility', mode: 'regular', chipHours: 1_000, grantedChipHours: 0 },
  ...{ opensAt: NOW, closesAt: NOW },
};
const RULES: DecisionRules = {
  call: CALL,
  modes: null,
  associatedCountries: [],
  isUnionTime: true,
  freeAccessEvidence: null,
};
const CLAUSE = '2021/1173 Art. 12b(15)(b)';

/** A request of an applicant of the category, that is not decided. */
function requestOf(category: Category, mode: Mode = 'regular') {
  const submitted: AccessRequestEvent = {
    type: 'access-request-submitted',
    data: {
      ...{ callId: 'call', facilityId: 'facility', mode, partnerId: 'applicant', ultimateParentId: 'applicant' },
      ...{ category, country: 'FR', chipHoursRequested: 1_000, submittedAt: NOW, sector: 'health', submittedBy: 'key' },
    },
  };
  return given(accessRequest, [submitted]);
}

const grant = (terms: Partial<DecisionInput>): DecisionInput => ({
  ...{ outcome: 'granted', reasonCodes: ['merit'], chipHours: 1_000, priceBasis: 'free' },
  ...{ validFrom: '2026-04-01T00:00:00Z', validTo: '2026-07-01T00:00:00Z' },
  ...terms,
});

const decided = (
  category: Category,
  terms: Partial<DecisionInput>,
  { rules = RULES, mode = 'regular' }: { rules?: DecisionRules; mode?: Mode } = {},
) => decideRequest(requestOf(category, mode).state, grant(terms), PANEL, rules, NOW)[0];

/** The code of the refusal, or the clause on which the grant rests. */
function outcome(...parameters: Parameters<typeof decided>): string {
  try {
    return decided(...parameters).legalBasis ?? 'granted';
  } catch {
    return refusalOf(() => decided(...parameters)).code;
  }
}

const free = (freeReason: FreeReason, terms: Partial<DecisionInput> = {}) => ({ freeReason, ...terms });
const paid = (terms: Partial<DecisionInput> = {}) => ({ priceBasis: 'pay-per-use' as const, ...terms });
const funding = { programme: 'HE', grantNumber: '101092269' } as const;

describe('Art. 12b(15)(b): free access', () => {
  test('needs a reason, and rests on the clause', () => {
    const lacking = refusalOf(() => decided('sme', {}));
    expect([lacking.code, lacking.errors[0]?.pointer, lacking.facts['clause']]).toEqual([
      'free-reason-missing',
      '/freeReason',
      CLAUSE,
    ]);
    expect(decided('sme', free('sme-innovation'))).toMatchObject({
      type: 'access-granted',
      data: { priceBasis: 'free', freeReason: 'sme-innovation' },
      legalBasis: CLAUSE,
    });
  });

  const passing: Readonly<Record<Exclude<FreeReason, 'open-frontier'>, readonly Category[]>> = {
    'public-law-entity': ['public-body'],
    'sme-innovation': ['start-up', 'sme', 'scale-up'],
    'eu-funded': [],
    'seal-of-excellence': [],
  };
  test.each(Object.entries(passing))('%s holds for %j alone, as far as the category decides', (reason, categories) => {
    for (const category of CATEGORIES) {
      const expected = categories.includes(category) ? CLAUSE : 'free-reason-not-met';
      expect([category, outcome(category, free(reason as FreeReason))]).toEqual([category, expected]);
    }
  });

  test('says why the reason does not hold', () => {
    requestOf('tech-giant')
      .when((state) => decideRequest(state, grant(free('sme-innovation')), PANEL, RULES, NOW))
      .refuses('free-reason-not-met', {
        clause: CLAUSE,
        freeReason: 'sme-innovation',
        category: 'tech-giant',
        use: null,
      });
  });

  test('of a research organisation as a public-law entity needs the evidence that it is one', () => {
    expect(outcome('research', free('public-law-entity'))).toBe('free-reason-not-met');
    expect(outcome('research', free('public-law-entity', { freeEvidenceRef: 'statutes' }))).toBe(CLAUSE);
    expect(outcome('sme', free('public-law-entity', { freeEvidenceRef: 'statutes' }))).toBe('free-reason-not-met');
  });

  test('of an SME is for its private innovation, not for commercial use', () => {
    expect(outcome('sme', free('sme-innovation', { use: 'non-commercial' }))).toBe(CLAUSE);
    expect(outcome('sme', free('sme-innovation', { use: 'commercial' }))).toBe('free-reason-not-met');
  });

  test('of a Union-funded project needs the programme and the number', () => {
    expect(outcome('tech-giant', free('eu-funded'))).toBe('free-reason-not-met');
    expect(outcome('tech-giant', free('eu-funded', { funding }))).toBe(CLAUSE);
  });

  test('of a project with a Seal of Excellence needs its reference', () => {
    expect(outcome('large-enterprise', free('seal-of-excellence'))).toBe('free-reason-not-met');
    expect(outcome('large-enterprise', free('seal-of-excellence', { sealOfExcellenceRef: 'SOE-1' }))).toBe(CLAUSE);
  });

  test('names its evidence where the policy asks for it', () => {
    const rules = { ...RULES, freeAccessEvidence: { version: 3, value: ['sme-innovation'] as const } };
    expect(outcome('sme', free('sme-innovation'), { rules })).toBe('free-evidence-missing');
    expect(outcome('sme', free('sme-innovation', { freeEvidenceRef: 'declaration' }), { rules })).toBe(CLAUSE);
    expect(outcome('public-body', free('public-law-entity'), { rules })).toBe(CLAUSE);
  });
});

describe('Art. 12b(15)(b): paid access', () => {
  test('rests on no clause', () => {
    expect(decided('large-enterprise', paid())).not.toHaveProperty('legalBasis');
  });

  test.each<[string, Category, Partial<DecisionInput>, string]>([
    ['a public body', 'public-body', {}, 'free-by-law'],
    ['a public body that states a commercial use', 'public-body', { use: 'commercial' }, 'free-by-law'],
    ['an SME', 'sme', {}, 'free-by-law'],
    ['an SME for its innovation', 'sme', { use: 'non-commercial' }, 'free-by-law'],
    ['an SME for commercial use', 'sme', { use: 'commercial' }, 'granted'],
    ['a research organisation', 'research', {}, 'granted'],
    ['a tech giant', 'tech-giant', { use: 'non-commercial' }, 'granted'],
    ['a Union-funded project of a tech giant', 'tech-giant', { funding }, 'free-by-law'],
    ['a project with a Seal', 'large-enterprise', { sealOfExcellenceRef: 'SOE-1' }, 'free-by-law'],
  ])('of %s (%s)', (_who, category, terms, expected) => {
    expect(outcome(category, paid(terms))).toBe(expected);
  });

  test('names the reason for which it would be free', () => {
    requestOf('start-up')
      .when((state) => decideRequest(state, grant(paid()), PANEL, RULES, NOW))
      .refuses('free-by-law', { clause: CLAUSE, freeReason: 'sme-innovation', category: 'start-up', use: null });
  });

  test.each(['freeReason', 'freeEvidenceRef'] as const)('has no %s', (field) => {
    const terms = paid({ [field]: field === 'freeReason' ? 'eu-funded' : 'statutes' });
    const refusal = refusalOf(() => decided('large-enterprise', terms));
    expect([refusal.code, refusal.errors[0]?.pointer]).toEqual(['field-not-for-paid-access', `/${field}`]);
  });
});

describe('Art. 12b(11): an open-frontier project', () => {
  test('may get free access under a call of that mode, and under no other', () => {
    const mode = 'open-frontier';
    expect(outcome('tech-giant', free('open-frontier'), { mode })).toBe('2021/1173 Art. 12b(11)');
    expect(outcome('tech-giant', free('open-frontier'))).toBe('free-reason-not-met');
  });

  test('may pay as well, because the law allows free access and does not require it', () => {
    expect(outcome('tech-giant', paid(), { mode: 'open-frontier' })).toBe('granted');
  });
});

describe("time that is not the Union's", () => {
  const rules = { ...RULES, isUnionTime: false };

  test('may be sold to a start-up, or be given away without a reason, and rests on no clause of the Union', () => {
    expect(outcome('start-up', paid(), { rules })).toBe('granted');
    expect(outcome('tech-giant', {}, { rules })).toBe('granted');
    expect(outcome('sme', free('sme-innovation'), { rules })).toBe('granted');
  });

  test('names no reason that does not hold', () => {
    expect(outcome('tech-giant', free('sme-innovation'), { rules })).toBe('free-reason-not-met');
  });
});

describe('the decision', () => {
  const terms = {
    poolId: 'pool',
    freeReason: 'eu-funded',
    freeEvidenceRef: 'file 7',
    funding,
    sealOfExcellenceRef: 'SOE-1',
    use: 'non-commercial',
    class: 'strategic',
  } as const satisfies Partial<DecisionInput>;

  test('records every term that it states, and no other', () => {
    expect(decided('large-enterprise', terms).data).toMatchObject(terms);
    expect(Object.keys(decided('public-body', free('public-law-entity')).data)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/pool|Ref|funding|use|class/)]),
    );
  });

  test('of a denial states none of them', () => {
    const request = requestOf('sme').state;
    for (const [field, value] of Object.entries(terms)) {
      const denial = { outcome: 'denied' as const, reasonCodes: ['score'], [field]: value };
      const refusal = refusalOf(() => decideRequest(request, denial, PANEL, RULES, NOW));
      expect([refusal.code, refusal.errors[0]?.pointer]).toEqual(['field-not-for-denial', `/${field}`]);
    }
  });
});
