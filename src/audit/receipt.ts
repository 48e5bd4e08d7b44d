import { NotCheckable, ProvenWrong } from './audit-finding.js';
import { furtherSignatures, noCosignatures, quorumMet } from './cosigners.js';
import { readKeptEvent, type EntryCandidate, type KeptEvent } from './receipt-event.js';
import type { CheckLine } from './verification.js';
import { textOfFile } from '../platform/text-file.js';
import { LogError } from '../tlog/log-error.js';
import { leafHash } from '../tlog/merkle.js';
import { inclusionRoot } from '../tlog/merkle-verify.js';
import { formatVerifierKey, wrapSameKey, type VerifierKey } from '../tlog/note-key.js';
import { NO_QUORUM, thresholdPolicy, type Policy } from '../tlog/policy.js';
import { claimOf, parseProof, verifyProof, type TlogProof, type VerifiedProof } from '../tlog/proof.js';
import { decodeUtf8, encodeBase64, encodeHex } from '../tlog/strict-text.js';

/** Input of an offline check of a receipt. */
export interface ReceiptInput {
  /** The `.tlog-proof` file. */
  readonly receipt: Uint8Array;
  readonly event: Uint8Array;
  readonly key?: VerifierKey;
  /** Required when there is no key. */
  readonly policy?: Policy;
}

/** A valid receipt. */
export interface CheckedReceipt {
  readonly verdict: 'verified';
  readonly origin: string;
  readonly position: number;
  /** Size of the tree of the checkpoint. */
  readonly size: number;
  /** Root of that tree, base64, as in the checkpoint. */
  readonly root: string;
  readonly verifierKey: string;
  /** Leaf hash of the entry, hexadecimal. */
  readonly leaf: string;
  /** The exact entry that is proven. An auditor reads this text, not the file that was given. */
  readonly entry: string;
  readonly checked: readonly CheckLine[];
  readonly notChecked: readonly CheckLine[];
}

const ASK_AGAIN = 'Fetch the receipt again: GET /v1/events/{id}/proof.';

/**
 * Checks a receipt: a log of the policy signed its checkpoint, the quorum cosigned it, and the event is in its tree.
 * @throws ProvenWrong when the event and the path of hashes contradict the signed root
 * @throws NotCheckable when something is damaged, belongs to another log or event, or lacks a valid or required signature
 */
export function checkReceipt({ receipt, event, key, policy }: ReceiptInput): CheckedReceipt {
  const trusted = policyOf(key, policy);
  const proof = readProof(receipt);
  const kept = readKeptEvent(event);
  const { proven, verified } = prove(proof, kept, trusted);
  const { checkpoint, log } = verified;
  return {
    verdict: 'verified',
    origin: checkpoint.origin,
    position: verified.index + 1,
    size: checkpoint.size,
    root: encodeBase64(checkpoint.root),
    verifierKey: formatVerifierKey(log),
    leaf: encodeHex(leafHash(proven.entry)),
    entry: decodeUtf8(proven.entry) ?? encodeBase64(proven.entry),
    checked: checkedLines(proof, verified, trusted),
    notChecked: notCheckedLines(proof, verified, { proven, policy }),
  };
}

function policyOf(key: VerifierKey | undefined, policy: Policy | undefined): Policy {
  if (policy === undefined) return thresholdPolicy({ key: requireKey(key) }, [], 0);
  if (key === undefined) return policy;
  const logs = policy.logs.filter((log) => log.key.name === key.name && wrapSameKey(log.key, key));
  if (logs.length > 0) return { ...policy, logs };
  throw new NotCheckable(
    'The policy does not list the log whose verifier key you gave.',
    'Give the policy of this log.',
  );
}

function requireKey(key: VerifierKey | undefined): VerifierKey {
  if (key === undefined) throw new RangeError('A receipt is checked with a key or with a policy.');
  return key;
}

function readProof(receipt: Uint8Array): TlogProof {
  try {
    const proof = parseProof(textOfFile(receipt) ?? receipt);
    claimOf(proof);
    return proof;
  } catch (error) {
    if (error instanceof LogError) throw unchecked(error);
    throw error;
  }
}

function prove(
  proof: TlogProof,
  kept: KeptEvent,
  policy: Policy,
): { readonly proven: EntryCandidate; readonly verified: VerifiedProof } {
  let contradiction: LogError | undefined;
  for (const proven of kept.candidates) {
    try {
      const verified = verifyProof(proof, leafHash(proven.entry), policy);
      if (proven.left.includes('position')) requirePosition(proof, kept);
      return { proven, verified };
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      if (error.code !== 'proof-invalid') throw outcomeOf(error);
      contradiction = error;
    }
  }
  requirePathOfTree(proof);
  requirePosition(proof, kept);
  throw kept.notJson ?? wrongPath(proof, contradiction);
}

/** The position that an answer of the API states is not part of the entry, so that it is compared with the receipt. */
function requirePosition({ index }: TlogProof, { position }: KeptEvent): void {
  if (position === undefined || position === index + 1) return;
  const message = `The receipt is of the event at position ${index + 1}; the event that you gave states ${position}.`;
  throw new NotCheckable(message, 'Give the event and the receipt of the same id.');
}

/** A path of another length than the tree has is a damaged receipt, whatever the event is. */
function requirePathOfTree(proof: TlogProof): void {
  const { index, checkpoint } = claimOf(proof);
  const anyLeaf = leafHash(new Uint8Array());
  if (inclusionRoot(index, checkpoint.size, anyLeaf, proof.hashes) !== undefined) return;
  const message = `The receipt is damaged: ${proof.hashes.length} hashes cannot lead from event ${index + 1} to the root of ${checkpoint.size}.`;
  throw new NotCheckable(message, ASK_AGAIN);
}

function wrongPath({ index }: TlogProof, error: LogError | undefined): ProvenWrong {
  return new ProvenWrong({
    check: 'inclusion',
    position: index + 1,
    message: 'The receipt does not prove this event: together they lead to another root than the one that was signed.',
    ...(error && { expected: String(error.facts['expected']), found: String(error.facts['found']) }),
    nextStep:
      `One of the two was changed, or they are not of the same event. ${ASK_AGAIN} If the log proves another event ` +
      'there than the one that you kept, keep both and tell the governing board.',
  });
}

/** A checkpoint without a valid signature proves nothing. */
function outcomeOf(error: LogError): NotCheckable {
  switch (error.code) {
    case 'signature-invalid':
    case 'proof-invalid':
      return new NotCheckable(
        `${error.message} The checkpoint of the receipt, or its signature, was changed.`,
        ASK_AGAIN,
      );
    case 'no-trusted-signature':
    case 'origin-mismatch':
      return new NotCheckable(error.message, 'Make sure that the receipt and the verifier key are of the same log.');
    case 'quorum-missing':
      return new NotCheckable(error.message, `Witnesses may have been late. ${ASK_AGAIN}`);
    case 'malformed':
    case 'limit-exceeded':
    case 'unsupported-algorithm':
      return unchecked(error);
  }
}

const unchecked = (error: LogError): NotCheckable =>
  new NotCheckable(`The receipt cannot be read: ${error.message}`, ASK_AGAIN, { cause: error });

function checkedLines(
  { hashes }: TlogProof,
  { index, checkpoint, log, cosigners }: VerifiedProof,
  policy: Policy,
): readonly CheckLine[] {
  const signature = `The checkpoint is signed with the key that you gave, ${formatVerifierKey(log)}.`;
  const inclusion = `The event is number ${index + 1} of the ${checkpoint.size} in the history: ${hashes.length} hashes lead from it to the signed root.`;
  return [
    { check: 'signature', what: signature },
    { check: 'inclusion', what: inclusion },
    ...(policy.quorum === NO_QUORUM ? [] : [{ check: 'cosignatures', what: quorumMet(policy, cosigners) }]),
  ];
}

function notCheckedLines(
  { checkpoint }: TlogProof,
  { cosigners }: VerifiedProof,
  { proven, policy }: { readonly proven: EntryCandidate; readonly policy: Policy | undefined },
): readonly CheckLine[] {
  const further = checkpoint.signatures.length - 1 - cosigners.length;
  const left = proven.left.filter((name) => name !== 'position');
  return [
    ...(policy === undefined || policy.quorum === NO_QUORUM
      ? [{ check: 'cosignatures', what: noCosignatures(policy) }]
      : []),
    ...(further > 0 ? [{ check: 'further signatures', what: furtherSignatures(further, policy) }] : []),
    ...(left.length > 0
      ? [{ check: 'added by the API', what: `${left.join(', ')}: not part of the history that is signed.` }]
      : []),
    { check: 'later history', what: 'Whether the log still has this event: run "audit verify" with --checkpoint.' },
    { check: 'rules', what: 'Whether the event was allowed: run "audit verify".' },
  ];
}
