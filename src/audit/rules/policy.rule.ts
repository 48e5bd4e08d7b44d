import { idOf } from '../../ledger/aggregate.js';
import { isMemberState } from '../../domain/member-states.js';
import type { Findings } from '../audit-finding.js';
import type { EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';
import { Timeline } from './timeline.js';

/** Versions of policies. Memory grows with their number: a board decides a few in a year. */
export class PolicyRule implements Rule<'policies'> {
  readonly check = 'policies';
  readonly statement =
    'The versions of every policy count from 1 without a gap, each on the stream of its own policy, and none begins before the one that ' +
    'was in force when it was adopted; lists of countries and kinds are sorted, name nothing twice, and name no Member State as a third country.';
  private readonly policies = new Map<string, Timeline<undefined>>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'policies'>, decidedFromMs: number): void {
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      const name = facts.text('policy');
      facts.requireSame(name, idOf(event.stream, 'policy'), 'The version is of another policy.');
      facts.requireSame(facts.count('version'), event.revision + 1, 'The version is not the next one of its policy.');
      const versions = this.policies.get(name) ?? new Timeline<undefined>();
      this.policies.set(name, versions);
      versions.decide(
        undefined,
        facts,
        'effectiveFrom',
        decidedFromMs,
        'The version begins before the one that was in force.',
      );
      checkValue(name, facts);
    });
  }

  finish(): void {}

  close(): void {}
}

function checkValue(name: string, facts: Facts): void {
  if (name === 'matching-basis') {
    const kinds = new Facts(facts.place, facts.record('value')).list('kinds');
    facts.require(kinds.length > 0, 'The policy names no kind.');
    requireSortedSet(kinds, facts);
  }
  if (name !== 'associated-countries') return;
  const countries = facts.list('value');
  requireSortedSet(countries, facts);
  const member = countries.find((country) => typeof country === 'string' && isMemberState(country));
  facts.require(member === undefined, 'A Member State is no third country.', undefined, member);
}

function requireSortedSet(list: readonly unknown[], facts: Facts): void {
  const sorted = [...new Set(list.map(String))].sort();
  facts.requireSame(JSON.stringify(list), JSON.stringify(sorted), 'The list is not sorted, or names something twice.');
}
