import { createHash, randomUUID } from 'node:crypto';
import type { Pool, PoolClient, QueryConfig } from 'pg';
import { streamLine } from './publication-text.js';
import { commit } from '../../ledger/postgres/commit.js';

/** Length of a stored part. PostgreSQL allows longer values, but a value is held in memory as a whole. */
const PART_BYTES = 262_144;
/** Streams fetched at a time. */
const STREAMS_PER_FETCH = 10_000;
/** Time for the sums over all streams of a long history: a million events take some seconds. */
const INDEX_MS_MAX = 300_000;

export interface StoredText {
  /** Hex. */
  readonly sha256: string;
  readonly byteCount: number;
}

/** The SQL of published texts. A text is stored under its hash before an event names it, and never changes. */
export class PublicationTexts {
  constructor(private readonly pool: Pool) {}

  put(text: string): Promise<StoredText> {
    return this.store(() => [text]);
  }

  /** Makes and stores the completeness index of the history up to a position, in memory that does not grow with it. */
  async putStreams(position: number): Promise<StoredText & { readonly count: number }> {
    let count = 0;
    const stored = await this.store(async function* (client) {
      await client.query(`set local statement_timeout = ${INDEX_MS_MAX}`);
      await client.query({
        text: `declare extents no scroll cursor for
               select stream, count(*)::integer as count, max(revision) as last from events
               where position <= ${Number(position)} group by stream order by stream`,
      });
      for (;;) {
        const { rows } = await client.query<{ stream: string; count: number; last: number }>({
          text: `fetch ${STREAMS_PER_FETCH} from extents`,
          query_timeout: INDEX_MS_MAX,
        } as QueryConfig);
        if (rows.length === 0) return;
        for (const extent of rows) {
          if (extent.count !== extent.last + 1) throw new Error(`${extent.stream} has a gap before its last revision.`);
          yield streamLine({ stream: extent.stream, count: extent.count, lastRevision: extent.last });
        }
        count += rows.length;
      }
    });
    return { ...stored, count };
  }

  async has(sha256: string): Promise<boolean> {
    const { rows } = await this.pool.query('select from report_texts where sha256 = $1', [Buffer.from(sha256, 'hex')]);
    return rows.length > 0;
  }

  /**
   * The bytes of a text, part by part.
   * @throws Error at its end if they do not have the hash.
   */
  async *parts(sha256: string): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    for (let part = 0; ; part += 1) {
      const { rows } = await this.pool.query<{ bytes: Buffer }>(
        `select bytes from report_texts join report_text_parts using (text_id) where sha256 = $1 and part = $2`,
        [Buffer.from(sha256, 'hex'), part],
      );
      const [row] = rows;
      if (!row) break;
      hash.update(row.bytes);
      yield row.bytes;
    }
    const found = hash.digest('hex');
    if (found !== sha256) throw new TextChanged(sha256, found);
  }

  private async store(lines: (client: PoolClient) => AsyncIterable<string> | Iterable<string>): Promise<StoredText> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const textId = randomUUID();
      const hash = createHash('sha256');
      let byteCount = 0;
      let part = 0;
      for await (const bytes of inParts(lines(client))) {
        hash.update(bytes);
        byteCount += bytes.length;
        await client.query('insert into report_text_parts (text_id, part, bytes) values ($1, $2, $3)', [
          textId,
          part,
          bytes,
        ]);
        part += 1;
      }
      const digest = hash.digest();
      const { rowCount } = await client.query(
        'insert into report_texts (sha256, text_id, byte_count) values ($1, $2, $3) on conflict do nothing',
        [digest, textId, byteCount],
      );
      await (rowCount === 1 ? commit(client) : client.query('rollback'));
      client.release();
      return { sha256: digest.toString('hex'), byteCount };
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        (broken: Error) => client.release(broken),
      );
      throw error;
    }
  }
}

/** The stored bytes of a text are not the published bytes. */
export class TextChanged extends Error {
  constructor(
    readonly expected: string,
    readonly found: string,
  ) {
    super(`The stored text ${expected} has the hash ${found}: it was changed.`);
  }
}

async function* inParts(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let byteCount = 0;
  for await (const line of lines) {
    const bytes = Buffer.from(line);
    gathered.push(bytes);
    byteCount += bytes.length;
    if (byteCount < PART_BYTES) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    byteCount = 0;
  }
  if (byteCount > 0) yield Buffer.concat(gathered);
}
