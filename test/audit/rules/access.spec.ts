import type { WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';
import { expectRight, expectWrong, type Added } from './added-events.js';

const { named } = story;
const CLAUSE = '2021/1173 Art. 12b(15)(b)';
const APPLICANT = named('applicant');
const LEGAL_FORMS: Readonly<Record<string, string>> = { 'public-body': 'public-body', research: 'university' };

interface Change {
  /** Null: the grant rests on no clause. */
  readonly legalBasis?: string | null;
  readonly schema?: number;
}

/** The history of an applicant of the category, up to its grant with these terms. */
function grantTo(category: string, terms: Record<string, unknown>, change: Change = {}): WrittenEvent[] {
  const { legalBasis = CLAUSE, schema = 2 } = change;
  const [submitted, granted] = [story.submitted('r9', 100), story.granted('r9', 100)];
  const { freeReason: _, ...award } = granted.data;
  const { callChipHours: _sum, ...old } = award;
  const own = { partnerId: APPLICANT, ultimateParentId: APPLICANT, category };
  return [
    story.partner(APPLICANT, LEGAL_FORMS[category] ?? 'company'),
    story.classified(APPLICANT, category),
    { ...submitted, data: { ...submitted.data, ...own } },
    {
      ...granted,
      data: { ...(schema === 1 ? old : { ...award, callChipHours: 20_100 }), ...own, ...terms },
      envelope: { schema, ...(legalBasis !== null && { legalBasis }) },
    },
  ];
}

/** The same, with the grant counted on its call, as its command does. */
function counted(grant: readonly WrittenEvent[]): Added[] {
  const [last] = grant.slice(-1) as [WrittenEvent];
  const isCounted = last.data['callChipHours'] !== undefined;
  return [...grant.slice(0, -1), isCounted ? [last, story.counted('r9', 100, 20_100)] : last];
}
const right = (...grant: Parameters<typeof grantTo>) => expectRight(...counted(grantTo(...grant)));
const wrong = (message: string, ...grant: Parameters<typeof grantTo>) =>
  expectWrong(['eligibility', message], ...grantTo(...grant));

const paid = { priceBasis: 'pay-per-use' };
const funding = { programme: 'CEF', grantNumber: '7' };
const NO_CLAUSE = { legalBasis: null };

describe('Art. 12b(15)(b): free access in a history', () => {
  it('has a reason', async () => {
    await right('sme', { freeReason: 'sme-innovation' });
    await wrong('without a reason', 'sme', {}, NO_CLAUSE);
  });

  it.each<[string, string, Record<string, unknown>, Record<string, unknown>]>([
    ['public-law-entity', 'public-body', {}, { category: 'sme' }],
    ['public-law-entity', 'research', { freeEvidenceRef: 'statutes' }, {}],
    ['sme-innovation', 'scale-up', {}, { category: 'tech-giant' }],
    ['sme-innovation', 'start-up', { use: 'non-commercial' }, { use: 'commercial' }],
    ['eu-funded', 'tech-giant', { funding }, {}],
    ['seal-of-excellence', 'large-enterprise', { sealOfExcellenceRef: 'SOE-1' }, {}],
  ])('as %s of %s holds with %j and not with %j', async (freeReason, category, holds, lacks) => {
    await right(category, { freeReason, ...holds });
    const { category: other = category, ...terms } = lacks;
    await wrong('does not hold', String(other), { freeReason, ...terms });
  });

  it('rests on the clause, and paid access on none', async () => {
    await wrong('does not rest on the clause', 'sme', { freeReason: 'sme-innovation' }, NO_CLAUSE);
    await right('large-enterprise', paid, NO_CLAUSE);
    await wrong('does not rest on the clause', 'large-enterprise', paid);
  });

  it('has the evidence that the policy asks for', async () => {
    const policy: WrittenEvent = {
      stream: 'policy-free-access-evidence',
      type: 'policy-adopted',
      role: 'board',
      data: {
        ...{ policy: 'free-access-evidence', version: 1, value: ['sme-innovation'], reason: 'r' },
        effectiveFrom: '2026-01-01T00:00:00Z',
      },
    };
    const freeReason = 'sme-innovation';
    await expectRight(policy, ...counted(grantTo('sme', { freeReason, freeEvidenceRef: 'declaration' })));
    await expectWrong(['eligibility', 'asks for evidence'], policy, ...grantTo('sme', { freeReason }));
  });

  it('is for everybody who has a right to it', async () => {
    await right('sme', { ...paid, use: 'commercial' }, NO_CLAUSE);
    await wrong('has a right to free access', 'sme', { ...paid, use: 'non-commercial' }, NO_CLAUSE);
    await wrong('has a right to free access', 'public-body', { ...paid, use: 'commercial' }, NO_CLAUSE);
    await wrong('has a right to free access', 'tech-giant', { ...paid, funding }, NO_CLAUSE);
    await wrong('has a reason for free access', 'tech-giant', { ...paid, freeReason: 'eu-funded' }, NO_CLAUSE);
  });

  it("concerns the Union's time, and not that of a pool of another owner", async () => {
    const pool = (owner: string): WrittenEvent => ({
      stream: `facility-${story.SITE}`,
      type: 'access-pool-defined',
      data: { poolId: named('pool'), owner, basis: 'capex' },
    });
    const sold = grantTo('start-up', { ...paid, poolId: named('pool') }, NO_CLAUSE);
    await expectRight(pool('consortium'), ...counted(sold));
    await expectWrong(['eligibility', 'has a right to free access'], pool('union'), ...sold);
  });

  it('was stamped on every grant of schema 1, which stated no reason', async () => {
    await right('tech-giant', { priceBasis: 'free' }, { schema: 1 });
    await right('sme', paid, { schema: 1 });
  });
});

describe('Art. 12b(15)(a): the legal basis of an eligibility check', () => {
  const checked = (reason: string, legalBasis: string | undefined, schema = 2): WrittenEvent[] => [
    story.submitted('r9', 100),
    {
      stream: `access-request-${named('r9')}`,
      type: 'eligibility-refused',
      data: { ...story.applicationOf(100), reasonCodes: [reason], checkedAt: '2026-03-02T08:05:00Z' },
      actor: 'panel',
      envelope: { schema, ...(legalBasis !== undefined && { legalBasis }) },
    },
  ];
  const clause = '2021/1173 Art. 12b(15)(a)';
  const about = 'not-established-in-eligible-country';

  it('is there if the country is a reason, and only then', async () => {
    await expectRight(...checked(about, clause));
    await expectRight(...checked('duplicate-request', undefined));
    await expectWrong(['eligibility', 'clause of its reasons'], ...checked(about, undefined));
    await expectWrong(['eligibility', 'clause of its reasons'], ...checked('duplicate-request', clause));
    await expectRight(...checked('duplicate-request', clause, 1));
  });
});

describe('Art. 12b(14): floors and caps', () => {
  const adopted = (role: string, schema: number): WrittenEvent => ({
    stream: `facility-${story.SITE}`,
    type: 'quota-policy-adopted',
    role,
    data: {
      ...{ chipModel: story.MODEL, version: 2, floors: {}, caps: {}, reason: 'r' },
      effectiveFrom: '2026-05-01T00:00:00Z',
    },
    envelope: { schema },
  });

  it('are adopted by the board, and before schema 2 by the operator as well', async () => {
    await expectRight(adopted('board', 2));
    await expectWrong(['actors', 'cannot cause'], adopted('operator', 2));
    await expectRight(adopted('operator', 1));
  });
});

describe("a call's budget in a history", () => {
  // The programme grants 20,000 and 10,000 of the 1,000,000 chip-hours of its call, and revokes the 10,000.
  const grantOf = (chipHours: number, sum: number, ...counted: WrittenEvent[]): Added[] => [
    story.submitted('r9', chipHours),
    [story.granted('r9', chipHours, chipHours, sum), ...counted],
  ];
  const counts = (chipHours: number, sum: number) => story.counted('r9', chipHours, sum);

  it('takes the last chip-hour, and not one more', async () => {
    await expectRight(...grantOf(980_000, 1_000_000, counts(980_000, 1_000_000)));
    const [submitted] = grantOf(980_001, 1_000_001);
    await expectWrong(['access-calls', 'More is granted than the call offers'], submitted as Added, [
      story.granted('r9', 980_001, 980_001, 1_000_001),
      counts(980_001, 1_000_001),
    ]);
  });

  it('counts every grant, with its hours, once', async () => {
    await expectWrong(['access-requests', 'does not count the hours'], ...grantOf(100, 20_100));
    const [submitted] = grantOf(100, 20_100) as [Added];
    const granted = story.granted('r9', 100, 100, 20_100);
    await expectWrong(['access-calls', 'The sum of the call'], submitted, [granted, counts(99, 20_100)]);
    await expectWrong(['access-requests', 'another sum'], submitted, [granted, counts(99, 20_099)]);
    const other = story.granted('r9', 100, 100, 20_099);
    await expectWrong(['access-requests', 'other chip-hours'], submitted, [other, counts(99, 20_099)]);
    await expectWrong(['access-calls', 'The sum of the call'], submitted, [granted, counts(100, 20_000)]);
    await expectWrong(
      ['access-requests', 'did not give'],
      ...grantOf(100, 20_100, counts(100, 20_100)),
      counts(100, 20_200),
    );
  });

  it('gets back from a revoked grant what it did not allocate, and no more', async () => {
    const grant = grantOf(100, 20_100, counts(100, 20_100));
    const at = '2026-03-02T08:20:00Z';
    const data = { ...story.applicationOf(100), chipHours: 100, reasonCodes: ['fraud'], revokedAt: at };
    const stream = `access-request-${named('r9')}`;
    const revoked: WrittenEvent = { stream, type: 'grant-revoked', data, actor: 'panel' };
    const returns = (chipHours: number) => story.counted('r9', chipHours, 20_100 - chipHours, 'returned');
    await expectRight(...grant, [revoked, returns(100)]);
    await expectWrong(['access-requests', 'does not count the hours'], ...grant, revoked);
    await expectWrong(['access-requests', 'without a revocation'], ...grant, [returns(100)]);
  });
});

describe('the pool of a grant', () => {
  it('is that of its revocation', async () => {
    const grant = grantTo('start-up', { freeReason: 'sme-innovation', poolId: named('pool') });
    const [granted] = grant.slice(-1) as [WrittenEvent];
    const application = Object.fromEntries(
      Object.entries(granted.data).filter(([name]) => name in story.applicationOf(100) || name === 'chipHours'),
    );
    const revoked = (pool: object): Added => [
      {
        ...{ stream: granted.stream, type: 'grant-revoked', actor: 'panel' },
        data: { ...application, ...pool, reasonCodes: ['fraud'], revokedAt: '2026-03-02T08:20:00Z' },
      },
      story.counted('r9', 100, 20_000, 'returned'),
    ];
    const defined: WrittenEvent = {
      stream: `facility-${story.SITE}`,
      type: 'access-pool-defined',
      data: { poolId: named('pool'), owner: 'union', basis: 'capex' },
    };
    await expectRight(defined, ...counted(grant), revoked({ poolId: named('pool') }));
    for (const pool of [{}, { poolId: named('other') }]) {
      const [event] = revoked(pool) as [WrittenEvent];
      await expectWrong(['access-requests', 'another pool than the grant'], defined, ...counted(grant), event);
    }
  });
});

describe('the policy access-modes in a history', () => {
  const modes = (rules: Record<string, unknown>): WrittenEvent => ({
    stream: 'policy-access-modes',
    type: 'policy-adopted',
    role: 'board',
    data: {
      ...{ policy: 'access-modes', version: 1, value: { regular: rules }, reason: 'r' },
      effectiveFrom: '2026-01-01T00:00:00Z',
    },
  });
  const found = (message: string) => ['access-calls', message] as const;

  it('bounds the hours and the audience of a request', async () => {
    await expectRight(
      modes({ chipHoursMin: 100, chipHoursMax: 100, audience: ['start-up'] }),
      story.submitted('r9', 100),
    );
    await expectWrong(found('More is asked for'), modes({ chipHoursMax: 99 }), story.submitted('r9', 100));
    await expectWrong(found('Less is asked for'), modes({ chipHoursMin: 101 }), story.submitted('r9', 100));
    await expectWrong(found('not for the category'), modes({ audience: ['sme'] }), story.submitted('r9', 100));
    const earlier = { ...story.submitted('r9', 100), envelope: { schema: 1 } };
    await expectRight(modes({ chipHoursMax: 99 }), earlier);
  });

  it('bounds the length of a grant to the months of its mode', async () => {
    const grantUntil = (validTo: string): [WrittenEvent, WrittenEvent] => {
      const granted = story.granted('r9', 100, 100, 20_100);
      return [story.submitted('r9', 100), { ...granted, data: { ...granted.data, validTo } }];
    };
    const [submitted, granted] = grantUntil('2026-08-01T00:00:00Z');
    await expectRight(modes({ months: [1, 3] }), submitted, [granted, story.counted('r9', 100, 20_100)]);
    await expectWrong(found('mode does not have'), modes({ months: [1, 3] }), ...grantUntil('2026-08-02T00:00:00Z'));
    await expectWrong(found('mode does not have'), modes({ months: [1, 3] }), ...grantUntil('2026-07-01T00:00:00Z'));
  });
});
