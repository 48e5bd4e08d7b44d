import { IdParams } from '../http/validation.js';
import { accessRequest, grantOf } from './access-request.js';
import { ledgerCommand } from '../ledger/ledger-command.js';
import { allocate, releaseAllocation } from './allocation.js';
import { OWN_FACILITY, ownFacility } from '../compute/own-facility.js';
import { AllocateDto, AllocationParams, ReleaseAllocationDto } from './allocation.dto.js';
import { facility } from '../compute/facility.js';

/** The recorded reason if the caller gave none. */
const GIVEN_BACK = 'given-back';

/**
 * Reads the grant as well: if the grant is revoked before the allocation is stored, the allocation is decided again.
 */
export const AllocateChips = ledgerCommand(
  {
    params: IdParams,
    body: AllocateDto,
    refusals: [
      ...OWN_FACILITY,
      'allocation-interval-out-of-order',
      'capacity-exceeded',
      'grant-for-another-facility',
      'grant-hours-exceeded',
      'grant-revoked',
      'not-granted',
      'outside-grant-period',
      'quota-cap-exceeded',
      'quota-floor-protected',
      'unknown-access-request',
      'unknown-chip-model',
    ],
  },
  (tx, { id, body }) => {
    const at = ownFacility(tx, id);
    const grant = grantOf(body.grantId, tx.existing(accessRequest, body.grantId));
    const allocationId = tx.newId('allocation');
    tx.append(facility, id, allocate(at, id, grant, { ...body, allocationId }));
    return { allocationId };
  },
);

export const ReleaseAllocation = ledgerCommand(
  {
    params: AllocationParams,
    body: ReleaseAllocationDto,
    refusals: [...OWN_FACILITY, 'allocation-already-over', 'allocation-already-released', 'unknown-allocation'],
  },
  (tx, { id, allocationId, body }) => {
    const released = releaseAllocation(ownFacility(tx, id), allocationId, body.at, body.reason ?? GIVEN_BACK);
    tx.append(facility, id, released);
    return { allocationId };
  },
);
