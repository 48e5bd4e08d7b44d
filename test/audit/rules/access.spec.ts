import type { WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';
import { expectRight, expectWrong } from './added-events.js';

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
  const own = { partnerId: APPLICANT, ultimateParentId: APPLICANT, category };
  return [
    story.partner(APPLICANT, LEGAL_FORMS[category] ?? 'company'),
    story.classified(APPLICANT, category),
    { ...submitted, data: { ...submitted.data, ...own } },
    {
      ...granted,
      data: { ...award, ...own, ...terms },
      envelope: { schema, ...(legalBasis !== null && { legalBasis }) },
    },
  ];
}

const right = (...grant: Parameters<typeof grantTo>) => expectRight(...grantTo(...grant));
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
    await expectRight(policy, ...grantTo('sme', { freeReason, freeEvidenceRef: 'declaration' }));
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
    await expectRight(pool('consortium'), ...sold);
    await expectWrong(['eligibility', 'has a right to free access'], pool('union'), ...sold);
  });

  it('was stamped on every grant of schema 1, which stated no reason', async () => {
    await right('tech-giant', { priceBasis: 'free' }, { schema: 1 });
    await right('sme', paid, { schema: 1 });
  });
});
