import { Inject, Injectable } from '@nestjs/common';
import { PublishedLog } from '../../log/published-log.js';
import { EventReader } from '../../ledger/event-reader.js';
import { EVENT_STORE, type EventStore } from '../../ledger/event-store.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { Refusal, unavailable } from '../../ledger/refusal.js';
import { formatInstant, parseInstant } from '../../ledger/time.js';
import type { Span } from '../../domain/points-in-time.js';
import { RUNTIME, type Runtime } from '../../platform/runtime.js';
import type { Reading } from '../../http/read-model.js';
import { MethodRegistry } from '../methods.js';
import { periodBegin, periodEnd, type Period } from '../events/publication.js';
import { serialise, type Begin, type FigurePeriod, type MethodState, type ReportMethod } from '../report-method.js';
import { ReportFollower, STATE_EVERY_EVENTS_MAX } from './report-follower.worker.js';
import { ReportStates } from './report-states.queries.js';

/** A state is missing where an instance stopped before it stored the state. A report folds over up to two such gaps. */
const FOLD_EVENTS_MAX = 3 * STATE_EVERY_EVENTS_MAX;
/**
 * States of an older method are not stored. So a published report whose bytes are lost is folded from the first event on. The fold of so
 * many events takes about half a minute; the bytes are then stored. `audit replay` has no limit.
 */
const OLDER_METHOD_EVENTS_MAX = 500_000;
/** Events that a report of effective time looks at beyond its instant: some seconds of work. */
const EFFECTIVE_EVENTS_MAX = 200_000;
/** Events that are read and folded at a time. */
const BATCH_EVENTS_MAX = 500;
/** Reports as of an earlier position are made one after the other; so many may wait. */
const WAITING_MAX = 20;
/** Answers that are kept, live ones and earlier ones apart. Each has at most some hundred kilobytes. */
const ANSWERS_MAX = 50;
/** While the history grows, a live report is this old at most: the routes are public, and a report costs more than a read. */
const PRESENT_MS_MAX = 200;

/** What a caller asks for; the present when no member is given. */
export interface AsOf {
  /** Position that the answer must have reached. */
  readonly minPosition?: number | undefined;
  readonly asOfPosition?: number | undefined;
  /** RFC 3339. */
  readonly asOf?: string | undefined;
  /** RFC 3339, canonical. Only events that had taken effect by then count. */
  readonly effectiveAt?: string | undefined;
}

/** The point of the history that a report reflects. It is known before the report is made. */
export interface ReportPoint {
  readonly position: number;
  readonly effectiveAt: string | undefined;
  /** The point moves on with the next event. A report may then be of a later position. */
  readonly isPresent: boolean;
  /** No later event changes the position that the caller's words stand for. */
  readonly isSettled: boolean;
  readonly minPosition: number;
  readonly begin?: BeginPoint | undefined;
}

/** The point before a period. */
export interface BeginPoint {
  readonly period: FigurePeriod;
  /** Set where the period is one of effective time: the state before it is that of the same position, as of this instant. */
  readonly effectiveAt: string | undefined;
}

/** A report of one method: its name, with the filters, distinguishes it from all other reports of the method at the same position. */
export interface Render<Body> {
  readonly name: string;
  /** Pure and synchronous, because the state changes with the history. `root` is the Merkle root over the events up to its position. */
  readonly render: (state: MethodState, root: Uint8Array, begin?: Begin) => Body;
  /** The current one when left out. */
  readonly method?: ReportMethod;
}

/**
 * Answers reports: a live one from the state in memory, one as of an earlier position from the nearest stored state and the events after it.
 */
@Injectable()
export class Reports {
  /** The method of live reports and of reports as of an earlier position. */
  readonly method: ReportMethod;
  private readonly latest = new Map<string, { readonly madeAtMs: number; readonly reading: Reading<unknown> }>();
  private readonly answers = new Map<string, Promise<unknown>>();
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly states: ReportStates,
    private readonly publishedLog: PublishedLog,
    private readonly follower: ReportFollower,
    @Inject(RUNTIME) private readonly runtime: Runtime,
    { current }: MethodRegistry,
  ) {
    this.method = current;
  }

  /**
   * Answers a report.
   * @throws Refusal for a position that is not recorded yet (400), while the follower has not reached the position (503), and when too many
   *   reports are being made (503).
   */
  async answer<Body>(asOf: AsOf, report: Render<Body>): Promise<Reading<Body>> {
    return this.make(await this.locate(asOf), report);
  }

  /**
   * Finds the point of the history that a caller names.
   * @throws Refusal for a position that is not recorded yet (400), while the follower has not reached the position (503).
   */
  async locate({ minPosition = 0, asOf, asOfPosition, effectiveAt }: AsOf): Promise<ReportPoint> {
    if (asOf !== undefined && asOfPosition !== undefined) throw ambiguous();
    await this.follower.reached(minPosition);
    const named = asOf === undefined ? asOfPosition : await this.store.positionAt(asOf);
    if (named !== undefined && named > this.follower.position) await this.awaitRecorded(named);
    return {
      position: named ?? this.follower.position,
      effectiveAt,
      isPresent: named === undefined,
      // Times of recording never go back: an event after the position was recorded after the instant, and so are all later ones.
      isSettled: asOfPosition !== undefined || (named !== undefined && named < this.follower.position),
      minPosition,
    };
  }

  /** @throws Refusal when too many reports are being made (503), or an effective time is too far back (400). */
  async make<Body>(point: ReportPoint, report: Render<Body>): Promise<Reading<Body>> {
    const { position, effectiveAt, isPresent, minPosition, begin } = point;
    const { method = this.method } = report;
    if (isPresent && effectiveAt === undefined && begin === undefined && method === this.method) {
      return this.present(minPosition, report);
    }
    const since = begin ? JSON.stringify(begin) : '-';
    const name = `${position} ${effectiveAt ?? '-'} ${since} ${method.version} ${report.name}`;
    return { position, body: await this.remembered(name, () => this.past(point, report)) };
  }

  /**
   * The point before a period.
   * @param effectivePosition where the period is one of effective time: the position up to which the events are looked at.
   */
  async beginOf({ periodFrom, periodTo }: Period, effectivePosition?: number): Promise<BeginPoint> {
    const before = formatInstant(periodBegin({ periodFrom }) - 1);
    const isEffective = effectivePosition !== undefined;
    const fromPosition = isEffective ? effectivePosition : await this.store.positionAt(before);
    return { period: { periodFrom, periodTo, fromPosition }, effectiveAt: isEffective ? before : undefined };
  }

  /**
   * Reports of periods in a row by the current method, in one pass over the history: each begins with the state that the one before it
   * ended with. Periods that have not begun are left out.
   * @throws Refusal while the follower has not reached the position (503), and when too many reports are being made (503).
   */
  async series<Body>(periods: readonly Period[], minPosition: number, report: Render<Body>): Promise<Reading<Body[]>> {
    const { position: head } = await this.locate({ minPosition });
    const nowMs = this.nowMs();
    const begun = periods.filter((period) => periodBegin(period) <= nowMs);
    const [first] = begun;
    if (first === undefined) return { position: head, body: [] };
    const { method } = this;
    const name = `${head} series ${begun.length} ${JSON.stringify(first)} ${method.version} ${report.name}`;
    const make = async (): Promise<Body[]> => {
      const bodies: Body[] = [];
      let fromPosition = (await this.beginOf(first)).period.fromPosition;
      let state = await this.stateAt(method, fromPosition);
      for (const period of begun) {
        const begin = { state: method.restore(serialise(method, state)), period: { ...period, fromPosition } };
        const position = Math.min(head, await this.store.positionAt(formatInstant(periodEnd(period))));
        state = await this.stateFrom(state, position);
        bodies.push(report.render(state, (await this.publishedLog.treeAt(position)).root(), begin));
        fromPosition = position;
      }
      return bodies;
    };
    return { position: head, body: await this.remembered(name, () => this.inTurn(make)) };
  }

  /** The state at a later position, from the nearest of the given and the stored states. */
  private async stateFrom(state: MethodState, position: number): Promise<MethodState> {
    const { method } = this;
    if (position - state.position > STATE_EVERY_EVENTS_MAX) {
      const stored = await this.states.nearest(method, position);
      if (stored && stored.position > state.position) return this.stateFrom(stored, position);
    }
    if (position - state.position > FOLD_EVENTS_MAX) throw beingPrepared();
    return this.foldTo(position, state, (event) => method.fold(state, event));
  }

  /** Merkle root over the events up to a position. */
  async rootAt(position: number): Promise<Uint8Array> {
    const live = this.follower.present;
    return (live?.state.position === position ? live.tree : await this.publishedLog.treeAt(position)).root();
  }

  /**
   * Refuses a point in time that has not begun: nothing is known of it, and the answer would change.
   * @param parameter its name in the query.
   * @throws Refusal `point-in-the-future` (400).
   */
  requireBegun(parameter: string, text: string, { first }: Span): void {
    const nowMs = this.nowMs();
    if (first <= nowMs) return;
    const now = formatInstant(nowMs);
    const detail = `${parameter} is ${text}, which has not begun: it is ${now}. Leave ${parameter} out for the present.`;
    throw new Refusal('malformed', 'point-in-the-future', detail, { now }, [{ pointer: `/${parameter}`, detail }]);
  }

  /** The clock of the instance that wrote the last event may be ahead of the clock of this one. */
  nowMs(): number {
    const recordedAt = this.follower.present?.state.recordedAt;
    return Math.max(this.runtime.clock(), recordedAt == null ? 0 : parseInstant(recordedAt));
  }

  /** When the first event was recorded; null for an empty ledger. */
  async firstRecordedAt(): Promise<string | null> {
    const [first] = await this.store.readAll(0, 1);
    return first ? this.reader.read(first).recordedAt : null;
  }

  private present<Body>(minPosition: number, { name, render }: Render<Body>): Reading<Body> {
    const live = this.follower.present;
    if (!live) throw unavailable('report-not-ready', 'The reports are being prepared. Ask again in a moment.');
    const { position } = live.state;
    const known = this.latest.get(name);
    const isFresh =
      known && performance.now() - known.madeAtMs < PRESENT_MS_MAX && known.reading.position >= minPosition;
    if (known && (isFresh || known.reading.position === position)) return known.reading as Reading<Body>;
    const reading = { position, body: render(live.state, live.tree.root()) };
    keep(this.latest, name, { madeAtMs: performance.now(), reading });
    return reading;
  }

  /** Two concurrent calls for the same report share one piece of work. */
  private remembered<Body>(key: string, make: () => Promise<Body>): Promise<Body> {
    const known = this.answers.get(key);
    if (known) return known as Promise<Body>;
    const answer = make();
    keep(this.answers, key, answer);
    answer.catch(() => this.answers.delete(key));
    return answer;
  }

  private async past<Body>(point: ReportPoint, report: Render<Body>): Promise<Body> {
    const { position, effectiveAt, begin } = point;
    const { method = this.method } = report;
    const live = this.follower.present;
    const isLive = method === this.method && effectiveAt === undefined && live?.state.position === position;
    if (isLive && begin === undefined) return report.render(live.state, live.tree.root());
    return this.inTurn(async () => {
      const [tree, state] = await Promise.all([
        this.publishedLog.treeAt(position),
        this.stateOf(method, position, effectiveAt),
      ]);
      if (begin === undefined) return report.render(state, tree.root());
      const { period, effectiveAt: before } = begin;
      return report.render(state, tree.root(), {
        state: await this.stateOf(method, period.fromPosition, before),
        period,
      });
    });
  }

  /** Reports of the past are made one after the other. */
  private inTurn<Result>(make: () => Promise<Result>): Promise<Result> {
    if (this.waiting >= WAITING_MAX) {
      throw unavailable('too-many-reports', 'Many reports of the past are being made. Ask again in a moment.');
    }
    this.waiting += 1;
    const mine = this.turn.then(make);
    this.turn = mine.catch(() => undefined);
    return mine.finally(() => (this.waiting -= 1));
  }

  private stateOf(method: ReportMethod, position: number, effectiveAt: string | undefined): Promise<MethodState> {
    return effectiveAt === undefined
      ? this.stateAt(method, position)
      : this.effectiveState(method, position, effectiveAt);
  }

  private async stateAt(method: ReportMethod, position: number): Promise<MethodState> {
    const state = (await this.states.nearest(method, position)) ?? method.initial();
    const limit = method === this.method ? FOLD_EVENTS_MAX : OLDER_METHOD_EVENTS_MAX;
    const events = position - state.position;
    if (events > limit) throw method === this.method ? beingPrepared() : tooLongForOlder(method, events);
    return this.foldTo(position, state, (event) => method.fold(state, event));
  }

  /**
   * The state of the events that had taken effect by an instant, among the events up to a position. Every event that was recorded by the
   * instant had taken effect: only the later events are checked one by one.
   * @throws Refusal (400) when these are too many.
   */
  private async effectiveState(method: ReportMethod, position: number, effectiveAt: string): Promise<MethodState> {
    const recordedBy = Math.min(position, await this.store.positionAt(effectiveAt));
    const looked = position - recordedBy;
    if (looked > EFFECTIVE_EVENTS_MAX) throw tooFar(effectiveAt, looked);
    const state = await this.stateAt(method, recordedBy);
    if (looked === 0) return state;
    state.effectiveAt = effectiveAt;
    return this.foldTo(position, state, (event) => method.foldEffective(state, event));
  }

  private async foldTo(
    position: number,
    state: MethodState,
    apply: (event: RecordedEvent) => MethodState,
  ): Promise<MethodState> {
    while (state.position < position) {
      const wanted = Math.min(BATCH_EVENTS_MAX, position - state.position);
      const events = await this.store.readAll(state.position, wanted);
      if (events.length === 0) throw new Error(`The log ends at position ${state.position}, before ${position}.`);
      for (const stored of events) apply(this.reader.read(stored));
    }
    return state;
  }

  /** @throws Refusal (400) when the history ends before the position; waits while only this instance lags behind. */
  private async awaitRecorded(position: number): Promise<void> {
    const head = await this.store.head();
    if (position > head) {
      const detail = `The history ends at position ${head}; there is no report as of ${position}.`;
      throw new Refusal('malformed', 'position-not-recorded', detail, { head }, [{ pointer: '/asOfPosition', detail }]);
    }
    await this.follower.reached(position);
  }
}

/** The oldest entry is forgotten first. */
function keep<Entry>(entries: Map<string, Entry>, key: string, entry: Entry): void {
  entries.delete(key);
  entries.set(key, entry);
  const [oldest] = entries.keys();
  if (entries.size > ANSWERS_MAX && oldest !== undefined) entries.delete(oldest);
}

const beingPrepared = (): Refusal =>
  unavailable('report-not-ready', 'The history is being folded for the first time. Ask again in a moment.');

const tooLongForOlder = ({ version }: ReportMethod, events: number): Refusal =>
  unavailable(
    'published-report-missing',
    `The report was made by method ${version}, and its bytes are not stored here. ${events} events have to be folded to make it again: use "audit replay".`,
  );

function ambiguous(): Refusal {
  const detail = 'asOf and asOfPosition name two points of the history. Give one of them.';
  return new Refusal('malformed', 'malformed-parameter', detail, {}, [{ pointer: '/asOf', detail }]);
}

function tooFar(effectiveAt: string, looked: number): Refusal {
  const limit = EFFECTIVE_EVENTS_MAX;
  const detail = `${looked} events were recorded after ${effectiveAt}; ${limit} can be looked at. Give an earlier asOf or a later effectiveAt.`;
  const facts = { effectiveAt, looked, limit };
  return new Refusal('malformed', 'effective-time-too-far', detail, facts, [{ pointer: '/effectiveAt', detail }]);
}
