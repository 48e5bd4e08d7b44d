import { MODES, type Mode } from '../domain/access-modes.js';
import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';

import { POLICY_NAMES, type PolicyName } from '../governance/policy-values.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import { IsId, IsInstantOrDate, IsOneOf, Optional } from '../http/validation.js';
import { REASONS } from './measures.js';
import type { Bound, PolicyLine } from './method-1/report-header.js';

/** Why figures are null, by their names. */
export const REASONS_SCHEMA: { type: 'object'; additionalProperties: { type: 'string'; enum: string[] } } = {
  type: 'object',
  additionalProperties: { type: 'string', enum: [...REASONS] },
};

/** Bound in the API document, for clients that allocate memory. A report has a line for each facility and month, or fund and layer: thousands at most. */
export const REPORT_LINES_MAX = 100_000;

/** At what point of the history a report is wanted; the present when nothing is given. */
export class AsOfDto extends ReadQueryDto {
  /**
   * The report as it stood after the last event that was recorded at or before this instant (a date: its first instant, UTC). Not
   * together with `asOfPosition`.
   * @example '2026-12-31'
   */
  @Optional()
  @IsInstantOrDate()
  readonly asOf?: string;

  /**
   * Only what had taken effect by this instant (a date: its first instant, UTC), as far as it is known at the position: what was recorded
   * late counts from its `effectiveAt`, everything else from when it was recorded. An instant after `asOf` leaves nothing out.
   * @example '2026-06-30'
   */
  @Optional()
  @IsInstantOrDate()
  readonly effectiveAt?: string;

  /** The report as it stood at this position of the history. The same position and method give the same bytes. */
  @Optional()
  @Matches(/^(0|[1-9][0-9]{0,14})$/, { message: 'asOfPosition must be a position: a whole number from 0.' })
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999, example: 42 })
  readonly asOfPosition?: string;
}

/** Which part of the access is reported. */
export class EqualAccessQueryDto extends AsOfDto {
  /**
   * Access to this facility only.
   * @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  /** Access in this mode only. */
  @Optional()
  @IsOneOf(MODES, 'AccessMode')
  readonly mode?: Mode;
}

/** Which part of the capacity is reported. */
export class CapacityQueryDto extends AsOfDto {
  /**
   * This facility only.
   * @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;
}

/** A policy that was in force where the report stands. */
export class PolicyLineDto implements PolicyLine {
  @ApiProperty({ enum: [...POLICY_NAMES], enumName: 'PolicyName' })
  readonly policy: PolicyName;
  /** @example 1 */
  readonly version: number;
  /** @example '2026-03-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly effectiveFrom: string;
  /**
   * As adopted; its shape depends on the policy.
   * @example { "decidedMin": 10, "flagBelow": 0.8 }
   */
  @ApiProperty({ type: Object })
  readonly value: PolicyLine['value'];
}

/** What every report says about itself. */
export class ReportHeaderDto implements Bound {
  /**
   * The position of the history that the report reflects.
   * @example 4217
   */
  readonly position: number;
  /**
   * Number of events in that history; the same as `position`.
   * @example 4217
   */
  @ApiProperty({ type: 'integer' })
  readonly treeSize: number;
  /**
   * Merkle root over exactly these events (RFC 9162), base64 as in a checkpoint of that size: proves which history was counted.
   * @example '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
   */
  @ApiProperty({ pattern: '^[A-Za-z0-9+/]{43}=$', maxLength: 44 })
  readonly root: string;
  /**
   * When the event at that position was recorded; null while nothing is.
   * @example '2026-03-01T09:30:00Z'
   */
  readonly asOf: string | null;
  /**
   * Only what had taken effect by then is counted; null when nothing is left out.
   * @example null
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly effectiveAt: string | null;
  /**
   * Version of what is counted and of every formula. Reports compare only under the same one.
   * @example '1.0'
   */
  @ApiProperty({ pattern: '^[0-9]+\\.[0-9]+$', maxLength: 10 })
  readonly methodVersion: string;
  /** True when any record that contributes is made up and marked so. */
  readonly illustrative: boolean;
  /** In force at `asOf`, in the order of their names. */
  @ApiProperty({ type: () => [PolicyLineDto], maxItems: POLICY_NAMES.length })
  readonly policies: PolicyLineDto[];
}
