import type { Pool } from 'pg';
import type { EventReader } from '../../../ledger/event-reader.js';
import type { StoredEvent } from '../../../ledger/event.js';
import { FoldedViews, type ComparedView, type UncomparedView } from '../../../ledger/projector/folded-views.js';
import type { Projection } from '../../../ledger/projector/projection.js';
import type { LogStore } from '../../../log/log-store.queries.js';
import { openCheckpoint, type Checkpoint } from '../../../tlog/checkpoint.js';
import { LogError } from '../../../tlog/log-error.js';
import { CompactRange, hashesEqual, leafHash } from '../../../tlog/merkle.js';
import type { VerifierKey } from '../../../tlog/note-key.js';
import { hashAt, TILE_WIDTH, tileWidth } from '../../../tlog/tile.js';

/** Events of one read: bounds the memory, and the work between two pauses. */
export const EVENTS_PER_BATCH = 2 * TILE_WIDTH;

export interface CheckedLedger {
  readonly pool: Pool;
  readonly log: LogStore;
  /** The key of the log. */
  readonly key: VerifierKey;
  readonly reader: EventReader;
  readonly projections: readonly Projection[];
  /** Awaited after each batch; it rejects to end the check. */
  readonly rest: () => Promise<void>;
}

export interface HistoryCheck {
  /** Why the stored history is not the one that was signed; the views are then not compared. */
  readonly damage?: string;
  readonly views: readonly (ComparedView | UncomparedView)[];
}

/**
 * Reads the history once: every signed event must have the hash that was signed, and every view must be what the events give. Nothing is
 * written. Memory does not grow with the history.
 */
export async function checkHistory(ledger: CheckedLedger): Promise<HistoryCheck> {
  const { pool, reader, projections, rest } = ledger;
  const views = await FoldedViews.begin(pool, reader, projections, rest);
  try {
    const damage = await damageOf(ledger, (events) => views.foldStored(events));
    return damage === undefined ? { views: await views.compare() } : { damage, views: [] };
  } finally {
    views.end();
  }
}

async function damageOf(
  { pool, log, key, rest }: CheckedLedger,
  accept: (events: readonly StoredEvent[]) => Promise<void>,
): Promise<string | undefined> {
  const { note } = await log.head();
  if (note === null) return undefined;
  const signed = signedBy(key, note);
  if (signed === undefined)
    return `The last checkpoint of the database is not signed with the key of this log. ${WHAT_TO_DO}`;
  const tree = new CompactRange();
  while (tree.size < signed.size) {
    const after = tree.size;
    const { rows } = await pool.query<StoredEvent>({
      name: 'events-to-check',
      text: 'select position, envelope from events where position > $1 and position <= $2 order by position limit $3',
      values: [after, signed.size, EVENTS_PER_BATCH],
    });
    const hashes = await hashesFrom(log, after, signed.size);
    for (let at = 0; at < Math.min(EVENTS_PER_BATCH, signed.size - after); at += 1) {
      const [event, position] = [rows[at], after + at + 1];
      if (event?.position !== position) return missing(position);
      const hash = leafHash(Buffer.from(event.envelope));
      const expected = hashes(at);
      if (expected !== undefined && !hashesEqual(hash, expected)) return changed(position);
      tree.append(hash);
    }
    await accept(rows);
    await rest();
  }
  return hashesEqual(tree.root(), signed.root)
    ? undefined
    : `The stored events up to position ${signed.size} do not give the root that was signed. ${WHAT_TO_DO}`;
}

/** The signed hashes of the entries of a batch, by their place in it; undefined where a tile is missing: the root then decides. */
async function hashesFrom(log: LogStore, after: number, size: number): Promise<(at: number) => Uint8Array | undefined> {
  const tiles: (Uint8Array | undefined)[] = [];
  for (let first = after; first < Math.min(after + EVENTS_PER_BATCH, size); first += TILE_WIDTH) {
    const index = first / TILE_WIDTH;
    tiles.push(await log.tile({ level: 0, index, width: tileWidth(0, index, size) }));
  }
  return (at) => {
    const tile = tiles[Math.floor(at / TILE_WIDTH)];
    return tile && hashAt(tile, at % TILE_WIDTH);
  };
}

function signedBy(key: VerifierKey, note: string): Checkpoint | undefined {
  try {
    return openCheckpoint(note, key.name, [key]).checkpoint;
  } catch (error) {
    if (error instanceof LogError) return undefined;
    throw error;
  }
}

const WHAT_TO_DO =
  'Nothing is signed until a check finds the signed history again: run "ppp-ledger audit verify --database", find out what changed the ' +
  'database, restore it from a backup, and start again.';

const changed = (position: number): string =>
  `The event at position ${position} is not the one that was signed: its text in the database was changed, or the stored hash. ${WHAT_TO_DO}`;
const missing = (position: number): string =>
  `The event at position ${position} was signed, and is missing in the database. ${WHAT_TO_DO}`;
