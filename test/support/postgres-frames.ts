/** One whole message of the PostgreSQL protocol, with its header. */
export interface Frame {
  /** Its first byte as a letter; empty for the messages that open a session, because they have no such byte. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts one direction of a session into its messages (PostgreSQL documentation, "Message Formats"). */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** `opening`: the first message has no type, like the first message of a client. */
  constructor(private opening: boolean) {}

  read(chunk: Buffer): Frame[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const head = this.opening ? 0 : 1;
      if (this.rest.length < head + 4) return frames;
      const length = head + this.rest.readInt32BE(head);
      if (this.rest.length < length) return frames;
      const type = this.opening ? '' : String.fromCharCode(this.rest[0] ?? 0);
      frames.push({ type, bytes: this.rest.subarray(0, length) });
      this.rest = this.rest.subarray(length);
      this.opening = false;
    }
  }
}

/** The name of the prepared statement that a Bind message runs. */
export function boundStatement({ bytes }: Frame): string {
  const portalEnd = bytes.indexOf(0, 5);
  return bytes.toString('utf8', portalEnd + 1, bytes.indexOf(0, portalEnd + 1));
}

/** The text of a simple Query message. */
export const queryText = ({ bytes }: Frame): string => bytes.toString('utf8', 5, bytes.length - 1);
