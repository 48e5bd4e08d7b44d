import type { RecordedEvent } from '../../ledger/event.js';
import type { Finding } from '../audit-finding.js';

/** The members of a finding that differ between the checks of a database. */
export interface StoredFacts {
  readonly check: string;
  /** Table and key of the row, e.g. `commands 0198…`. */
  readonly artefact: string;
  readonly message: string;
  readonly position?: number;
  readonly event?: Pick<RecordedEvent, 'position' | 'stream' | 'type'>;
  readonly expected?: string;
  readonly found?: string;
  readonly nextStep?: string;
}

/** A row of the database that contradicts the signed history. */
export function storedFinding({ event, nextStep = RESTORE, ...facts }: StoredFacts): Finding {
  const place = event && { position: event.position, stream: event.stream, type: event.type };
  return { ...facts, ...place, nextStep };
}

const RESTORE =
  'The public log is not touched by it. Look for the cause (disk, memory, a hand in the database), and restore this row from a backup.';

/** Excerpts only, because an answer or a state may be long. */
export const excerpt = (text: string, at = 0): string => text.slice(Math.max(0, at - 20), at + 60);

/** Offset of the first difference of two texts. */
export function differenceOf(expected: string, found: string): number {
  let at = 0;
  while (at < expected.length && expected[at] === found[at]) at += 1;
  return at;
}
