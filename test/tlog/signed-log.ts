import { formatAddCheckpoint } from '../../src/tlog/add-checkpoint.js';
import { signCheckpoint } from '../../src/tlog/checkpoint.js';
import { proveConsistency } from '../../src/tlog/merkle-proof.js';
import { parseNote } from '../../src/tlog/note.js';
import { type SigningKey, signingKey } from '../../src/tlog/note-key.js';
import { tileReader } from '../../src/tlog/tile-reader.js';
import { entriesOf, SmallLog } from './small-log.js';

export const logKey = signingKey('ledger.example.eu/log', new Uint8Array(32).fill(1));

export const logOf = (size: number): SmallLog => new SmallLog().append(entriesOf(size));
/** A log of the same key that differs from `logOf` in its first entry. */
export const forkOf = (size: number): SmallLog =>
  new SmallLog().append([Buffer.from('fork'), ...entriesOf(size).slice(1)]);

export const checkpointOf = (size: number, log = logOf(size), key: SigningKey = logKey): string =>
  signCheckpoint({ origin: key.name, size, root: log.builder.root() }, key);

export interface Request {
  readonly oldSize: number;
  readonly size: number;
  readonly log?: SmallLog;
  readonly key?: SigningKey;
}

/** Body of an `add-checkpoint` request, with the proof of its log. */
export async function addCheckpointBody({ oldSize, size, log = logOf(size), key = logKey }: Request): Promise<string> {
  const proof = oldSize === size ? [] : await proveConsistency(oldSize, size, tileReader(size, log.source));
  return formatAddCheckpoint({ oldSize, proof, note: parseNote(checkpointOf(size, log, key)) });
}
