import type { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { within } from './deadline.js';
import { EngineUnusable } from './engine-unusable.js';
import { textOf } from './kurrent-errors.js';

/** Time for each request at the start: a cluster that has just been started elects its leader first. */
export const OPEN_MS_MAX = 15_000;

const APPEND_RECORDS = { path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendRecords' };
const APPEND_SESSION = { path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendSession' };

/** The client is loaded only for this engine, because it loads a native library. */
export const loadClient = () => import('@kurrent/kurrentdb-client');
export type Kurrent = Awaited<ReturnType<typeof loadClient>>;

/**
 * How an append compares the revisions of streams to which it does not write.
 *
 * - `checks`, from 26.1: `appendRecords` compares any number of streams, whether the append writes to them or not.
 * - `turns`, before: `multiStreamAppend` compares only streams to which it writes, and refuses a request without a record. So
 *   each append names the last turn that it expects, and a writer that loses this race compares again. A ledger then takes
 *   one batch at a time, as on PostgreSQL.
 *
 * Both write a turn with every batch, so that servers and instances may be upgraded one after the other.
 */
export type Protocol = 'checks' | 'turns';

/** @throws EngineUnusable if the server cannot be reached or is too old */
export async function featuresOf(
  kurrent: Kurrent,
  connectionString: string,
): Promise<{ protocol: Protocol; version: string }> {
  let client: KurrentDBClient | undefined;
  try {
    client = kurrent.KurrentDBClient.connectionString(connectionString);
    const { serverVersion: version, supports } = await within(OPEN_MS_MAX, capabilitiesOf(client));
    if (supports(APPEND_RECORDS)) return { protocol: 'checks', version };
    if (supports(APPEND_SESSION)) return { protocol: 'turns', version };
    throw new EngineUnusable(
      `The server is of version ${version}: the ledger appends to several streams at once, which needs KurrentDB 25.1 or newer.`,
    );
  } catch (error) {
    if (error instanceof EngineUnusable) throw error;
    throw new EngineUnusable(
      `KurrentDB cannot be reached (${textOf(error)}): check the hosts, tls and the user of EVENT_STORE_URL.`,
      { cause: error },
    );
  } finally {
    await client?.dispose().catch(() => undefined);
  }
}

interface Capabilities {
  readonly serverVersion: string;
  supports(method: { path: string }): boolean;
}

/** The request of the client before an append. Its types hide the answer, which is the only way to the version of the server. */
const capabilitiesOf = (client: KurrentDBClient): Promise<Capabilities> =>
  (client as unknown as { capabilities: Promise<Capabilities> }).capabilities;
