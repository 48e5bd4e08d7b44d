import { type AddCheckpoint, parseAddCheckpoint } from '../tlog/add-checkpoint.js';
import { type Checkpoint, parseCheckpoint, type TreeHead } from '../tlog/checkpoint.js';
import { cosign } from '../tlog/cosignature.js';
import { LogError } from '../tlog/log-error.js';
import { hashesEqual } from '../tlog/merkle.js';
import { prefixRoot } from '../tlog/merkle-verify.js';
import { formatNote, type VerifiedNote, verifyNote } from '../tlog/note.js';
import type { SigningKey, VerifierKey } from '../tlog/note-key.js';
import { formatSignature } from '../tlog/note-signature.js';
import { encodeHex } from '../tlog/strict-text.js';

/** How often a request is decided again because another request for the same log was stored meanwhile. */
const ADVANCE_RETRIES_MAX = 5;

/** The decision of a witness on a request; the HTTP status is the discriminant. */
export type WitnessDecision =
  | { readonly status: 200; readonly checkpoint: Checkpoint; readonly note: VerifiedNote }
  /** The old size differs from the stored size. The answer contains the stored size. */
  | { readonly status: 409; readonly size: number }
  | {
      readonly status: 400 | 403 | 404 | 422;
      readonly reason: string;
      /** The request proves that the log signed two trees, neither of which continues the other. Keep it and raise the alarm. */
      readonly fork?: Fork;
    }
  /** The clock is behind the last cosignature. A cosignature never goes back in time. */
  | { readonly status: 503; readonly reason: string };

export interface Fork {
  /** `two-roots`: both trees have one size. `two-prefixes`: the submitted one is larger, and its proof shows another prefix. */
  readonly kind: 'two-roots' | 'two-prefixes';
  readonly stored: TreeHead;
  readonly submitted: TreeHead;
}

/** The HTTP answer. */
export interface WitnessAnswer {
  readonly status: WitnessDecision['status'];
  readonly contentType: string;
  readonly body: string;
}

/** The latest checkpoint that a witness has cosigned for a log. */
export interface WitnessedCheckpoint extends TreeHead {
  /** The checkpoint with the signatures that the witness verified and its own. The monitoring prefix serves it. */
  readonly note: string;
  /** Time of its own cosignature, POSIX seconds. */
  readonly cosignedAt: number;
}

/** The part of the latest checkpoint that decisions need. */
export type WitnessedHead = Omit<WitnessedCheckpoint, 'note'>;

/** Stores, for every log, the latest checkpoint that the witness cosigned. */
export interface WitnessStore {
  latest(origin: string): Promise<WitnessedHead | undefined>;
  /**
   * Durably and atomically replaces `from` by `next`, and resolves with true. If another checkpoint was stored
   * meanwhile, it changes nothing and resolves with false: otherwise a slow request could roll the witness back behind
   * a faster one (C2SP tlog-witness).
   */
  advance(origin: string, from: TreeHead | undefined, next: WitnessedCheckpoint): Promise<boolean>;
}

export interface Witness {
  readonly key: SigningKey;
  /** The keys of each witnessed log, by origin. */
  readonly logs: ReadonlyMap<string, readonly VerifierKey[]>;
  readonly store: WitnessStore;
}

/**
 * Decides on a request, in the order of C2SP tlog-witness. The function is pure: after a 200, the caller must
 * atomically replace `stored` by the checkpoint before it sends a cosignature.
 * @param stored the checkpoint that was cosigned last for this origin; undefined if there is none.
 */
function decideAddCheckpoint(
  request: AddCheckpoint,
  logs: Witness['logs'],
  stored: WitnessedHead | undefined,
): WitnessDecision {
  const { oldSize, proof } = request;
  const storedSize = stored?.size ?? 0;
  let checkpoint: Checkpoint;
  let note: VerifiedNote;
  try {
    checkpoint = parseCheckpoint(request.note.text);
    const keys = logs.get(checkpoint.origin);
    if (keys === undefined) return { status: 404, reason: `No log with the origin ${checkpoint.origin} is witnessed.` };
    note = verifyNote(request.note, keys);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    return { status: error.code === 'malformed' ? 400 : 403, reason: error.message };
  }
  const { size, root } = checkpoint;
  if (oldSize > size) return { status: 400, reason: `The old size ${oldSize} is above the size ${size}.` };
  if (oldSize !== storedSize) return { status: 409, size: storedSize };
  if ((oldSize === 0 || oldSize === size) && proof.length > 0) {
    return { status: 422, reason: `From ${oldSize} to ${size} the consistency proof has to be empty.` };
  }
  if (stored === undefined || oldSize === 0) return { status: 200, checkpoint, note };
  if (size === oldSize && !hashesEqual(root, stored.root)) {
    const roots = `${encodeHex(stored.root)} and ${encodeHex(root)}`;
    const reason = `The log has signed two trees of ${size} leaves, with the roots ${roots}.`;
    return { status: 422, reason, fork: { kind: 'two-roots', stored, submitted: { size, root } } };
  }
  if (size === oldSize) return { status: 200, checkpoint, note };
  const prefix = prefixRoot(oldSize, size, stored.root, root, proof);
  if (prefix === undefined) {
    // Anybody can send a public checkpoint with a wrong proof: this shows nothing about the log.
    return { status: 422, reason: `The proof does not show the tree of ${oldSize} to be a prefix of that of ${size}.` };
  }
  if (!hashesEqual(prefix, stored.root)) {
    const reason =
      `The log has signed a tree of ${size} leaves whose first ${oldSize} have the root ${encodeHex(prefix)}, and a tree of ${oldSize} ` +
      `leaves with the root ${encodeHex(stored.root)}.`;
    return { status: 422, reason, fork: { kind: 'two-prefixes', stored, submitted: { size, root } } };
  }
  return { status: 200, checkpoint, note };
}

/**
 * Handles a whole request: reads, decides, cosigns and stores, and only then answers.
 * @param nowSeconds POSIX time of the cosignature.
 * @param observe called with every decision before the answer, e.g. to raise the alarm on a fork.
 * @throws Error if the store changed on every attempt; answer 503.
 */
export async function addCheckpoint(
  body: Uint8Array | string,
  witness: Witness,
  nowSeconds: number,
  observe: (decision: WitnessDecision) => void = () => {},
): Promise<WitnessAnswer> {
  let request: AddCheckpoint;
  let origin: string;
  try {
    request = parseAddCheckpoint(body);
    origin = parseCheckpoint(request.note.text).origin;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    const decision = { status: 400, reason: error.message } as const;
    observe(decision);
    return answer(decision, '');
  }
  for (let attempt = 0; attempt < ADVANCE_RETRIES_MAX; attempt += 1) {
    // An origin that is not witnessed must not reach the store: otherwise anybody could make the store look for
    // arbitrary names.
    const stored = witness.logs.has(origin) ? await witness.store.latest(origin) : undefined;
    const decision = inTime(decideAddCheckpoint(request, witness.logs, stored), stored, nowSeconds);
    const cosigned = decision.status === 200 ? cosignDecision(decision, witness.key, nowSeconds) : undefined;
    if (cosigned === undefined || (await witness.store.advance(origin, stored, cosigned.next))) {
      observe(decision);
      return answer(decision, cosigned?.line ?? '');
    }
  }
  throw new Error(`The checkpoint of ${origin} was replaced ${ADVANCE_RETRIES_MAX} times while a request was decided.`);
}

/** A clock that was set back must not make a later checkpoint look older than an earlier one. */
function inTime(decision: WitnessDecision, stored: WitnessedHead | undefined, nowSeconds: number): WitnessDecision {
  if (decision.status !== 200 || stored === undefined || nowSeconds >= stored.cosignedAt) return decision;
  const [now, last] = [nowSeconds, stored.cosignedAt].map((seconds) => new Date(seconds * 1_000).toISOString());
  return { status: 503, reason: `The clock of this witness (${now}) is behind its last cosignature (${last}).` };
}

function cosignDecision(
  { checkpoint: { size, root }, note }: WitnessDecision & { status: 200 },
  key: SigningKey,
  nowSeconds: number,
): { next: WitnessedCheckpoint; line: string } {
  const cosignature = cosign(key, note.text, nowSeconds);
  // Only verified signatures are passed on: a witness does not confirm lines that it ignored.
  const signatures = [...note.verified.map(({ signature }) => signature), cosignature];
  return {
    next: { size, root, note: formatNote({ text: note.text, signatures }), cosignedAt: nowSeconds },
    line: formatSignature(cosignature),
  };
}

function answer(decision: WitnessDecision, line: string): WitnessAnswer {
  const { status } = decision;
  if (status === 200) return { status, contentType: 'text/plain; charset=utf-8', body: line };
  if (status === 409) return { status, contentType: 'text/x.tlog.size', body: `${decision.size}\n` };
  return { status, contentType: 'text/plain; charset=utf-8', body: `${decision.reason}\n` };
}
