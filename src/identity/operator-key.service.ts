import type { Pool } from 'pg';
import { PROGRAMME_ACTOR, type CommandContext } from '../ledger/command-context.js';
import { derivedId, randomId } from '../ledger/identifiers.js';
import type { Ledger } from '../ledger/ledger.js';
import { API_KEY_PATTERN, apiKey, isUsable, issueApiKey, makeApiKey, newSecret, revokeApiKey } from './api-key.js';
import { issuedKeys } from './issued-keys.queries.js';

/**
 * Id of the command that makes the first key. It is constant, so the command is executed once in the life of a ledger.
 */
const FIRST = derivedId('first operator key');

/** Makes the first operator key; undefined if the ledger already had one. */
export const firstOperatorKey = (ledger: Ledger): Promise<string | undefined> =>
  issue(ledger, FIRST, 'First operator key');

/** Makes a further operator key, for an operator who has access to the data of the service. */
export async function newOperatorKey(ledger: Ledger, name: string, expiresAt?: string): Promise<string> {
  const key = await issue(ledger, randomId(), name, expiresAt);
  if (key === undefined) throw new Error('A key of this id exists already.');
  return key;
}

/**
 * Revokes every operator key that can still be used, except one.
 * @param kept the key that stays valid
 * @returns the number of keys that were revoked
 */
export async function revokeOtherOperatorKeys(ledger: Ledger, pool: Pool, kept: string): Promise<number> {
  const keptId = API_KEY_PATTERN.exec(kept)?.[1];
  let revoked = 0;
  for (const id of await issuedKeys(pool)) {
    const { state } = await ledger.read(apiKey, id);
    if (id === keptId || state.status !== 'active' || !state.roles.includes('operator')) continue;
    if (!isUsable(state, Date.now())) continue;
    await ledger.execute(operatorContext(randomId()), (tx) =>
      tx.append(apiKey, id, revokeApiKey(tx.target(apiKey, id))),
    );
    revoked += 1;
  }
  return revoked;
}

async function issue(ledger: Ledger, commandId: string, name: string, expiresAt?: string): Promise<string | undefined> {
  let issued: string | undefined;
  const answer = await ledger.execute(operatorContext(commandId), (tx) => {
    const id = tx.newId();
    const { key, keyHash } = makeApiKey(id, newSecret());
    issued = key;
    tx.create(apiKey, id);
    tx.append(apiKey, id, issueApiKey({ name, roles: ['operator'], ...(expiresAt && { expiresAt }) }, keyHash, tx.now));
  });
  return answer.replayed ? undefined : issued;
}

const operatorContext = (commandId: string): CommandContext => ({
  principal: { actorId: PROGRAMME_ACTOR, roles: ['operator'] },
  role: 'operator',
  commandId,
  fingerprint: 'operator-key',
  correlationId: commandId,
});
