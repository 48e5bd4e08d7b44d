import { ApiProperty, OmitType, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsDefined } from 'class-validator';
import { FACILITY_KINDS } from '../domain/facility-kinds.js';
import { COMMITMENT_KINDS } from '../domain/commitment-kinds.js';
import { AnswerDto } from '../http/answer.dto.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsInstantOrDate, IsOneOf, IsProse, Optional, REASON_LENGTH_MAX } from '../http/validation.js';
import { DECIDED_MAX, FACTOR_MAX, OPEN_MAX, POLICY_NAMES, PPM, STAFF_MAX, type PolicyName } from './policy-values.js';

const PPM_VALUE = { type: 'integer' as const, format: 'int64', minimum: 0, maximum: PPM };

/** The values of all policies; the policy decides which of them it takes. */
export const POLICY_VALUE = {
  type: Object,
  title: 'PolicyValue',
  oneOf: [
    { type: 'string', enum: ['committed', 'paid', 'required', 'not-required'] },
    { type: 'array', items: { type: 'string', pattern: '^[A-Z]{2}$', maxLength: 2 }, maxItems: 249 },
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
      properties: {
        kinds: { type: 'array', items: { type: 'string', enum: [...COMMITMENT_KINDS] }, minItems: 1, maxItems: 3 },
      },
      required: ['kinds'],
      additionalProperties: false,
    },
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
   * `matching-basis`: `{ kinds }`, the kinds of contribution that count. `signature-acceptance`: `"required"` or
   * `"not-required"`. `open-requests-per-partner`, `open-pledges-per-partner`: `{ max }`, 1,000 without a policy.
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
