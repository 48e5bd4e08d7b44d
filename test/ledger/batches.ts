import type { AppendBatch, AppendCommand, SealedContent } from '../../src/ledger/event-store.js';
import { AppendChecks } from '../../src/ledger/append-checks.js';
import { draftEvent, type DraftEvent } from '../../src/ledger/event.js';
import { derivedId } from '../../src/ledger/identifiers.js';

/** The id for a word: the same word has the same id. */
export const idOf = (word: string): string => derivedId('test', word);

/** The key of `checksOf`, as a file holds it. */
export const APPEND_KEY_TEXT = Buffer.alloc(32, 5).toString('base64');

/** Of an instance of its own: it remembers what it has appended. */
export const checksOf = (key = 5): AppendChecks => new AppendChecks(Buffer.alloc(32, key));

export interface CommandParts {
  /** `stream@revision` of every event. */
  readonly events?: readonly string[];
  readonly data?: object;
  readonly type?: string;
  readonly outcome?: string;
  readonly sealed?: readonly SealedContent[];
}

/** A command in the form in which the ledger passes it to a store. */
export function commandOf(word: string, parts: CommandParts): AppendCommand {
  const { events = [], data = {}, type = 'thing-happened', outcome, sealed = [] } = parts;
  const commandId = idOf(word);
  return {
    commandId,
    fingerprint: `fingerprint of ${word}`,
    events: events.map((place, index) => draftOf(commandId, index, place, { type, data })),
    outcome: outcome ?? JSON.stringify({ answered: word }),
    sealed,
  };
}

export const batchOf = (
  expected: Readonly<Record<string, number>>,
  ...commands: readonly AppendCommand[]
): AppendBatch => ({ expected: new Map(Object.entries(expected)), commands });

function draftOf(commandId: string, index: number, place: string, event: { type: string; data: object }): DraftEvent {
  const [stream = '', revision] = place.split('@');
  return draftEvent({
    v: 1,
    id: derivedId(commandId, 'event', String(index)),
    stream,
    revision: Number(revision),
    type: event.type,
    schema: 1,
    actor: { id: 'tester', role: 'operator' },
    commandId,
    correlationId: 'correlation',
    data: event.data,
  });
}
