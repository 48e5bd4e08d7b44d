import { nobody, unknownEvent, type DomainEvent, type Aggregate } from '../../ledger/aggregate.js';
import { invalid, refuse, unknown } from '../../ledger/refusal.js';
import {
  hash,
  id,
  instant,
  instantOrDate,
  mark,
  object,
  oneOf,
  optional,
  sha256,
  text,
  whole,
  type ValueOf,
} from '../../ledger/schema.js';
import { formatInstant, parseInstant, type EpochMs } from '../../ledger/time.js';
import { spanOf } from '../../domain/points-in-time.js';
import { CATEGORIES, type Category } from '../../partners/partner.js';

export const MONITORING_CLAUSE = '2021/1173 Art. 12b(16)';

/** The reports that are published, each over all facilities and modes. */
export const REPORT_KINDS = ['equal-access', 'capital', 'capacity'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** The period of a publication. Each end is an instant, or a date that stands for the whole day. */
const period = {
  periodFrom: instantOrDate('Begin of the period: an instant, or a date that stands for the whole day.'),
  periodTo: instantOrDate('End of the period: an instant, or a date that stands for the whole day.'),
};
const periodSchema = object(period);
export type Period = ValueOf<typeof periodSchema>;

/** The report of a kind as of a position, by its hash: anyone can make the same bytes from the events. */
const facts = {
  position: whole('The report reflects the events up to this position.', 1),
  treeSize: whole(undefined, 1),
  root: hash('Merkle root over the events up to the position, base64 as in a checkpoint.'),
  methodVersion: text('The method that makes the same bytes again.'),
  byteCount: whole('Length of the report.'),
  sha256: sha256("Hash of the report's bytes, hex."),
  streams: object(
    { count: whole(), sha256: sha256('Hash of the index as it is served, hex.') },
    'The completeness index: the extent of every stream at the position.',
  ),
};
const factsSchema = object(facts);
export type PublishedFacts = ValueOf<typeof factsSchema>;

const published = object({
  ...period,
  ...facts,
  kind: oneOf(REPORT_KINDS),
  interim: optional(mark('The report was published before the end of its period.')),
});

export interface ReportPublished extends DomainEvent {
  readonly type: 'report-published';
  readonly data: ValueOf<typeof published>;
}

/** Art. 12b(16): a measure of the Governing Board against an imbalance that a report shows. */
const correctiveAction = object({
  ...period,
  actionId: id(),
  reportId: id(),
  category: optional(oneOf(CATEGORIES, 'The users that the measure is for; all of them when left out.')),
  reason: text(),
  measure: text(),
  decidedAt: instant(),
});
export type CorrectiveAction = ValueOf<typeof correctiveAction>;

export interface CorrectiveActionDecided extends DomainEvent {
  readonly type: 'corrective-action-decided';
  readonly data: CorrectiveAction;
}

export type ReportEvent = ReportPublished | CorrectiveActionDecided;

export type Report =
  | { readonly status: 'absent' }
  | { readonly status: 'published'; readonly kind: ReportKind; readonly period: Period; readonly actions: number };

export const report: Aggregate<Report, ReportEvent> = {
  name: 'report',
  initial: { status: 'absent' },
  events: {
    'report-published': {
      schema: 1,
      data: published,
      concerns: nobody,
      clauses: [MONITORING_CLAUSE],
      says: ({ data }) =>
        `The ${data.kind} report from ${data.periodFrom} to ${data.periodTo}, as of position ${data.position}, was ` +
        `published with the SHA-256 hash ${data.sha256}.`,
    },
    'corrective-action-decided': {
      schema: 1,
      data: correctiveAction,
      concerns: nobody,
      clauses: [MONITORING_CLAUSE],
      says: ({ data }) => `The governing board decided on report ${data.reportId}: ${data.measure}`,
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'report-published': {
        const { kind, periodFrom, periodTo } = event.data;
        return { status: 'published', kind, period: { periodFrom, periodTo }, actions: 0 };
      }
      case 'corrective-action-decided':
        if (state.status === 'absent') throw new Error('An action was decided on a report that was never published.');
        return { ...state, actions: state.actions + 1 };
      default:
        return unknownEvent('report', event);
    }
  },
};

/** The first instant of a period. */
export const periodBegin = ({ periodFrom }: Pick<Period, 'periodFrom'>): EpochMs =>
  spanOf(periodFrom)?.first ?? parseInstant(periodFrom);

/** The last instant of a period: the report reflects the events that were recorded by then. */
export const periodEnd = ({ periodTo }: Pick<Period, 'periodTo'>): EpochMs =>
  spanOf(periodTo)?.last ?? parseInstant(periodTo);

const isDate = (text: string): boolean => text.length === 'YYYY-MM-DD'.length;
const normal = (text: string): string => (isDate(text) ? text : formatInstant(parseInstant(text)));

/** A period as events and reports name it. */
export const normalPeriod = ({ periodFrom, periodTo }: Period): Period => ({
  periodFrom: normal(periodFrom),
  periodTo: normal(periodTo),
});

/**
 * Publishes a report. Before its period is over, the report is marked as interim and reflects all recorded events.
 * @param facts of the report as of the end of the period; undefined when nothing was recorded by then.
 * @throws Refusal `period-out-of-order` (422); `period-not-begun`, `nothing-to-report` (409).
 */
export function publishReport(
  input: Period & { readonly kind: ReportKind },
  facts: PublishedFacts | undefined,
  now: string,
): [ReportPublished] {
  const { kind, periodFrom, periodTo } = input;
  const [begin, end] = [parseInstant(periodFrom), periodEnd(input)];
  if (begin >= end) {
    const detail = `The period would end on ${periodTo}, which is not after it begins, on ${periodFrom}.`;
    throw invalid('period-out-of-order', '/periodTo', `${detail} Give a later end.`, { periodFrom, periodTo });
  }
  if (begin > parseInstant(now)) {
    throw refuse('period-not-begun', `The period begins on ${periodFrom}. Publish it when it has begun.`, {
      periodFrom,
      now,
    });
  }
  if (facts === undefined) {
    throw refuse('nothing-to-report', `Nothing was recorded by the end of the period, ${periodTo}.`, { periodTo });
  }
  const period = normalPeriod(input);
  const interim = end >= parseInstant(now);
  return [
    {
      type: 'report-published',
      ...(kind === 'equal-access' && { legalBasis: MONITORING_CLAUSE }),
      data: { kind, ...period, ...(interim && { interim }), ...facts },
    },
  ];
}

/** Bounds the list that every later report on equal access repeats. */
export const ACTIONS_PER_REPORT_MAX = 100;

export interface ActionInput {
  readonly reportId: string;
  readonly category?: Category | undefined;
  readonly reason: string;
  readonly measure: string;
}

/**
 * Decides on a corrective action, on the ground of a published report on equal access.
 * @throws Refusal `report-without-imbalance`, `too-many-corrective-actions` (409).
 */
export function decideCorrectiveAction(
  state: Report,
  { reportId, category, reason, measure }: ActionInput,
  actionId: string,
  now: string,
): [CorrectiveActionDecided] {
  if (state.status === 'absent') throw unknown('report', reportId);
  if (state.kind !== 'equal-access') {
    throw refuse(
      'report-without-imbalance',
      `A report on ${state.kind} shows no shares of access. Name a published report on equal access.`,
      { kind: state.kind, clause: MONITORING_CLAUSE },
    );
  }
  if (state.actions >= ACTIONS_PER_REPORT_MAX) {
    throw refuse('too-many-corrective-actions', `A report carries up to ${ACTIONS_PER_REPORT_MAX} actions.`, {
      limit: ACTIONS_PER_REPORT_MAX,
    });
  }
  const action = { actionId, reportId, ...state.period, ...(category && { category }), reason, measure };
  return [{ type: 'corrective-action-decided', legalBasis: MONITORING_CLAUSE, data: { ...action, decidedAt: now } }];
}
