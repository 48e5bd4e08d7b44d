import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import { listFact, textFact, wholeFact } from '../ledger/refusal-facts.js';

export const LOG_REFUSALS = declareRefusals({
  'unknown-event': unknownId('There is no event with this id.', 'Take the id from GET /v1/events.'),
  'unknown-tile': {
    kind: 'unknown',
    means: 'The log has no such tile or entry bundle.',
    next: 'Read the size of the log from /log/checkpoint. A tile that is not full has another path.',
  },
  'not-witnessed': {
    kind: 'unknown',
    means: 'No checkpoint is cosigned by the quorum of the policy yet.',
    next: 'Read /log/checkpoint, or ask again once the witnesses have answered.',
  },
  'log-empty': {
    kind: 'unknown',
    means: 'Nothing has been recorded yet, so that nothing is signed.',
    next: 'Ask again after the first command.',
  },
  'not-integrated': {
    kind: 'unavailable',
    means: 'The event is recorded, but no checkpoint covers it yet.',
    next: 'Send the request again after the seconds of Retry-After.',
  },
  'too-many-readers': {
    kind: 'unavailable',
    means: 'As many readers follow the history as this instance serves.',
    next: 'Connect again after the seconds of Retry-After, or read /v1/events.',
    facts: { limit: wholeFact('Readers that one instance serves.', 500) },
  },
  'too-many-own-readers': {
    kind: 'rate-limited',
    means: 'The credential, or the address without one, follows the history with as many readers as one may.',
    next: 'End one of the readers.',
    facts: { limit: wholeFact('Readers of one credential or address.', 20) },
  },
  'unknown-event-type': {
    kind: 'malformed',
    means: 'There is no event type with this name.',
    next: 'Take one of nearest, or another type of the OpenAPI document.',
    facts: {
      nearest: listFact('The types whose names are nearest.', textFact('An event type.', 'capital-call-issued')),
    },
  },
  'malformed-last-event-id': {
    kind: 'malformed',
    means: 'Last-Event-ID is not the position of an event.',
    next: 'Send the id of the last event that you saw, or leave it out.',
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof LOG_REFUSALS> {}
}
