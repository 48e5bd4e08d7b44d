import { IdParams } from '../http/validation.js';
import { OWN_FACILITY, ownFacility } from './own-facility.js';
import { ledgerCommand } from '../ledger/ledger-command.js';
import type { Transaction } from '../ledger/transaction.js';
import { partner, type PartnerRegistered } from '../partners/partner.js';
import { adoptQuotaPolicy, installCapacity, retireCapacity } from './capacity.js';
import { AdoptQuotaPolicyDto, ChangeCapacityDto, RegisterFacilityDto } from './facility.dto.js';
import { registerFacility } from './facility.decisions.js';
import { facility } from './facility.js';

export const RegisterFacility = ledgerCommand(
  {
    body: RegisterFacilityDto,
    refusals: ['capex-missing', 'currency-missing', 'host-not-a-state', 'host-of-another-territory', 'unknown-partner'],
  },
  (tx, { body }) => {
    const id = tx.newId();
    tx.create(facility, id);
    if (body.operatorPartnerId !== undefined) tx.existing(partner, body.operatorPartnerId);
    tx.append(facility, id, registerFacility(body, profileOf(tx, body.hostStatePartnerId)));
  },
);

export const InstallCapacity = ledgerCommand(
  { params: IdParams, body: ChangeCapacityDto, refusals: [...OWN_FACILITY, 'too-many-chip-models'] },
  (tx, { id, body }) => {
    tx.append(facility, id, installCapacity(ownFacility(tx, id), body));
  },
);

export const RetireCapacity = ledgerCommand(
  {
    params: IdParams,
    body: ChangeCapacityDto,
    refusals: [...OWN_FACILITY, 'capacity-still-promised', 'unknown-chip-model'],
  },
  (tx, { id, body }) => {
    tx.append(facility, id, retireCapacity(ownFacility(tx, id), body));
  },
);

export const AdoptQuotaPolicy = ledgerCommand(
  {
    params: IdParams,
    body: AdoptQuotaPolicyDto,
    refusals: [
      ...OWN_FACILITY,
      'floor-above-cap',
      'floors-exceed-capacity',
      'quota-policy-out-of-order',
      'too-many-quota-policies',
      'unknown-chip-model',
    ],
  },
  (tx, { id, body }) => {
    const [adopted] = adoptQuotaPolicy(ownFacility(tx, id), body);
    tx.append(facility, id, [adopted]);
    return { version: adopted.data.version };
  },
);

function profileOf(tx: Transaction, partnerId: string | undefined): PartnerRegistered['data'] | undefined {
  if (partnerId === undefined) return undefined;
  const state = tx.existing(partner, partnerId);
  return state.status === 'absent' ? undefined : state.profile;
}
