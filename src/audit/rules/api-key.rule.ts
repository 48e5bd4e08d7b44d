import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';

const ISSUED_AT_REVISION = 0;
const REVOKED_AT_REVISION = 1;

/** The life of an API key: two events at most, so that the revision of each already shows what came before it. */
export class ApiKeyRule implements Rule<'api-keys'> {
  readonly check = 'api-keys';
  readonly statement = 'Every API key is issued once and revoked at most once, after it was issued.';

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'api-keys'>): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event)));
  }

  finish(): void {}

  close(): void {}

  private apply({ type, revision }: EventOf<'api-keys'>, facts: Facts): void {
    switch (type) {
      case 'api-key-issued':
        return facts.require(revision === ISSUED_AT_REVISION, 'The key is issued a second time.');
      case 'api-key-revoked': {
        const what = revision === 0 ? 'is revoked and was never issued' : 'is revoked a second time';
        return facts.require(revision === REVOKED_AT_REVISION, `The key ${what}.`);
      }
      default:
        return notCovered(type);
    }
  }
}
