import type { Pool, PoolClient } from 'pg';
import { rowsAfter, type BatchVerifier, type StoredRow } from './batch-checks.queries.js';
import { HASH_BYTES } from '../tlog/merkle.js';
import type { HashTile, TileAddress } from '../tlog/tile.js';
import { commit } from '../ledger/postgres/commit.js';

export interface LogHead {
  readonly size: number;
  /** Null before the first leaf. */
  readonly root: Buffer | null;
  /** The last signed checkpoint; null before the first. */
  readonly note: string | null;
  /** Why nothing is signed; null while nothing is known against it. */
  readonly hold: string | null;
}

export interface SignedHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** The SQL of the transparency log: its head, checkpoints, tiles and entries. */
export class LogStore {
  constructor(private readonly pool: Pool) {}

  async head(): Promise<LogHead> {
    const { rows } = await this.pool.query<LogHead>('select size, root, note, hold from log_head');
    const [head] = rows;
    if (!head) throw new Error('The log has lost its head row.');
    return head;
  }

  /** Stops the signing, on all instances and after a restart; null: allows it again. */
  async hold(reason: string | null): Promise<void> {
    await this.pool.query('update log_head set hold = $1 where hold is distinct from $1', [reason]);
  }

  /** The checkpoint of exactly this size, if one was signed. */
  async checkpointOf(size: number): Promise<string | undefined> {
    const { rows } = await this.pool.query<{ note: string }>('select note from log_checkpoints where size = $1', [
      size,
    ]);
    return rows[0]?.note;
  }

  /** The tile. If a part was asked for and is not stored any more: the full tile. */
  async tile({ level, index, width }: TileAddress): Promise<Uint8Array | undefined> {
    const { rows } = await this.pool.query<{ bytes: Buffer }>({
      name: 'log-tile',
      text: `select bytes from log_tiles where level = $1 and index = $2 and width in ($3, 256) order by width limit 1`,
      values: [level, index, width],
    });
    return rows[0]?.bytes;
  }

  /** The first hashes of a tile, read from any stored width: every wider tile begins with the same hashes. */
  async tilePart({ level, index, width }: TileAddress): Promise<Uint8Array | undefined> {
    const { rows } = await this.pool.query<{ bytes: Buffer }>({
      name: 'log-tile-part',
      text: `select bytes from log_tiles where level = $1 and index = $2 and width >= $3 order by width limit 1`,
      values: [level, index, width],
    });
    return rows[0]?.bytes.subarray(0, width * HASH_BYTES);
  }

  /** Entries `[from, to)`, counted from 0: the stored bytes of the events. */
  async entries(from: number, to: number): Promise<Buffer[]> {
    const { rows } = await this.pool.query<{ envelope: string }>({
      name: 'log-entries',
      text: 'select envelope from events where position > $1 and position <= $2 order by position',
      values: [from, to],
    });
    return rows.map(({ envelope }) => Buffer.from(envelope));
  }

  /**
   * Runs `work` as the only writer, in one transaction. Returns false, without running it, while another writer works.
   * When `work` throws, all its changes are undone.
   */
  async asWriter(work: (writer: LogTransaction, head: LogHead) => Promise<void>): Promise<boolean> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query<LogHead>(
        'select size, root, note, hold from log_head for update skip locked',
      );
      const [head] = rows;
      if (head) await work(new LogTransaction(client), head);
      await commit(client);
      client.release();
      return head !== undefined;
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        (broken: Error) => client.release(broken),
      );
      throw error;
    }
  }
}

/** The queries of the only writer, in one transaction. */
export class LogTransaction {
  constructor(private readonly client: PoolClient) {}

  async entriesAfter(size: number, limit: number): Promise<Buffer[]> {
    const { rows } = await this.client.query<{ position: number; envelope: string }>({
      name: 'log-entries-after',
      text: 'select position, envelope from events where position > $1 order by position limit $2',
      values: [size, limit],
    });
    requireNoGap(rows, size);
    return rows.map(({ envelope }) => Buffer.from(envelope));
  }

  /** The events with all their columns, to verify and to sign. */
  async eventsAfter(size: number, limit: number): Promise<readonly StoredRow[]> {
    const rows = await rowsAfter(this.client, size, limit);
    requireNoGap(rows, size);
    return rows;
  }

  /** @throws Error unless the service recorded these events as they are */
  async verify(verifier: BatchVerifier, events: readonly StoredRow[]): Promise<void> {
    await verifier.require(this.client, events);
  }

  async tiles(addresses: readonly TileAddress[]): Promise<HashTile[]> {
    const { rows } = await this.client.query<TileAddress & { bytes: Buffer }>(
      `select t.level, t.index, t.width, t.bytes from log_tiles t
       join unnest($1::smallint[], $2::bigint[], $3::smallint[]) as x (level, index, width) using (level, index, width)`,
      [addresses.map(({ level }) => level), addresses.map(({ index }) => index), addresses.map(({ width }) => width)],
    );
    return rows.map(({ level, index, width, bytes }) => ({ address: { level, index, width }, bytes }));
  }

  async putTiles(tiles: readonly HashTile[]): Promise<void> {
    await this.client.query(
      `insert into log_tiles (level, index, width, bytes)
       select * from unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::bytea[]) on conflict do nothing`,
      [
        tiles.map(({ address }) => address.level),
        tiles.map(({ address }) => address.index),
        tiles.map(({ address }) => address.width),
        tiles.map(({ bytes }) => Buffer.from(bytes)),
      ],
    );
  }

  async advance({ size, root, note }: SignedHead): Promise<void> {
    await this.client.query('update log_head set size = $1, root = $2, note = $3', [size, Buffer.from(root), note]);
    await this.client.query('insert into log_checkpoints (size, root, note) values ($1, $2, $3)', [
      size,
      Buffer.from(root),
      note,
    ]);
  }
}

function requireNoGap(rows: readonly { readonly position: number }[], after: number): void {
  for (const [at, { position }] of rows.entries()) {
    if (position !== after + at + 1) throw new Error(`The events have a gap before position ${position}.`);
  }
}
