import { PROGRAMME_ACTOR, type CommandContext } from '../ledger/command-context.js';
import { derivedId, randomId } from '../ledger/identifiers.js';
import type { Ledger } from '../ledger/ledger.js';
import { apiKey, issueApiKey, makeApiKey, newSecret } from './api-key.js';

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

async function issue(ledger: Ledger, commandId: string, name: string, expiresAt?: string): Promise<string | undefined> {
  const context: CommandContext = {
    principal: { actorId: PROGRAMME_ACTOR, roles: ['operator'] },
    role: 'operator',
    commandId,
    fingerprint: 'operator-key',
    correlationId: commandId,
  };
  let issued: string | undefined;
  const answer = await ledger.execute(context, (tx) => {
    const id = tx.newId();
    const { key, keyHash } = makeApiKey(id, newSecret());
    issued = key;
    tx.create(apiKey, id);
    tx.append(apiKey, id, issueApiKey({ name, roles: ['operator'], ...(expiresAt && { expiresAt }) }, keyHash, tx.now));
  });
  return answer.replayed ? undefined : issued;
}
