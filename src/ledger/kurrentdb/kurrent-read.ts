import type {
  AllStreamResolvedEvent,
  AllStreamSubscription,
  ResolvedEvent,
  StreamSubscription,
} from '@kurrent/kurrentdb-client';
import { within } from './deadline.js';
import { UnreadableLog, type ReadRecord } from './record.js';

/** Subscriptions have no deadline in the client. */
const READ_MS_MAX = 5_000;

/** @throws UnreadableLog for a record that no ledger writes */
export function readRecord(resolved: ResolvedEvent | AllStreamResolvedEvent): ReadRecord {
  const { event } = resolved;
  if (!event) throw new UnreadableLog('There is a link to a record that is gone.');
  const { streamId: stream, revision, id, type, data } = event;
  const position = 'position' in event ? event.position : undefined;
  if (!(data instanceof Uint8Array)) throw new UnreadableLog(`${stream}@${revision} was not written by a ledger.`);
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
  const { commit, prepare } = position ?? { commit: 0n, prepare: 0n };
  return { stream, revision: Number(revision), id, type, text, commit, prepare };
}

type Subscription = StreamSubscription | AllStreamSubscription;

/** The records of a subscription until the server reports that it has caught up; at most `atMost`. */
export async function untilCaughtUp(subscription: Subscription, atMost: number): Promise<readonly ReadRecord[]> {
  const records: ReadRecord[] = [];
  const caughtUp = new Promise<void>((resolve, reject) => {
    subscription.on('error', reject);
    subscription.on('end', () => reject(new Error('The server ended the subscription.')));
    subscription.on('caughtUp', () => setImmediate(resolve));
    subscription.on('data', (resolved: ResolvedEvent) => {
      try {
        records.push(readRecord(resolved));
      } catch (error) {
        reject(error as Error);
      }
      if (records.length >= atMost) resolve();
    });
  });
  try {
    await within(READ_MS_MAX, caughtUp);
    return records;
  } finally {
    await within(READ_MS_MAX, subscription.unsubscribe()).catch(() => undefined);
    subscription.on('error', () => undefined);
    subscription.destroy();
  }
}
