import { CALENDARS } from '../domain/business-days.js';
import { COMMITMENT_KINDS, IN_KIND_TREATMENTS, type CommitmentKind } from '../domain/commitment-kinds.js';
import { FACILITY_KINDS, FACILITY_KINDS_BY_POLICY } from '../domain/facility-kinds.js';
import { MODES } from '../domain/access-modes.js';
import { CATEGORIES } from '../domain/categories.js';
import { FREE_REASONS, type FreeReason } from '../domain/free-access.js';
import { invalid, type Refusal } from '../ledger/refusal.js';
import { misfitOf } from '../ledger/schema-check.js';
import {
  above0,
  list,
  mapOf,
  object,
  oneOf,
  optional,
  some,
  whole,
  type Schema,
  type ValueOf,
} from '../ledger/schema.js';
import { country, isCountry } from '../domain/countries.js';
import { isMemberState } from '../domain/member-states.js';
import { isPlainObject } from '../http/body/plain-json.js';

/** A chip that counts as more units than this is a typing error. */
export const FACTOR_MAX = 1_000;
const MODEL_LENGTH_MAX = 100;
/** A machine room has a few models of chip. */
const FACTORS_MAX = 100;
export const PPM = 1_000_000;

/** The policies, and the schemas of their values as events record them. */
export const POLICY_VALUES = {
  'entitlement-basis': oneOf(
    ['committed', 'paid'],
    'Art. 12b(13): whether access time follows the committed or the paid amount.',
  ),
  'associated-countries': list(
    country(),
    'Art. 12b(15)(a): third countries associated to one of the programmes, ISO 3166-1 alpha-2, sorted.',
  ),
  'scale-up-definition': object(
    { staffMax: whole(undefined, 1) },
    'No law defines a scale-up. The policy states the maximum of staff (InvestEU Art. 2(22) has 499 for a small mid-cap).',
  ),
  'impact-ratio-minimum': object(
    { decidedMin: whole(undefined, 1), flagBelow: above0(1) },
    'An impact ratio is judged only from `decidedMin` decided requests on, and flagged below `flagBelow`.',
  ),
  'matching-basis': object(
    { kinds: list(oneOf(COMMITMENT_KINDS)) },
    'Art. 12b(5): which contributions of the Participating States count as a match of the Union.',
  ),
  'union-in-kind': oneOf(
    IN_KIND_TREATMENTS,
    'Art. 12b(5): whether what the Union gives in kind is a part of its contribution, for the ceiling and for the match.',
  ),
  'union-share-maximum': some(
    FACILITY_KINDS_BY_POLICY,
    whole(undefined, 1),
    'Percent of the CAPEX of a facility of the kind that the Union may pay. Art. 12b(5) has the 17 % of an AI gigafactory.',
  ),
  'capital-call-notice': object(
    { businessDays: whole(undefined, 1) },
    'Business days between the issue of a capital call and the day on which it is due.',
  ),
  'business-day-calendar': oneOf(
    CALENDARS,
    'The place of the institutions whose public holidays are no business days, for capital calls.',
  ),
  'signature-acceptance': oneOf(
    ['required', 'not-required'],
    'Whether the operator must accept a pledge before the partner itself may sign it or raise what it has signed.',
  ),
  'open-requests-per-partner': object(
    { max: whole(undefined, 1) },
    'How many access requests of one partner may wait for a decision before its own key may submit no further one.',
  ),
  'open-pledges-per-partner': object(
    { max: whole(undefined, 1) },
    'How many pledges of one partner may be unsigned before its own key may make no further one.',
  ),
  'access-modes': some(
    MODES,
    object({
      chipHoursMin: optional(whole('The least that a request asks for.', 1)),
      chipHoursMax: optional(whole('The most that a request asks for.', 1)),
      decision: optional(
        object(
          { workingDaysMax: whole(undefined, 1), from: oneOf(['submission', 'cut-off']) },
          'How long a decision takes at most, counted from the submission or from the last day of the call.',
        ),
      ),
      months: optional(list(whole(undefined, 1), 'For how many months a grant is valid.')),
      audience: optional(list(oneOf(CATEGORIES), 'The categories that may ask.')),
    }),
    'The rules of each mode of access. The law names no such numbers; a mode without an entry, and an entry without a member, has no rule.',
  ),
  'demand-basis': oneOf(
    ['all', 'eligible', 'decided'],
    'Art. 12b(16): which requests are the demand with which shares are compared. Every basis is shown; this one makes the headline.',
  ),
  'free-access-evidence': list(
    oneOf(FREE_REASONS),
    'Art. 12b(15)(b): the reasons for free access for which a grant must name its evidence, sorted.',
  ),
  'chip-equivalence': object(
    { factors: mapOf(above0(FACTOR_MAX)) },
    'Unit-hours that a chip-hour of each model counts, with at most three decimals.',
  ),
  'commercial-share-maximum': object(
    { sharesPpm: some(FACILITY_KINDS, whole()) },
    'Arts. 17, 18: the largest part of the access time of the Union for commercial use, by kind of facility, in parts per million.',
  ),
  'donated-time-primary-share': object(
    { sharePpm: whole(undefined, 1) },
    'Art. 12b(10): donated time is used primarily for start-ups and SMEs above this share, in parts per million.',
  ),
} as const satisfies Readonly<Record<string, Schema<unknown>>>;
export type PolicyName = keyof typeof POLICY_VALUES;
export type PolicyValues = { readonly [Name in PolicyName]: ValueOf<(typeof POLICY_VALUES)[Name]> };

/** A policy with a value of its type. */
export type NamedValue = {
  readonly [Name in PolicyName]: { readonly policy: Name; readonly value: PolicyValues[Name] };
}[PolicyName];

export const POLICY_NAMES = Object.keys(POLICY_VALUES) as readonly PolicyName[];

/** More staff than any employer has. A larger number is a typing error. */
export const STAFF_MAX = 10_000_000;
export const DECIDED_MAX = 1_000_000;
/** Open records of a partner are counted for each command of its key, so their number is bounded. */
export const OPEN_MAX = 10_000;
/** A year of notice. No agreement asks for more. */
export const NOTICE_DAYS_MAX = 250;

/**
 * Reads a value strictly: exactly its fields, and sorted lists without duplicates, so that equal policies have equal
 * bytes.
 * @throws Refusal `policy-value-invalid` (422) that states the valid form of this policy's value.
 */
export function readPolicyValue(policy: PolicyName, value: unknown): NamedValue {
  switch (policy) {
    case 'entitlement-basis':
      if (value !== 'committed' && value !== 'paid') throw mismatch(policy, '"committed" or "paid"');
      return { policy, value };
    case 'union-in-kind':
      return { policy, value: readWord(policy, value, IN_KIND_TREATMENTS) };
    case 'business-day-calendar':
      return { policy, value: readWord(policy, value, CALENDARS) };
    case 'union-share-maximum':
      return { policy, value: readUnionShares(value) };
    case 'capital-call-notice': {
      const businessDays = fieldsOf(value, ['businessDays'])?.businessDays;
      if (isWholeUpTo(businessDays, NOTICE_DAYS_MAX)) return { policy, value: { businessDays } };
      throw mismatch(policy, `{ "businessDays": a whole number from 1 to ${NOTICE_DAYS_MAX} }`);
    }
    case 'signature-acceptance':
      if (value !== 'required' && value !== 'not-required') throw mismatch(policy, '"required" or "not-required"');
      return { policy, value };
    case 'associated-countries':
      return { policy, value: readAssociatedCountries(value) };
    case 'scale-up-definition': {
      const fields = fieldsOf(value, ['staffMax']);
      if (!isWholeUpTo(fields?.staffMax, STAFF_MAX)) throw mismatch(policy, '{ "staffMax": a whole number from 1 }');
      return { policy, value: { staffMax: fields.staffMax } };
    }
    case 'open-requests-per-partner':
    case 'open-pledges-per-partner': {
      const max = fieldsOf(value, ['max'])?.max;
      if (!isWholeUpTo(max, OPEN_MAX)) throw mismatch(policy, `{ "max": a whole number from 1 to ${OPEN_MAX} }`);
      return { policy, value: { max } };
    }
    case 'impact-ratio-minimum':
      return { policy, value: readImpactRatioMinimum(value) };
    case 'access-modes':
      return { policy, value: readAccessModes(value) };
    case 'demand-basis':
      if (value !== 'all' && value !== 'eligible' && value !== 'decided')
        throw mismatch(policy, '"all", "eligible" or "decided"');
      return { policy, value };
    case 'free-access-evidence': {
      if (!isSet(value) || !value.every(isFreeReason)) {
        throw mismatch(policy, `a list of some of ${FREE_REASONS.join(', ')}, each once`);
      }
      return { policy, value: value.toSorted() };
    }
    case 'matching-basis': {
      const kinds = fieldsOf(value, ['kinds'])?.kinds;
      if (!isSet(kinds) || kinds.length === 0 || !kinds.every(isCommitmentKind)) {
        throw mismatch(policy, `{ "kinds": some of ${COMMITMENT_KINDS.join(', ')}, each once }`);
      }
      return { policy, value: { kinds: kinds.toSorted() } };
    }
    case 'chip-equivalence': {
      const factors = fieldsOf(value, ['factors'])?.factors;
      if (!isNumbersBy(factors, isModel, isFactor) || !hasEntries(factors, FACTORS_MAX)) {
        throw mismatch(
          policy,
          `{ "factors": 1 to ${FACTORS_MAX} chip models, each with a number above 0 and up to ${FACTOR_MAX} that has at most three decimals }`,
        );
      }
      return { policy, value: { factors } };
    }
    case 'commercial-share-maximum': {
      const sharesPpm = fieldsOf(value, ['sharesPpm'])?.sharesPpm;
      if (!isNumbersBy(sharesPpm, isFacilityKind, isPpm) || !hasEntries(sharesPpm, FACILITY_KINDS.length)) {
        throw mismatch(
          policy,
          `{ "sharesPpm": some of ${FACILITY_KINDS.join(', ')}, each with parts per million from 0 to ${PPM} }`,
        );
      }
      return { policy, value: { sharesPpm } };
    }
    case 'donated-time-primary-share': {
      const sharePpm = fieldsOf(value, ['sharePpm'])?.sharePpm;
      if (!isWholeUpTo(sharePpm, PPM)) throw mismatch(policy, `{ "sharePpm": parts per million from 1 to ${PPM} }`);
      return { policy, value: { sharePpm } };
    }
  }
}

function readAssociatedCountries(value: unknown): readonly string[] {
  const isThirdCountry = (code: unknown): code is string =>
    typeof code === 'string' && isCountry(code) && !isMemberState(code);
  if (isSet(value) && value.every(isThirdCountry)) return value.toSorted();
  throw mismatch(
    'associated-countries',
    'a list of ISO 3166-1 alpha-2 codes of third countries, each once; Member States are eligible without it',
  );
}

function readWord<const Word extends string>(policy: PolicyName, value: unknown, words: readonly Word[]): Word {
  const word = words.find((each) => each === value);
  if (word === undefined) throw mismatch(policy, words.map((each) => `"${each}"`).join(' or '));
  return word;
}

function readUnionShares(value: unknown): PolicyValues['union-share-maximum'] {
  const kinds = FACILITY_KINDS_BY_POLICY.filter((kind) => isPlainObject(value) && Object.hasOwn(value, kind));
  const shares = fieldsOf(value, kinds);
  if (kinds.length > 0 && shares !== undefined && kinds.every((kind) => isWholeUpTo(shares[kind], 100))) {
    return shares as PolicyValues['union-share-maximum'];
  }
  throw mismatch(
    'union-share-maximum',
    `{ one or more of ${FACILITY_KINDS_BY_POLICY.join(', ')}: percent, a whole number from 1 to 100 }`,
  );
}

function readImpactRatioMinimum(value: unknown): PolicyValues['impact-ratio-minimum'] {
  const fields = fieldsOf(value, ['decidedMin', 'flagBelow']);
  const flagBelow = fields?.flagBelow;
  if (
    isWholeUpTo(fields?.decidedMin, DECIDED_MAX) &&
    typeof flagBelow === 'number' &&
    flagBelow > 0 &&
    flagBelow <= 1
  ) {
    return { decidedMin: fields.decidedMin, flagBelow };
  }
  throw mismatch(
    'impact-ratio-minimum',
    '{ "decidedMin": a whole number from 1, "flagBelow": a number above 0 and up to 1 }',
  );
}

/** A grant for longer than ten years is a typing error. */
export const GRANT_MONTHS_MAX = 120;

function readAccessModes(value: unknown): PolicyValues['access-modes'] {
  const demand =
    'an object with some of the modes, each { "chipHoursMin", "chipHoursMax", "decision": { "workingDaysMax", "from": "submission" or "cut-off" }, ' +
    `"months": numbers from 1 to ${GRANT_MONTHS_MAX}, "audience": categories }; each member may be left out, no list is empty or names something twice, and ` +
    'chipHoursMin is at most chipHoursMax';
  if (!isPlainObject(value) || misfitOf(POLICY_VALUES['access-modes'], value)) throw mismatch('access-modes', demand);
  const modes = value as PolicyValues['access-modes'];
  const entries = Object.entries(modes).map(([mode, rules]) => {
    const { months, audience, chipHoursMin = 1, chipHoursMax = Infinity } = rules;
    const lists: (readonly unknown[] | undefined)[] = [months, audience];
    const areSets = lists.every((each) => each === undefined || (isSet(each) && each.length > 0));
    if (!areSets || chipHoursMin > chipHoursMax || months?.some((month) => month > GRANT_MONTHS_MAX))
      throw mismatch('access-modes', demand);
    const sorted = {
      ...(months && { months: months.toSorted((one, other) => one - other) }),
      ...(audience && { audience: audience.toSorted() }),
    };
    return [mode, { ...rules, ...sorted }];
  });
  return Object.fromEntries(entries);
}

/** The object if it has exactly these fields, else undefined. */
function fieldsOf<Name extends string>(value: unknown, names: readonly Name[]): Record<Name, unknown> | undefined {
  if (!isPlainObject(value)) return undefined;
  const isExact = Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
  return isExact ? (value as Record<Name, unknown>) : undefined;
}

const isSet = (value: unknown): value is unknown[] => Array.isArray(value) && new Set(value).size === value.length;

const isWholeUpTo = (value: unknown, max: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= max;

/** An object of own members whose names and numbers are right. */
const isNumbersBy = (
  value: unknown,
  isName: (name: string) => boolean,
  isNumber: (value: unknown) => boolean,
): value is Readonly<Record<string, number>> =>
  isPlainObject(value) && Object.entries(value).every(([name, number]) => isName(name) && isNumber(number));

const hasEntries = (value: object, max: number): boolean => {
  const { length } = Object.keys(value);
  return length > 0 && length <= max;
};
const isModel = (name: string): boolean =>
  name.length <= MODEL_LENGTH_MAX &&
  /^[\p{L}\p{N}\p{P}\p{S}]([\p{L}\p{N}\p{P}\p{S} ]*[\p{L}\p{N}\p{P}\p{S}])?$/u.test(name);
/** Three decimals: accounts count thousandths. */
const isFactor = (value: unknown): boolean =>
  typeof value === 'number' && value > 0 && value <= FACTOR_MAX && Number(value.toFixed(3)) === value;
const isPpm = (value: unknown): boolean => value === 0 || isWholeUpTo(value, PPM);
const isFacilityKind = (name: string): boolean => FACILITY_KINDS.some((each) => each === name);

const isCommitmentKind = (kind: unknown): kind is CommitmentKind => COMMITMENT_KINDS.some((each) => each === kind);

const isFreeReason = (reason: unknown): reason is FreeReason => FREE_REASONS.some((each) => each === reason);

const mismatch = (policy: PolicyName, demand: string): Refusal =>
  invalid('policy-value-invalid', '/value', `The value of ${policy} must be ${demand}.`, { policy });
