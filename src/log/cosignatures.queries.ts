import type { Pool, PoolClient } from 'pg';
import { commit } from '../ledger/postgres/commit.js';

/** Why a witness does not cosign; `ok` while it does. */
export type WitnessState = 'ok' | 'down' | 'refusing' | 'fork';

export interface WitnessRow {
  /** Verifier key. */
  readonly witness: string;
  /** Last size that it is known to have cosigned. */
  readonly size: number;
  readonly state: WitnessState;
  readonly failure: string | null;
}

/** The right to submit one checkpoint to one witness. It ends with the outcome, or after its time. */
export interface Claim {
  readonly size: number;
  readonly note: string;
  /** Size that the witness is believed to have cosigned last. */
  readonly knownSize: number;
  /** Number of submissions since the last cosignature. */
  readonly failures: number;
}

export interface CheckpointRow {
  readonly size: number;
  readonly note: string;
  readonly cosignatures: readonly { readonly witness: string; readonly line: string }[];
}

/** When the next checkpoint is submitted to the witnesses. */
export interface RoundRule {
  /** Verifier keys of the witnesses. */
  readonly witnesses: readonly string[];
  /** Shortest time after the checkpoint before. */
  readonly paceMs: number;
  /** Longest time after the checkpoint before, even if cosignatures are missing. */
  readonly roundMsMax: number;
}

/** The SQL of cosignatures: the submitted checkpoints, the answers of the witnesses, and the checkpoints that are served. */
export class CosignatureStore {
  constructor(private readonly pool: Pool) {}

  async register(witness: string): Promise<void> {
    await this.pool.query('insert into log_witnesses (witness) values ($1) on conflict do nothing', [witness]);
  }

  async witnesses(witnesses: readonly string[]): Promise<readonly WitnessRow[]> {
    const { rows } = await this.pool.query<WitnessRow>(
      'select witness, size, state, failure from log_witnesses where witness = any($1)',
      [witnesses],
    );
    return rows;
  }

  /**
   * Chooses the newest checkpoint for submission, once the checkpoint before has its quorum, or the cosignatures of all witnesses that
   * are not failing, or has had its time.
   */
  async nextRound({ witnesses, paceMs, roundMsMax }: RoundRule): Promise<void> {
    await this.pool.query({
      name: 'log-next-round',
      text: `
        update log_round r set size = h.size, chosen_at = clock_timestamp()
        from log_head h
        where h.note is not null and h.size > r.size
          and r.chosen_at <= clock_timestamp() - make_interval(secs => $2)
          and (
            r.chosen_at <= clock_timestamp() - make_interval(secs => $3)
            or exists (select from log_checkpoints c where c.size = r.size and c.witnessed)
            or not exists (
              select from log_witnesses w
              where w.witness = any($1) and w.failures = 0
                and not exists (select from log_cosignatures s where s.size = r.size and s.witness = w.witness)
            )
          )`,
      values: [witnesses, paceMs / 1_000, roundMsMax / 1_000],
    });
  }

  /** Undefined when there is nothing to submit to this witness now, or another instance has the claim. */
  async claim(witness: string, leaseMs: number): Promise<Claim | undefined> {
    const { rows } = await this.pool.query<Claim>({
      name: 'log-claim-witness',
      text: `
        update log_witnesses w set claimed_until = clock_timestamp() + make_interval(secs => $2)
        from log_round r join log_checkpoints c on c.size = r.size
        where w.witness = $1 and w.claimed_until <= clock_timestamp()
          and not exists (select from log_cosignatures s where s.size = r.size and s.witness = w.witness)
        returning c.size, c.note, w.size as "knownSize", w.failures`,
      values: [witness, leaseMs / 1_000],
    });
    return rows[0];
  }

  async release(witness: string): Promise<void> {
    await this.pool.query('update log_witnesses set claimed_until = clock_timestamp() where witness = $1', [witness]);
  }

  /**
   * Stores the last cosigned size as the witness reports it. Changes nothing when the size has changed since it was read, because the
   * later size is newer.
   */
  async correctSize(witness: string, from: number, to: number): Promise<void> {
    await this.pool.query('update log_witnesses set size = $3 where witness = $1 and size = $2', [witness, from, to]);
  }

  async fail(witness: string, state: WitnessState, failure: string, waitMs: number): Promise<void> {
    await this.pool.query(
      `update log_witnesses set failures = failures + 1, state = $2, failure = $3,
         claimed_until = clock_timestamp() + make_interval(secs => $4) where witness = $1`,
      [witness, state, failure, waitMs / 1_000],
    );
  }

  /**
   * Stores a cosignature of a claimed checkpoint, and whether the checkpoint is witnessed now.
   * @param isWitnessed decides this by the verifier keys of all witnesses that have cosigned the checkpoint
   */
  async cosigned(
    witness: string,
    { size, knownSize }: Claim,
    line: string,
    isWitnessed: (witnesses: readonly string[]) => boolean,
  ): Promise<void> {
    await this.transaction(async (client) => {
      // The lock keeps two concurrent cosignatures from missing each other: nobody would notice the quorum of both.
      await client.query('select from log_checkpoints where size = $1 for no key update', [size]);
      await client.query(
        'insert into log_cosignatures (size, witness, line) values ($1, $2, $3) on conflict do nothing',
        [size, witness, line],
      );
      const { rows } = await client.query<{ witness: string }>('select witness from log_cosignatures where size = $1', [
        size,
      ]);
      if (isWitnessed(rows.map((row) => row.witness))) {
        await client.query('update log_checkpoints set witnessed = true where size = $1 and not witnessed', [size]);
      }
      await client.query(
        `update log_witnesses set size = case when size = $2 then $3 else size end, state = 'ok', failures = 0,
           failure = null, claimed_until = clock_timestamp() where witness = $1`,
        [witness, knownSize, size],
      );
    });
  }

  /** The newest signed checkpoint. */
  async newest(witnesses: readonly string[]): Promise<CheckpointRow | undefined> {
    const [newest] = await this.checkpoints('log-newest', witnesses, 'c.size = (select h.size from log_head h)', 1);
    return newest;
  }

  /** The newest checkpoint of at least `size` that one of the witnesses has cosigned. */
  async newestCosigned(witnesses: readonly string[], size: number): Promise<CheckpointRow | undefined> {
    const [newest] = await this.checkpoints(
      'log-newest-cosigned',
      witnesses,
      `c.size = (
        select s.size from log_cosignatures s where s.witness = any($1) and s.size >= $3 order by s.size desc limit 1
      )`,
      1,
      size,
    );
    return newest;
  }

  /** The checkpoints that had their quorum when their last cosignature was stored, newest first. */
  async newestWitnessed(witnesses: readonly string[], limit: number): Promise<readonly CheckpointRow[]> {
    return this.checkpoints('log-newest-witnessed', witnesses, 'c.witnessed', limit);
  }

  /** @param name of the prepared statement: planning takes longer than executing. */
  private async checkpoints(
    name: string,
    witnesses: readonly string[],
    condition: string,
    limit: number,
    ...values: readonly number[]
  ): Promise<readonly CheckpointRow[]> {
    const { rows } = await this.pool.query<CheckpointRow>({
      name,
      text: `select c.size, c.note, coalesce(s.cosignatures, '[]') as cosignatures
             from log_checkpoints c left join lateral (
               select json_agg(json_build_object('witness', s.witness, 'line', s.line)) as cosignatures
               from log_cosignatures s where s.size = c.size and s.witness = any($1)
             ) s on true
             where ${condition} order by c.size desc limit $2`,
      values: [witnesses, limit, ...values],
    });
    return rows;
  }

  private async transaction(work: (client: PoolClient) => Promise<void>): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      await work(client);
      await commit(client);
      client.release();
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        (broken: Error) => client.release(broken),
      );
      throw error;
    }
  }
}
