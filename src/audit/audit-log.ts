import { ANOTHER_COPY, NOT_WHOLE, NotCheckable, ProvenWrong } from './audit-finding.js';
import { openCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { LogError } from '../tlog/log-error.js';
import type { LogSource } from './log-source.js';
import { HASH_BYTES, hashesEqual, type Hash } from '../tlog/merkle.js';
import { proveConsistency, readRoot, type HashReader } from '../tlog/merkle-proof.js';
import { verifyConsistency } from '../tlog/merkle-verify.js';
import { formatNote, parseNote, type SignedNote } from '../tlog/note.js';
import { formatVerifierKey, parseVerifierKey, wrapSameKey, type VerifierKey } from '../tlog/note-key.js';
import { cosignersOf, isQuorum, NO_QUORUM, openWithPolicy, type Cosigner, type Policy } from '../tlog/policy.js';
import { encodeHex } from '../tlog/strict-text.js';
import { tileReader } from '../tlog/tile-reader.js';
import { formatTilePath, TILE_WIDTH, type BundleAddress, type TileAddress } from '../tlog/tile.js';

/** The auditor's own input. No part of it comes from the log under check. */
export interface Trust {
  /** The auditor's own copy of the log's verifier key. Without it the published key of the log is used. */
  readonly key?: VerifierKey;
  readonly policy?: Policy;
  /** A checkpoint that the auditor kept: the log must have grown from it. */
  readonly kept?: string;
}

/** A log whose checkpoint has valid signatures. Its tiles and entries are not checked yet. */
export interface OpenedLog {
  readonly source: LogSource;
  readonly note: SignedNote;
  readonly checkpoint: Checkpoint;
  readonly key: VerifierKey;
  /** False when the key came with the log: the signature then does not prove whose log it is. */
  readonly keyIsAuditors: boolean;
  readonly cosigners: readonly Cosigner[];
  /** Number of signatures on the checkpoint by unknown keys. */
  readonly unknownSignatures: number;
  /** Why the quorum of the auditor's policy is not met. */
  readonly quorumMissing?: string;
  readonly kept?: Checkpoint;
  /** Hashes of the tree from the published tiles, not authenticated. */
  readonly hashes: HashReader;
}

/**
 * Opens a log: reads its checkpoint and verifies the signatures.
 * @throws NotCheckable when there is no key, or no checkpoint with its signature
 */
export async function openLog(source: LogSource, trust: Trust): Promise<OpenedLog> {
  const bytes = await readCheckpoint(source, trust.policy);
  const key = await keyOf(source, trust, bytes);
  const { note, checkpoint, known } = opened(bytes, key, trust.policy);
  const cosigners = trust.policy ? cosignersOf(trust.policy, known) : [];
  const quorumMissing = trust.policy && missingQuorum(note, trust.policy, cosigners);
  return {
    source,
    note,
    checkpoint,
    key,
    keyIsAuditors: trust.key !== undefined || trust.policy !== undefined,
    cosigners,
    unknownSignatures: known.unknown,
    ...(quorumMissing !== undefined && { quorumMissing }),
    ...(trust.kept !== undefined && { kept: keptCheckpoint(trust.kept, key) }),
    hashes: tileReader(checkpoint.size, async (tile) => (await readTile(source, tile)).bytes),
  };
}

/**
 * The last checkpoint. An auditor with a policy gets the last checkpoint with a quorum, where the log publishes it: on a
 * busy log no witness has cosigned the very last one yet.
 */
async function readCheckpoint(source: LogSource, policy: Policy | undefined): Promise<Uint8Array> {
  const asksForWitnesses = policy !== undefined && policy.quorum !== NO_QUORUM;
  const witnessed = asksForWitnesses ? await source.read('checkpoint/witnessed') : undefined;
  const bytes = witnessed ?? (await source.read('checkpoint'));
  if (bytes === undefined) throw new NotCheckable(`${source.name} has no checkpoint.`, 'Give the place of a log.');
  return bytes;
}

/** The note as published, e.g. to keep it. */
export const noteText = ({ note }: OpenedLog): string => formatNote(note);

function opened(bytes: Uint8Array, key: VerifierKey, policy: Policy | undefined) {
  try {
    const note = parseNote(bytes);
    const keys = [key, ...(policy?.witnesses.map((witness) => witness.key) ?? [])];
    const { checkpoint, note: known } = openCheckpoint(note, key.name, keys);
    // A note that only a witness has signed is not a checkpoint of the log.
    openCheckpoint(note, key.name, [key]);
    return { note, checkpoint, known };
  } catch (error) {
    if (error instanceof LogError) throw unusable(error, key);
    throw error;
  }
}

/** Without a valid signature nothing is known of the log, and so nothing is proven against it. */
function unusable({ code, message, facts }: LogError, key: VerifierKey): NotCheckable {
  switch (code) {
    case 'malformed':
    case 'limit-exceeded':
    case 'unsupported-algorithm':
      return new NotCheckable(`The checkpoint cannot be read: ${message}`, NOT_WHOLE);
    case 'signature-invalid':
    case 'quorum-missing':
    case 'proof-invalid':
      return new NotCheckable(
        `${message} The checkpoint or its signature was changed, so that nothing is left that the log has signed.`,
        ANOTHER_COPY,
      );
    case 'no-trusted-signature':
    case 'origin-mismatch': {
      const found = facts['found'] === undefined ? '' : ` It is of ${facts['found']}.`;
      return new NotCheckable(
        `The checkpoint is not signed with ${formatVerifierKey(key)}.${found}`,
        `Make sure that the verifier key is that of this log. ${ANOTHER_COPY}`,
      );
    }
  }
}

function missingQuorum(note: SignedNote, policy: Policy, cosigners: readonly Cosigner[]): string | undefined {
  if (isQuorum(policy, new Set(cosigners.map(({ name }) => name)))) return undefined;
  try {
    openWithPolicy(note, policy);
    return undefined;
  } catch (error) {
    if (error instanceof LogError) return error.message;
    throw error;
  }
}

/** The auditor's key; without it the key that the source publishes. */
async function keyOf(source: LogSource, { key, policy }: Trust, checkpoint: Uint8Array): Promise<VerifierKey> {
  const isListed = policy?.logs.some((log) => log.key.name === key?.name && wrapSameKey(log.key, key));
  if (key && policy && !isListed) {
    throw new NotCheckable(
      'The policy does not list the log whose verifier key you gave.',
      'Give the policy of this log.',
    );
  }
  if (key) return key;
  if (policy) return listedKey(policy, checkpoint);
  const published = await source.read('vkey');
  if (published === undefined) {
    throw new NotCheckable(`${source.name} publishes no verifier key, and none was given.`, 'Give yours with --vkey.');
  }
  return publishedKey(published);
}

/**
 * The log of the policy whose name is the origin of the checkpoint. Any other log of the policy leads to the right finding
 * too: the names differ.
 */
function listedKey({ logs }: Policy, checkpoint: Uint8Array): VerifierKey {
  const origin = Buffer.from(checkpoint).toString('utf8').split('\n', 1)[0];
  const listed = logs.find(({ key }) => key.name === origin) ?? logs[0];
  if (listed) return listed.key;
  throw new NotCheckable('The policy lists no log.', 'Give a policy with a line "log <verifier key>".');
}

/** @throws NotCheckable if the published text is not a key */
export function publishedKey(bytes: Uint8Array): VerifierKey {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    if (!text.endsWith('\n')) throw new LogError('malformed', 'The published verifier key does not end in a newline.');
    return parseVerifierKey(text.slice(0, -1));
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new NotCheckable(`The published verifier key cannot be read: ${error.message}`, NOT_WHOLE);
  }
}

export const KEPT_AS_PRINTED = 'Give one of this log, as "audit checkpoint" printed it, signed with the same key.';

/** @throws NotCheckable if the auditor's file is not a checkpoint of this log */
function keptCheckpoint(text: string, key: VerifierKey): Checkpoint {
  try {
    return openCheckpoint(text, key.name, [key]).checkpoint;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new NotCheckable(`The checkpoint that you kept cannot be used: ${error.message}`, KEPT_AS_PRINTED);
  }
}

/**
 * The log has signed two checkpoints that cannot belong to one history.
 * @param root the root at the size of the kept checkpoint, of the history that the log shows. It must be proven that this history
 * leads to the signed root: otherwise a changed copy would accuse the log of two histories.
 */
export const twoHistories = (kept: Checkpoint, root: Hash): ProvenWrong =>
  new ProvenWrong({
    check: 'kept checkpoint',
    artefact: 'checkpoint',
    message: `The log has signed two histories: at size ${kept.size} it is another one than in the checkpoint that you kept.`,
    expected: encodeHex(kept.root),
    found: encodeHex(root),
    nextStep: 'Keep both checkpoints: together they prove it. Tell the governing board and the witnesses.',
  });

/**
 * Opens a log that meets all that the auditor insists on: the quorum of the policy, and growth from the kept checkpoint.
 * @throws ProvenWrong, NotCheckable
 */
export async function openTrusted(source: LogSource, trust: Trust): Promise<OpenedLog> {
  const log = await openLog(source, trust);
  requireQuorum(log);
  await requireGrowth(log);
  return log;
}

function requireQuorum({ quorumMissing }: OpenedLog): void {
  if (quorumMissing !== undefined) throw new NotCheckable(quorumMissing, WITNESSES_LATE);
}

export const WITNESSES_LATE = 'Witnesses may be late: try again in a minute.';

/**
 * Checks that the log has grown from the checkpoint that the auditor kept. The tiles prove it without the entries.
 * @throws ProvenWrong if it has not grown from it, NotCheckable if the log is shorter
 */
async function requireGrowth({ kept, checkpoint, hashes }: OpenedLog): Promise<void> {
  if (kept === undefined || kept.size === 0) return;
  const { size, root } = checkpoint;
  if (kept.size > size) {
    throw new NotCheckable(
      `The checkpoint that you kept is of size ${kept.size}, this log ends at ${size}: an older copy, or it was cut off.`,
      'Read the log from its own address again; if it stays shorter, tell the board and the witnesses.',
    );
  }
  if (kept.size === size) {
    if (!hashesEqual(kept.root, root)) throw twoHistories(kept, root);
    return;
  }
  const proof = await proveConsistency(kept.size, size, hashes);
  if (verifyConsistency(kept.size, size, kept.root, root, proof)) return;
  const shown = await readRoot(kept.size, hashes);
  if (verifyConsistency(kept.size, size, shown, root, proof)) throw twoHistories(kept, shown);
  throw new ProvenWrong({
    check: 'tiles',
    artefact: 'checkpoint',
    message: `The tiles do not lead to the root that was signed for size ${size}, so that the kept checkpoint cannot be compared.`,
    nextStep: `Run "audit verify": it says which tile or entry was changed. ${ANOTHER_COPY}`,
  });
}

/**
 * The hashes of a tile of the log.
 * @throws NotCheckable if the source does not have it, or has it with another length
 */
export async function readTile(source: LogSource, address: TileAddress): Promise<{ path: string; bytes: Uint8Array }> {
  const { path, bytes, isWhole } = await readEither(source, address);
  const wanted = address.width * HASH_BYTES;
  const expected = isWhole ? TILE_WIDTH * HASH_BYTES : wanted;
  if (bytes.length !== expected)
    throw new NotCheckable(`${path} has ${bytes.length} bytes, not ${expected}.`, NOT_WHOLE);
  return { path, bytes: bytes.subarray(0, wanted) };
}

/** A bundle of the log. `isWhole` is true where the source returned the full bundle instead of a part of it. */
export const readBundle = (source: LogSource, address: BundleAddress): Promise<Artefact> => readEither(source, address);

export interface Artefact {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}

/** A log may drop a partial tile once the full one is there (C2SP tlog-tiles, "Partial Tiles"). */
async function readEither(source: LogSource, address: TileAddress | BundleAddress): Promise<Artefact> {
  const path = formatTilePath(address);
  const bytes = await source.read(path);
  if (bytes !== undefined) return { path, bytes, isWhole: address.width === TILE_WIDTH };
  const whole = { ...address, width: TILE_WIDTH };
  const wholePath = formatTilePath(whole);
  const found = address.width < TILE_WIDTH ? await source.read(wholePath) : undefined;
  if (found !== undefined) return { path: wholePath, bytes: found, isWhole: true };
  throw new NotCheckable(
    `${source.name} does not have ${path}, although its checkpoint covers it.`,
    'A log has to serve what it signed: ask its operator for it, or read another copy.',
  );
}
