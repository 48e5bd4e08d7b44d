import type { RecordedEvent } from '../ledger/event.js';
import type { AggregateOutline } from '../ledger/aggregate.js';
import { NotCheckable } from './audit-finding.js';
import { openTrusted, type OpenedLog, type Trust } from './audit-log.js';
import type { LogSource } from './log-source.js';
import { EnvelopeCheck } from './verify-envelope.js';
import { LogWalk } from './verify-walk.js';
import type { YearlySubmissionFacts } from '../compute/yearly-events.js';
import { YearlyUse } from '../transparency/yearly/yearly.js';
import type { YearlyFile } from '../transparency/yearly/yearly-file.js';

export interface YearlyRequest {
  readonly year: number;
  /** Counts this facility alone, and lists what it submitted for the year. */
  readonly facilityId?: string;
  readonly trust: Trust;
  /** Every aggregate of the domain: they declare the event types. */
  readonly aggregates: readonly AggregateOutline[];
  /** Number of events to count; by default all events that the checkpoint covers. */
  readonly size?: number;
}

export interface YearlyReading {
  readonly file: YearlyFile;
  readonly log: OpenedLog;
  /** What the facility submitted for the year, in order. */
  readonly submitted: readonly YearlySubmissionFacts[];
}

/**
 * Makes the file of a year from a log and checks that every entry was signed. Memory grows with the ranges of positions
 * that the figures name, not with the log.
 * @throws ProvenWrong when an entry or a tile is not the signed one
 * @throws NotCheckable when an artefact cannot be read, when the quorum of the policy is missing, or when the log is shorter than `size`
 */
export async function readYear(
  source: LogSource,
  { year, facilityId, trust, aggregates, size }: YearlyRequest,
): Promise<YearlyReading> {
  const log = await openTrusted(source, trust);
  if (size !== undefined && size > log.checkpoint.size) {
    const message = `The checkpoint covers ${log.checkpoint.size} events, not ${size}.`;
    throw new NotCheckable(message, 'Give a position that is covered, or try again in a moment.');
  }
  const walk = new LogWalk(log, size === undefined ? {} : { size });
  const envelopes = new EnvelopeCheck(aggregates);
  const use = new YearlyUse(year, facilityId);
  for await (const { first, entries } of walk.stretches()) {
    for (const [at, entry] of entries.entries()) count(use, envelopes.read(first + at, entry));
  }
  const file = use.file(walk.root());
  if (facilityId === undefined) return { file, log, submitted: [] };
  return { file, log, submitted: await submissionsIn(log, aggregates, facilityId, year) };
}

/** What a facility submitted for a year, whatever the position of the file: a submission is recorded after the data that it is about. */
async function submissionsIn(
  log: OpenedLog,
  aggregates: readonly AggregateOutline[],
  facilityId: string,
  year: number,
): Promise<readonly YearlySubmissionFacts[]> {
  const envelopes = new EnvelopeCheck(aggregates);
  const stream = `facility-${facilityId}`;
  const submitted: YearlySubmissionFacts[] = [];
  for await (const { first, entries } of new LogWalk(log, {}).stretches()) {
    for (const [at, entry] of entries.entries()) {
      const event = envelopes.read(first + at, entry);
      if (event.type !== 'yearly-submitted' || event.stream !== stream) continue;
      const facts = event.data as YearlySubmissionFacts;
      if (facts.year === year) submitted.push(facts);
    }
  }
  return submitted;
}

/** @throws NotCheckable for malformed data: nobody validated it in a log of others. */
function count(use: YearlyUse, event: RecordedEvent): void {
  try {
    use.accept(event);
  } catch (error) {
    throw new NotCheckable(
      `The use cannot be counted beyond position ${event.position} (${event.type}): ${String(error)}`,
      'Run "audit verify": it shows whether something is wrong with the history.',
      { cause: error },
    );
  }
}
