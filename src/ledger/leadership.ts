import type { Pool, PoolClient } from 'pg';

/**
 * The server asks a leader that has been silent that long, then again at this interval, so many times: a machine that has
 * vanished without a word keeps its lock for 25 s, where the default of Linux is more than two hours.
 */
const SILENT_S = 10;
const PROBE_S = 5;
const PROBES = 3;
/** The same for an answer that is never received, which holds back those questions. */
const UNRECEIVED_MS = 25_000;

/** What whoever leads does with the session. */
export interface LeaderSession extends Pick<PoolClient, 'query' | 'release'> {
  /** The session is over, whoever ended it. */
  once(event: 'end', listener: () => void): unknown;
}

/**
 * A session that holds an advisory lock: whoever has it leads. The lock goes with the session, so the leader works through that
 * very session and ends it, `release(true)`, when it leads no more.
 * @returns undefined while the session of somebody else holds it
 */
export async function lead(pool: Pool, lock: number): Promise<PoolClient | undefined> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [lock]);
    if (rows[0]?.leads !== true) {
      client.release();
      return undefined;
    }
    // Of this session alone; without meaning, and without harm, where it is no TCP.
    await client.query(
      `set tcp_keepalives_idle = ${SILENT_S}; set tcp_keepalives_interval = ${PROBE_S};
       set tcp_keepalives_count = ${PROBES}; set tcp_user_timeout = ${UNRECEIVED_MS}`,
    );
    return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
}
