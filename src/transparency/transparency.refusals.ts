import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  dateFact,
  idFact,
  instantFact,
  listFact,
  optional,
  orNull,
  textFact,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';
import { MONITORING_CLAUSE, REPORT_KINDS } from './events/publication.js';

export const TRANSPARENCY_REFUSALS = declareRefusals({
  'unknown-report': unknownId(
    'There is no published report with this id.',
    'Take the id from GET /v1/transparency/reports.',
  ),
  'period-out-of-order': {
    kind: 'invalid',
    means: 'The period would end before it begins.',
    next: 'Give a later end.',
    facts: {
      periodFrom: dateFact('Start of the period.', '2026-06-01'),
      periodTo: dateFact('End of the period.', '2026-05-31'),
    },
  },
  'period-not-begun': {
    kind: 'conflict',
    means: 'The period has not begun.',
    next: 'Publish the report when it has.',
    facts: {
      periodFrom: dateFact('Start of the period.', '2027-01-01'),
      now: instantFact('The instant of the decision.'),
    },
  },
  'nothing-to-report': {
    kind: 'conflict',
    means: 'Nothing was recorded by the end of the period.',
    next: 'Choose a period that ends after the first event. Events count when they were recorded.',
    facts: { periodTo: dateFact('End of the period.', '2025-12-31') },
  },
  'report-without-imbalance': {
    kind: 'conflict',
    means: 'The report shows no shares of access.',
    next: 'Name a published report on equal access.',
    facts: { kind: wordFact('Kind of the report.', REPORT_KINDS), clause: clauseFact(MONITORING_CLAUSE) },
  },
  'too-many-corrective-actions': {
    kind: 'conflict',
    means: 'The report carries as many corrective actions as one may.',
    next: 'Name a later report.',
    facts: { limit: wholeFact('Actions that a report may carry.', 100) },
  },
  'published-report-changed': {
    kind: 'unavailable',
    means: 'The stored report is not the one that was published.',
    next: 'Tell the operator: it must be restored, or made again from the events up to its position.',
    facts: {
      id: idFact('The report.'),
      expected: textFact('SHA-256 of the published report, in hexadecimal.', 'a'.repeat(64)),
      found: textFact('SHA-256 of the stored report, in hexadecimal.', 'b'.repeat(64)),
    },
  },
  'published-report-missing': {
    kind: 'unavailable',
    means: 'The bytes of the report are not stored here, and cannot be made again now.',
    next: 'Make the report again from the events with "audit replay".',
    facts: {
      id: optional(idFact('The report, where one was asked for.')),
      methodVersion: optional(textFact('Version of the method that made it.', '1.0')),
    },
  },
  'published-report-without-table': {
    kind: 'unavailable',
    means: 'The report was made by a method that this program does not know, so it cannot make a table of it.',
    next: 'Read the report as JSON.',
    facts: {
      id: idFact('The report.'),
      methodVersion: textFact('Version of the method that made it.', '1.0'),
    },
  },
  'point-in-the-future': {
    kind: 'malformed',
    means: 'The point in time that was asked for has not begun.',
    next: 'Leave the parameter out for the present.',
    facts: { now: instantFact('The instant of the answer.') },
  },
  'unknown-method': {
    kind: 'malformed',
    means: 'This program has no method of reports with this version.',
    next: 'Give one of known.',
    facts: { known: listFact('Versions that this program has.', textFact('A version.', '1.0')) },
  },
  'nothing-recorded': {
    kind: 'unknown',
    means: 'Nothing was recorded by the end of the day that was asked for, so there is no report.',
    next: 'Give a later asOf, or effectiveAt for what had taken effect by then.',
    facts: {
      asOfInstant: instantFact('The end of the day.'),
      firstRecordedAt: orNull(instantFact('When the first event was recorded; null: nothing is recorded yet.')),
    },
  },
  'report-not-ready': {
    kind: 'unavailable',
    means: 'The reports are being prepared from the history.',
    next: 'Send the request again after the seconds of Retry-After.',
  },
  'too-many-reports': {
    kind: 'unavailable',
    means: 'As many reports of the past are being made as the service makes at a time.',
    next: 'Send the request again after the seconds of Retry-After.',
  },
  'position-not-recorded': {
    kind: 'malformed',
    means: 'The history has not reached the position that was asked for.',
    next: 'Give a position up to head.',
    facts: { head: wholeFact('Last position of the history.', 42) },
  },
  'effective-time-too-far': {
    kind: 'malformed',
    means: 'More events were recorded after effectiveAt than the service looks at.',
    next: 'Give an earlier asOf or a later effectiveAt.',
    facts: {
      effectiveAt: instantFact('The instant that was given.'),
      looked: wholeFact('Events that were recorded after it.', 120_000),
      limit: wholeFact('Events that the service looks at.', 100_000),
    },
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof TRANSPARENCY_REFUSALS> {}
}
