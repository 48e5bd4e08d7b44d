import type { WorkerLog } from '../ledger/worker.js';
import type { CheckpointRow, CosignatureStore } from './cosignatures.queries.js';
import { LogError } from '../tlog/log-error.js';
import { parseNote, type SignedNote, verifyNote, withSignatures } from '../tlog/note.js';
import type { NoteSignature } from '../tlog/note-signature.js';
import { parseSignatures } from '../tlog/note-signature.js';
import type { LogPolicy, SubmissionWitness } from './witness-policy.js';

/** How many checkpoints that once had a quorum are checked against the policy of today, newest first. */
const WITNESSED_LOOK_BACK_MAX = 20;

/** A signed checkpoint with the cosignatures that it has. */
export interface CosignedCheckpoint {
  readonly size: number;
  readonly note: SignedNote;
  /** Names, in the policy, of the witnesses that have cosigned it. */
  readonly cosigners: readonly string[];
}

/** State of an event in the log. */
export type Coverage =
  | { readonly state: 'recorded' }
  | { readonly state: 'integrated' | 'witnessed'; readonly checkpoint: CosignedCheckpoint };

/** The checkpoints that are served, with their cosignatures. */
export class CosignedCheckpoints {
  private readonly vkeys: readonly string[];

  constructor(
    private readonly store: CosignatureStore,
    readonly policy: LogPolicy,
    private readonly log: WorkerLog,
  ) {
    this.vkeys = policy.witnesses.map(({ vkey }) => vkey);
  }

  /** The newest signed checkpoint with the cosignatures that it has by now; undefined before the first checkpoint. */
  async newest(): Promise<CosignedCheckpoint | undefined> {
    const row = await this.store.newest(this.vkeys);
    return row && this.cosigned(row);
  }

  /** The newest checkpoint that has the quorum of the policy. */
  async witnessed(): Promise<CosignedCheckpoint | undefined> {
    if (this.vkeys.length === 0) return undefined;
    const rows = await this.store.newestWitnessed(this.vkeys, WITNESSED_LOOK_BACK_MAX);
    return rows.map((row) => this.cosigned(row)).find(({ cosigners }) => this.policy.isWitnessedBy(new Set(cosigners)));
  }

  /** The strongest checkpoint that covers an event: a witnessed one, else the newest with any cosignature, else the newest. */
  async covering(position: number): Promise<Coverage> {
    const witnessed = await this.witnessed();
    if (witnessed !== undefined && witnessed.size >= position) return { state: 'witnessed', checkpoint: witnessed };
    const row = this.vkeys.length > 0 ? await this.store.newestCosigned(this.vkeys, position) : undefined;
    const checkpoint = row ? this.cosigned(row) : await this.newest();
    if (checkpoint === undefined || checkpoint.size < position) return { state: 'recorded' };
    return { state: 'integrated', checkpoint };
  }

  private cosigned({ size, note, cosignatures }: CheckpointRow): CosignedCheckpoint {
    const signed = parseNote(note);
    const held = this.policy.witnesses.flatMap((witness) => {
      const line = cosignatures.find((one) => one.witness === witness.vkey)?.line;
      const signature = line === undefined ? undefined : this.checked(witness, signed, line);
      return signature ? [{ name: witness.name, signature }] : [];
    });
    const signatures = held.map(({ signature }) => signature);
    return { size, note: withSignatures(signed, signatures), cosigners: held.map(({ name }) => name) };
  }

  /** One invalid line would make every reader refuse the whole checkpoint: an invalid line is left out and logged. */
  private checked({ name, key }: SubmissionWitness, { text }: SignedNote, line: string): NoteSignature | undefined {
    try {
      const signatures = parseSignatures(line);
      return verifyNote({ text, signatures }, [key]).verified[0]?.signature;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.log.error({ err: error, witness: name }, 'A stored cosignature does not hold: the database was changed.');
      return undefined;
    }
  }
}
