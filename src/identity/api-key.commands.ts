import { IdParams } from '../http/validation.js';
import { EmptyBodyDto } from '../http/empty-body.dto.js';
import { ledgerCommand, preparedLedgerCommand } from '../ledger/ledger-command.js';
import { partner } from '../partners/partner.js';
import { IssueApiKeyDto } from './api-key.dto.js';
import { apiKey, issueApiKey, makeApiKey, newSecret, revokeApiKey } from './api-key.js';

/**
 * The secret is made before the decision, because the decision may run more than once. Only the first answer contains
 * it; its hash is recorded.
 */
export const IssueApiKey = preparedLedgerCommand(
  { body: IssueApiKeyDto, refusals: ['expired', 'partner-required', 'roles-not-for-a-partner', 'unknown-partner'] },
  (_none, { body }) => {
    const secret = newSecret();
    return {
      decide: (tx) => {
        const id = tx.newId();
        tx.create(apiKey, id);
        if (body.partnerId !== undefined) tx.existing(partner, body.partnerId);
        tx.append(apiKey, id, issueApiKey(body, makeApiKey(id, secret).keyHash, tx.now));
      },
      finish: (answer) => ({ ...answer, key: answer.replayed ? null : makeApiKey(answer.id, secret).key }),
    };
  },
);

export const RevokeApiKey = ledgerCommand(
  { params: IdParams, body: EmptyBodyDto, refusals: ['api-key-revoked', 'stale-revision', 'unknown-api-key'] },
  (tx, { id }) => {
    tx.append(apiKey, id, revokeApiKey(tx.target(apiKey, id)));
  },
);
