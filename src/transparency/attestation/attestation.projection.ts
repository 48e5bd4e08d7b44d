import { eventTypesOf, idOf } from '../../ledger/aggregate.js';
import type { Projection } from '../../ledger/projector/projection.js';
import { attestation, type AttestedFacts } from '../events/attestation.js';

const TABLE = 'attestations';

/** One row an attestation. */
export const attestationProjection: Projection = {
  name: 'attestations',
  version: 1,
  tables: [TABLE],
  types: eventTypesOf(attestation),
  touches: ({ stream }) => [{ table: TABLE, id: idOf(stream, attestation.name) }],
  // Streams of attestations hold this event alone: the write side appends no others to them.
  apply: ({ stream, position: createdPosition, revision, recordedAt, data }, rows) => {
    const { position, root, methodVersion, views, reports } = data as AttestedFacts;
    rows.put(TABLE, idOf(stream, attestation.name), {
      created_position: createdPosition,
      revision,
      position,
      root,
      method_version: methodVersion,
      views,
      reports,
      attested_at: recordedAt,
    });
  },
};
