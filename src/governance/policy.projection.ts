import type { RecordedEvent } from '../ledger/event.js';
import { eventTypesOf, unknownType } from '../ledger/aggregate.js';
import type { Projection, Row } from '../ledger/projector/projection.js';
import { policy, type PolicyEvent, type PolicyVersion } from './policy.js';

/** One row for each version: the history of the board's decisions. */
export const policyProjection: Projection = {
  name: 'policies',
  version: 1,
  tables: ['policies'],
  types: eventTypesOf(policy),
  touches: () => [],
  apply(recorded, rows) {
    const event = recorded as unknown as PolicyEvent;
    switch (event.type) {
      case 'policy-adopted':
        rows.put('policies', `${event.data.policy}/${event.data.version}`, adoptedRow(recorded, event.data));
        return;
      default:
        unknownType('policy', event.type);
    }
  },
};

function adoptedRow({ position, recordedAt }: RecordedEvent, data: PolicyVersion): Row {
  return {
    created_position: position,
    policy: data.policy,
    version: data.version,
    value: data.value,
    effective_from: data.effectiveFrom,
    reason: data.reason,
    recorded_at: recordedAt,
  };
}
