import type { RecordedEvent } from '../ledger/event.js';
import { eventTypesOf, idOf, unknownEvent } from '../ledger/aggregate.js';
import type { Projection } from '../ledger/projector/projection.js';
import { apiKey, type ApiKeyEvent } from './api-key.js';

/** One row for each key, without its hash. */
export const apiKeyProjection: Projection = {
  name: 'api-keys',
  version: 1,
  tables: ['api_keys'],
  types: eventTypesOf(apiKey),
  touches: ({ stream }) => [{ table: 'api_keys', id: idOf(stream, apiKey.name) }],
  apply(recorded: RecordedEvent, rows) {
    const id = idOf(recorded.stream, apiKey.name);
    const { position, revision, recordedAt } = recorded;
    const event = recorded as unknown as ApiKeyEvent;
    switch (event.type) {
      case 'api-key-issued': {
        const { name, roles, partnerId = null, expiresAt = null } = event.data;
        const terms = { name, roles, partner_id: partnerId, expires_at: expiresAt };
        rows.put('api_keys', id, {
          created_position: position,
          revision,
          ...terms,
          issued_at: recordedAt,
          revoked_at: null,
        });
        return;
      }
      case 'api-key-revoked':
        rows.patch('api_keys', id, { revision, revoked_at: recordedAt });
        return;
      default:
        unknownEvent('api-key', event);
    }
  },
};
