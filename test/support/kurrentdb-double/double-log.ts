/** A record in the form in which the double keeps it. */
export interface DoubleRecord {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly contentType: 'application/json' | 'application/octet-stream';
  readonly data: Uint8Array;
  /** Place in `$all`; grows by the bytes of the records before it, like an offset into a file. */
  readonly commit: bigint;
  readonly prepare: bigint;
  readonly createdMs: number;
}

export type ProposedRecord = Pick<DoubleRecord, 'stream' | 'id' | 'type' | 'contentType' | 'data'>;

/** Numbers that name a state instead of a revision. */
export const NO_STREAM = -1n;
export const ANY = -2n;
export const EXISTS = -4n;
/** States of a deleted stream, which checks may name. The double deletes no stream, so they never hold. */
export const DELETED = -5n;
export const TOMBSTONED = -6n;

export interface StreamExpectation {
  readonly stream: string;
  readonly state: bigint;
}

export interface StreamConflict extends StreamExpectation {
  readonly index: number;
  readonly actual: bigint;
}

export type AppendDecision =
  | { readonly kind: 'written' | 'repeated'; readonly commit: bigint; readonly revisions: ReadonlyMap<string, number> }
  /** `mixed`: some of the streams have the records already, others do not. The conflicts then include the repeated streams. */
  | { readonly kind: 'refused'; readonly mixed: boolean; readonly conflicts: readonly StreamConflict[] }
  /** It repeats records that are not replicated yet: the server drops it and sends no answer. */
  | { readonly kind: 'dropped' };

type StreamDecision = 'ok' | 'repeated' | 'conflict' | 'partly-repeated';

/** Bytes of a record on the disk of the server, beside its data. */
const RECORD_BYTES = 200;

/**
 * The data of a KurrentDB, and its decision on an append, after its documentation and its source. It checks the expected states of all
 * streams. It answers a whole repetition (the same ids at the same places) like a new append, whatever the streams are like that it only
 * checks. While replication is held, it decides by all records, and reads show only those that were replicated before.
 */
export class DoubleLog {
  readonly all: DoubleRecord[] = [];
  private readonly streams = new Map<string, DoubleRecord[]>();
  private readonly listeners = new Set<() => void>();
  private offset = 0n;
  /** Number of replicated records while replication is held. */
  private replicated: number | undefined;

  /** The records of a stream that reads show. */
  stream(name: string): readonly DoubleRecord[] {
    const known = this.known(name);
    return known.filter((record) => this.isReplicated(record));
  }

  /** The records of `$all` that reads show. */
  visible(): readonly DoubleRecord[] {
    return this.replicated === undefined ? this.all : this.all.slice(0, this.replicated);
  }

  get isHeld(): boolean {
    return this.replicated !== undefined;
  }

  /** What is written from now on is on the leader only. */
  holdReplication(): void {
    this.replicated ??= this.all.length;
  }

  releaseReplication(): void {
    this.replicated = undefined;
    for (const listener of this.listeners) listener();
  }

  onGrowth(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The end of `$all`. */
  end(): bigint {
    return this.offset;
  }

  append(records: readonly ProposedRecord[], expectations: readonly StreamExpectation[]): AppendDecision {
    const decisions = expectations.map(({ stream, state }) =>
      this.decide(
        stream,
        state,
        records.filter((record) => record.stream === stream).map(({ id }) => id),
      ),
    );
    const written = new Set(records.map(({ stream }) => stream));
    const onWritten = decisions.filter((_, index) => written.has(expectations[index]?.stream ?? ''));
    if (onWritten.every((decision) => decision === 'repeated')) {
      const originals = this.originals(records);
      if (!originals.every((record) => this.isReplicated(record))) return { kind: 'dropped' };
      const revisions = new Map(originals.map(({ stream, revision }) => [stream, revision]));
      return { kind: 'repeated', commit: originals.at(-1)?.commit ?? 0n, revisions };
    }
    if (decisions.every((decision) => decision === 'ok')) return this.write(records, 'written');
    const conflicts = expectations.flatMap((expectation, index) =>
      decisions[index] === 'ok'
        ? []
        : [{ ...expectation, index, actual: BigInt(this.known(expectation.stream).length - 1) }],
    );
    const mixed = decisions.some((decision) => decision === 'repeated' || decision === 'partly-repeated');
    return { kind: 'refused', mixed, conflicts };
  }

  /** All records of a stream, those on the leader alone included. */
  private known(name: string): readonly DoubleRecord[] {
    return this.streams.get(name) ?? [];
  }

  private isReplicated({ commit }: DoubleRecord): boolean {
    const first = this.replicated === undefined ? undefined : this.all[this.replicated];
    return first === undefined || commit < first.commit;
  }

  private decide(stream: string, state: bigint, ids: readonly string[]): StreamDecision {
    const known = this.known(stream);
    const last = BigInt(known.length - 1);
    if (state === ANY || state === EXISTS) {
      const at = ids.length > 0 ? known.findIndex(({ id }) => id === ids[0]) : -1;
      if (at >= 0) return ids.every((id, index) => known[at + index]?.id === id) ? 'repeated' : 'partly-repeated';
      return state === EXISTS && known.length === 0 ? 'conflict' : 'ok';
    }
    if (state === last) return 'ok';
    if (state > last || state < NO_STREAM || ids.length === 0) return 'conflict';
    const same = ids.filter((id, index) => known[Number(state) + 1 + index]?.id === id).length;
    if (same === ids.length) return 'repeated';
    return known[Number(state) + 1]?.id === ids[0] ? 'partly-repeated' : 'conflict';
  }

  private write(records: readonly ProposedRecord[], kind: 'written'): AppendDecision {
    const revisions = new Map<string, number>();
    for (const record of records) {
      const own = this.streams.get(record.stream) ?? [];
      this.streams.set(record.stream, own);
      const place = { revision: own.length, commit: this.offset, prepare: this.offset, createdMs: Date.now() };
      const kept = { ...record, ...place };
      own.push(kept);
      this.all.push(kept);
      revisions.set(record.stream, kept.revision);
      this.offset += BigInt(record.data.length + RECORD_BYTES);
    }
    for (const listener of this.listeners) listener();
    return { kind, commit: this.all.at(-1)?.commit ?? 0n, revisions };
  }

  private originals(records: readonly ProposedRecord[]): DoubleRecord[] {
    return records.flatMap(({ stream, id }) => this.known(stream).find((record) => record.id === id) ?? []);
  }
}
