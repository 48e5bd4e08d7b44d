import type { Projection } from '../ledger/projector/projection.js';
import { idOf } from '../ledger/aggregate.js';
import type { RecordedEvent } from '../ledger/event.js';
import { facility } from './facility.js';
import type { FacilityEvent } from './facility-events.js';
import type { StoredVersion } from './yearly-duties.js';

const TABLE = 'yearly_submissions';

/** One row a facility, with all that it has submitted. */
export const yearlySubmissionProjection: Projection = {
  name: 'yearly-submissions',
  version: 1,
  tables: [TABLE],
  types: ['facility-registered', 'operations-started', 'yearly-submitted'],
  touches: ({ stream }) => [{ table: TABLE, id: idOf(stream, facility.name) }],
  apply(recorded, rows) {
    const { stream, position, revision } = recorded;
    const id = idOf(stream, facility.name);
    const event = eventOf(recorded);
    switch (event.type) {
      case 'facility-registered': {
        const { name, kind } = event.data;
        rows.put(TABLE, id, {
          ...{ created_position: position, revision, name, kind },
          ...{ operations_started_on: null, submissions: [] },
        });
        return;
      }
      case 'operations-started':
        rows.patch(TABLE, id, { revision, operations_started_on: event.data.on });
        return;
      case 'yearly-submitted': {
        const { year, version, submittedOn, dataSha256, dataPosition, dataMethodVersion, auditReportSha256 } =
          event.data;
        const submitted = {
          year,
          version,
          submittedOn,
          dataSha256,
          dataPosition,
          dataMethodVersion,
          auditReportSha256,
        };
        const before = rows.get(TABLE, id)?.['submissions'] as readonly StoredVersion[] | undefined;
        rows.patch(TABLE, id, { revision, submissions: [...(before ?? []), { ...submitted, position }] });
        return;
      }
      default:
    }
  },
};

// The stream determines the aggregate of an event: the write side appends only events of that aggregate to it.
const eventOf = (recorded: RecordedEvent): FacilityEvent => recorded as unknown as FacilityEvent;
