import { Map as PersistentMap } from 'immutable';
import { nobody, unknownType, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { refuse, unknown } from '../ledger/refusal.js';
import { id, instant, list, object, text, type ValueOf } from '../ledger/schema.js';

const erased = object({
  subject: id(),
  reason: text(),
  eventIds: list(id(), 'The events that commit to the erased contents.'),
  erasedAt: instant(),
});

/** Sealed contents of one subject were destroyed with their keys. The commitments and all proofs stay. */
export interface PersonalDataErased extends DomainEvent {
  readonly type: 'personal-data-erased';
  readonly data: ValueOf<typeof erased>;
}

export type ErasureEvent = PersonalDataErased;

/** The person or request that owns sealed content. Its stream begins with the first erasure. */
export type Subject =
  | { readonly status: 'absent' }
  | {
      readonly status: 'erased';
      /** When the content of an event was erased, by the id of the event. */
      readonly erasedAt: PersistentMap<string, string>;
      readonly lastErasedAt: string;
    };

export const subject: Aggregate<Subject, ErasureEvent> = {
  name: 'subject',
  initial: { status: 'absent' },
  events: {
    'personal-data-erased': {
      schema: 1,
      data: erased,
      concerns: nobody,
      says: ({ data }) =>
        `The sealed contents of ${data.eventIds.length} events were destroyed. Reason: ${data.reason}`,
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'personal-data-erased': {
        const { eventIds, erasedAt } = event.data;
        const before = state.status === 'absent' ? PersistentMap<string, string>() : state.erasedAt;
        return {
          status: 'erased',
          erasedAt: before.withMutations((map) => eventIds.forEach((id) => map.set(id, erasedAt))),
          lastErasedAt: erasedAt,
        };
      }
      default:
        return unknownType('subject', event.type);
    }
  },
};

/** An id takes 39 bytes, so that an event stays below 45,000 bytes; its limit is 60,000 bytes. */
export const IDS_PER_EVENT_MAX = 1_000;

/**
 * Erases all contents that are sealed for a subject.
 * @param eventIds of the events that have content of the subject.
 * @throws Refusal `unknown-subject` (404) when nothing was ever sealed for it; `already-erased` (409).
 */
export function erasePersonalData(
  state: Subject,
  { id, reason, eventIds }: { readonly id: string; readonly reason: string; readonly eventIds: readonly string[] },
  now: string,
): PersonalDataErased[] {
  const left = eventIds.filter((eventId) => state.status === 'absent' || !state.erasedAt.has(eventId));
  if (left.length === 0) {
    if (state.status === 'absent') throw unknown('subject', id);
    const { lastErasedAt } = state;
    const detail = `Everything that was sealed for this subject has been erased; the last of it at ${lastErasedAt}.`;
    throw refuse('already-erased', detail, { erasedAt: lastErasedAt });
  }
  const events: PersonalDataErased[] = [];
  for (let start = 0; start < left.length; start += IDS_PER_EVENT_MAX) {
    const some = left.slice(start, start + IDS_PER_EVENT_MAX);
    events.push({ type: 'personal-data-erased', data: { subject: id, reason, eventIds: some, erasedAt: now } });
  }
  return events;
}

/** When the content of an event was erased, from the erasures of its subject; undefined while it was not. */
export const erasureOf = (erasures: readonly ErasureEvent[], eventId: string): string | undefined =>
  erasures.find(({ data }) => data.eventIds.includes(eventId))?.data.erasedAt;
