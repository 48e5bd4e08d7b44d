import type { Notifier } from '../ledger/notifier.js';
import { Worker, type Next, type WorkerLog } from '../ledger/worker.js';
import type { Claim, CosignatureStore, WitnessState } from './cosignatures.queries.js';
import type { LogStore } from './log-store.queries.js';
import { proveConsistency } from '../tlog/merkle-proof.js';
import { parseNote } from '../tlog/note.js';
import { tileReader } from '../tlog/tile-reader.js';
import { SUBMISSION_MS_MAX, submitCheckpoint, type SubmissionFailure } from './witness-client.js';
import type { WitnessMetrics } from './witness-metrics.js';
import type { LogPolicy, SubmissionWitness } from './witness-policy.js';

/** Shortest time between two checkpoints that are submitted: each answer costs the witness a write to its disk. */
const PACE_MS = 1_000;
/** A witness that hangs delays a newer checkpoint for the others only until it counts as down. */
const ROUND_MS_MAX = SUBMISSION_MS_MAX;
/** Longest time until a checkpoint of another instance, or the end of a backoff in the database, is noticed. */
const POLL_MS = 1_000;
/** Two tries, each with its deadline, and the time for the database. After this time another instance may take the claim. */
const LEASE_MS = 3 * SUBMISSION_MS_MAX;
/** The first try may only bring the size that the witness has cosigned last; the second try submits for that size. */
const TRIES_MAX = 2;
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;

export interface WitnessStatus {
  readonly name: string;
  readonly state: WitnessState;
  /** Size of the last checkpoint that it has cosigned. */
  readonly size: number;
  readonly lagEvents: number;
  readonly failure?: string;
}

/**
 * Submits the signed checkpoints to the witnesses of the policy and stores their cosignatures. Each witness has a worker of its own, so
 * that a slow witness delays only its own cosignature. Any number of instances may run it: a claim in the database lets one
 * instance at a time submit to a witness. The log writer, and not the collector, makes sure that the log has one history.
 */
export class CosignatureCollector {
  private readonly vkeys: readonly string[];
  private readonly workers: readonly Worker[];

  constructor(
    private readonly store: CosignatureStore,
    private readonly tiles: LogStore,
    private readonly policy: LogPolicy,
    private readonly grown: Notifier,
    private readonly metrics: WitnessMetrics,
    private readonly log: WorkerLog,
  ) {
    this.vkeys = policy.witnesses.map(({ vkey }) => vkey);
    this.workers = policy.witnesses.map((witness) => this.workerFor(witness));
  }

  start(): void {
    for (const worker of this.workers) worker.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
  }

  /** In the order of the policy. */
  async status(): Promise<readonly WitnessStatus[]> {
    if (this.vkeys.length === 0) return [];
    const [head, rows] = await Promise.all([this.tiles.head(), this.store.witnesses(this.vkeys)]);
    return this.policy.witnesses.map(({ name, vkey }) => {
      const row = rows.find(({ witness }) => witness === vkey);
      const size = row?.size ?? 0;
      return {
        name,
        state: row?.state ?? 'ok',
        size,
        lagEvents: Math.max(0, head.size - size),
        ...(row?.failure != null && { failure: row.failure }),
      };
    });
  }

  private workerFor(witness: SubmissionWitness): Worker {
    let isRegistered = false;
    return new Worker({
      log: this.log,
      messages: { failed: 'A checkpoint could not be submitted.', recovered: 'Checkpoints are submitted again.' },
      fields: { witness: witness.name },
      notifier: this.grown,
      pollMs: POLL_MS,
      step: async ({ stopping }): Promise<Next> => {
        if (!isRegistered) await this.store.register(witness.vkey);
        isRegistered = true;
        await this.step(witness, stopping);
        return 'idle';
      },
    });
  }

  private async step(witness: SubmissionWitness, stopping: AbortSignal): Promise<void> {
    await this.store.nextRound({ witnesses: this.vkeys, paceMs: PACE_MS, roundMsMax: ROUND_MS_MAX });
    const claim = await this.store.claim(witness.vkey, LEASE_MS);
    if (claim === undefined) return;
    const outcome = await this.submit(witness, claim, stopping);
    if (outcome === 'cosigned') return;
    if (outcome === 'later' || stopping.aborted) await this.store.release(witness.vkey);
    else await this.fail(witness, claim, outcome);
  }

  private async submit(
    witness: SubmissionWitness,
    claim: Claim,
    stopping: AbortSignal,
  ): Promise<'cosigned' | 'later' | SubmissionFailure> {
    const note = parseNote(claim.note);
    const read = tileReader(claim.size, async (tile) => (await this.tiles.tile(tile)) ?? new Uint8Array());
    let { knownSize } = claim;
    for (let tried = 0; tried < TRIES_MAX; tried += 1) {
      // The witness is believed to be ahead of this checkpoint: its answer to size 0 names the size that it has.
      const oldSize = knownSize > claim.size ? 0 : knownSize;
      const proof = oldSize === claim.size ? [] : await proveConsistency(oldSize, claim.size, read);
      const submission = await submitCheckpoint(witness, { oldSize, proof, note }, stopping);
      if (submission.kind === 'failed') return submission;
      if (submission.kind === 'cosigned') {
        await this.store.cosigned(witness.vkey, { ...claim, knownSize }, submission.line, this.isWitnessed);
        return 'cosigned';
      }
      const { size } = await this.tiles.head();
      if (submission.size > size) return ahead(submission.size, size);
      await this.store.correctSize(witness.vkey, knownSize, submission.size);
      // Another instance has submitted a newer checkpoint: the next round submits the one after it.
      if (submission.size > claim.size) return 'later';
      knownSize = submission.size;
    }
    return { kind: 'failed', state: 'down', reason: 'It names another size each time that it is asked.' };
  }

  private async fail(witness: SubmissionWitness, claim: Claim, { state, reason }: SubmissionFailure): Promise<void> {
    const { name, vkey } = witness;
    this.metrics.failed(name, state);
    const fields = { witness: name, size: claim.size, reason };
    if (state === 'fork') {
      this.log.error(fields, 'FORK ALARM: a witness holds another history of this log. Find out which one is right.');
    } else if (claim.failures === 0) {
      this.log.error(fields, 'A witness does not cosign. Its signature is missing; nothing else is held up.');
    }
    await this.store.fail(vkey, state, reason, backoffMs(claim.failures));
  }

  private readonly isWitnessed = (vkeys: readonly string[]): boolean => {
    const names = this.policy.witnesses.filter(({ vkey }) => vkeys.includes(vkey)).map(({ name }) => name);
    return this.policy.isWitnessedBy(new Set(names));
  };
}

const ahead = (theirs: number, ours: number): SubmissionFailure => ({
  kind: 'failed',
  state: 'fork',
  reason: `It has cosigned a tree of ${theirs} leaves, and the log has been signed up to ${ours} here.`,
});

/** Doubles at each failure. The jitter keeps many logs from coming back to a witness at the same moment. */
const backoffMs = (failures: number): number =>
  Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
