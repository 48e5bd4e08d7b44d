import { IdParams } from '../http/validation.js';
import { accessRequest, grantOf } from './access-request.js';
import { ledgerCommand } from '../ledger/ledger-command.js';
import { allocate, assignPool, releaseAllocation } from './allocation.js';
import { OWN_FACILITY, ownFacility } from '../compute/own-facility.js';
import { AllocateDto, AllocationParams, AssignPoolDto, ReleaseAllocationDto } from './allocation.dto.js';
import { facility } from '../compute/facility.js';
import { hourPoliciesAt } from '../compute/pool-policies.js';

/** The recorded reason if the caller gave none. */
const GIVEN_BACK = 'given-back';

/** Refusals of `requirePoolHours`. */
const POOL_HOURS = [
  'chip-model-without-factor',
  'commercial-share-exceeded',
  'outside-entitlement-period',
  'pool-exceeded',
  'unknown-pool',
] as const;

/**
 * Reads the grant as well: if the grant is revoked before the allocation is stored, the allocation is decided again.
 */
export const AllocateChips = ledgerCommand(
  {
    params: IdParams,
    body: AllocateDto,
    refusals: [
      ...OWN_FACILITY,
      ...POOL_HOURS,
      'allocation-interval-out-of-order',
      'capacity-exceeded',
      'grant-for-another-facility',
      'grant-hours-exceeded',
      'grant-revoked',
      'grant-without-pool',
      'not-granted',
      'not-union-funded',
      'outside-grant-period',
      'pool-not-of-grant',
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
    // A facility without pools depends on no policy, and its allocations are decided again for none.
    const policies = at.hours.pools.isEmpty() ? {} : hourPoliciesAt(tx);
    tx.append(facility, id, allocate(at, id, grant, { ...body, allocationId }, policies));
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

export const AssignPool = ledgerCommand(
  {
    params: IdParams,
    body: AssignPoolDto,
    refusals: [...OWN_FACILITY, ...POOL_HOURS, 'allocation-has-pool', 'unknown-allocation'],
  },
  (tx, { id, body }) => {
    tx.append(facility, id, assignPool(ownFacility(tx, id), body, hourPoliciesAt(tx)));
    return { allocationId: body.allocationId };
  },
);
