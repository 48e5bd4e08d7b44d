import { eventTypesOf, unknownType } from '../ledger/aggregate.js';
import type { Projection } from '../ledger/projector/projection.js';
import { subject, type ErasureEvent } from './erasure.js';

/** The contents that must be deleted. The erasure worker reads these rows. */
export const erasureProjection: Projection = {
  name: 'erasures',
  version: 1,
  tables: ['erased_contents'],
  types: eventTypesOf(subject),
  touches: () => [],
  apply(recorded, rows) {
    const event = recorded as unknown as ErasureEvent;
    switch (event.type) {
      case 'personal-data-erased': {
        const { subject: owner, eventIds, erasedAt } = event.data;
        for (const id of eventIds) rows.put('erased_contents', id, { subject: owner, erased_at: erasedAt });
        return;
      }
      default:
        unknownType('subject', event.type);
    }
  },
};
