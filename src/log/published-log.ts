import type { EventStore } from '../ledger/event-store.js';
import { Refusal, unknown } from '../ledger/refusal.js';
import { encodeBundle } from '../tlog/entry-bundle.js';
import { LogError } from '../tlog/log-error.js';
import type { LogStore } from './log-store.queries.js';
import type { LogWriter } from './log-writer.js';
import { leafHash, type CompactRange } from '../tlog/merkle.js';
import { proveInclusion, readTree } from '../tlog/merkle-proof.js';
import { formatProof } from '../tlog/proof.js';
import { tileReader } from '../tlog/tile-reader.js';
import { formatTilePath, parseTilePath, tileWidth, type BundleAddress, type TileAddress } from '../tlog/tile.js';
import type { CosignedCheckpoint, CosignedCheckpoints } from './cosigned-checkpoints.js';
import { formatNote } from '../tlog/note.js';
import { formatVerifierKey } from '../tlog/note-key.js';

/** How long a receipt waits for an event that was recorded just now. */
const INTEGRATION_WAIT_MS = 5_000;
/** Each has at most 60,000 bytes. Usually these are only the events of the last fifth of a second. */
const ENTRIES_PER_READ = 1_000;
/** Each has at most 8 KiB. The few tiles of the upper levels are part of every proof; tiles of the lowest level are rarely shared. */
const TILES_KEPT_MAX = 512;

/** The log as it is published. */
export class PublishedLog {
  /** By path, in the order of the last use. A tile of a signed log never changes. */
  private readonly tiles = new Map<string, Uint8Array>();

  constructor(
    private readonly store: LogStore,
    private readonly events: EventStore,
    private readonly writer: LogWriter,
    private readonly checkpoints: CosignedCheckpoints,
  ) {}

  get verifierKey(): string {
    return formatVerifierKey(this.checkpoints.policy.logKey);
  }

  /** The policy that the log is published under (C2SP tlog-policy). */
  get policy(): string {
    return this.checkpoints.policy.text;
  }

  /** Number of events that the last checkpoint covers. */
  async size(): Promise<number> {
    return (await this.store.head()).size;
  }

  /**
   * The newest signed checkpoint, with the cosignatures that it has by now: no witness delays it.
   * @throws Refusal (404) before the first event has been integrated.
   */
  async checkpoint(): Promise<string> {
    return formatNote((await this.newest()).note);
  }

  /**
   * The newest checkpoint that has the quorum of the policy, for readers that accept no other. While events arrive it is older than the
   * newest checkpoint, which is signed before any witness has seen it.
   * @throws Refusal (404) while there is none
   */
  async witnessedCheckpoint(): Promise<string> {
    const witnessed = await this.checkpoints.witnessed();
    if (witnessed !== undefined) return formatNote(witnessed.note);
    throw new Refusal(
      'unknown',
      'not-witnessed',
      this.checkpoints.policy.quorum === 'none'
        ? 'No witness cosigns this log: its operator has set no LOG_POLICY.'
        : `No checkpoint has the quorum "${this.checkpoints.policy.quorum}" yet.`,
    );
  }

  /** A hash tile or an entry bundle by its path; undefined when the signed log does not have it. */
  async tile(path: string): Promise<Uint8Array | undefined> {
    const address = parse(path);
    if (address === undefined) return undefined;
    // Only tiles that a checkpoint covers are served: a tile beyond it is not signed and may still change.
    const { size } = await this.store.head();
    if (tileWidth(address.level, address.index, size) < address.width) return undefined;
    if (address.level !== 'entries') return this.store.tile(address);
    const from = address.index * 256;
    return encodeBundle(await this.store.entries(from, from + address.width));
  }

  /**
   * The tree over the first `size` recorded events. Events that no checkpoint covers yet are hashed here, so that the root is known
   * immediately; a checkpoint over the same events follows.
   * @throws RangeError when fewer are recorded.
   */
  async treeAt(size: number): Promise<CompactRange> {
    const head = await this.store.head();
    const covered = Math.min(size, head.size);
    const read = tileReader(covered, async (tile) => (await this.store.tilePart(tile)) ?? new Uint8Array());
    const tree = await readTree(covered, read);
    while (tree.size < size) {
      const entries = await this.store.entries(tree.size, Math.min(size, tree.size + ENTRIES_PER_READ));
      if (entries.length === 0) throw new RangeError(`Only ${tree.size} events are recorded, not ${size}.`);
      for (const entry of entries) tree.append(leafHash(entry));
    }
    return tree;
  }

  /**
   * The receipt of an event, under a witnessed checkpoint if one covers it.
   * @throws Refusal 404 for an unknown event, 503 when it has not been integrated yet
   */
  async receipt(eventId: string): Promise<string> {
    const event = await this.events.readEvent(eventId);
    if (!event) throw unknown('event', eventId);
    const { size, note } = await this.covering(event.position);
    const index = event.position - 1;
    const read = tileReader(size, (tile) => this.keptTile(tile));
    return formatProof({ index, hashes: await proveInclusion(index, size, read), checkpoint: note });
  }

  /** Looks before it waits: most events were integrated long before somebody asks for them. */
  private async covering(position: number): Promise<CosignedCheckpoint> {
    const known = await this.checkpoints.covering(position);
    if (known.state !== 'recorded') return known.checkpoint;
    if (!(await this.writer.covers(position, INTEGRATION_WAIT_MS))) {
      throw new Refusal(
        'unavailable',
        'not-integrated',
        'The event is recorded, but no checkpoint covers it yet. Ask again in a moment.',
      );
    }
    const grown = await this.checkpoints.covering(position);
    return grown.state === 'recorded' ? this.newest() : grown.checkpoint;
  }

  private async keptTile(tile: TileAddress): Promise<Uint8Array> {
    const path = formatTilePath(tile);
    const bytes = this.tiles.get(path) ?? (await this.store.tile(tile));
    if (bytes === undefined) return new Uint8Array();
    this.tiles.delete(path);
    this.tiles.set(path, bytes);
    const [oldest] = this.tiles.keys();
    if (this.tiles.size > TILES_KEPT_MAX && oldest !== undefined) this.tiles.delete(oldest);
    return bytes;
  }

  private async newest(): Promise<CosignedCheckpoint> {
    const newest = await this.checkpoints.newest();
    if (newest !== undefined) return newest;
    throw new Refusal('unknown', 'log-empty', 'Nothing has been recorded yet, so that nothing is signed.');
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
