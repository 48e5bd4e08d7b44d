import type { DraftEvent, StoredEvent } from './event.js';
import type { EpochMs } from './time.js';

/**
 * The log of events, whatever engine keeps it. One contract suite (`test/ledger/event-store.contract.ts`) runs on every
 * engine; engines differ in nothing that a caller can see.
 */
export interface EventStore {
  /**
   * Appends the commands of a batch, all of them or none, in one durable write: their events at the next positions, their
   * idempotency records and their sealed content. `expected` holds the last revision of every stream that any of them
   * read or wrote (-1: the stream must not exist).
   *
   * A rejection writes nothing and names all conflicts. A thrown error means that the outcome is unknown: the same batch may be
   * appended again, and if it was written before, its commands are returned as `duplicates`. Two kinds of errors are different, because
   * nothing was written: those for which `isCausedByContent` holds, as to send the batch again cannot help, and a `Refusal`, which is the
   * answer to every command of the batch.
   */
  append(batch: AppendBatch): Promise<AppendResult>;
  /** Events of one stream from a revision on, in order; at most `limit`. */
  readStream(stream: string, fromRevision: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Events of all streams after a position, in order, without gaps; at most `limit`. */
  readAll(afterPosition: number, limit: number): Promise<readonly StoredEvent[]>;
  /** One event by its id. */
  readEvent(id: string): Promise<StoredEvent | undefined>;
  /** The last position (0: empty). */
  head(): Promise<number>;
  /** The last position whose event was recorded at or before an instant (0: none). */
  positionAt(recordedAt: string): Promise<number>;
  /** The answer to a command, if it has been executed. */
  outcomeOf(commandId: string): Promise<StoredOutcome | undefined>;
  /** How the clocks and the last stamp differ; undefined if the store does not compare them. */
  clocks?(): Promise<ClockStatus | undefined>;
  /** Why the store takes no batch, if it knows an obstacle that will not go away by itself. */
  readonly failure?: string | undefined;
}

/** Token for injection: the engine is chosen by configuration. */
export const EVENT_STORE = Symbol('EventStore');

export interface AppendBatch {
  readonly expected: ReadonlyMap<string, number>;
  readonly commands: readonly AppendCommand[];
}

export interface AppendCommand {
  readonly commandId: string;
  /** HMAC-SHA256 of the canonical request, base64. */
  readonly fingerprint: string;
  readonly events: readonly DraftEvent[];
  /** JSON text of the answer, without position and time, which the store adds. */
  readonly outcome: string;
  readonly sealed: readonly SealedContent[];
}

/** Content of a keyed commitment. It is unreadable without the wrapping key, and erased once its own key is destroyed. */
export interface SealedContent {
  readonly eventId: string;
  /** The subject of the content: all content of a subject is erased together. */
  readonly subject: string;
  /** The key of the content, encrypted under the wrapping key; base64. */
  readonly wrappedKey: string;
  /** The content, encrypted under its key; base64. */
  readonly ciphertext: string;
}

export type AppendResult =
  | { readonly ok: true; readonly firstPosition: number; readonly recordedAt: string }
  | {
      readonly ok: false;
      /** Streams whose last revision is not the expected one. */
      readonly stale: readonly string[];
      /** Commands that have been executed before. */
      readonly duplicates: readonly StoredOutcome[];
    };

export interface StoredOutcome {
  readonly commandId: string;
  readonly fingerprint: string;
  /** Position of the command's last event; of the last event before it, if it has none. */
  readonly position: number;
  readonly recordedAt: string;
  readonly outcome: string;
}

/** When a batch may be stamped. */
export interface ClockRule {
  /** How far the clock of this machine, or the last stamp, may be ahead of the two others, in ms; undefined: any time. */
  readonly aheadMsMax: number | undefined;
  /** A last stamp up to this one is accepted, however far it is ahead: the operator knows of it, and the history goes on. */
  readonly acceptedStamp?: EpochMs | undefined;
}

/** How the clocks differ. */
export interface ClockStatus {
  /** Clock of this machine less that of the database, in ms. */
  readonly aheadMs: number;
  /** Last stamp less the later one of both clocks, in ms; 0 if it is not ahead. */
  readonly historyAheadMs: number;
  /** Why nothing is recorded, and what to do; undefined if the clocks are near each other. */
  readonly reason?: string | undefined;
}

/**
 * Every engine checks this before it writes: a gap or a repetition in a stream would stop all readers for ever, and a write cannot be
 * undone.
 * @throws UnwritableBatch unless every event continues its stream, from the revision that the batch expects.
 */
export function checkContinuity({ expected, commands }: AppendBatch): void {
  const last = new Map(expected);
  for (const { events } of commands) {
    for (const { stream, revision } of events) {
      const before = last.get(stream);
      if (before === undefined) throw new UnwritableBatch(`${stream} is written, but no revision of it is expected.`);
      if (revision !== before + 1)
        throw new UnwritableBatch(`${stream}: revision ${revision} does not follow ${before}.`);
      last.set(stream, revision);
    }
  }
}

/** A bug of the program, not a state of the store. */
export class UnwritableBatch extends Error {}

/** True for an unwritable batch, data exceptions and integrity violations (SQLSTATE classes 22, 23): a second try cannot help. */
export function isCausedByContent(error: unknown): boolean {
  if (error instanceof UnwritableBatch) return true;
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}
