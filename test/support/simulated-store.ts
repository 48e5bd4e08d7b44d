import { checkContinuity, type AppendBatch, type AppendResult, type EventStore } from '../../src/ledger/event-store.js';
import type { StoredOutcome } from '../../src/ledger/event-store.js';
import { stampEvent, type Envelope, type StoredEvent } from '../../src/ledger/event.js';
import { formatInstant, parseInstant, type EpochMs } from '../../src/ledger/time.js';
import { SOUND, type Line } from './simulated-line.js';

interface Recorded extends StoredEvent {
  readonly id: string;
  readonly at: EpochMs;
}

/** The data of a database. Each step in it is atomic and immediate. */
export class SimulatedLog {
  readonly events: Recorded[] = [];
  readonly streams = new Map<string, StoredEvent[]>();
  readonly outcomes = new Map<string, StoredOutcome>();
  private stampedAt: EpochMs = 0;

  append({ expected, commands }: AppendBatch, clock: EpochMs): AppendResult {
    checkContent(commands);
    const stale = [...expected].flatMap(([stream, revision]) =>
      (this.streams.get(stream)?.length ?? 0) - 1 === revision ? [] : [stream],
    );
    const duplicates = commands.flatMap(({ commandId }) => this.outcomes.get(commandId) ?? []);
    if (stale.length + duplicates.length > 0) return { ok: false, stale, duplicates };
    const firstPosition = this.events.length + 1;
    this.stampedAt = Math.max(this.stampedAt, clock);
    const recordedAt = formatInstant(this.stampedAt);
    for (const { commandId, fingerprint, events, outcome } of commands) {
      for (const draft of events) {
        const stored = { position: this.events.length + 1, envelope: stampEvent(draft, recordedAt) };
        this.events.push({ ...stored, id: draft.id, at: this.stampedAt });
        this.streams.set(draft.stream, [...(this.streams.get(draft.stream) ?? []), stored]);
      }
      this.outcomes.set(commandId, { commandId, fingerprint, position: this.events.length, recordedAt, outcome });
    }
    return { ok: true, firstPosition, recordedAt };
  }

  /** A failover to a database that had not received the last commits. */
  forgetAfter(position: number): void {
    for (const { envelope } of this.events.splice(position)) {
      const { stream, revision, commandId } = JSON.parse(envelope) as Envelope;
      this.streams.set(stream, (this.streams.get(stream) ?? []).slice(0, revision));
      this.outcomes.delete(commandId);
    }
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function checkContent(commands: AppendBatch['commands']): void {
  for (const { commandId, fingerprint, outcome, events } of commands) {
    if (!UUID.test(commandId)) throw sqlError('22P02');
    const texts = [
      fingerprint,
      outcome,
      ...events.flatMap(({ stream, beforeStamp, afterStamp }) => [stream, beforeStamp, afterStamp]),
    ];
    if (texts.some((text) => text.includes('\u0000'))) throw sqlError('22021');
  }
  if (new Set(commands.map(({ commandId }) => commandId)).size < commands.length) throw sqlError('23505');
}

const sqlError = (code: string): Error => Object.assign(new Error(`SQLSTATE ${code}`), { code });

/** Access of one instance to a simulated log. It passes the contract of event stores as long as its line has no faults. */
export class SimulatedStore implements EventStore {
  constructor(
    private readonly log: SimulatedLog,
    private readonly clock: () => EpochMs = Date.now,
    private readonly line: Line = SOUND,
  ) {}

  async append(batch: AppendBatch): Promise<AppendResult> {
    checkContinuity(batch);
    return this.line.call(() => this.log.append(batch, this.clock()), 'write');
  }

  readStream(stream: string, fromRevision: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.line.call(() => (this.log.streams.get(stream) ?? []).slice(fromRevision, fromRevision + limit));
  }

  readAll(afterPosition: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.line.call(() => this.log.events.slice(afterPosition, afterPosition + limit).map(asStored));
  }

  readEvent(id: string): Promise<StoredEvent | undefined> {
    return this.line.call(() => this.log.events.filter((event) => event.id === id).map(asStored)[0]);
  }

  head(): Promise<number> {
    return this.line.call(() => this.log.events.length);
  }

  positionAt(recordedAt: string): Promise<number> {
    return this.line.call(() => {
      const wanted = parseInstant(recordedAt);
      return this.log.events.filter(({ at }) => at <= wanted).length;
    });
  }

  outcomeOf(commandId: string): Promise<StoredOutcome | undefined> {
    return this.line.call(() => this.log.outcomes.get(commandId));
  }
}

const asStored = ({ position, envelope }: Recorded): StoredEvent => ({ position, envelope });
