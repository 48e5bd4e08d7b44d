import { policyInForce } from '../governance/policy.js';
import type { FacilityKind } from '../domain/facility-kinds.js';
import type { Transaction } from '../ledger/transaction.js';
import type { ENTITLEMENT_BASES } from './pool-events.js';

type PolicyReader = Pick<Transaction, 'get' | 'now'>;

/** The policy chip-equivalence in force: unit-hours that a chip-hour of each model counts. */
export interface ChipEquivalence {
  readonly version: number;
  readonly factors: Readonly<Record<string, number>>;
}

/** The policies that a booking of hours depends on. What was not adopted is undefined. */
export interface HourPolicies {
  readonly equivalence?: ChipEquivalence | undefined;
  /** The largest commercial part of the access time of the Union, by kind of facility, in parts per million. */
  readonly commercialSharesPpm?: Readonly<Partial<Record<FacilityKind, number>>> | undefined;
}

export function hourPoliciesAt(tx: PolicyReader): HourPolicies {
  const equivalence = policyInForce(tx, 'chip-equivalence', tx.now);
  const commercial = policyInForce(tx, 'commercial-share-maximum', tx.now);
  return {
    equivalence:
      equivalence === null ? undefined : { version: equivalence.version, factors: equivalence.value.factors },
    commercialSharesPpm: commercial?.value.sharesPpm,
  };
}

/** The policy entitlement-basis in force: which amounts the hours follow. */
export interface EntitlementPolicy {
  readonly version: number;
  readonly basis: (typeof ENTITLEMENT_BASES)[number];
}

export function entitlementPolicyAt(tx: PolicyReader): EntitlementPolicy | undefined {
  const inForce = policyInForce(tx, 'entitlement-basis', tx.now);
  return inForce === null ? undefined : { version: inForce.version, basis: inForce.value };
}
