import type { ProjectorLog } from '../ledger/projector.js';
import type { Notifier } from '../ledger/notifier.js';
import type { Claim, CosignatureStore, WitnessState } from './cosignatures.queries.js';
import type { LogStore } from './log-store.queries.js';
import { proveConsistency } from '../tlog/merkle-proof.js';
import { parseNote } from '../tlog/note.js';
import { tileReader } from '../tlog/tile-reader.js';
import { SUBMISSION_MS_MAX, submitCheckpoint, type SubmissionFailure } from './witness-client.js';
import type { WitnessMetrics } from './witness-metrics.js';
import type { LogPolicy, SubmissionWitness } from './witness-policy.js';

/** Witnesses are shown a checkpoint that often at the most; each of their answers costs them a write to disk. */
const PACE_MS = 1_000;
/** A witness that hangs keeps the others from a newer checkpoint no longer than until it counts as down. */
const ROUND_MS_MAX = SUBMISSION_MS_MAX;
/** How soon a checkpoint that another instance signed, or the end of a wait, is noticed. */
const POLL_MS = 1_000;
/** Two tries, each with its deadline, and what the database takes; then another instance may think that this one is gone. */
const LEASE_MS = 3 * SUBMISSION_MS_MAX;
/** The first brings the size that the witness has, if it is not the one that it was believed to have. */
const TRIES_MAX = 2;
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;

export interface WitnessStatus {
  readonly name: string;
  readonly state: WitnessState;
  /** Last size that it has cosigned. */
  readonly size: number;
  readonly lagEvents: number;
  readonly failure?: string;
}

/**
 * Shows the signed checkpoints to the witnesses of the policy and keeps their cosignatures. A loop for each of them, so
 * that one that is slow or down delays nothing but its own signature. Any number of instances may run it: a claim in the
 * database lets one at a time submit to a witness, and that the log itself has one history is not decided here, but where
 * its checkpoints are signed.
 */
export class CosignatureCollector {
  private readonly stopping = new AbortController();
  private readonly vkeys: readonly string[];
  private following: Promise<unknown> | undefined;

  constructor(
    private readonly store: CosignatureStore,
    private readonly tiles: LogStore,
    private readonly policy: LogPolicy,
    private readonly grown: Notifier,
    private readonly metrics: WitnessMetrics,
    private readonly log: ProjectorLog,
  ) {
    this.vkeys = policy.witnesses.map(({ vkey }) => vkey);
  }

  start(): void {
    this.following = Promise.all(this.policy.witnesses.map((witness) => this.follow(witness)));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
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

  private async follow(witness: SubmissionWitness): Promise<void> {
    let registered = false;
    let failing = false;
    while (!this.stopping.signal.aborted) {
      try {
        if (!registered) await this.store.register(witness.vkey);
        registered = true;
        await this.step(witness);
        failing = false;
      } catch (error) {
        if (!failing) this.log.error({ err: error, witness: witness.name }, 'A checkpoint could not be submitted.');
        failing = true;
      }
      await this.grown.wait(POLL_MS, this.stopping.signal);
    }
  }

  private async step(witness: SubmissionWitness): Promise<void> {
    await this.store.nextRound({ witnesses: this.vkeys, paceMs: PACE_MS, roundMsMax: ROUND_MS_MAX });
    const claim = await this.store.claim(witness.vkey, LEASE_MS);
    if (claim === undefined) return;
    const outcome = await this.submit(witness, claim);
    if (outcome === 'cosigned') return;
    if (outcome === 'later' || this.stopping.signal.aborted) await this.store.release(witness.vkey);
    else await this.fail(witness, claim, outcome);
  }

  private async submit(witness: SubmissionWitness, claim: Claim): Promise<'cosigned' | 'later' | SubmissionFailure> {
    const note = parseNote(claim.note);
    const read = tileReader(claim.size, async (tile) => (await this.tiles.tile(tile)) ?? new Uint8Array());
    let { knownSize } = claim;
    for (let tried = 0; tried < TRIES_MAX; tried += 1) {
      // Believed to be beyond what it is shown: only the witness itself can say.
      const oldSize = knownSize > claim.size ? 0 : knownSize;
      const proof = oldSize === claim.size ? [] : await proveConsistency(oldSize, claim.size, read);
      const submission = await submitCheckpoint(witness, { oldSize, proof, note }, this.stopping.signal);
      if (submission.kind === 'failed') return submission;
      if (submission.kind === 'cosigned') {
        await this.store.cosigned(witness.vkey, { ...claim, knownSize }, submission.line, this.isWitnessed);
        return 'cosigned';
      }
      const { size } = await this.tiles.head();
      if (submission.size > size) return ahead(submission.size, size);
      await this.store.correctSize(witness.vkey, knownSize, submission.size);
      // Another instance has shown it a newer one: the next round has what it lacks.
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

/** Doubling, with jitter, so that many logs do not come back to a witness all at once. */
const backoffMs = (failures: number): number =>
  Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
