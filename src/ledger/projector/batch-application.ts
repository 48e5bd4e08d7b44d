import type { EventReader } from '../event-reader.js';
import type { RecordedEvent, StoredEvent } from '../event.js';
import { checkpointAfter, groupsOf, type ProjectionCopy } from './projection-copies.js';
import { ProjectionFailure } from './projection-rows.js';
import type { RowStore } from './projection-store.js';
import type { StoppedCopies } from './stopped-copies.js';

/** Applies batches of the log to copies, and stops the copies that cannot apply an event. */
export class BatchApplication {
  constructor(
    private readonly reader: EventReader,
    private readonly rows: Pick<RowStore, 'apply' | 'fail'>,
    private readonly stopped: StoppedCopies,
  ) {}

  /**
   * Applies a batch to copies that are at the position right before it.
   * @param positions receives the position of each copy that has moved, by name
   * @returns whether the program can read at least one event
   */
  async apply(
    copies: readonly ProjectionCopy[],
    stored: readonly StoredEvent[],
    positions: Map<string, number>,
  ): Promise<boolean> {
    if (stored.length === 0) {
      await this.clear(copies);
      return false;
    }
    const { events, failure } = this.readable(stored);
    const advanced = await Promise.allSettled(groupsOf(copies).map((group) => this.advance(group, events, positions)));
    const failed = advanced.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    if (failure !== undefined) {
      for (const copy of copies) await this.stopped.stop(checkpointAfter(copy, events), failure);
    }
    return events.length > 0;
  }

  /** At the head nothing blocks a copy. The noted failure is of another program, or of a step that succeeded and lost its answer. */
  private async clear(copies: readonly ProjectionCopy[]): Promise<void> {
    for (const copy of copies) if (copy.hasStopped) await this.rows.fail(checkpointAfter(copy, []), null);
  }

  /** The events before the first event that this program does not know. No projection may go past that event. */
  private readable(stored: readonly StoredEvent[]): { events: readonly RecordedEvent[]; failure?: unknown } {
    const events: RecordedEvent[] = [];
    for (const event of stored) {
      try {
        events.push(this.reader.read(event));
      } catch (failure) {
        return { events, failure };
      }
    }
    return { events };
  }

  /** Moves all copies in one transaction. If it fails, moves each in a transaction of its own: then only the failing copy stops. */
  private async advance(
    copies: readonly ProjectionCopy[],
    events: readonly RecordedEvent[],
    positions: Map<string, number>,
  ): Promise<void> {
    const to = events.at(-1)?.position;
    if (to === undefined || copies.length === 0) return;
    try {
      const moved = await this.rows.apply(copies, to, events);
      for (const { name } of moved) positions.set(name, to);
    } catch (error) {
      const [copy] = copies;
      if (copy && copies.length === 1) await this.advanceUpTo(copy, events, positions, error);
      else for (const one of copies) await this.advance([one], events, positions);
    }
  }

  /** Moves a copy up to the event that its projection cannot apply. */
  private async advanceUpTo(
    copy: ProjectionCopy,
    events: readonly RecordedEvent[],
    positions: Map<string, number>,
    error: unknown,
  ): Promise<void> {
    const { position: end = 0 } = error instanceof ProjectionFailure ? error.event : {};
    const before = events.filter(({ position }) => position < end);
    await this.advance([copy], before, positions);
    await this.stopped.stop(checkpointAfter(copy, before), error);
  }
}
