import { canonicalize } from './canonical.js';

/** The actor of an event: the partner that the credential is bound to, else the credential itself. */
export interface Actor {
  readonly id: string;
  readonly role: string;
}

/** A keyed commitment to content that is kept, encrypted and erasable, outside the log. */
export interface Sealed {
  /** Subject of the content. To erase the subject destroys the keys of all its contents. */
  readonly subject: string;
  /** HMAC-SHA256, base64, over the canonical JSON of the content. */
  readonly commitment: string;
}

/** The public record of one fact, stored as canonical JSON and never re-serialised. */
export interface Envelope {
  readonly v: 1;
  readonly id: string;
  readonly stream: string;
  /** Place in the stream, from 0 without gaps. */
  readonly revision: number;
  readonly type: string;
  /** Version of the shape of `data`. */
  readonly schema: number;
  /** When the ledger learned it; never goes back along positions. */
  readonly recordedAt: string;
  /** When it holds in the world, if that differs from `recordedAt`. */
  readonly effectiveAt?: string;
  readonly actor: Actor;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly legalBasis?: string;
  readonly data: object;
  readonly sealed?: Sealed;
}

/** An event as read back: its envelope and its position in the whole history, from 1 without gaps. */
export interface RecordedEvent extends Envelope {
  readonly position: number;
  /** Present only where upcasts lifted `data`: the schema of the stored envelope. `schema` is then the current schema. */
  readonly liftedFrom?: number;
}

/** The schema that the event was recorded with. A rule that came with a later schema must not judge older events. */
export const recordedSchema = ({ schema, liftedFrom }: RecordedEvent): number => liftedFrom ?? schema;

/** An event as the store returns it: the stored bytes and their position. */
export interface StoredEvent {
  readonly position: number;
  /** Canonical JSON of the envelope, exactly as written. */
  readonly envelope: string;
}

/** @throws Error on an envelope of a later version: this program does not know the meaning of its members. */
export function readEvent({ position, envelope }: StoredEvent): RecordedEvent {
  const event = JSON.parse(envelope) as Envelope;
  if (event.v !== 1) throw new Error(`Position ${position} holds an envelope of unknown version ${String(event.v)}.`);
  return Object.assign(event, { position });
}

/** A leaf of the public log is bounded by 65,535 bytes (C2SP tlog-tiles); the rest is room for what we may add. */
export const EVENT_BYTES_MAX = 60_000;
/** `2026-11-24T05:38:00.250Z` */
const STAMP_BYTES = 24;

/**
 * An envelope that waits for its `recordedAt`. It is serialised once, when it is decided, and stamped when its batch is
 * written: the stamp has to follow the order of commits, which is not known earlier.
 */
export interface DraftEvent {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly beforeStamp: string;
  readonly afterStamp: string;
  /** Length of the stamped envelope in UTF-8. */
  readonly bytes: number;
}

const STAMP_MARK = '\u0000';

export function draftEvent(envelope: Omit<Envelope, 'recordedAt'>): DraftEvent {
  const text = canonicalize({ ...envelope, recordedAt: STAMP_MARK });
  // U+0000 is escaped in JSON and refused in every input, so that this text is in the envelope exactly once.
  const mark = JSON.stringify(STAMP_MARK).slice(1, -1);
  const at = text.lastIndexOf(`"recordedAt":"${mark}"`) + '"recordedAt":"'.length;
  const { stream, revision, id, type } = envelope;
  const bytes = Buffer.byteLength(text) - mark.length + STAMP_BYTES;
  return {
    stream,
    revision,
    id,
    type,
    beforeStamp: text.slice(0, at),
    afterStamp: text.slice(at + mark.length),
    bytes,
  };
}

export const stampEvent = (draft: DraftEvent, recordedAt: string): string =>
  draft.beforeStamp + recordedAt + draft.afterStamp;
