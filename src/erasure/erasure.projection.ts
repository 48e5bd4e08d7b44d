import type { Projection } from '../ledger/projection.js';
import { subject, type PersonalDataErased } from './erasure.js';

/** Which contents are to be gone: what the erasure worker goes by. */
export const erasureProjection: Projection = {
  name: 'erasures',
  version: 1,
  tables: ['erased_contents'],
  types: Object.keys(subject.schemas),
  touches: () => [],
  apply(recorded, rows) {
    const { data } = recorded as unknown as PersonalDataErased;
    for (const id of data.eventIds) {
      rows.put('erased_contents', id, { subject: data.subject, erased_at: data.erasedAt });
    }
  },
};
