import { idOf } from '../../ledger/aggregate.js';
import type { Findings } from '../audit-finding.js';
import type { EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';

/** Versions of policies. A stream holds one policy and nothing else, so that its revisions already count the versions. */
export class PolicyRule implements Rule<'policies'> {
  readonly check = 'policies';
  readonly statement = 'The versions of every policy count from 1 without a gap, each on the stream of its own policy.';

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'policies'>): void {
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      facts.requireSame(facts.text('policy'), idOf(event.stream, 'policy'), 'The version is of another policy.');
      facts.requireSame(facts.count('version'), event.revision + 1, 'The version is not the next one of its policy.');
    });
  }

  finish(): void {}

  close(): void {}
}
