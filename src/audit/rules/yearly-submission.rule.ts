import type { Findings } from '../audit-finding.js';
import type { EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';

/** Submissions of Art. 12b(17)(l). Memory grows with facilities and years. */
export class YearlySubmissionRule implements Rule<'yearly-submissions'> {
  readonly check = 'yearly-submissions';
  readonly statement =
    'The versions of every yearly submission count from 1, none is dated before its year was over or after its recording, the first one of ' +
    'a year is marked as late exactly when it came after 31 January (Art. 12b(17)(l)), and its data are of events before it.';
  private readonly versions = new Map<string, number>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'yearly-submissions'>): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event)));
  }

  finish(): void {}

  close(): void {}

  private apply({ position, stream, recordedAt }: EventOf<'yearly-submissions'>, facts: Facts): void {
    const year = facts.count('year');
    const key = `${stream} ${year}`;
    const version = (this.versions.get(key) ?? 0) + 1;
    facts.requireSame(facts.count('version'), version, 'The version is not the next one of its year.');
    this.versions.set(key, version);
    const day = Date.parse(facts.date('submittedOn'));
    facts.require(
      day >= Date.UTC(year + 1, 0, 1),
      'The submission is dated before its year was over.',
      undefined,
      year,
    );
    facts.require(day <= Date.parse(recordedAt), 'The submission is dated after its recording.', recordedAt);
    const isLate = version === 1 && day > Date.UTC(year + 1, 0, 31);
    facts.requireSame(facts.data['isLate'] ?? false, isLate, 'The mark of lateness is false.');
    const dataPosition = facts.count('dataPosition');
    facts.require(
      dataPosition < position,
      'The data are of events that come after them.',
      `below ${position}`,
      dataPosition,
    );
  }
}
