import type { Pool } from 'pg';
import type { Findings } from '../audit-finding.js';
import { openCheckpoint } from '../../tlog/checkpoint.js';
import { encodeBundle } from '../../tlog/entry-bundle.js';
import { LogError } from '../../tlog/log-error.js';
import type { LogSource } from '../log-source.js';
import type { LogStore } from '../../log/log-store.queries.js';
import { CompactRange, HASH_BYTES, hashesEqual, leafHash, type Hash } from '../../tlog/merkle.js';
import { parseNote, verifyNote } from '../../tlog/note.js';
import { parseVerifierKey, type VerifierKey } from '../../tlog/note-key.js';
import { parseSignatures } from '../../tlog/note-signature.js';
import { excerpt, storedFinding } from './stored-finding.js';
import { storedRows } from './stored-rows.queries.js';
import { encodeHex } from '../../tlog/strict-text.js';
import { formatTilePath, parseTilePath, TILE_WIDTH, tileWidth } from '../../tlog/tile.js';
import type { BesideCheck, Conclusion, EventStretch } from '../verify-beside.js';

/** Rows of one read; the longest row, a tile, has 8 kB. */
const ROWS_PER_READ = 1_000;

/** The log as the database holds it, without a service. */
export class StoredLog implements LogSource {
  readonly name = 'the database';
  readonly readsMax = 4;
  readonly others: readonly string[] = [];

  constructor(private readonly store: LogStore) {}

  async read(path: string): Promise<Uint8Array | undefined> {
    if (path === 'checkpoint') {
      const { note } = await this.store.head();
      return note === null ? undefined : Buffer.from(note);
    }
    if (!path.startsWith('tile/')) return undefined;
    const address = parseTilePath(path);
    if (address.level !== 'entries') return this.store.tile(address);
    const from = address.index * TILE_WIDTH;
    return encodeBundle(await this.store.entries(from, from + address.width));
  }

  async close(): Promise<void> {}
}

interface EventRow {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly recorded_at: string;
}

/** Columns that index an event must equal the members of the event itself. */
export class EventRowsCheck implements BesideCheck {
  readonly check = 'event rows';
  private last = 0;

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
  ) {}

  async accept({ events }: EventStretch): Promise<void> {
    const { rows } = await this.pool.query<EventRow>({
      name: 'stored-event-rows',
      text: `select position, stream, revision, id, type, recorded_at from events where position = any ($1)`,
      values: [events.map(({ position }) => position)],
    });
    const byPosition = new Map(rows.map((row) => [row.position, row]));
    for (const event of events) {
      const { position, stream, revision, id, type, recordedAt } = event;
      this.last = position;
      const row = byPosition.get(position);
      const expected = [stream, revision, id, type, recordedAt].join(' ');
      const found = row && [row.stream, row.revision, row.id, row.type, row.recorded_at].join(' ');
      if (found === expected) continue;
      const message = 'The row finds the event under other terms than the event itself has.';
      this.findings.add(
        storedFinding({
          check: this.check,
          artefact: `events ${position}`,
          message,
          event,
          expected,
          found: found ?? 'no row',
        }),
      );
    }
  }

  /**
   * The head hands out the next position and the earliest next time. A head that lags behind the events would make the
   * ledger write a position twice.
   */
  async finish(): Promise<Conclusion> {
    const { rows } = await this.pool.query<{ head: string; newest: string }>(
      // A refusal moves the time on without an event.
      `select h.position || ' ' || h.recorded_at as head,
         coalesce((select max(e.position) from events e), 0) || ' ' || coalesce(greatest(
           (select e.recorded_at from events e order by e.position desc limit 1),
           (select max(c.recorded_at) from commands c)
         ), h.recorded_at) as newest
       from ledger_head h`,
    );
    const [{ head, newest } = { head: 'no row', newest: 'one row' }] = rows;
    if (head !== newest) {
      const message = 'The head of the ledger is not where events and answers end.';
      const facts = { artefact: 'ledger_head', message, expected: newest, found: head };
      this.findings.add(storedFinding({ check: this.check, ...facts }));
    }
    const newer = Number(newest.split(' ', 1)[0]) - this.last;
    return {
      statement: 'Stream, revision, id, type and time of every row are those of its event; the head is at the end.',
      ...(newer > 0 && { notChecked: `${newer} events are in no signed checkpoint yet.` }),
    };
  }
}

interface CheckpointRow {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
}

/** Every checkpoint that was ever signed belongs to this one history, and every cosignature on one is valid. */
export class CheckpointsCheck implements BesideCheck {
  readonly check = 'all checkpoints';
  private readonly tree = new CompactRange();
  private checkpoints = 0;
  private cosignatures = 0;

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
    private readonly key: VerifierKey,
  ) {}

  async accept({ entries }: EventStretch): Promise<void> {
    const before = this.tree.size;
    const { rows } = await this.pool.query<CheckpointRow>(
      'select size, root, note from log_checkpoints where size > $1 and size <= $2 order by size',
      [before, before + entries.length],
    );
    const wanted = rows.values();
    let next = wanted.next();
    for (const entry of entries) {
      this.tree.append(leafHash(entry));
      if (next.value?.size !== this.tree.size) continue;
      this.judge(next.value, this.tree.root());
      next = wanted.next();
    }
  }

  async finish(): Promise<Conclusion> {
    const newer = await this.newer();
    await this.judgeHead();
    await this.judgeCosignatures();
    return {
      statement: `${this.checkpoints} checkpoints that were ever signed are of this one history; ${this.cosignatures} cosignatures on them hold.`,
      ...(newer > 0 && { notChecked: `${newer} checkpoints were signed while this check ran.` }),
    };
  }

  private judge({ size, root, note }: CheckpointRow, computed: Hash): void {
    this.checkpoints += 1;
    const problem = this.problemOf({ size, root, note }, computed);
    if (problem === undefined) return;
    const facts = { expected: encodeHex(computed), found: encodeHex(root) };
    this.findings.add(
      storedFinding({
        check: this.check,
        artefact: `log_checkpoints ${size}`,
        position: size,
        message: problem,
        ...facts,
      }),
    );
  }

  private problemOf({ size, root, note }: CheckpointRow, computed: Hash): string | undefined {
    try {
      const { checkpoint } = openCheckpoint(note, this.key.name, [this.key]);
      if (checkpoint.size !== size) return `The note of this checkpoint is of size ${checkpoint.size}.`;
      if (!hashesEqual(checkpoint.root, computed)) return 'The checkpoint was signed over another history.';
      return hashesEqual(root, computed) ? undefined : 'The root beside the note is not the one that was signed.';
    } catch (error) {
      if (error instanceof LogError) return error.message;
      throw error;
    }
  }

  /**
   * @returns the number of checkpoints of a longer history than was read. A checkpoint that is longer than the log was moved
   * there.
   */
  private async newer(): Promise<number> {
    const { size } = this.tree;
    const { rows } = await this.pool.query<{ size: number; isBeyond: boolean }>(
      `select size, size > (select h.size from log_head h) as "isBeyond" from log_checkpoints
       where size > $1 or size < 1 order by size`,
      [size],
    );
    const wrong = rows.filter((row) => row.isBeyond || row.size < 1);
    for (const row of wrong) {
      const message = 'There is a checkpoint of a size that the log does not have.';
      this.findings.add(storedFinding({ check: this.check, artefact: `log_checkpoints ${row.size}`, message }));
    }
    return rows.length - wrong.length;
  }

  /** The stored state that the next checkpoint builds on is the last signed checkpoint. */
  private async judgeHead(): Promise<void> {
    const { rows } = await this.pool.query<{ size: number }>(
      `select h.size from log_head h where h.note is not null
         and not exists (select from log_checkpoints c where (c.size, c.root, c.note) = (h.size, h.root, h.note))`,
    );
    for (const { size } of rows) {
      const message = 'The head of the log is not the last checkpoint that was signed.';
      this.findings.add(storedFinding({ check: this.check, artefact: 'log_head', position: size, message }));
    }
  }

  private async judgeCosignatures(): Promise<void> {
    const rows = storedRows<CosignatureRow>(this.pool, {
      text: `select s.size, s.witness, s.line, c.note from log_cosignatures s join log_checkpoints c using (size)
         where (s.size, s.witness) > ($1, $2) order by s.size, s.witness`,
      before: [-1, ''],
      keyOf: ({ size, witness }) => [size, witness],
      rowsMax: ROWS_PER_READ,
    });
    for await (const row of rows) if (row.size <= this.tree.size) this.judgeCosignature(row);
  }

  private judgeCosignature({ size, witness, line, note }: CosignatureRow) {
    this.cosignatures += 1;
    let why = 'It is by another key.';
    try {
      const { text } = parseNote(note);
      if (verifyNote({ text, signatures: parseSignatures(line) }, [parseVerifierKey(witness)]).verified.length === 1)
        return;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      why = error.message;
    }
    const artefact = `log_cosignatures ${size} ${excerpt(witness)}`;
    const message = `The stored cosignature does not hold. ${why}`;
    this.findings.add(storedFinding({ check: this.check, artefact, position: size, message }));
  }
}

interface CosignatureRow {
  readonly size: number;
  readonly witness: string;
  readonly line: string;
  readonly note: string;
}

interface TileRow {
  readonly level: number;
  readonly index: number;
  readonly width: number;
  readonly bytes: Buffer;
  /** Size of the log when the row was read. */
  readonly logSize: number;
}

/** Every partial tile of an earlier checkpoint is the beginning of the present tile. */
export class TilesCheck implements BesideCheck {
  readonly check = 'all tiles';
  private size = 0;
  private tiles = 0;
  /** The tile of the checked size at the level and index of the current rows. */
  private widest: TileRow | undefined;

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
  ) {}

  async accept({ first, entries }: EventStretch): Promise<void> {
    this.size = first + entries.length - 1;
  }

  async finish(): Promise<Conclusion> {
    let newer = 0;
    for await (const row of this.rows()) {
      const problem = this.problemOf(row);
      if (problem === 'newer') newer += 1;
      else if (problem === undefined) this.tiles += 1;
      else {
        const artefact = `log_tiles ${formatTilePath(row)}`;
        this.findings.add(storedFinding({ check: this.check, artefact, message: problem }));
      }
    }
    return {
      statement: `${this.tiles} tiles of this and of earlier sizes have the same hashes.`,
      ...(newer > 0 && { notChecked: `${newer} tiles were made while this check ran.` }),
    };
  }

  /** Level by level, and of each tile the widest row first. */
  private rows(): AsyncGenerator<TileRow> {
    return storedRows<TileRow>(this.pool, {
      text: `select level, index, width, bytes, (select size from log_head) as "logSize" from log_tiles
         where (level, index, -width) > ($1, $2, $3)
         order by level, index, -width`,
      before: [-1, 0, 0],
      keyOf: ({ level, index, width }) => [level, index, -width],
      rowsMax: ROWS_PER_READ,
    });
  }

  private problemOf(row: TileRow): string | 'newer' | undefined {
    const { level, index, width, bytes } = row;
    if (level < 0 || index < 0 || width < 1 || width > TILE_WIDTH) return 'No log has such a tile.';
    if (bytes.length !== width * HASH_BYTES) return `The tile has ${bytes.length} bytes, not ${width * HASH_BYTES}.`;
    const wanted = tileWidth(level, index, this.size);
    if (width > tileWidth(level, index, row.logSize)) return 'The log has no such tile.';
    if (width > wanted) return 'newer';
    // The walk over the log has checked this tile hash by hash.
    if (width === wanted) this.widest = row;
    else if (this.widest?.level !== level || this.widest.index !== index) return 'The tile of today is missing.';
    else if (!bytes.equals(this.widest.bytes.subarray(0, bytes.length)))
      return 'An earlier, shorter tile has other hashes.';
    return undefined;
  }
}
