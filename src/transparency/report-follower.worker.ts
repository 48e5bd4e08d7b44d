import { setImmediate as yieldThread, setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { CompactRange, leafHash } from '../tlog/merkle.js';
import { PublishedLog } from '../log/published-log.js';
import { EventReader } from '../ledger/event-reader.js';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Refusal } from '../ledger/refusal.js';
import { Notifier } from '../ledger/notifier.js';
import { Metrics } from '../platform/metrics.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { fold, initialFoldState, serialisedParts, type FoldState } from './fold.js';
import { ReportStates, type StateText } from './report-states.queries.js';

/**
 * A state is stored at every multiple of its spacing, so that a report as of an earlier position folds no more than so many events. The
 * spacing grows with what a state holds: to restore it then takes as long as to fold the events behind it, and states of a large
 * programme fill no more of the disk than those of a small one.
 */
export const STATE_EVERY_EVENTS = 500;
export const STATE_EVERY_EVENTS_MAX = 5_000;
/** Partners, holders and cells, of which one takes about 100 bytes. */
const ENTRIES_PER_SPACING = 4_000;
/** Folded without a pause: some milliseconds in which nothing else runs. */
const BATCH_EVENTS_MAX = 500;
/** A state of a large programme takes some hundred milliseconds to serialise: it is done in so much at a time. */
const SLICE_MS_MAX = 5;
/** How soon events that another instance wrote are noticed. Those of this instance are noticed at once. */
const POLL_MS = 100;
/** Between two batches that were not full: what gathers meanwhile is read at once. */
const PACE_MS = 50;
const FAILURE_RETRY_MS = 5_000;
const MIN_POSITION_WAIT_MS = 5_000;

/** What is known of the history up to a position: its figures, and its events as one Merkle tree. */
export interface ReportState {
  readonly state: FoldState;
  readonly tree: CompactRange;
}

/**
 * Follows the history with the fold, and stores states on the way. Every instance follows for itself. Nothing is stored that the events
 * do not say.
 */
@Injectable()
export class ReportFollower implements OnApplicationBootstrap, OnApplicationShutdown {
  private live: ReportState | undefined;
  private failure: string | undefined;
  private readonly stopping = new AbortController();
  private readonly moved = new Notifier();
  /** Somebody waits for a position: what gathers is folded at once. */
  private readonly demand = new Notifier();
  private readonly log: Logger;
  private unsaved: StateText[] = [];
  private following: Promise<void> | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly states: ReportStates,
    private readonly publishedLog: PublishedLog,
    private readonly signal: Notifier,
    @Inject(RUNTIME) { log }: Runtime,
    metrics: Metrics,
  ) {
    this.log = log;
    metrics.gauge(
      'ppp_report_position',
      'Position up to which the reports have followed the history.',
      () => this.position,
    );
  }

  onApplicationBootstrap(): void {
    this.following = this.follow();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  /** How far the reports have come, and why they stopped if they did. */
  status(): { readonly name: string; readonly position: number; readonly failure?: string } {
    return {
      name: 'reports',
      position: this.position,
      ...(this.failure && { failure: this.failure }),
    };
  }

  get position(): number {
    return this.live?.state.position ?? 0;
  }

  /** Moves on with the history: whoever takes it is done with it in the same turn. Undefined while it is being prepared. */
  get present(): ReportState | undefined {
    return this.live;
  }

  /** @throws Refusal (503) when the reports do not reach the position in time. */
  async reached(position: number): Promise<void> {
    const deadline = Date.now() + MIN_POSITION_WAIT_MS;
    while ((this.live?.state.position ?? -1) < position) {
      const rest = deadline - Date.now();
      if (this.failure !== undefined || rest <= 0 || this.stopping.signal.aborted) {
        throw new Refusal(
          'unavailable',
          'position-not-reached',
          `The reports have not reached position ${position} yet. Ask again in a moment.`,
        );
      }
      this.demand.notify();
      await this.moved.wait(rest, this.stopping.signal);
    }
  }

  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        this.live ??= await this.resume();
        await this.saveStates();
        const since = this.signal.count;
        const demands = this.demand.count;
        const events = await this.foldNext(this.live);
        this.failure = undefined;
        this.moved.notify();
        if (events === 0) await this.signal.wait(POLL_MS, this.stopping.signal, since);
        else if (events < BATCH_EVENTS_MAX) await this.demand.wait(PACE_MS, this.stopping.signal, demands);
      } catch (error) {
        this.log.error({ err: error, position: this.position }, 'The reports stopped following the history.');
        this.moved.notify();
        await sleep(FAILURE_RETRY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  private async resume(): Promise<ReportState> {
    const state = (await this.states.nearest()) ?? initialFoldState();
    return { state, tree: await this.publishedLog.treeAt(state.position) };
  }

  /** Folds one batch and gives its size. */
  private async foldNext({ state, tree }: ReportState): Promise<number> {
    const events = await this.store.readAll(state.position, BATCH_EVENTS_MAX);
    try {
      for (const stored of events) {
        fold(state, this.reader.read(stored));
        tree.append(leafHash(Buffer.from(stored.envelope)));
        if (state.position % spacing(state) === 0) {
          this.unsaved.push({ position: state.position, state: await serialisedInSlices(state) });
        }
      }
    } catch (error) {
      // The event may have changed a part of the state before it failed: nothing of this state may be shown.
      this.live = undefined;
      this.failure = String(error);
      throw error;
    }
    return events.length;
  }

  private async saveStates(): Promise<void> {
    for (const state of this.unsaved) await this.states.store(state);
    this.unsaved = [];
  }
}

/** Somebody else may run in between, but nothing is folded: the text is of one state. */
async function serialisedInSlices(state: FoldState): Promise<string> {
  const parts: string[] = [];
  let sliceEnd = performance.now() + SLICE_MS_MAX;
  for (const part of serialisedParts(state)) {
    parts.push(part);
    if (performance.now() < sliceEnd) continue;
    await yieldThread();
    sliceEnd = performance.now() + SLICE_MS_MAX;
  }
  return parts.join('');
}

/** The same on every instance, so that all store states at the same positions. */
export function spacing({ partners, equalAccess: { cells, holders } }: FoldState): number {
  const entries = partners.size + cells.size + holders.size;
  return Math.min(STATE_EVERY_EVENTS_MAX, STATE_EVERY_EVENTS * Math.max(1, Math.ceil(entries / ENTRIES_PER_SPACING)));
}
