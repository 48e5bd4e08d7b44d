import { createHash } from 'node:crypto';
import type { RecordedEvent } from '../ledger/event.js';
import { idOf } from '../ledger/aggregate.js';
import { formatInstant } from '../ledger/time.js';
import type { Hash } from '../tlog/merkle.js';
import { encodeBase64 } from '../tlog/strict-text.js';
import type { ReplayAttested } from '../transparency/events/attestation.js';
import type { MethodRegistry } from '../transparency/methods.js';
import { periodBegin, periodEnd, REPORT_KINDS, type ReportPublished } from '../transparency/events/publication.js';
import { streamLines } from '../transparency/publication/publication-text.js';
import type { ReportMethod } from '../transparency/report-method.js';
import { positionAt } from './audit-entry.js';
import { textOf, type Finding, type Findings } from './audit-finding.js';
import type { OpenedLog } from './audit-log.js';
import { sha256, type ReplayedReport } from './replay-folding.js';

/** What the event of a publication, or of an attestation, commits to: a report, by its hash. */
export interface Publication {
  readonly id: string;
  readonly event: RecordedEvent;
  readonly data: ReportPublished['data'] | AttestedReport;
  /** Undefined for a version that this program does not know. */
  readonly method: ReportMethod | undefined;
}
/** A report of an attestation: of no period, and without an index of the streams. */
type AttestedReport = Pick<
  ReportPublished['data'],
  'kind' | 'position' | 'root' | 'methodVersion' | 'byteCount' | 'sha256'
>;
export type KnownPublication = Publication & { readonly method: ReportMethod };

export const isOfKnownMethod = (publication: Publication): publication is KnownPublication =>
  publication.method !== undefined;

export const isPublished = (
  publication: KnownPublication,
): publication is KnownPublication & { readonly data: ReportPublished['data'] } =>
  publication.event.type === 'report-published';

export function publicationOf(event: RecordedEvent, methods: MethodRegistry): Publication {
  const data = event.data as ReportPublished['data'];
  return { id: idOf(event.stream, 'report'), event, data, method: methods.of(data.methodVersion) };
}

/** The reports of an attestation. Nobody validated its data in a log of others. */
export function attestedReports(event: RecordedEvent, methods: MethodRegistry): Publication[] {
  const { position, root, methodVersion, reports } = event.data as Partial<ReplayAttested['data']>;
  const id = idOf(event.stream, 'attestation');
  const method = typeof methodVersion === 'string' ? methods.of(methodVersion) : undefined;
  const stated: readonly unknown[] = Array.isArray(reports) ? reports : [];
  return stated.map((report) => ({
    id,
    event,
    method,
    data: { ...(report as object), position, root, methodVersion } as AttestedReport,
  }));
}

/** A report is of a kind of its method, and of a history that ends before its own publication. An unknown method may have further kinds. */
export function isSound({ id, event, data, method }: Publication, findings: Findings): boolean {
  const isNamed = typeof data.kind === 'string' && typeof data.methodVersion === 'string';
  const isKnown = isNamed && (method === undefined || REPORT_KINDS.includes(data.kind));
  if (isKnown && Number.isSafeInteger(data.position) && data.position > 0 && data.position < event.position)
    return true;
  findings.add({
    ...placeOf({ id, event }),
    message: `The ${nounOf(event)} names no report that there can be.`,
    found: `${textOf(data.kind)} as of position ${textOf(data.position)}, by method ${textOf(data.methodVersion)}`,
    nextStep: 'Ask the operator what was published.',
  });
  return false;
}

const nounOf = ({ type }: RecordedEvent): string => (type === 'replay-attested' ? 'attestation' : 'publication');

const placeOf = ({ id, event }: Pick<Publication, 'id' | 'event'>) => ({
  check: event.type === 'replay-attested' ? 'attested reports' : 'published reports',
  artefact: event.type === 'replay-attested' ? `attestation ${id}` : `v1/transparency/reports/${id}`,
  position: event.position,
  stream: event.stream,
  type: event.type,
});

/**
 * A final report reflects every event that was recorded by the end of its period, and is published after that. Of an interim
 * report, the log does not show which event was the last one when it was made.
 */
export async function checkPeriod(
  log: OpenedLog,
  { id, event, data }: KnownPublication & { readonly data: ReportPublished['data'] },
  findings: Findings,
): Promise<void> {
  const nextStep = 'Ask the operator for a report of the whole period, and for the reason.';
  const wrong = (message: string, expected: string, found: string): void =>
    findings.add({ ...placeOf({ id, event }), check: 'periods of reports', message, expected, found, nextStep });
  const end = endOfPeriod(data);
  if (end === undefined)
    return wrong('The publication names no period.', 'a date or an instant', textOf(data.periodTo));
  if (data.interim === true) return;
  if (end >= Date.parse(event.recordedAt)) {
    const message = 'The report was published as final before its period was over.';
    return wrong(message, `after ${formatInstant(end)}`, event.recordedAt);
  }
  const last = await positionAt(log, end);
  if (last !== data.position) {
    const message = `The ${data.kind} report leaves out events that were recorded in its period, or has later ones.`;
    wrong(message, `as of position ${last}`, `as of position ${data.position}`);
  }
}

/** As `endOfPeriod`. */
export function beginOfPeriod({ periodFrom, periodTo }: ReportPublished['data']): number | undefined {
  if (typeof periodFrom !== 'string' || typeof periodTo !== 'string') return undefined;
  return Number.isNaN(Date.parse(periodFrom)) ? undefined : periodBegin({ periodFrom });
}

/** Ms since the epoch. Nobody validated the data of a publication in a log of others. */
function endOfPeriod({ periodFrom, periodTo }: ReportPublished['data']): number | undefined {
  if (typeof periodFrom !== 'string' || typeof periodTo !== 'string') return undefined;
  return Number.isNaN(Date.parse(periodTo)) ? undefined : periodEnd({ periodTo });
}

type Facts = Readonly<Record<string, string>>;

export function factsOf(
  { text, position }: ReplayedReport,
  root: Hash,
  lastRevisions: ReadonlyMap<string, number>,
): Facts {
  const index = createHash('sha256');
  for (const line of streamLines(lastRevisions)) index.update(line);
  return {
    sha256: sha256(text),
    byteCount: String(Buffer.byteLength(text)),
    treeSize: String(position),
    root: encodeBase64(root),
    'streams.count': String(lastRevisions.size),
    'streams.sha256': index.digest('hex'),
  };
}

export function compareFacts({ id, event, data }: Publication, computed: Facts, findings: Findings): void {
  const { sha256: hash, byteCount, root } = data;
  const common: Facts = { sha256: textOf(hash), byteCount: textOf(byteCount), root: textOf(root) };
  // Nobody validated the data of a publication in a log of others.
  const { treeSize, streams } = data as Partial<ReportPublished['data']>;
  const ofPublication: Facts = {
    treeSize: textOf(treeSize),
    'streams.count': textOf(streams?.count),
    'streams.sha256': textOf(streams?.sha256),
  };
  const isAttested = event.type === 'replay-attested';
  const stated: Facts = isAttested ? common : { ...common, ...ofPublication };
  for (const [name, expected] of Object.entries(computed)) {
    const found = stated[name];
    if (found === undefined || found === expected) continue;
    findings.add({
      ...placeOf({ id, event }),
      message: `The ${data.kind} report as of position ${data.position} was ${isAttested ? 'attested' : 'published'} with another ${name} than the events give.`,
      expected,
      found,
      nextStep:
        'Compare the published report with the one that "audit replay" prints, and ask the operator which events it was made from.',
    } satisfies Finding);
  }
}
