import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { MODES, type Mode } from '../../domain/access-modes.js';
import { TableQueryDto } from '../../http/list-query.dto.js';
import { IsId, IsOneOf, Optional } from '../../http/validation.js';
import { CapacityReportDto } from '../report/capacity-report.dto.js';
import { CapitalReportDto } from '../report/capital-report.dto.js';
import { EqualAccessReportDto } from '../report/equal-access-report.dto.js';
import { POOL_SCOPE } from '../report/report.dto.js';

/** Ten years of months. */
export const SERIES_POINTS_MAX = 120;
export const SERIES_INTERVALS = ['month'] as const;

const MONTH = /^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])$/;
const MONTH_SCHEMA = { type: 'string', pattern: MONTH.source, maxLength: 7 } as const;

/** The months of a series: at most 120. */
export class SeriesQueryDto extends TableQueryDto {
  /**
   * First month, UTC; when left out, eleven months before the last one.
   * @example '2026-01'
   */
  @Optional()
  @Matches(MONTH, { message: 'from must be a month such as 2026-01.' })
  @ApiProperty(MONTH_SCHEMA)
  readonly from?: string;

  /**
   * Last month; when left out, the current one. Months that have not begun are left out.
   * @example '2026-06'
   */
  @Optional()
  @Matches(MONTH, { message: 'to must be a month such as 2026-06.' })
  @ApiProperty(MONTH_SCHEMA)
  readonly to?: string;

  /** Length of the periods. */
  @Optional()
  @IsOneOf(SERIES_INTERVALS, 'SeriesInterval')
  readonly interval?: (typeof SERIES_INTERVALS)[number];
}

/** The months of a series about one facility, or all. */
export class CapacitySeriesQueryDto extends SeriesQueryDto {
  /**
   * This facility only.
   * @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;
}

/** The months of a series, and the part of the access that it is about. */
export class EqualAccessSeriesQueryDto extends CapacitySeriesQueryDto {
  /** Access in this mode only. */
  @Optional()
  @IsOneOf(MODES, 'AccessMode')
  readonly mode?: Mode;

  /**
   * Whose access time, as in the report.
   * @example 'union'
   */
  @Optional()
  @Matches(POOL_SCOPE, { message: 'pool must be union, all, or the id of a partner.' })
  @ApiProperty({ type: 'string', pattern: POOL_SCOPE.source, maxLength: 36 })
  readonly pool?: string;
}

/** Members of every series. */
class SeriesDto {
  /** Length of the periods. */
  @ApiProperty({ enum: [...SERIES_INTERVALS], enumName: 'SeriesInterval' })
  readonly interval: (typeof SERIES_INTERVALS)[number];
}

/** Equal access month by month: each point is the report of its month, with the sums at its end. */
export class EqualAccessSeriesDto extends SeriesDto {
  @ApiProperty({ type: () => [EqualAccessReportDto], maxItems: SERIES_POINTS_MAX })
  readonly points: EqualAccessReportDto[];
}

/** Money month by month: each point is the report of its month, with the sums at its end. */
export class CapitalSeriesDto extends SeriesDto {
  @ApiProperty({ type: () => [CapitalReportDto], maxItems: SERIES_POINTS_MAX })
  readonly points: CapitalReportDto[];
}

/** Capacity month by month: each point is the report of its month. */
export class CapacitySeriesDto extends SeriesDto {
  @ApiProperty({ type: () => [CapacityReportDto], maxItems: SERIES_POINTS_MAX })
  readonly points: CapacityReportDto[];
}
