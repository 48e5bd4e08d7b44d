import { ledgerCommand } from '../ledger/ledger-command.js';
import { AdoptPolicyDto } from './policy.dto.js';
import { adoptPolicy, policy } from './policy.js';

export const AdoptPolicy = ledgerCommand({ body: AdoptPolicyDto }, (tx, { body }) => {
  // Every policy is one stream under its own name, whether it was adopted before or not.
  const events = adoptPolicy(tx.get(policy, body.policy), body, tx.now);
  tx.subject(policy, body.policy);
  tx.append(policy, body.policy, events);
  return { version: events[0].data.version };
});
