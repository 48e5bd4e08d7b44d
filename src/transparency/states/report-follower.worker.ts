import { setImmediate as yieldThread } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CompactRange, leafHash } from '../../tlog/merkle.js';
import { PublishedLog } from '../../log/published-log.js';
import { MIN_POSITION_WAIT_MS } from '../../http/read-model.js';
import { EventReader } from '../../ledger/event-reader.js';
import { EVENT_STORE, type EventStore } from '../../ledger/event-store.js';
import { Refusal } from '../../ledger/refusal.js';
import { Notifier } from '../../ledger/notifier.js';
import { Worker, type Next } from '../../ledger/worker.js';
import { Metrics } from '../../platform/metrics.js';
import { RUNTIME, type Runtime } from '../../platform/runtime.js';
import { MethodRegistry } from '../methods.js';
import type { MethodState, ReportMethod } from '../report-method.js';
import { ReportStates, type StateText } from './report-states.queries.js';

/**
 * A state is stored at every multiple of its spacing: a report as of an earlier position folds at most so many events. The spacing grows
 * with the size of the state. To restore a state then takes as long as to fold the events after it, and the states of a large programme
 * take no more of the disk than the states of a small programme.
 */
export const STATE_EVERY_EVENTS = 500;
export const STATE_EVERY_EVENTS_MAX = 5_000;
/** Partners, holders and cells; each takes about 100 bytes. */
const ENTRIES_PER_SPACING = 4_000;
/** Events that are folded without a pause: nothing else runs for some milliseconds. */
const BATCH_EVENTS_MAX = 500;
/** To serialise the state of a large programme takes some hundred milliseconds: other work runs after each slice. */
const SLICE_MS_MAX = 5;
/** Longest time until events of another instance are noticed. The events of this instance are notified. */
const POLL_MS = 100;
/** Pause between two batches that were not full: the events that gather meanwhile are read in one batch. */
const PACE_MS = 50;

/** The history up to a position: its figures, and the Merkle tree of its events. */
export interface ReportState {
  /** State of the current method. */
  readonly state: MethodState;
  readonly tree: CompactRange;
}

/**
 * Folds the history as it grows, and stores states on the way. Every instance folds for itself. The stored states follow from the events
 * alone.
 */
@Injectable()
export class ReportFollower implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly method: ReportMethod;
  private live: ReportState | undefined;
  private unsaved: StateText[] = [];
  /** Position of the last event that could not be folded. */
  private failedAt = 0;
  /** Notified when the fold has moved, or has failed. */
  private readonly moved = new Notifier();
  private readonly worker: Worker;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly states: ReportStates,
    private readonly publishedLog: PublishedLog,
    notifier: Notifier,
    @Inject(RUNTIME) { log }: Runtime,
    metrics: Metrics,
    { current }: MethodRegistry,
  ) {
    this.method = current;
    this.worker = new Worker({
      log,
      messages: {
        failed: 'The reports stopped following the history.',
        recovered: 'The reports follow the history again.',
      },
      notifier,
      pollMs: POLL_MS,
      paceMs: PACE_MS,
      progress: this.moved,
      step: () => this.step(),
    });
    metrics.gauge(
      'ppp_report_position',
      'Position up to which the reports have followed the history.',
      () => this.position,
    );
  }

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker.stop();
  }

  /** Position of the reports, and why they have stopped, if they have. */
  status(): { readonly name: string; readonly position: number; readonly failure?: string } {
    return { name: 'reports', position: this.position, ...this.worker.status() };
  }

  get position(): number {
    return this.live?.state.position ?? 0;
  }

  /** Changes as the history grows: a caller must use it in the same turn of the event loop. Undefined while it is being prepared. */
  get present(): ReportState | undefined {
    return this.live;
  }

  /** @throws Refusal (503) when the reports do not reach the position in time, or have stopped. */
  async reached(position: number): Promise<void> {
    const { stopping } = this.worker;
    const look = (): 'reached' | 'failed' | undefined => {
      if ((this.live?.state.position ?? -1) >= position) return 'reached';
      this.worker.hurry();
      return this.live === undefined && this.worker.failure !== undefined ? 'failed' : undefined;
    };
    const wait = { timeoutMs: MIN_POSITION_WAIT_MS, pollMs: MIN_POSITION_WAIT_MS, stopping };
    if ((await this.moved.until(look, wait)) === 'reached') return;
    throw new Refusal(
      'unavailable',
      'position-not-reached',
      `The reports have not reached position ${position} yet. Ask again in a moment.`,
    );
  }

  private async step(): Promise<Next> {
    this.live ??= await this.resume();
    let events: number;
    // A retry folds the events between the stored state and the event that failed before. They show no success.
    do {
      await this.saveStates();
      events = await this.foldNext(this.live);
    } while (events > 0 && this.live.state.position < this.failedAt);
    if (events === 0) return 'idle';
    return events < BATCH_EVENTS_MAX ? 'pace' : 'continue';
  }

  private async resume(): Promise<ReportState> {
    const state = (await this.states.nearest(this.method)) ?? this.method.initial();
    return { state, tree: await this.publishedLog.treeAt(state.position) };
  }

  /** Folds one batch and returns its size. */
  private async foldNext({ state, tree }: ReportState): Promise<number> {
    const events = await this.store.readAll(state.position, BATCH_EVENTS_MAX);
    let at = state.position;
    try {
      for (const stored of events) {
        at = stored.position;
        this.method.fold(state, this.reader.read(stored));
        tree.append(leafHash(Buffer.from(stored.envelope)));
        const isDue = (): boolean => state.position % spacing(this.method.entryCount(state)) === 0;
        // To count the entries takes longer than to fold an event. Every spacing is a multiple of the smallest.
        if (state.position % STATE_EVERY_EVENTS === 0 && isDue()) {
          const text = await joinedInSlices(this.method.serialisedParts(state));
          this.unsaved.push({ position: state.position, state: text });
        }
      }
    } catch (error) {
      // The event may have changed a part of the state before it failed: nothing of this state may be shown.
      this.live = undefined;
      this.failedAt = at;
      throw error;
    }
    return events.length;
  }

  private async saveStates(): Promise<void> {
    for (const state of this.unsaved) await this.states.store(this.method, state);
    this.unsaved = [];
  }
}

/** Other work may run between two slices, but nothing is folded meanwhile: the text shows one state. */
async function joinedInSlices(texts: Iterable<string>): Promise<string> {
  const parts: string[] = [];
  let sliceEnd = performance.now() + SLICE_MS_MAX;
  for (const part of texts) {
    parts.push(part);
    if (performance.now() < sliceEnd) continue;
    await yieldThread();
    sliceEnd = performance.now() + SLICE_MS_MAX;
  }
  return parts.join('');
}

/** The same on every instance, so that all instances store states at the same positions. */
export function spacing(entries: number): number {
  return Math.min(STATE_EVERY_EVENTS_MAX, STATE_EVERY_EVENTS * Math.max(1, Math.ceil(entries / ENTRIES_PER_SPACING)));
}
