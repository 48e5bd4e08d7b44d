import { randomUUID } from 'node:crypto';
import { ApiFailure, problemText, type ApiClient } from '../client/api-client.js';
import { formatInstant, MS_PER_DAY } from '../ledger/time.js';
import type { Sender } from './command-list.js';

/** Keys of the demo expire after this time: every start makes its own, and nobody has to revoke them. */
const KEY_DAYS = 1;

/** A key for each hand that the programme needs, because nobody decides on what they asked for. */
export type DemoKeys = Readonly<Record<Sender, string>>;

/** When keys that are made now expire. */
export const keysExpireAt = (): string => formatInstant(Date.now() + KEY_DAYS * MS_PER_DAY);

/**
 * Issues the keys of the panel and of the board with the key of the operator. A replayed answer does not show a key again, so every
 * start issues its own.
 * @throws ApiFailure if the ledger refuses
 */
export async function demoKeys(api: ApiClient, operatorKey: string): Promise<DemoKeys> {
  const run = randomUUID();
  const issue = async (role: 'panel' | 'board'): Promise<string> => {
    const answer = await api.command({
      path: '/v1/api-keys',
      key: operatorKey,
      idempotencyKey: `demo-key:${run}:${role}`,
      body: { name: `Demo: ${role}`, roles: [role], expiresAt: keysExpireAt() },
    });
    const { key } = answer.body;
    if (typeof key !== 'string') throw new ApiFailure(`No ${role} key was issued: ${problemText(answer)}`);
    return key;
  };
  const [panel, board] = await Promise.all([issue('panel'), issue('board')]);
  return { operator: operatorKey, panel, board };
}
