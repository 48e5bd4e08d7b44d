import { ApiProperty, OmitType, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsDefined } from 'class-validator';
import { CALENDARS } from '../domain/business-days.js';
import { COMMITMENT_KINDS, IN_KIND_TREATMENTS } from '../domain/commitment-kinds.js';
import { FACILITY_KINDS, FACILITY_KINDS_BY_POLICY } from '../domain/facility-kinds.js';
import { MODES } from '../domain/access-modes.js';
import { CATEGORIES } from '../domain/categories.js';
import { FREE_REASONS } from '../domain/free-access.js';
import { AnswerDto } from '../http/answer.dto.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsInstantOrDate, IsOneOf, IsProse, Optional, REASON_LENGTH_MAX } from '../http/validation.js';
import {
  DECIDED_MAX,
  FACTOR_MAX,
  GRANT_MONTHS_MAX,
  NOTICE_DAYS_MAX,
  OPEN_MAX,
  POLICY_NAMES,
  PPM,
  STAFF_MAX,
  type PolicyName,
} from './policy-values.js';

const CHIP_HOURS = { type: 'integer' as const, format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };

/** The rules of a mode are optional, so that an object without a member is a value of this policy alone. */
const ACCESS_MODES = {
  type: 'object' as const,
  properties: Object.fromEntries(
    MODES.map((mode) => [
      mode,
      {
        type: 'object' as const,
        properties: {
          chipHoursMin: CHIP_HOURS,
          chipHoursMax: CHIP_HOURS,
          decision: {
            type: 'object' as const,
            properties: {
              workingDaysMax: { type: 'integer' as const, format: 'int64', minimum: 1, maximum: DECIDED_MAX },
              from: { type: 'string' as const, enum: ['submission', 'cut-off'] },
            },
            required: ['workingDaysMax', 'from'],
            additionalProperties: false,
          },
          months: {
            type: 'array' as const,
            items: { type: 'integer' as const, format: 'int64', minimum: 1, maximum: GRANT_MONTHS_MAX },
            minItems: 1,
            maxItems: GRANT_MONTHS_MAX,
          },
          audience: {
            type: 'array' as const,
            items: { type: 'string' as const, enum: [...CATEGORIES] },
            minItems: 1,
            maxItems: CATEGORIES.length,
          },
        },
        additionalProperties: false,
      },
    ]),
  ),
  additionalProperties: false,
};

const PPM_VALUE = { type: 'integer' as const, format: 'int64', minimum: 0, maximum: PPM };

/** The values of all policies; the policy decides which of them it takes. */
export const POLICY_VALUE = {
  type: Object,
  title: 'PolicyValue',
  oneOf: [
    {
      type: 'string',
      enum: [
        ...['committed', 'paid', 'required', 'not-required', 'all', 'eligible', 'decided'],
        ...IN_KIND_TREATMENTS,
        ...CALENDARS,
      ],
    },
    {
      type: 'array',
      items: {
        oneOf: [
          { type: 'string', pattern: '^[A-Z]{2}$', maxLength: 2 },
          { type: 'string', enum: [...FREE_REASONS] },
        ],
      },
      maxItems: 249,
    },
    {
      type: 'object',
      properties: { staffMax: { type: 'integer', format: 'int64', minimum: 1, maximum: STAFF_MAX } },
      required: ['staffMax'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: {
        decidedMin: { type: 'integer', format: 'int64', minimum: 1, maximum: DECIDED_MAX },
        flagBelow: { type: 'number', format: 'double', minimum: 0.000001, maximum: 1 },
      },
      required: ['decidedMin', 'flagBelow'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { max: { type: 'integer', format: 'int64', minimum: 1, maximum: OPEN_MAX } },
      required: ['max'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { businessDays: { type: 'integer', format: 'int64', minimum: 1, maximum: NOTICE_DAYS_MAX } },
      required: ['businessDays'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: Object.fromEntries(
        FACILITY_KINDS_BY_POLICY.map((kind) => [kind, { type: 'integer', format: 'int64', minimum: 1, maximum: 100 }]),
      ),
      minProperties: 1,
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: {
        kinds: { type: 'array', items: { type: 'string', enum: [...COMMITMENT_KINDS] }, minItems: 1, maxItems: 3 },
      },
      required: ['kinds'],
      additionalProperties: false,
    },
    ACCESS_MODES,
    {
      type: 'object',
      properties: {
        factors: {
          type: 'object',
          additionalProperties: { type: 'number', format: 'double', minimum: 0.001, maximum: FACTOR_MAX },
        },
      },
      required: ['factors'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: {
        sharesPpm: {
          type: 'object',
          properties: Object.fromEntries(FACILITY_KINDS.map((kind) => [kind, PPM_VALUE])),
          additionalProperties: false,
        },
      },
      required: ['sharesPpm'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { sharePpm: { ...PPM_VALUE, minimum: 1 } },
      required: ['sharePpm'],
      additionalProperties: false,
    },
  ],
} satisfies ApiPropertyOptions;

/** A new version of a policy of the Governing Board. */
export class AdoptPolicyDto {
  /**
   * Name of the policy.
   * @example 'entitlement-basis'
   */
  @IsOneOf(POLICY_NAMES, 'PolicyName')
  readonly policy: PolicyName;

  /**
   * Value of the policy. `entitlement-basis`: `"committed"` or `"paid"`. `associated-countries`: a list of third
   * countries. `scale-up-definition`: `{ staffMax }`. `impact-ratio-minimum`: `{ decidedMin, flagBelow }`.
   * `matching-basis`: `{ kinds }`, the kinds of contribution that count; without it `capex` and `access-time-purchase`.
   * `union-in-kind`: `"counted"` or `"not-counted"`; without it what the Union gives in kind counts. `union-share-maximum`:
   * percent by kind of facility, e.g. `{ "supercomputer": 50 }`. `capital-call-notice`: `{ businessDays }`, 10 without a policy.
   * `business-day-calendar`: `"brussels"` or `"luxembourg"`, Brussels without a policy. `signature-acceptance`: `"required"` or
   * `"not-required"`. `open-requests-per-partner`, `open-pledges-per-partner`: `{ max }`, 1,000 without a policy.
   * `demand-basis`: `"all"`, `"eligible"` or `"decided"`. `access-modes`: for each mode `{ chipHoursMin, chipHoursMax,
   * decision: { workingDaysMax, from }, months, audience }`, all of them optional.
   * `free-access-evidence`: a list of reasons for free access for which a grant must name its evidence.
   * `chip-equivalence`: `{ factors: { GB300: 1, H100: 0.25 } }`, unit-hours of a chip-hour. `commercial-share-maximum`:
   * `{ sharesPpm: { supercomputer: 200000 } }`. `donated-time-primary-share`: `{ sharePpm }`.
   * @example 'committed'
   */
  @IsDefined({ message: '$property must be given; see the description of each policy.' })
  @ApiProperty(POLICY_VALUE)
  readonly value: unknown;

  /**
   * Start of the version: an instant, or a date, which means its first instant (UTC). Not before the version in force.
   * @example '2026-03-01'
   */
  @IsInstantOrDate()
  readonly effectiveFrom: string;

  /**
   * Reason of the board's decision. It is published with every figure that depends on the policy.
   * @example 'Decision 12/2026 of the Governing Board'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly reason: string;
}

/** One version of a policy. */
export class PolicyVersionDto {
  @ApiProperty({ enum: [...POLICY_NAMES], enumName: 'PolicyName' })
  readonly policy: PolicyName;
  /**
   * Number of the version, counted from 1.
   * @example 1
   */
  readonly version: number;
  /**
   * Value as adopted. Its form depends on the policy.
   * @example 'committed'
   */
  @ApiProperty(POLICY_VALUE)
  readonly value: unknown;
  /** @example '2026-03-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly effectiveFrom: string;
  /** @example 'Decision 12/2026 of the Governing Board' */
  readonly reason: string;
  /** @example '2026-02-20T10:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly recordedAt: string;
}

/** Filters of the list of policies. */
export class ListPoliciesDto extends ListQueryDto {
  /** Only this policy. */
  @Optional()
  @IsOneOf(POLICY_NAMES, 'PolicyName')
  readonly policy?: PolicyName;

  @FromDay('versions that take effect')
  readonly from?: string;

  @ToDay('versions that take effect')
  readonly to?: string;
}

/** One page of policy versions. */
export class PolicyPageDto {
  @ApiProperty({ type: () => [PolicyVersionDto] })
  readonly data: PolicyVersionDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** The answer to the adoption of a policy. */
export class AdoptedPolicyDto extends OmitType(AnswerDto, ['id']) {
  /** Name of the policy. */
  @ApiProperty({ enum: POLICY_NAMES, enumName: 'PolicyName', example: 'entitlement-basis' })
  readonly id: PolicyName;

  /**
   * Number of the new version.
   * @example 1
   */
  readonly version: number;
}
