import { FREE_REASONS, type AccessUse, type FreeReason } from '../domain/free-access.js';
import type { Mode } from '../domain/access-modes.js';
import type { Category } from '../domain/categories.js';
import { invalid, refuse } from '../ledger/refusal.js';
import type { Funding, PriceBasis } from './access-request.js';
import { FREE_ACCESS_CLAUSE, OPEN_FRONTIER_CLAUSE } from './grant.refusals.js';

/** The facts on which it depends whether access to the Union's time is free of charge. */
export interface FreeAccessFacts {
  readonly category: Category;
  readonly mode: Mode;
  readonly use?: AccessUse;
  readonly funding?: Funding;
  readonly sealOfExcellenceRef?: string;
  readonly freeEvidenceRef?: string;
}

/** The part of a decision that says what the access costs. */
export interface PriceInput extends Omit<FreeAccessFacts, 'category' | 'mode'> {
  readonly priceBasis: PriceBasis;
  readonly freeReason?: FreeReason;
}

export interface PriceRules {
  /** False if the hours come from a pool that is not the Union's: Art. 12b(15) binds the Union's time only. */
  readonly isUnionTime: boolean;
  /** The policy `free-access-evidence` in force; null before its adoption. */
  readonly freeAccessEvidence: { readonly version: number; readonly value: readonly FreeReason[] } | null;
}

interface Heading {
  readonly clause: typeof FREE_ACCESS_CLAUSE | typeof OPEN_FRONTIER_CLAUSE;
  /** What the reason needs. */
  readonly needs: string;
  /** Whether whoever meets it must not pay. Art. 12b(11) allows free access and does not require it. */
  readonly isRight: boolean;
  readonly isMet: (facts: FreeAccessFacts) => boolean;
}

const INNOVATORS: ReadonlySet<Category> = new Set(['start-up', 'sme', 'scale-up']);

/**
 * When each reason holds. The categories of the ledger say whether a user is a public body, and that a start-up is a small enterprise;
 * they do not say whether a university or an institute is governed by public law, so there the panel must name its evidence. "Industrial
 * users" of the clause are read as all users that are not governed by public law.
 */
const HEADINGS: Readonly<Record<FreeReason, Heading>> = {
  'public-law-entity': {
    clause: FREE_ACCESS_CLAUSE,
    needs: 'an applicant of the category public-body, or of the category research with freeEvidenceRef',
    isRight: true,
    isMet: ({ category, freeEvidenceRef }) =>
      category === 'public-body' || (category === 'research' && freeEvidenceRef !== undefined),
  },
  'sme-innovation': {
    clause: FREE_ACCESS_CLAUSE,
    needs: 'an applicant of the category start-up, sme or scale-up, and a use that is not commercial',
    isRight: true,
    isMet: ({ category, use }) => INNOVATORS.has(category) && use !== 'commercial',
  },
  'eu-funded': {
    clause: FREE_ACCESS_CLAUSE,
    needs: 'funding with the programme (HE, DEP or CEF) and the number of the grant agreement',
    isRight: true,
    isMet: ({ funding }) => funding !== undefined,
  },
  'seal-of-excellence': {
    clause: FREE_ACCESS_CLAUSE,
    needs: 'sealOfExcellenceRef',
    isRight: true,
    isMet: ({ sealOfExcellenceRef }) => sealOfExcellenceRef !== undefined,
  },
  'open-frontier': {
    clause: OPEN_FRONTIER_CLAUSE,
    needs: 'a call of the mode open-frontier',
    isRight: false,
    isMet: ({ mode }) => mode === 'open-frontier',
  },
};

/**
 * The clause on which the price rests; undefined for paid access, and for time that is not the Union's.
 * @throws Refusal `free-reason-missing`, `field-not-for-paid-access` (422); `free-reason-not-met`, `free-evidence-missing`, `free-by-law`
 * (409).
 */
export function priceClause(
  of: Pick<FreeAccessFacts, 'category' | 'mode'>,
  input: PriceInput,
  { isUnionTime, freeAccessEvidence }: PriceRules,
): string | undefined {
  const { priceBasis, freeReason, use, funding, sealOfExcellenceRef, freeEvidenceRef } = input;
  const facts: FreeAccessFacts = {
    ...{ category: of.category, mode: of.mode },
    ...(use && { use }),
    ...(funding && { funding }),
    ...(sealOfExcellenceRef !== undefined && { sealOfExcellenceRef }),
    ...(freeEvidenceRef !== undefined && { freeEvidenceRef }),
  };
  if (priceBasis === 'pay-per-use') {
    requireNoFreeField(input);
    if (isUnionTime) requireNoRight(facts);
    return undefined;
  }
  if (freeReason === undefined) {
    if (!isUnionTime) return undefined;
    throw invalid(
      'free-reason-missing',
      '/freeReason',
      `Free access needs a freeReason: one of ${FREE_REASONS.join(', ')}.`,
      { clause: FREE_ACCESS_CLAUSE },
    );
  }
  requireMet(freeReason, facts);
  requireEvidence(freeReason, facts, freeAccessEvidence);
  return isUnionTime ? HEADINGS[freeReason].clause : undefined;
}

function requireMet(freeReason: FreeReason, facts: FreeAccessFacts): void {
  const { clause, needs, isMet } = HEADINGS[freeReason];
  if (isMet(facts)) return;
  const { category, mode, use = null } = facts;
  throw refuse(
    'free-reason-not-met',
    `The reason ${freeReason} needs ${needs}. The applicant was of the category ${category} at the submission. Give the reason that holds, or ` +
      'decide for pay-per-use.',
    { clause, freeReason, category, mode, use },
  );
}

function requireEvidence(
  freeReason: FreeReason,
  { freeEvidenceRef }: FreeAccessFacts,
  evidence: PriceRules['freeAccessEvidence'],
): void {
  if (evidence === null || !evidence.value.includes(freeReason) || freeEvidenceRef !== undefined) return;
  throw refuse(
    'free-evidence-missing',
    `The policy free-access-evidence, version ${evidence.version}, asks for evidence of the reason ${freeReason}. Name it as freeEvidenceRef.`,
    { clause: FREE_ACCESS_CLAUSE, freeReason, policyVersion: evidence.version },
  );
}

function requireNoFreeField(input: PriceInput): void {
  for (const field of ['freeReason', 'freeEvidenceRef'] as const) {
    if (input[field] === undefined) continue;
    throw invalid(
      'field-not-for-paid-access',
      `/${field}`,
      `Paid access has no ${field}. Leave it out, or grant free access.`,
    );
  }
}

function requireNoRight(facts: FreeAccessFacts): void {
  const freeReason = FREE_REASONS.find((reason) => HEADINGS[reason].isRight && HEADINGS[reason].isMet(facts));
  if (freeReason === undefined) return;
  const { category, use = null } = facts;
  const unless =
    freeReason === 'sme-innovation'
      ? ' Where the time is not for private innovation activities of the applicant, state the use commercial.'
      : '';
  throw refuse(
    'free-by-law',
    `Access is free of charge for this user (${freeReason}). Grant it with priceBasis free and this freeReason.${unless}`,
    { clause: FREE_ACCESS_CLAUSE, freeReason, category, use },
  );
}
