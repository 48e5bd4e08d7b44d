import type { ProgressListener } from '../ledger/progress-listener.js';
import type { RecordedEvent } from '../ledger/event.js';
import type { AggregateOutline } from '../ledger/aggregate.js';
import type { Hash } from '../tlog/merkle.js';
import { encodeBase64 } from '../tlog/strict-text.js';
import { METHODS, type MethodRegistry } from '../transparency/methods.js';
import { REPORT_KINDS } from '../transparency/events/publication.js';
import { serialise, type Begin, type ReportMethod } from '../transparency/report-method.js';
import { positionAt } from './audit-entry.js';
import { Findings, NotCheckable } from './audit-finding.js';
import type { OpenedLog } from './audit-log.js';
import { Folding, type ReplayedReport } from './replay-folding.js';
import {
  attestedReports,
  beginOfPeriod,
  checkPeriod,
  compareFacts,
  factsOf,
  isOfKnownMethod,
  isPublished,
  isSound,
  publicationOf,
  type KnownPublication,
  type Publication,
} from './replay-publication.js';
import { EnvelopeCheck } from './verify-envelope.js';
import { LogWalk, type WalkOptions } from './verify-walk.js';

/** A point of the history; the end of the log when no member is given. */
export interface ReplayPoint {
  readonly position?: number;
  /** Ms since the epoch. */
  readonly instantMs?: number;
}

export interface Replay {
  readonly position: number;
  readonly asOf: string | null;
  /** Root over the events that were folded, base64. */
  readonly root: string;
  /** The method of the reports as of the position. */
  readonly methodVersion: string;
  /** The reports as of the position. */
  readonly reports: readonly ReplayedReport[];
  /** All that were published up to the position, each by the method that its publication names. */
  readonly published: readonly ReplayedReport[];
  /** Publications that cannot be checked: this program does not know the method that they name. */
  readonly unknownMethods: readonly { readonly id: string; readonly methodVersion: string }[];
  readonly findings: Findings;
}

export interface ReplayOptions {
  readonly aggregates: readonly AggregateOutline[];
  readonly progress?: ProgressListener;
  readonly methods?: MethodRegistry;
  /** The method of the reports as of the point; the current method when left out. */
  readonly method?: ReportMethod;
}

/**
 * Folds the events up to a point into the reports, and makes every report again that was published up to there, each by its own
 * method. It proves that the events are the signed events: at the end of the log by the root, before the end by a consistency proof to
 * the root.
 *
 * The log is read twice where reports were published: only a first pass shows which methods and positions are needed. Memory grows with
 * the size of a state of each method, and where reports were published with the number of streams, because each publication commits to an
 * index of them.
 * @throws ProvenWrong, NotCheckable
 */
export async function replay(log: OpenedLog, point: ReplayPoint, options: ReplayOptions): Promise<Replay> {
  const { methods = METHODS, method = methods.current } = options;
  const position = await endOf(log, point);
  const publications: Publication[] = [];
  const latest = new Folding(method);
  const root = await walkUpTo(log, position, options, {
    accept: (event) => {
      latest.accept(event);
      if (event.type === 'report-published') publications.push(publicationOf(event, methods));
      if (event.type === 'replay-attested') publications.push(...attestedReports(event, methods));
    },
  });
  const findings = new Findings();
  const sound = publications.filter((publication) => isSound(publication, findings));
  const known = sound.filter(isOfKnownMethod);
  for (const publication of known.filter(isPublished)) await checkPeriod(log, publication, findings);
  return {
    position,
    asOf: latest.state.recordedAt,
    root: encodeBase64(root),
    methodVersion: method.version,
    reports: REPORT_KINDS.map((kind) => latest.report(kind, root)),
    published: known.length === 0 ? [] : await makeAgain(log, known, options, findings),
    unknownMethods: sound
      .filter((publication) => !isOfKnownMethod(publication))
      .map(({ id, data: { methodVersion } }) => ({ id, methodVersion })),
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

interface WalkHooks extends Pick<WalkOptions, 'rootsAt'> {
  readonly accept: (event: RecordedEvent) => void;
}

async function walkUpTo(
  log: OpenedLog,
  size: number,
  { aggregates, progress }: ReplayOptions,
  { accept, ...walkOptions }: WalkHooks,
): Promise<Hash> {
  const envelopes = new EnvelopeCheck(aggregates);
  const walk = new LogWalk(log, { size, ...walkOptions });
  progress?.begin(size);
  try {
    for await (const { first, entries } of walk.stretches()) {
      for (const [at, entry] of entries.entries()) accept(envelopes.read(first + at, entry));
      progress?.reached(first + entries.length - 1);
    }
  } finally {
    progress?.end();
  }
  return walk.root();
}

/** Makes the reports again in a second pass through the history, which folds it by every method that is needed. */
async function makeAgain(
  log: OpenedLog,
  publications: readonly KnownPublication[],
  options: ReplayOptions,
  findings: Findings,
): Promise<ReplayedReport[]> {
  const sizes = new Set(publications.map(({ data }) => data.position));
  const roots = new Map<number, Hash>();
  const lastRevisions = new Map<string, number>();
  const foldings = foldingsOf(publications);
  const begins = await beginsOf(log, publications);
  const made: ReplayedReport[] = [];
  await walkUpTo(log, Math.max(...sizes), options, {
    rootsAt: { sizes, seen: (root, size) => roots.set(size, root) },
    accept: (event) => {
      const { stream, revision, position } = event;
      lastRevisions.set(stream, revision);
      const root = roots.get(position);
      for (const { folding, last, wanted } of foldings) {
        if (position > last) continue;
        folding.accept(event);
        begins.keep(folding);
        if (root === undefined) continue;
        for (const publication of wanted.filter(({ data }) => data.position === position)) {
          const begin = begins.of(publication);
          const report = { ...folding.report(publication.data.kind, root, begin), id: publication.id };
          if (isPublished(publication)) made.push(report);
          compareFacts(publication, factsOf(report, root, lastRevisions), findings);
        }
      }
    },
  });
  return made;
}

/** The states before the periods of publications, each kept until its last report is made. */
async function beginsOf(log: OpenedLog, publications: readonly KnownPublication[]) {
  const positions = new Map<KnownPublication, number>();
  for (const publication of publications) {
    if (!publication.method.hasPeriods || !isPublished(publication)) continue;
    const begin = beginOfPeriod(publication.data);
    if (begin !== undefined) positions.set(publication, await positionAt(log, begin - 1));
  }
  const kept = new Map<string, string>();
  const keyOf = (method: ReportMethod, position: number): string => `${method.version} ${position}`;
  const wanted = new Set([...positions].map(([{ method }, position]) => keyOf(method, position)));
  return {
    keep({ method, state }: Folding): void {
      const key = keyOf(method, state.position);
      if (wanted.has(key)) kept.set(key, serialise(method, state));
    },
    of(publication: KnownPublication): Begin | undefined {
      const fromPosition = positions.get(publication);
      if (fromPosition === undefined || !isPublished(publication)) return undefined;
      const { method, data } = publication;
      const { periodFrom, periodTo } = data;
      const key = keyOf(method, fromPosition);
      const text = kept.get(key);
      positions.delete(publication);
      if (![...positions].some(([later, position]) => keyOf(later.method, position) === key)) kept.delete(key);
      const state = text === undefined ? method.initial() : method.restore(text);
      return { state, period: { periodFrom, periodTo, fromPosition } };
    },
  };
}

/** One folding a method. It ends with the last report: a method knows no event types that are younger than its last publication. */
function foldingsOf(publications: readonly KnownPublication[]) {
  return [...new Set(publications.map(({ method }) => method))].map((method) => {
    const wanted = publications.filter((publication) => publication.method === method);
    return { folding: new Folding(method), wanted, last: Math.max(...wanted.map(({ data }) => data.position)) };
  });
}
