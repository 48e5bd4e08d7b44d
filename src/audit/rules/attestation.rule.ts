import type { Findings } from '../audit-finding.js';
import type { EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';

/**
 * What an attestation says of the history before it. The digests of its reports are computed again by `audit replay`, those of its views need
 * the database: `audit verify --database` compares the rows themselves.
 */
export class AttestationRule implements Rule<'attestations'> {
  readonly check = 'attestations';
  readonly statement =
    'Every attestation is of events before it, and of later ones than the attestation before. Its reports are made again by ' +
    '"audit replay"; the digests of its views need the database ("audit verify --database" compares the views of now).';
  private last = 0;

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'attestations'>): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event)));
  }

  finish(): void {}

  close(): void {}

  private apply({ position: own, revision }: EventOf<'attestations'>, facts: Facts): void {
    facts.require(revision === 0, 'An attestation is changed by a second event.');
    const position = facts.count('position');
    facts.require(position < own, 'The attestation is of events that come after it.', `below ${own}`, position);
    facts.require(
      position > this.last,
      'The attestation goes back, or repeats the attestation before it.',
      `above ${this.last}`,
      position,
    );
    this.last = position;
    for (const name of ['views', 'reports']) {
      const stated = facts.data[name];
      facts.require(Array.isArray(stated) && stated.length > 0, `The attestation names no ${name}.`);
    }
  }
}
