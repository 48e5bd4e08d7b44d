import { isMemberState } from '../../domain/member-states.js';
import { recordedSchema } from '../../ledger/event.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';
import { Timeline } from './timeline.js';

const COUNTRY_CLAUSE = '2021/1173 Art. 12b(15)(a)';
const FREE_CLAUSE = '2021/1173 Art. 12b(15)(b)';
const FRONTIER_CLAUSE = '2021/1173 Art. 12b(11)';
/** From this schema on, a grant states why access is free. */
const PRICED_SCHEMA = 2;

/** The reasons for free access, with the condition of each. */
const FREE_REASONS: Readonly<Record<string, (grant: Facts) => boolean>> = {
  'public-law-entity': (grant) =>
    grant.text('category') === 'public-body' ||
    (grant.text('category') === 'research' && grant.optional('freeEvidenceRef') !== undefined),
  'sme-innovation': (grant) =>
    ['start-up', 'sme', 'scale-up'].includes(grant.text('category')) && grant.optional('use') !== 'commercial',
  'eu-funded': (grant) => {
    if (grant.data['funding'] === undefined) return false;
    const funding = new Facts(grant.place, grant.record('funding'));
    return ['HE', 'DEP', 'CEF'].includes(funding.text('programme')) && funding.text('grantNumber') !== '';
  },
  'seal-of-excellence': (grant) => grant.optional('sealOfExcellenceRef') !== undefined,
  // The one reason that gives no right: the law says that such projects may get free access.
  'open-frontier': (grant) => grant.text('mode') === 'open-frontier',
};

/**
 * Countries of applicants and prices of grants, by the policies in force when each step took effect. Memory grows with the versions of the
 * policies and with the pools.
 */
export class EligibilityRule implements Rule<'eligibility'> {
  readonly check = 'eligibility';
  readonly statement =
    'Every applicant that was found eligible or got a grant is established in a Member State, or in a country that the policy listed at that ' +
    'instant (Art. 12b(15)(a)); access to the time of the Union is free of charge for a reason that holds, and for everybody who has one ' +
    '(Art. 12b(15)(b), for grants of schema 2 on).';
  private readonly associated = new Timeline<readonly unknown[]>();
  private readonly evidence = new Timeline<readonly unknown[]>();
  /** Pools whose owner is not the Union. */
  private readonly foreignPools = new Set<string>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'eligibility'>): void {
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      switch (event.type) {
        case 'policy-adopted': {
          const name = facts.text('policy');
          const lists = { 'associated-countries': this.associated, 'free-access-evidence': this.evidence };
          if (name !== 'associated-countries' && name !== 'free-access-evidence') return;
          return lists[name].add(facts.list('value'), facts.instant('effectiveFrom'));
        }
        case 'access-pool-defined':
          if (facts.text('owner') !== 'union') this.foreignPools.add(facts.text('poolId'));
          return;
        case 'eligibility-confirmed':
          requireClause(event, facts);
          return this.requireEligible(facts, 'checkedAt');
        case 'eligibility-refused':
          return requireClause(event, facts);
        case 'access-granted':
          this.requireEligible(facts, 'decidedAt');
          if (recordedSchema(event) >= PRICED_SCHEMA) this.requirePrice(facts, event.legalBasis);
          return;
        default:
          return notCovered(event.type);
      }
    });
  }

  finish(): void {}

  close(): void {}

  private requireEligible(facts: Facts, at: string): void {
    const country = facts.text('country');
    if (isMemberState(country)) return;
    const listed = this.associated.at(facts.instant(at)) ?? [];
    const expected = ['a Member State', ...listed].join(', ');
    facts.require(listed.includes(country), 'The applicant is established in no eligible country.', expected, country);
  }

  private requirePrice(grant: Facts, legalBasis: string | undefined): void {
    const poolId = grant.optional('poolId');
    const isUnionTime = poolId === undefined || !this.foreignPools.has(poolId);
    const reason = grant.optional('freeReason');
    const isFree = grant.text('priceBasis') === 'free';
    if (isFree) this.requireReason(grant, reason, isUnionTime);
    else requirePaid(grant, reason, isUnionTime);
    const clause = reason === 'open-frontier' ? FRONTIER_CLAUSE : FREE_CLAUSE;
    grant.requireSame(
      legalBasis ?? 'none',
      isFree && isUnionTime ? clause : 'none',
      'The grant does not rest on the clause that makes it free of charge.',
    );
  }

  private requireReason(grant: Facts, reason: string | undefined, isUnionTime: boolean): void {
    if (reason === undefined)
      return grant.require(!isUnionTime, 'Access is free of charge without a reason (Art. 12b(15)(b)).');
    const holds = FREE_REASONS[reason]?.(grant) ?? false;
    grant.require(holds, 'The reason for free access does not hold.', undefined, reason);
    const needsEvidence = this.evidence.at(grant.instant('decidedAt'))?.includes(reason) ?? false;
    const hasEvidence = grant.optional('freeEvidenceRef') !== undefined;
    grant.require(
      !needsEvidence || hasEvidence,
      'The policy asks for evidence of the reason.',
      'freeEvidenceRef',
      reason,
    );
  }
}

/** A check rests on the clause if a reason is about the country. Those of schema 1 named it for every reason. */
function requireClause(event: EventOf<'eligibility'>, facts: Facts): void {
  if (recordedSchema(event) < 2) return;
  const isAboutCountry = facts
    .list('reasonCodes')
    .some((code) => /^(not-)?established-in-(member-state|associated-country|eligible-country)$/.test(String(code)));
  const found = event.legalBasis ?? 'none';
  facts.requireSame(
    found,
    isAboutCountry ? COUNTRY_CLAUSE : 'none',
    'The check does not rest on the clause of its reasons.',
  );
}

function requirePaid(grant: Facts, reason: string | undefined, isUnionTime: boolean): void {
  const stated = reason ?? grant.optional('freeEvidenceRef');
  grant.require(stated === undefined, 'Paid access has a reason for free access.', undefined, stated);
  if (!isUnionTime) return;
  const right = Object.keys(FREE_REASONS).find((each) => each !== 'open-frontier' && FREE_REASONS[each]?.(grant));
  grant.require(right === undefined, 'The user pays, and has a right to free access (Art. 12b(15)(b)).', 'free', right);
}
