import { idOf } from '../../ledger/aggregate.js';
import { MS_PER_DAY } from '../../ledger/time.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';

/** The decision and its record have clocks of their own. */
const CLOCK_TOLERANCE_MS = MS_PER_DAY;
const DATE_LENGTH = 'YYYY-MM-DD'.length;
const LAST_MS_OF_DAY = MS_PER_DAY - 1;

interface Published {
  readonly kind: string;
  readonly periodFrom: string;
  readonly periodTo: string;
}

/** Publications and the measures that rest on them. Memory grows with the number of publications. */
export class PublicationRule implements Rule<'publications'> {
  readonly check = 'publications';
  readonly statement =
    'Every report was published once, of a history before it and of a period that had begun; it is final only after its period; every ' +
    'corrective action rests on a published report on equal access, and repeats its period.';
  private readonly reports = new Map<string, Published>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'publications'>): void {
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      const id = idOf(event.stream, 'report');
      switch (event.type) {
        case 'report-published':
          return this.publish(id, event, facts);
        case 'corrective-action-decided':
          return this.act(id, facts);
        default:
          return notCovered(event.type);
      }
    });
  }

  finish(): void {}

  close(): void {}

  private publish(id: string, { position, recordedAt }: EventOf<'publications'>, facts: Facts): void {
    facts.require(!this.reports.has(id), 'The report is published a second time.');
    const period = { periodFrom: facts.text('periodFrom'), periodTo: facts.text('periodTo') };
    this.reports.set(id, { kind: facts.text('kind'), ...period });
    const as = facts.count('position');
    facts.require(as >= 1 && as < position, 'The report is not of a history before it.', `1 to ${position - 1}`, as);
    facts.requireSame(facts.count('treeSize'), as, 'The tree has another size than the position.');
    const begin = facts.instant('periodFrom');
    const end = facts.instant('periodTo') + (period.periodTo.length === DATE_LENGTH ? LAST_MS_OF_DAY : 0);
    facts.require(begin < end, 'The period ends before it begins.', `after ${period.periodFrom}`, period.periodTo);
    const lastMs = Date.parse(recordedAt) + CLOCK_TOLERANCE_MS;
    facts.require(begin <= lastMs, 'The period had not begun.', undefined, period.periodFrom);
    const isOver = end < lastMs;
    const isInterim = facts.data['interim'] === true;
    facts.require(isInterim || isOver, 'The report is final, and its period was not over.', 'interim', period.periodTo);
  }

  private act(id: string, facts: Facts): void {
    facts.requireSame(facts.text('reportId'), id, 'The action names another report than its stream.');
    const report = this.reports.get(id);
    facts.require(report !== undefined, 'The action rests on a report that was never published.', undefined, id);
    if (report === undefined) return;
    facts.requireSame(report.kind, 'equal-access', 'The action rests on a report of another kind.');
    for (const name of ['periodFrom', 'periodTo'] as const)
      facts.requireSame(facts.text(name), report[name], `${name} is not that of the report.`);
  }
}
