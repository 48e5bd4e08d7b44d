import type { ProgressListener } from '../ledger/progress-listener.js';
import { createHash } from 'node:crypto';
import type { RecordedEvent } from '../ledger/event.js';
import type { AggregateOutline } from '../ledger/aggregate.js';
import { fold, initialFoldState, METHOD_VERSION, type FoldState } from '../transparency/method-1/fold.js';
import { publishedText, streamLines } from '../transparency/publication-text.js';
import { REPORT_KINDS, type ReportKind, type ReportPublished } from '../transparency/publication.js';
import { positionAt } from './audit-entry.js';
import { Findings, NotCheckable, type Finding } from './audit-finding.js';
import type { OpenedLog } from './audit-log.js';
import type { Hash } from '../tlog/merkle.js';
import { encodeBase64 } from '../tlog/strict-text.js';
import { EnvelopeCheck } from './verify-envelope.js';

import { LogWalk, type WalkOptions } from './verify-walk.js';

/** Where in the history; the end of the log when neither is given. */
export interface ReplayPoint {
  readonly position?: number;
  /** Ms since the epoch. */
  readonly instantMs?: number;
}

/** A report, made again from the events. */
export interface ReplayedReport {
  readonly kind: ReportKind;
  readonly position: number;
  readonly text: string;
  /** Of the bytes, hex. */
  readonly sha256: string;
  /** Of the publication that names its hash, for a published report. */
  readonly id?: string;
}

export interface Replay {
  readonly position: number;
  readonly asOf: string | null;
  /** Root over the events that were folded, base64. */
  readonly root: string;
  readonly methodVersion: string;
  /** As of the position. */
  readonly reports: readonly ReplayedReport[];
  /** All that were published up to the position. */
  readonly published: readonly ReplayedReport[];
  /** Publications by another method, which this program does not compute. */
  readonly otherMethods: readonly string[];
  readonly findings: Findings;
}

export interface ReplayOptions {
  readonly aggregates: readonly AggregateOutline[];
  readonly progress?: ProgressListener;
}

/**
 * Folds the events up to a point into the reports, and makes every report again that was published up to there. The events are
 * those that were signed: up to the end of the log by its root, before that by a consistency proof to it.
 *
 * Memory grows with what the reports themselves know, and where reports were published with the number of streams, because
 * each publication commits to an index of them.
 * @throws ProvenWrong, NotCheckable
 */
export async function replay(log: OpenedLog, point: ReplayPoint, options: ReplayOptions): Promise<Replay> {
  const position = await endOf(log, point);
  const publications: Publication[] = [];
  const { state, root } = await foldUpTo(log, position, options, {
    after: (_, event) => {
      if (event.type === 'report-published') publications.push(publicationOf(event));
    },
  });
  const findings = new Findings();
  const sound = publications.filter((publication) => isSound(publication, findings));
  const known = sound.filter(({ data }) => data.methodVersion === METHOD_VERSION);
  return {
    position,
    asOf: state.recordedAt,
    root: encodeBase64(root),
    methodVersion: METHOD_VERSION,
    reports: REPORT_KINDS.map((kind) => reportOf(kind, state, root)),
    published: known.length === 0 ? [] : await makeAgain(log, known, options, findings),
    otherMethods: sound.filter((one) => !known.includes(one)).map(({ id }) => id),
    findings,
  };
}

async function endOf(log: OpenedLog, { position, instantMs }: ReplayPoint): Promise<number> {
  const { size } = log.checkpoint;
  if (instantMs !== undefined) return positionAt(log, instantMs);
  if (position === undefined) return size;
  if (position <= size) return position;
  throw new NotCheckable(
    `There is no position ${position}: the log has ${size}.`,
    `Give one from 0 to ${size}, or wait until the log has grown.`,
  );
}

interface FoldHooks extends Pick<WalkOptions, 'rootsAt'> {
  /** The state with the event folded. */
  readonly after: (state: FoldState, event: RecordedEvent) => void;
}

async function foldUpTo(
  log: OpenedLog,
  size: number,
  { aggregates, progress }: ReplayOptions,
  { after, ...walkOptions }: FoldHooks,
): Promise<{ readonly state: FoldState; readonly root: Hash }> {
  const envelopes = new EnvelopeCheck(aggregates);
  const state = initialFoldState();
  const walk = new LogWalk(log, { size, ...walkOptions });
  progress?.begin(size);
  try {
    for await (const { first, entries } of walk.stretches()) {
      for (const [at, entry] of entries.entries()) {
        const event = envelopes.read(first + at, entry);
        foldEvent(state, event);
        after(state, event);
      }
      progress?.reached(first + entries.length - 1);
    }
  } finally {
    progress?.end();
  }
  return { state, root: walk.root() };
}

function foldEvent(state: FoldState, event: RecordedEvent): void {
  try {
    fold(state, event);
  } catch (error) {
    throw new NotCheckable(
      `The reports cannot be computed beyond position ${event.position} (${event.type}): ${String(error)}`,
      'Run "audit verify": it says what is wrong with the history.',
      { cause: error },
    );
  }
}

function reportOf(kind: ReportKind, state: FoldState, root: Hash): ReplayedReport {
  const text = publishedText(kind, state, root);
  return { kind, position: state.position, text, sha256: sha256(text) };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What the event of a publication commits to. */
interface Publication {
  readonly id: string;
  readonly event: RecordedEvent;
  readonly data: ReportPublished['data'];
}

const publicationOf = (event: RecordedEvent): Publication => ({
  id: event.stream.slice('report-'.length),
  event,
  data: event.data as ReportPublished['data'],
});

/** A report is of a known kind, and of a history that ends before its own publication. */
function isSound({ id, event, data }: Publication, findings: Findings): boolean {
  const isKnown = REPORT_KINDS.includes(data.kind);
  if (isKnown && Number.isSafeInteger(data.position) && data.position > 0 && data.position < event.position)
    return true;
  findings.add({
    check: 'published reports',
    artefact: `v1/transparency/reports/${id}`,
    position: event.position,
    stream: event.stream,
    type: event.type,
    message: 'The publication names no report that there can be.',
    found: `${data.kind} as of position ${data.position}`,
    nextStep: 'Ask the operator what was published.',
  });
  return false;
}

/** A second time through the history: only now it is known at which positions reports were published. */
async function makeAgain(
  log: OpenedLog,
  publications: readonly Publication[],
  options: ReplayOptions,
  findings: Findings,
): Promise<ReplayedReport[]> {
  const sizes = new Set(publications.map(({ data }) => data.position));
  const roots = new Map<number, Hash>();
  const lastRevisions = new Map<string, number>();
  const made: ReplayedReport[] = [];
  await foldUpTo(log, Math.max(...sizes), options, {
    rootsAt: { sizes, seen: (root, size) => roots.set(size, root) },
    after: (state, { stream, revision, position }) => {
      lastRevisions.set(stream, revision);
      const root = roots.get(position);
      if (root === undefined) return;
      for (const publication of publications.filter(({ data }) => data.position === position)) {
        const report = { ...reportOf(publication.data.kind, state, root), id: publication.id };
        made.push(report);
        compareFacts(publication, factsOf(report.text, root, lastRevisions), findings);
      }
    },
  });
  return made;
}

type Facts = Readonly<Record<string, string>>;

function factsOf(text: string, root: Hash, lastRevisions: ReadonlyMap<string, number>): Facts {
  const index = createHash('sha256');
  for (const line of streamLines(lastRevisions)) index.update(line);
  return {
    sha256: sha256(text),
    byteCount: String(Buffer.byteLength(text)),
    root: encodeBase64(root),
    'streams.count': String(lastRevisions.size),
    'streams.sha256': index.digest('hex'),
  };
}

function compareFacts({ id, event, data }: Publication, computed: Facts, findings: Findings): void {
  const { sha256: hash, byteCount, root, streams } = data;
  const stated: Facts = {
    sha256: hash,
    byteCount: String(byteCount),
    root,
    'streams.count': String(streams.count),
    'streams.sha256': streams.sha256,
  };
  for (const [name, expected] of Object.entries(computed)) {
    const found = stated[name] ?? '';
    if (found === expected) continue;
    findings.add({
      check: 'published reports',
      artefact: `v1/transparency/reports/${id}`,
      position: event.position,
      stream: event.stream,
      type: event.type,
      message: `The ${data.kind} report as of position ${data.position} was published with another ${name} than the events give.`,
      expected,
      found,
      nextStep:
        'Compare the published report with the one that "audit replay" prints, and ask the operator which events it was made from.',
    } satisfies Finding);
  }
}
