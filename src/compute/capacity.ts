import { invalid, refuse, type Refusal } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import { firstBreach, installedOf } from './capacity-profile.js';
import { registered, type ChipModelState, type Facility } from './facility.js';
import type { CapacityFacts, FacilityEvent, QuotaFacts, QuotaPolicyAdopted } from './facility-events.js';
import { QUOTA_CLASSES } from './pool-events.js';
import { firstShortage, installedAtLeast, shortageFacts, sumOfFloors } from './quota.js';

/** Chip models in one facility. A machine room has a few, and each takes memory permanently. */
export const CHIP_MODELS_MAX = 100;
/** Policies for one chip model. The board decides a few in a year; every adoption copies their list. */
export const POLICIES_MAX = 1_000;

/** @throws Refusal `too-many-chip-models` (409). */
export function installCapacity(state: Facility, { chipModel, chips, effectiveFrom }: CapacityFacts): FacilityEvent[] {
  const { chipModels } = registered(state);
  if (!chipModels.has(chipModel) && chipModels.size >= CHIP_MODELS_MAX) {
    throw refuse('too-many-chip-models', `A facility holds at most ${CHIP_MODELS_MAX} models of chip.`, {
      chipModel,
      limit: CHIP_MODELS_MAX,
    });
  }
  return [{ type: 'capacity-installed', data: { chipModel, chips, effectiveFrom: canonical(effectiveFrom) } }];
}

/**
 * Retires chips from an instant on. The promised chips are the allocated chips, and the chips that floors keep for a
 * category beyond its allocations: a retirement must not break a floor without notice. So at every later instant
 * sum over categories of max(used, floor) <= installed - chips.
 * Then the sum of the floors also stays within the installed chips.
 * @throws Refusal `capacity-still-promised`, `unknown-chip-model` (409).
 */
export function retireCapacity(state: Facility, { chipModel, chips, effectiveFrom }: CapacityFacts): FacilityEvent[] {
  const { profile, policies } = chipModelOf(state, chipModel);
  const from = parseInstant(effectiveFrom);
  const shortage = firstShortage(profile, policies, { chips }, from, Infinity);
  if (shortage) {
    const at = formatInstant(shortage.instant);
    const facts = shortageFacts(shortage);
    const promised = facts.used + facts.protectedByFloors;
    throw refuse(
      'capacity-still-promised',
      `At ${at} ${promised} of ${facts.installed} chips are promised, so that ${chips} cannot be retired. Release ` +
        'allocations or lower the floors first, or retire fewer or later.',
      {
        rule: 'capacity',
        chipModel,
        at,
        requested: chips,
        available: Math.max(0, facts.installed - promised),
        ...facts,
      },
    );
  }
  return [{ type: 'capacity-retired', data: { chipModel, chips, effectiveFrom: canonical(effectiveFrom) } }];
}

/**
 * Adopts floors and caps for one chip model. A floor may exceed the chips that are free at the time: it then fills as
 * chips become free. Allocations above a new cap stay unchanged.
 * @throws Refusal `floor-above-cap` (422); `unknown-chip-model`, `quota-policy-out-of-order`, `floors-exceed-capacity`,
 * `too-many-quota-policies` (409).
 */
export function adoptQuotaPolicy(state: Facility, input: Omit<QuotaFacts, 'version'>): [QuotaPolicyAdopted] {
  const { chipModel, floors, caps, reason } = input;
  const { profile, policies } = chipModelOf(state, chipModel);
  requireFloorsBelowCaps(input);
  requireNextInOrder(policies, input);
  const needed = sumOfFloors(floors);
  const breach = firstBreach(profile, installedAtLeast(needed), parseInstant(input.effectiveFrom), Infinity);
  if (breach) {
    const at = formatInstant(breach.instant);
    const installed = installedOf(breach.levels);
    throw refuse(
      'floors-exceed-capacity',
      `The floors add up to ${needed} chips, but only ${installed} are installed at ${at}. Lower them or install first.`,
      { rule: 'quota-floor', chipModel, at, requested: needed, installed },
    );
  }
  const data = {
    chipModel,
    version: policies.length + 1,
    floors,
    caps,
    effectiveFrom: canonical(input.effectiveFrom),
    reason,
  };
  return [{ type: 'quota-policy-adopted', data }];
}

function requireFloorsBelowCaps({ floors, caps }: Pick<QuotaFacts, 'floors' | 'caps'>): void {
  for (const category of QUOTA_CLASSES) {
    const floor = floors[category] ?? 0;
    const cap = caps[category] ?? Infinity;
    if (floor <= cap) continue;
    throw invalid(
      'floor-above-cap',
      `/floors/${category}`,
      `The floor of ${floor} chips for ${category} is above its cap of ${cap}. Lower the floor or raise the cap.`,
      { category, floor, cap },
    );
  }
}

function requireNextInOrder(policies: ChipModelState['policies'], { chipModel, effectiveFrom }: CapacityPoint): void {
  const latest = policies.at(-1);
  if (!latest) return;
  if (parseInstant(effectiveFrom) < latest.effectiveFrom) {
    const latestFrom = formatInstant(latest.effectiveFrom);
    throw refuse(
      'quota-policy-out-of-order',
      `Version ${latest.version} takes effect at ${latestFrom}; the next one cannot take effect before it.`,
      {
        chipModel,
        effectiveFrom: canonical(effectiveFrom),
        latestVersion: latest.version,
        latestEffectiveFrom: latestFrom,
      },
    );
  }
  if (policies.length >= POLICIES_MAX) {
    throw refuse('too-many-quota-policies', `There are ${POLICIES_MAX} quota policies for ${chipModel} already.`, {
      chipModel,
      limit: POLICIES_MAX,
    });
  }
}

type CapacityPoint = Pick<QuotaFacts, 'chipModel' | 'effectiveFrom'>;

/** @throws Refusal `unknown-chip-model` (409) if this model was never installed here. */
export function chipModelOf(state: Facility, chipModel: string): ChipModelState {
  const { chipModels } = registered(state);
  const model = chipModels.get(chipModel);
  if (!model) throw unknownChipModel(chipModel, [...chipModels.keys()].sort());
  return model;
}

function unknownChipModel(chipModel: string, known: readonly string[]): Refusal {
  const hint = known.length > 0 ? `It has ${known.join(', ')}.` : 'Install capacity first.';
  return refuse('unknown-chip-model', `The facility never had chips of the model ${chipModel}. ${hint}`, {
    rule: 'capacity',
    chipModel,
    known,
  });
}

/** Canonical text of an instant or a date, so that equal instants are recorded as equal text. */
const canonical = (instant: string): string => formatInstant(parseInstant(instant));
