import { canonicalize } from '../../ledger/canonical.js';

/** The extent of a stream at a position. A holder of the stream sees from it that no event was held back. */
export interface StreamExtent {
  readonly stream: string;
  /** Events of the stream. */
  readonly count: number;
  /** Revision of the last of them: `count - 1`, because revisions have no gaps. */
  readonly lastRevision: number;
}

/** A line of the completeness index: canonical JSON (RFC 8785) and a line feed. The lines are in the order of the bytes of `stream`. */
export const streamLine = ({ stream, count, lastRevision }: StreamExtent): string =>
  `${canonicalize({ count, lastRevision, stream })}\n`;

/** The completeness index from the last revision of every stream. */
export function* streamLines(lastRevisions: ReadonlyMap<string, number>): Generator<string> {
  for (const stream of [...lastRevisions.keys()].sort()) {
    const lastRevision = lastRevisions.get(stream) ?? -1;
    yield streamLine({ stream, count: lastRevision + 1, lastRevision });
  }
}
