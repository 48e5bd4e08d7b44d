import type { RecordedEvent } from '../../ledger/event.js';
import { eventTypesOf, idOf, unknownEvent } from '../../ledger/aggregate.js';
import type { Projection, RowRef, Rows } from '../../ledger/projector/projection.js';
import { report, type CorrectiveAction, type ReportEvent } from '../events/publication.js';

// Streams of reports hold events of this aggregate alone: the write side appends no others to them.
const eventOf = (recorded: RecordedEvent): ReportEvent => recorded as unknown as ReportEvent;

/** One row a published report, with the corrective actions that the board decided on it. */
export const publicationProjection: Projection = {
  name: 'publications',
  version: 1,
  tables: ['published_reports'],
  types: eventTypesOf(report),
  touches: (recorded): readonly RowRef[] => [{ table: 'published_reports', id: idOf(recorded.stream, report.name) }],
  apply,
};

function apply(recorded: RecordedEvent, rows: Rows): void {
  const event = eventOf(recorded);
  const id = idOf(recorded.stream, report.name);
  switch (event.type) {
    case 'report-published':
      rows.put('published_reports', id, publishedRow(recorded, event.data));
      return;
    case 'corrective-action-decided': {
      const earlier = rows.need('published_reports', id)['corrective_actions'] as readonly CorrectiveAction[];
      const { actionId, category, reason, measure, decidedAt } = event.data;
      rows.patch('published_reports', id, {
        revision: recorded.revision,
        corrective_actions: [...earlier, { actionId, category: category ?? null, reason, measure, decidedAt }],
      });
      return;
    }
    default:
      unknownEvent('report', event);
  }
}

const publishedRow = (
  { position, revision, recordedAt }: RecordedEvent,
  data: Extract<ReportEvent, { type: 'report-published' }>['data'],
) => ({
  created_position: position,
  revision,
  kind: data.kind,
  period_from: data.periodFrom,
  period_to: data.periodTo,
  interim: data.interim ?? false,
  position: data.position,
  root: data.root,
  method_version: data.methodVersion,
  byte_count: data.byteCount,
  sha256: data.sha256,
  stream_count: data.streams.count,
  streams_sha256: data.streams.sha256,
  published_at: recordedAt,
  corrective_actions: [],
});
