import {
  IDS_PER_EVENT_MAX,
  erasePersonalData,
  erasureOf,
  subject,
  type ErasureEvent,
} from '../../src/erasure/erasure.js';
import { given } from '../support/given.js';

const NOW = '2026-05-12T09:30:00Z';
const LATER = '2026-06-01T00:00:00Z';
const REASON = 'Request under Art. 17 GDPR, case 17/2026';
const erased = (eventIds: readonly string[], erasedAt = NOW): ErasureEvent => ({
  type: 'personal-data-erased',
  data: { subject: 's', reason: REASON, eventIds, erasedAt },
});

describe('an erasure', () => {
  it('names every event whose content is destroyed', () => {
    given(subject)
      .when((state) => erasePersonalData(state, { id: 's', reason: REASON, eventIds: ['a', 'b'] }, NOW))
      .then([erased(['a', 'b'])]);
  });

  it('is refused for a subject that has no sealed content', () => {
    given(subject)
      .when((state) => erasePersonalData(state, { id: 's', reason: REASON, eventIds: [] }, NOW))
      .refuses('unknown-subject', { id: 's' });
  });

  it('is refused a second time, also before the content has been deleted', () => {
    for (const eventIds of [[], ['a', 'b']]) {
      given(subject, [erased(['a', 'b'])])
        .when((state) => erasePersonalData(state, { id: 's', reason: REASON, eventIds }, LATER))
        .refuses('already-erased', { erasedAt: NOW });
    }
  });

  it('covers only the contents that were sealed since the last erasure', () => {
    given(subject, [erased(['a'])])
      .when((state) => erasePersonalData(state, { id: 's', reason: REASON, eventIds: ['a', 'b'] }, LATER))
      .then([erased(['b'], LATER)]);
  });

  it('is divided into as many events as the limit of an event needs', () => {
    const ids = Array.from({ length: IDS_PER_EVENT_MAX + 1 }, (_, index) => String(index));
    given(subject)
      .when((state) => erasePersonalData(state, { id: 's', reason: REASON, eventIds: ids }, NOW))
      .then([erased(ids.slice(0, -1)), erased(ids.slice(-1))]);
  });

  it('has a date for each content', () => {
    const erasures = [erased(['a']), erased(['b'], LATER)];
    expect(['a', 'b', 'c'].map((id) => erasureOf(erasures, id))).toEqual([NOW, LATER, undefined]);
  });
});
