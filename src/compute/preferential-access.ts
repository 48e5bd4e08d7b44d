import { refuse } from '../ledger/refusal.js';
import { parseInstant } from '../ledger/time.js';
import { registered, type Facility, type RegisteredFacility } from './facility.js';
import type { FacilityFact } from './facility-events.js';
import { periodFacts, requirePeriod } from './hour-booking.js';
import { PREFERENCE_CLAUSE } from './pool-events.js';

/** GBER 26(4): preferential access is for those who financed at least this part of the investment costs. */
const SHARE_PERCENT_MIN = 10n;
const PPM = 1_000_000n;

export interface PreferenceInput {
  readonly partnerId: string;
  /** An instant of the period that the hours are for. */
  readonly periodFrom: string;
  readonly unitHours: number;
  /** Where the conditions are published. */
  readonly conditionsRef: string;
}

/**
 * States that a partner has preferential access in a period: it financed at least 10 % of the investment costs, and its hours
 * are at most in proportion (GBER 26(4)). It is a register and gives no hours: those of a private pool are its line of the
 * entitlement.
 * @throws Refusal `no-entitlement-period`, `preferential-share-too-small`, `preferential-hours-exceeded` (409).
 */
export function setPreferentialAccess(
  state: Facility,
  input: PreferenceInput,
): [FacilityFact<'preferential-access-set'>] {
  const current = registered(state);
  const { partnerId, unitHours, conditionsRef } = input;
  const from = parseInstant(input.periodFrom);
  const period = requirePeriod(current, from);
  const capexMinor = current.capexMinor ?? 0n;
  const contributionMinor = requirePreferentialShare(current, partnerId, capexMinor);
  const most = (contributionMinor * period.availableUnitHours) / capexMinor;
  if (BigInt(unitHours) > most) {
    throw refuse(
      'preferential-hours-exceeded',
      `Preferential access to ${unitHours} unit-hours is more than the partner financed: at most ${most} of ${period.availableUnitHours} are in proportion.`,
      {
        clause: PREFERENCE_CLAUSE,
        unitHours,
        maximumUnitHours: Number(most),
        contributionMinor: contributionMinor.toString(),
        capexMinor: capexMinor.toString(),
      },
    );
  }
  const data = {
    partnerId,
    ...periodFacts(period),
    contributionMinor: contributionMinor.toString(),
    capexMinor: capexMinor.toString(),
    sharePpm: Number((contributionMinor * PPM) / capexMinor),
    unitHours,
    conditionsRef,
  };
  return [{ type: 'preferential-access-set', data, legalBasis: PREFERENCE_CLAUSE }];
}

/**
 * The financial contribution of a partner, if it is at least 10 % of the CAPEX.
 * @throws Refusal `preferential-share-too-small` (409).
 */
export function requirePreferentialShare({ hours }: RegisteredFacility, partnerId: string, capexMinor: bigint): bigint {
  const contributionMinor = hours.financing.get(partnerId)?.minorByKind.capex ?? 0n;
  if (contributionMinor * 100n >= SHARE_PERCENT_MIN * capexMinor) return contributionMinor;
  throw refuse(
    'preferential-share-too-small',
    `The partner financed ${contributionMinor} of ${capexMinor} minor units; preferential access needs at least ${SHARE_PERCENT_MIN} %.`,
    {
      clause: PREFERENCE_CLAUSE,
      partnerId,
      contributionMinor: contributionMinor.toString(),
      capexMinor: capexMinor.toString(),
    },
  );
}
