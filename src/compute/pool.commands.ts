import { IdParams } from '../http/validation.js';
import { ledgerCommand } from '../ledger/ledger-command.js';
import type { Transaction } from '../ledger/transaction.js';
import { partner, type LegalForm } from '../partners/partner.js';
import { setEntitlement } from './entitlement.js';
import { facility, registered, type RegisteredFacility } from './facility.js';
import { OWN_FACILITY, ownFacility } from './own-facility.js';
import { definePool, startOperations } from './pool.decisions.js';
import {
  DefinePoolDto,
  DonateTimeDto,
  SetEntitlementDto,
  SetPreferentialAccessDto,
  StartOperationsDto,
  TransferOwnershipDto,
} from './pool.dto.js';
import { entitlementPolicyAt } from './pool-policies.js';
import { setPreferentialAccess } from './preferential-access.js';
import { donateTime, transferOwnership } from './union-time.js';

export const StartOperations = ledgerCommand(
  {
    params: IdParams,
    body: StartOperationsDto,
    refusals: [...OWN_FACILITY, 'operations-started-already', 'date-in-future'],
  },
  (tx, { id, body }) => {
    tx.append(facility, id, startOperations(ownFacility(tx, id), body, tx.now));
  },
);

export const DefinePool = ledgerCommand(
  {
    params: IdParams,
    body: DefinePoolDto,
    refusals: [
      ...OWN_FACILITY,
      'pool-basis-mismatch',
      'pool-defined-already',
      'pool-owner-mismatch',
      'too-many-pools',
      'unknown-partner',
    ],
  },
  (tx, { id, body }) => {
    const at = ownFacility(tx, id);
    const poolId = tx.newId('pool');
    tx.append(facility, id, definePool(at, { poolId, ...body }, legalFormOf(tx, body.partnerId)));
    return { poolId };
  },
);

export const SetEntitlement = ledgerCommand(
  {
    params: IdParams,
    body: SetEntitlementDto,
    refusals: [
      ...OWN_FACILITY,
      'contribution-without-pool',
      'contributions-exceed-capex',
      'entitlement-basis-missing',
      'entitlement-basis-paid',
      'entitlement-below-use',
      'entitlement-period-out-of-order',
      'entitlement-period-overlaps',
      'entitlement-without-capex',
      'preferential-share-too-small',
      'rest-without-pool',
      'too-many-periods',
    ],
  },
  (tx, { id, body }) => {
    const [set] = setEntitlement(ownFacility(tx, id), body, entitlementPolicyAt(tx));
    tx.append(facility, id, [set]);
    return { lines: set.data.lines };
  },
);

export const DonateTime = ledgerCommand(
  {
    params: IdParams,
    body: DonateTimeDto,
    refusals: [
      ...OWN_FACILITY,
      'donation-exceeds-pool',
      'donation-interval-out-of-order',
      'donor-not-a-state',
      'outside-donation-period',
      'pool-not-of-union',
      'unknown-pool',
    ],
  },
  (tx, { id, body }) => {
    tx.append(facility, id, donateTime(facilityOfDonor(tx, id, body.fromPoolId), body));
  },
);

export const TransferOwnership = ledgerCommand(
  {
    params: IdParams,
    body: TransferOwnershipDto,
    refusals: [
      ...OWN_FACILITY,
      'no-entitlement-period',
      'operations-not-started',
      'ownership-too-early',
      'ownership-transferred-already',
      'pool-not-of-union',
      'residual-exceeds-capex',
      'unknown-pool',
    ],
  },
  (tx, { id, body }) => {
    const [transferred] = transferOwnership(ownFacility(tx, id), body);
    tx.append(facility, id, [transferred]);
    return { unitHours: transferred.data.unitHours };
  },
);

export const SetPreferentialAccess = ledgerCommand(
  {
    params: IdParams,
    body: SetPreferentialAccessDto,
    refusals: [
      ...OWN_FACILITY,
      'no-entitlement-period',
      'preferential-hours-exceeded',
      'preferential-share-too-small',
      'unknown-partner',
    ],
  },
  (tx, { id, body }) => {
    const at = ownFacility(tx, id);
    tx.existing(partner, body.partnerId);
    const [set] = setPreferentialAccess(at, body);
    tx.append(facility, id, [set]);
    return { sharePpm: set.data.sharePpm };
  },
);

/**
 * The facility, for the state whose pool gives the hours. A credential that is bound to a partner gives its own hours only; an unknown
 * pool is nobody's, so that such a credential learns nothing about the pools of others.
 */
function facilityOfDonor(tx: Transaction, id: string, poolId: string): RegisteredFacility {
  const { hours } = registered(tx.existing(facility, id));
  tx.requireOwn(hours.pools.get(poolId)?.partnerId);
  return registered(tx.target(facility, id));
}

function legalFormOf(tx: Transaction, partnerId: string | undefined): LegalForm | undefined {
  if (partnerId === undefined) return undefined;
  const state = tx.existing(partner, partnerId);
  return state.status === 'absent' ? undefined : state.profile.legalForm;
}
