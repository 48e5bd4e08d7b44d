import { hostStateCommittedBy } from '../compute/contribution.js';
import { facility, registered } from '../compute/facility.js';
import { ledgerCommand } from '../ledger/ledger-command.js';
import { OpenAccessCallDto } from './access-call.dto.js';
import { accessCall, openCall } from './access-call.js';

export const OpenAccessCall = ledgerCommand(
  {
    body: OpenAccessCallDto,
    refusals: ['call-dates-out-of-order', 'host-state-not-committed', 'host-state-unknown', 'unknown-facility'],
  },
  (tx, { body }) => {
    const id = tx.newId();
    tx.create(accessCall, id);
    const at = registered(tx.existing(facility, body.facilityId));
    tx.append(accessCall, id, openCall({ ...at, hostStateCommittedBy: (day) => hostStateCommittedBy(at, day) }, body));
  },
);
