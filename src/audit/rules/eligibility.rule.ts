import { isMemberState } from '../../domain/member-states.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';
import { Timeline } from './timeline.js';

/** Countries of applicants, by the policy in force when each step took effect. Memory grows with the versions of the policy. */
export class EligibilityRule implements Rule<'eligibility'> {
  readonly check = 'eligibility';
  readonly statement =
    'Every applicant that was found eligible or got a grant is established in a Member State, or in a country that the policy listed at that ' +
    'instant (Art. 12b(15)(a)).';
  private readonly associated = new Timeline<readonly unknown[]>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'eligibility'>): void {
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      switch (event.type) {
        case 'policy-adopted':
          if (facts.text('policy') !== 'associated-countries') return;
          return this.associated.add(facts.list('value'), facts.instant('effectiveFrom'));
        case 'eligibility-confirmed':
          return this.requireEligible(facts, 'checkedAt');
        case 'access-granted':
          return this.requireEligible(facts, 'decidedAt');
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
}
