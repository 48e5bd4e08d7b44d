import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const KEY_BYTES = 32;

/** Where the history ends, and the check value that the next batch continues. */
export interface CheckedHead {
  /** Number of the last batch with a check value; 0 before the first. */
  readonly batch: number;
  /** Null before the first. */
  readonly checkValue: Buffer | null;
  /** Position of the last event. */
  readonly position: number;
  /** The last stamp. */
  readonly recordedAt: string;
}

export interface CheckedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  /** The exact text that is stored. */
  readonly envelope: string;
}

export interface CheckedCommand {
  readonly commandId: string;
  readonly fingerprint: string;
  /** Position of its last event; of the last event before it, if it has none. */
  readonly position: number;
  readonly outcome: string;
}

/** A batch at its place. Its first event follows `after.position`. */
export interface CheckedBatch {
  /** `accepted`: the events came in another way than by an append, and its commands are not covered. */
  readonly kind: 'appended' | 'accepted';
  readonly after: Pick<CheckedHead, 'batch' | 'checkValue' | 'position'>;
  readonly recordedAt: string;
  readonly events: readonly CheckedEvent[];
  readonly commands: readonly CheckedCommand[];
}

/**
 * Makes and verifies the check values of batches: HMAC-SHA256 under a key that is kept outside the database. A value covers the number of
 * its batch and the value before it, the positions, the stamp, the exact events in order with their streams and revisions, and the
 * answers to the commands. So no batch can be added, changed, moved, repeated or left out before another one without the key.
 *
 * One object is shared by the store that appends and by the log that signs, so that the log also misses a last batch that was taken away.
 */
export class AppendChecks {
  /** Identifies the key without showing it. A hash of 32 random bytes does not help anybody to find them. */
  readonly keyId: Buffer;
  private known: CheckedHead | undefined;
  private missing: number | undefined;

  constructor(private readonly key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError(`The key of the check values must have ${KEY_BYTES} bytes.`);
    this.keyId = createHash('sha256').update('ppp-ledger append key\n').update(key).digest().subarray(0, 8);
  }

  valueOf(batch: CheckedBatch): Buffer {
    return createHmac('sha256', this.key).update(textOf(batch)).digest();
  }

  isRight(batch: CheckedBatch, value: Buffer): boolean {
    const expected = this.valueOf(batch);
    return value.length === expected.length && timingSafeEqual(value, expected);
  }

  /** The last batch that this process has appended; undefined before the first. */
  get acknowledged(): CheckedHead | undefined {
    return this.known;
  }

  acknowledge(head: CheckedHead): void {
    this.known = head;
  }

  /**
   * Compares a batch that this process has appended with what the database has there now.
   * @param found its check value in the database; null if it is gone
   */
  compare({ checkValue, position }: CheckedHead, found: Buffer | null): void {
    if (checkValue && !(found && found.equals(checkValue))) this.missing ??= position;
  }

  /** A position whose batch was durable, and is not in the database any more. Only a restart forgets it. */
  get lostPosition(): number | undefined {
    return this.missing;
  }
}

/**
 * The text under the check value. Every text that may hold any character comes after its length in UTF-16 units, so that two batches never
 * have one text.
 */
function textOf({ kind, after, recordedAt, events, commands }: CheckedBatch): string {
  const { batch, checkValue, position } = after;
  let text =
    `ppp-ledger batch v1\n${kind} ${batch + 1} ${position + 1} ${recordedAt} ${events.length} ${commands.length}\n` +
    `${checkValue?.toString('base64') ?? '-'}\n`;
  for (const { stream, revision, id, type, envelope } of events) {
    text += `${stream.length}:${stream}${revision} ${id} ${type.length}:${type}${envelope.length}:${envelope}\n`;
  }
  for (const { commandId, fingerprint, position: at, outcome } of commands) {
    text += `${commandId} ${at} ${fingerprint.length}:${fingerprint}${outcome.length}:${outcome}\n`;
  }
  return text;
}
