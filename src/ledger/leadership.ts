import type { Pool, PoolClient } from 'pg';

/**
 * The server probes a silent leader after `SILENT_S`, then every `PROBE_S`, at most `PROBES` times. A machine that vanishes keeps its lock
 * for 25 s; with the defaults of Linux it would keep it for more than two hours.
 */
const SILENT_S = 10;
const PROBE_S = 5;
const PROBES = 3;
/** The same limit for data that is never acknowledged, during which the server sends no probes. */
const UNRECEIVED_MS = 25_000;

/** The session of a leader. */
export interface LeaderSession extends Pick<PoolClient, 'query' | 'release'> {
  /** Notified when the session is over, whether the server, the network or this program ended it. */
  once(event: 'end', listener: () => void): unknown;
}

/**
 * Opens a session that holds an advisory lock: its owner leads. The lock ends with the session. So the leader works in this session,
 * and ends it with `release(true)` when it stops leading.
 * @returns undefined while another session holds the lock
 */
export async function lead(pool: Pool, lock: number): Promise<PoolClient | undefined> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [lock]);
    if (rows[0]?.leads !== true) {
      client.release();
      return undefined;
    }
    // These settings hold for this session. They have no effect on a connection that is not TCP.
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
