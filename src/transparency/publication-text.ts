import { canonicalize } from '../ledger/canonical.js';
import { capacityReport } from './method-1/capacity-report.js';
import { capitalReport } from './method-1/capital-report.js';
import { equalAccessReport } from './method-1/equal-access-report.js';
import type { FoldState } from './method-1/fold.js';
import type { ReportKind } from './publication.js';
import { bound, reportText, type ReportHeader } from './method-1/report-header.js';

/**
 * The bytes of a published report, as a function of the events alone: of the fold over them and of their Merkle root. They are
 * those of the public report as of the same position, without a filter.
 */
export const publishedText = (kind: ReportKind, state: FoldState, root: Uint8Array): string =>
  reportText(bound(reportOf(kind, state), root));

function reportOf(kind: ReportKind, state: FoldState): ReportHeader {
  switch (kind) {
    case 'equal-access':
      return equalAccessReport(state);
    case 'capital':
      return capitalReport(state);
    case 'capacity':
      return capacityReport(state);
  }
}

/** How far a stream has come. Whoever holds the stream sees from it that no event was held back. */
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
