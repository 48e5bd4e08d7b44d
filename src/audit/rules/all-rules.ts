import type { Findings } from '../audit-finding.js';
import { AttestationRule } from './attestation.rule.js';
import { AllocationRule } from './allocation.rule.js';
import { AccessCallRule } from './access-call.rule.js';
import { CapacityRule } from './capacity.rule.js';
import { CommitmentRule } from './commitment.rule.js';
import { FundRule } from './fund.rule.js';
import { PoolRule } from './pool.rule.js';
import { PartnerRule } from './partner.rule.js';
import { EligibilityRule } from './eligibility.rule.js';
import { OwnershipRule } from './ownership.rule.js';
import { PublicationRule } from './publication.rule.js';
import { PolicyRule } from './policy.rule.js';
import { ApiKeyRule } from './api-key.rule.js';
import { AccessRequestRule } from './access-request.rule.js';
import { EVENT_TYPES, rulesFor, type RuleName } from './coverage.js';
import type { Rule } from './rule.js';
import { YearlySubmissionRule } from './yearly-submission.rule.js';

/** Every rule under its name, in the order of the report. A name without its rule does not compile. */
const RULES: { readonly [Name in RuleName]: (findings: Findings) => Rule<Name> } = {
  funds: (findings) => new FundRule(findings),
  commitments: (findings) => new CommitmentRule(findings),
  capacity: (findings) => new CapacityRule(findings),
  pools: (findings) => new PoolRule(findings),
  allocations: (findings) => new AllocationRule(findings),
  'access-calls': (findings) => new AccessCallRule(findings),
  'access-requests': (findings) => new AccessRequestRule(findings),
  partners: (findings) => new PartnerRule(findings),
  policies: (findings) => new PolicyRule(findings),
  ownership: (findings) => new OwnershipRule(findings),
  eligibility: (findings) => new EligibilityRule(findings),
  publications: (findings) => new PublicationRule(findings),
  'api-keys': (findings) => new ApiKeyRule(findings),
  attestations: (findings) => new AttestationRule(findings),
  'yearly-submissions': (findings) => new YearlySubmissionRule(findings),
};

/** All rules, which add to these findings. */
export const rulesOf = (findings: Findings): Rule[] => Object.values(RULES).map((rule) => rule(findings));

/** The rules of each event type, by the coverage alone. */
export const rulesByType = (rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> =>
  new Map(EVENT_TYPES.map((type) => [type, rules.filter(({ check }) => rulesFor(type).includes(check))]));
