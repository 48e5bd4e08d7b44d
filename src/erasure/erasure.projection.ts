import { eventTypesOf } from '../ledger/aggregate.js';
import type { Projection } from '../ledger/projector/projection.js';
import { subject, type PersonalDataErased } from './erasure.js';

/** The contents that must be deleted. The erasure worker reads these rows. */
export const erasureProjection: Projection = {
  name: 'erasures',
  version: 1,
  tables: ['erased_contents'],
  types: eventTypesOf(subject),
  touches: () => [],
  apply(recorded, rows) {
    const { data } = recorded as unknown as PersonalDataErased;
    for (const id of data.eventIds) {
      rows.put('erased_contents', id, { subject: data.subject, erased_at: data.erasedAt });
    }
  },
};
