import { createHash } from 'node:crypto';
import type { ProgressListener } from '../ledger/progress-listener.js';
import type { RecordedEvent } from '../ledger/event.js';
import { idOf, type AggregateOutline } from '../ledger/aggregate.js';
import { METHODS, type MethodRegistry } from '../transparency/methods.js';
import { streamLines } from '../transparency/publication/publication-text.js';
import { formatInstant } from '../ledger/time.js';
import {
  periodBegin,
  periodEnd,
  REPORT_KINDS,
  type ReportKind,
  type ReportPublished,
} from '../transparency/events/publication.js';
import type { ReplayAttested } from '../transparency/events/attestation.js';
import { serialise, type Begin, type MethodState, type ReportMethod } from '../transparency/report-method.js';
import { positionAt } from './audit-entry.js';
import { Findings, NotCheckable, textOf, type Finding } from './audit-finding.js';
import type { OpenedLog } from './audit-log.js';
import type { Hash } from '../tlog/merkle.js';
import { encodeBase64 } from '../tlog/strict-text.js';
import { EnvelopeCheck } from './verify-envelope.js';
import { LogWalk, type WalkOptions } from './verify-walk.js';

/** A point of the history; the end of the log when no member is given. */
export interface ReplayPoint {
  readonly position?: number;
  /** Ms since the epoch. */
  readonly instantMs?: number;
}

/** A report, made again from the events. */
export interface ReplayedReport {
  readonly kind: ReportKind;
  readonly position: number;
  readonly methodVersion: string;
  readonly text: string;
  /** Hash of the bytes, hex. */
  readonly sha256: string;
  /** Id of the publication that names the hash, for a published report. */
  readonly id?: string;
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

/** A method on its way through the history. */
class Folding {
  readonly state: MethodState;

  constructor(readonly method: ReportMethod) {
    this.state = method.initial();
  }

  /** @throws NotCheckable */
  accept(event: RecordedEvent): void {
    this.computed(`beyond position ${event.position} (${event.type})`, () => this.method.fold(this.state, event));
  }

  /** @throws NotCheckable */
  report(kind: ReportKind, root: Hash, begin?: Begin): ReplayedReport {
    const { method, state } = this;
    const { position } = state;
    const text = this.computed(`as of position ${position} (${kind})`, () => method.text(state, root, { kind }, begin));
    return { kind, position, methodVersion: method.version, text, sha256: sha256(text) };
  }

  /** A method trusts what the decisions held, such as that nobody owns an owner. A log of others may break it. */
  private computed<Value>(where: string, compute: () => Value): Value {
    try {
      return compute();
    } catch (error) {
      throw new NotCheckable(
        `The reports of method ${this.method.version} cannot be computed ${where}: ${String(error)}`,
        'Run "audit verify": it shows whether something is wrong with the history.',
        { cause: error },
      );
    }
  }
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

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What the event of a publication, or of an attestation, commits to: a report, by its hash. */
interface Publication {
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
type KnownPublication = Publication & { readonly method: ReportMethod };

const isOfKnownMethod = (publication: Publication): publication is KnownPublication => publication.method !== undefined;

const isPublished = (
  publication: KnownPublication,
): publication is KnownPublication & { readonly data: ReportPublished['data'] } =>
  publication.event.type === 'report-published';

function publicationOf(event: RecordedEvent, methods: MethodRegistry): Publication {
  const data = event.data as ReportPublished['data'];
  return { id: idOf(event.stream, 'report'), event, data, method: methods.of(data.methodVersion) };
}

/** The reports of an attestation. Nobody validated its data in a log of others. */
function attestedReports(event: RecordedEvent, methods: MethodRegistry): Publication[] {
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
function isSound({ id, event, data, method }: Publication, findings: Findings): boolean {
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
async function checkPeriod(
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
function beginOfPeriod({ periodFrom, periodTo }: ReportPublished['data']): number | undefined {
  if (typeof periodFrom !== 'string' || typeof periodTo !== 'string') return undefined;
  return Number.isNaN(Date.parse(periodFrom)) ? undefined : periodBegin({ periodFrom });
}

/** Ms since the epoch. Nobody validated the data of a publication in a log of others. */
function endOfPeriod({ periodFrom, periodTo }: ReportPublished['data']): number | undefined {
  if (typeof periodFrom !== 'string' || typeof periodTo !== 'string') return undefined;
  return Number.isNaN(Date.parse(periodTo)) ? undefined : periodEnd({ periodTo });
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

type Facts = Readonly<Record<string, string>>;

function factsOf({ text, position }: ReplayedReport, root: Hash, lastRevisions: ReadonlyMap<string, number>): Facts {
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

function compareFacts({ id, event, data }: Publication, computed: Facts, findings: Findings): void {
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
