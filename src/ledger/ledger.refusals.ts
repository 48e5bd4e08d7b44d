import { declareRefusals } from './refusal-declaration.js';
import { instantFact, numberFact, optional, wholeFact } from './refusal-facts.js';

const clockFacts = {
  clock: instantFact('The clock of the instance that was asked.', '2026-11-27T12:01:30.000Z'),
  databaseClock: instantFact('The clock of the database at that moment.', '2026-11-27T12:00:00.000Z'),
  lastStamp: instantFact('When the last event was recorded.', '2026-11-27T11:59:58.000Z'),
  aheadSecondsMax: numberFact('Seconds that a clock may be ahead.', 60),
};

/** What the ledger itself refuses, whatever the command. */
export const LEDGER_REFUSALS = declareRefusals({
  'idempotency-key-reused': {
    kind: 'invalid',
    means: 'The Idempotency-Key was used for another request.',
    next: 'Use a new key for a new request. To repeat a request, send it unchanged under its key.',
  },
  'command-in-progress': {
    kind: 'conflict',
    means: 'A command with this Idempotency-Key is still running.',
    next: 'Send the same request again in a moment: it then gets the answer.',
  },
  'stale-revision': {
    kind: 'stale',
    means: 'The record has changed since the revision that If-Match names.',
    next: 'Read the record again, decide anew, and send the new ETag.',
    facts: {
      expected: wholeFact('The revision that If-Match names.', 3),
      actual: numberFact('The revision of the record; -1: there is none yet.', 4),
    },
  },
  'not-own': {
    kind: 'forbidden',
    means: 'The key is bound to a partner, and the record belongs to another partner.',
    next: 'Use a key of the partner that the record belongs to, or a key of the programme.',
  },
  'too-many-streams': {
    kind: 'conflict',
    means: 'The command would touch more records than one command may.',
    next: 'Split it into several commands.',
    facts: { limit: wholeFact('Records that one command may touch.', 256) },
  },
  'event-too-large': {
    kind: 'too-large',
    means: 'The record that the command makes would be too large.',
    next: 'Send less in one command.',
    facts: {
      bytes: wholeFact('Bytes that the record would take.', 71_250),
      limit: wholeFact('Bytes that a record may take.', 60_000),
    },
  },
  'queue-full': {
    kind: 'unavailable',
    means: 'More commands are waiting than the service takes at a time.',
    next: 'Send the request again, unchanged, after the seconds of Retry-After.',
  },
  contended: {
    kind: 'unavailable',
    means: 'Other writers changed the same records again and again, and the command was not recorded.',
    next: 'Send the request again, unchanged, after the seconds of Retry-After.',
  },
  'shutting-down': {
    kind: 'unavailable',
    means: 'The service is stopping and takes no more requests.',
    next: 'Send the request again, unchanged, after the seconds of Retry-After.',
  },
  'store-unavailable': {
    kind: 'unavailable',
    means: 'The database does not answer.',
    next: 'Send the request again, unchanged, after the seconds of Retry-After.',
  },
  'clock-ahead': {
    kind: 'unavailable',
    means:
      'The clock of this instance is too far ahead of the clock of the database and of the last event, so nothing is recorded.',
    next: 'Send the request again, unchanged, when the operator has set the clock.',
    facts: clockFacts,
  },
  'history-ahead': {
    kind: 'unavailable',
    means: 'The last event has a time that is too far ahead of all clocks, so nothing is recorded.',
    next: 'Send the request again, unchanged, when the operator has set the clocks or accepted the time.',
    facts: clockFacts,
  },
  'position-not-reached': {
    kind: 'unavailable',
    means: 'The data that is read does not reflect the requested position of the history yet.',
    next: 'Send the request again after the seconds of Retry-After.',
    facts: {
      position: optional(wholeFact('The position that the data reflects.', 41)),
      minPosition: optional(wholeFact('The position that was asked for.', 42)),
    },
  },
});

declare module './refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof LEDGER_REFUSALS> {}
}
