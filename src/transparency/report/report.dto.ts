import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { MODES, type Mode } from '../../domain/access-modes.js';
import { POINT_IN_TIME_LENGTH_MAX, POINT_IN_TIME_PATTERN } from '../../domain/points-in-time.js';
import { POLICY_VALUE } from '../../governance/policy.dto.js';
import { POLICY_NAMES, type PolicyName } from '../../governance/policy-values.js';
import { TableQueryDto } from '../../http/list-query.dto.js';
import { IsId, IsOneOf, IsPointInTime, Optional } from '../../http/validation.js';
import { REASONS } from '../measures/measures.js';
import type { Bound, PolicyLine } from '../method-1/report-header.js';
import type { ReportHeader } from '../method-2/report-header.js';
import type { FigurePeriod } from '../report-method.js';

/** Why figures are null, by their names. */
export const REASONS_SCHEMA: {
  type: 'object';
  additionalProperties: { title: string; type: 'string'; enum: string[] };
} = {
  type: 'object',
  additionalProperties: { title: 'NoFigureReason', type: 'string', enum: [...REASONS] },
};

/** Bound in the API document, for clients that allocate memory. A report has a line for each facility and month, or fund and layer: thousands at most. */
export const REPORT_LINES_MAX = 100_000;

/** What belongs to a period. */
export const PERIOD_BASES = ['recorded', 'effective'] as const;
export type PeriodBasis = (typeof PERIOD_BASES)[number];

export const POOL_SCOPE = /^(union|all|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** The point of the history of a report; the present when no member is given. */
export class AsOfDto extends TableQueryDto {
  /**
   * The report as of the last event that was recorded by then: an instant with `Z` or an offset, a date, or a month. A date and a month
   * stand for the whole of it in UTC: `2026-06-30` is the state at the end of 30 June. The answer repeats the instant in `Ledger-As-Of`.
   * A day that is not over yet gives what is recorded so far, one that has not begun is refused. Not together with `asOfPosition`.
   * @example '2026-06-30'
   */
  @Optional()
  @IsPointInTime()
  readonly asOf?: string;

  /**
   * Counts only the events that had taken effect by then, among the events up to the position: written like `asOf`, and a date is the
   * whole day here too. An event that was recorded late counts from its `effectiveAt`, every other event from its `recordedAt`. An
   * instant after `asOf` leaves nothing out.
   * @example '2026-06-30'
   */
  @Optional()
  @IsPointInTime()
  readonly effectiveAt?: string;

  /**
   * The report as of this position of the history. The same position and `method` make the same bytes of JSON for ever: the header
   * `Content-Location` of every report gives this address.
   */
  @Optional()
  @Matches(/^(0|[1-9][0-9]{0,14})$/, { message: 'asOfPosition must be a position: a whole number from 0.' })
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999, example: 42 })
  readonly asOfPosition?: string;

  /**
   * Version of the method; the current one when left out.
   * @example '2.0'
   */
  @Optional()
  @Matches(/^[0-9]{1,4}\.[0-9]{1,4}$/, { message: 'method must be a version such as 2.0.' })
  @ApiProperty({ type: 'string', pattern: '^[0-9]{1,4}\\.[0-9]{1,4}$', maxLength: 9 })
  readonly method?: string;
}

/** The point of the history of a report, and the period of its figures. */
export class PeriodDto extends AsOfDto {
  /**
   * Begin of the period of the figures: a date, a month or an instant, together with `periodTo`. The figures are then those of what
   * happened in the period, and not sums from the first event on; figures of the end stand in members of their own.
   * @example '2026-01-01'
   */
  @Optional()
  @IsPointInTime()
  readonly periodFrom?: string;

  /**
   * End of the period: a date and a month stand for the whole of it. It takes the place of `asOf`: the report reflects the events that
   * were recorded by then, or up to `asOfPosition`.
   * @example '2026-06-30'
   */
  @Optional()
  @IsPointInTime()
  readonly periodTo?: string;

  /**
   * What belongs to a period: what was `recorded` in it, so that consecutive periods leave nothing out, or what took effect in it
   * (`effective`), as far as it is recorded by now or up to `asOfPosition`.
   */
  @Optional()
  @IsOneOf(PERIOD_BASES, 'PeriodBasis')
  readonly periodBasis?: PeriodBasis;
}

/** Which part of the access is reported. */
export class EqualAccessQueryDto extends PeriodDto {
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

  /**
   * Whose access time: `union`, `all`, or the id of the partner whose time it is. When left out, that of the Union where there are access
   * pools, and else everybody's.
   * @example 'union'
   */
  @Optional()
  @Matches(POOL_SCOPE, { message: 'pool must be union, all, or the id of a partner.' })
  @ApiProperty({ type: 'string', pattern: POOL_SCOPE.source, maxLength: 36 })
  readonly pool?: string;
}

/** Which part of the capacity is reported. */
export class CapacityQueryDto extends PeriodDto {
  /**
   * This facility only.
   * @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;
}

/** A policy that was in force at the point of the report. */
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
  @ApiProperty(POLICY_VALUE)
  readonly value: PolicyLine['value'];
}

/** The period of the figures of a report. */
export class FigurePeriodDto implements FigurePeriod {
  /**
   * As it was asked for.
   * @example '2026-01-01'
   */
  @ApiProperty({ type: 'string', pattern: POINT_IN_TIME_PATTERN, maxLength: POINT_IN_TIME_LENGTH_MAX })
  readonly periodFrom: string;
  /** @example '2026-06-30' */
  @ApiProperty({ type: 'string', pattern: POINT_IN_TIME_PATTERN, maxLength: POINT_IN_TIME_LENGTH_MAX })
  readonly periodTo: string;
  /**
   * Position before the period: the figures are of the events after it. For a period of effective time it is the position of the report.
   * @example 812
   */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
  readonly fromPosition: number;
}

/** Members of every report. */
export class ReportHeaderDto implements Bound<ReportHeader> {
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
   * When the event at that position was recorded; null before the first event.
   * @example '2026-03-01T09:30:00Z'
   */
  readonly asOf: string | null;
  /**
   * Only events that had taken effect by this instant count; null when no event is left out.
   * @example null
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly effectiveAt: string | null;
  /**
   * Version of the method: the events that count, and every formula. Only reports of the same version can be compared.
   * @example '2.0'
   */
  @ApiProperty({ pattern: '^[0-9]+\\.[0-9]+$', maxLength: 10 })
  readonly methodVersion: string;
  /** True when any record that contributes is made up and marked so. */
  readonly illustrative: boolean;
  /** The period of the figures; null when they are sums from the first event on. */
  @ApiProperty({ type: () => FigurePeriodDto, nullable: true })
  readonly period: FigurePeriodDto | null;
  /** In force at `asOf`, in the order of their names: those that a figure or a decision reads. */
  @ApiProperty({ type: () => [PolicyLineDto], maxItems: POLICY_NAMES.length })
  readonly policies: PolicyLineDto[];
}
