import { eventTypesOf } from '../ledger/aggregate.js';
import type { Projection } from '../ledger/projector/projection.js';
import { policy, type PolicyAdopted } from './policy.js';

/** One row for each version: the history of the board's decisions. */
export const policyProjection: Projection = {
  name: 'policies',
  version: 1,
  tables: ['policies'],
  types: eventTypesOf(policy),
  touches: () => [],
  apply(event, rows) {
    const { data } = event as unknown as PolicyAdopted;
    rows.put('policies', `${data.policy}/${data.version}`, {
      created_position: event.position,
      policy: data.policy,
      version: data.version,
      value: data.value,
      effective_from: data.effectiveFrom,
      reason: data.reason,
      recorded_at: event.recordedAt,
    });
  },
};
