import type { EventStore } from '../ledger/event-store.js';
import { Refusal, unknown } from '../ledger/refusal.js';
import { encodeBundle } from './entry-bundle.js';
import { LogError } from './log-error.js';
import type { LogStore } from './log-store.queries.js';
import type { LogWriter } from './log-writer.js';
import { proveInclusion } from './merkle-proof.js';
import { formatProof } from './proof.js';
import { tileReader } from './tile-reader.js';
import { parseTilePath, tileWidth, type BundleAddress, type TileAddress } from './tile.js';
import { openCheckpoint } from './checkpoint.js';
import { parseNote } from './note.js';
import { formatVerifierKey, type VerifierKey } from './note-key.js';

/** How long a receipt waits for an event that was recorded just now. */
const INTEGRATION_WAIT_MS = 5_000;

/** What the log shows to the world. */
export class PublishedLog {
  constructor(
    private readonly store: LogStore,
    private readonly events: EventStore,
    private readonly writer: LogWriter,
    private readonly key: VerifierKey,
  ) {}

  get verifierKey(): string {
    return formatVerifierKey(this.key);
  }

  /** Number of events that the last checkpoint covers. */
  async size(): Promise<number> {
    return (await this.store.head()).size;
  }

  /** @throws Refusal (404) before the first event has been integrated. */
  async checkpoint(): Promise<string> {
    const { note } = await this.store.head();
    if (note === null) throw new Refusal('unknown', 'log-empty', 'Nothing has been recorded yet, so that nothing is signed.');
    return note;
  }

  /** A hash tile or an entry bundle by its path; undefined when the signed log has no such thing. */
  async tile(path: string): Promise<Uint8Array | undefined> {
    const address = parse(path);
    if (address === undefined) return undefined;
    // Only what a checkpoint covers is shown: a tile beyond it could still have to be taken back.
    const { size } = await this.store.head();
    if (tileWidth(address.level, address.index, size) < address.width) return undefined;
    if (address.level !== 'entries') return this.store.tile(address);
    const from = address.index * 256;
    return encodeBundle(await this.store.entries(from, from + address.width));
  }

  /**
   * The receipt of an event.
   * @throws Refusal 404 for an unknown event, 503 when it has not been integrated yet
   */
  async receipt(eventId: string): Promise<string> {
    const event = await this.events.readEvent(eventId);
    if (!event) throw unknown('event', eventId);
    if (!(await this.writer.covers(event.position, INTEGRATION_WAIT_MS))) {
      throw new Refusal('unavailable', 'not-integrated', 'The event is recorded, but no checkpoint covers it yet. Ask again in a moment.');
    }
    const checkpoint = await this.checkpoint();
    const { size } = openCheckpoint(checkpoint, this.key.name, [this.key]).checkpoint;
    const index = event.position - 1;
    const read = tileReader(size, async (tile) => (await this.store.tile(tile)) ?? new Uint8Array());
    return formatProof({ index, hashes: await proveInclusion(index, size, read), checkpoint: parseNote(checkpoint) });
  }
}

function parse(path: string): TileAddress | BundleAddress | undefined {
  try {
    return parseTilePath(path);
  } catch (error) {
    if (error instanceof LogError) return undefined;
    throw error;
  }
}
