import type { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { within } from './deadline.js';
import { EngineUnusable } from './engine-unusable.js';
import { textOf } from './kurrent-errors.js';

/** For everything that is asked at the start: a cluster that has just been started elects its leader first. */
export const OPEN_MS_MAX = 15_000;

const APPEND_RECORDS = { path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendRecords' };
const APPEND_SESSION = { path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendSession' };

/** The client is loaded only where this engine is chosen: it brings a native library along. */
export const loadClient = () => import('@kurrent/kurrentdb-client');
export type Kurrent = Awaited<ReturnType<typeof loadClient>>;

/**
 * How expectations about streams that are only read are kept.
 *
 * - `checks`, from 26.1: `appendRecords` compares any number of streams, whether the append writes to them or not.
 * - `turns`, before: `multiStreamAppend` compares only streams that it writes to, and refuses a request without a record. So
 *   every append says which turn it expects to be the last, and whoever loses that race compares again. One ledger then
 *   takes one batch at a time, as it does on PostgreSQL.
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

/** What the client asks before it appends; its types keep the answer to itself, and there is no other way to the version. */
const capabilitiesOf = (client: KurrentDBClient): Promise<Capabilities> =>
  (client as unknown as { capabilities: Promise<Capabilities> }).capabilities;
