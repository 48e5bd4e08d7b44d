import { ledgerCommand } from '../ledger/ledger-command.js';
import { AdoptPolicyDto } from './policy.dto.js';
import { adoptPolicy, policy } from './policy.js';

export const AdoptPolicy = ledgerCommand(
  {
    body: AdoptPolicyDto,
    refusals: ['policy-before-latest', 'policy-value-invalid', 'stale-revision', 'too-many-policy-versions'],
  },
  (tx, { body }) => {
    // The name of a policy is the id of its stream, so the first adoption and later ones use the same stream.
    const events = adoptPolicy(tx.get(policy, body.policy), body, tx.now);
    tx.isAbout(policy, body.policy);
    tx.append(policy, body.policy, events);
    return { version: events[0].data.version };
  },
);
