import { ApiProperty } from '@nestjs/swagger';
import type { CapacityReport, CapacityRow, ChipHours } from '../method-2/capacity-report.js';
import type { Reason } from '../measures/measures.js';
import { REASONS_SCHEMA, REPORT_LINES_MAX, ReportHeaderDto } from './report.dto.js';

const MONTH = { pattern: '^[0-9]{4}-(0[1-9]|1[0-2])$', maxLength: 7 } as const;

/** Chip-hours of one month: installed = allocated + free. */
export class ChipHoursDto implements ChipHours {
  /** @example 74400 */
  readonly installedChipHours: number;
  /** Null: the ledger has no record of outages, and 0 would say that there were none. */
  @ApiProperty({ type: 'null', example: null })
  readonly outageChipHours: null;
  /** @example 52000 */
  readonly allocatedChipHours: number;
  /**
   * Installed and not promised to anyone; an outage is not taken off.
   * @example 22400
   */
  readonly freeChipHours: number;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { outageChipHours: 'not-recorded' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** The same for one chip model. */
export class ChipModelHoursDto extends ChipHoursDto {
  /** @example 'NVIDIA B200' */
  readonly chipModel: string;
}

/** One facility in one month. */
export class CapacityRowDto extends ChipHoursDto implements CapacityRow {
  /** @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60' */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example 'Nordic gigafactory' */
  readonly facilityName: string;
  /** @example 'FI' */
  readonly country: string;
  /**
   * UTC.
   * @example '2026-03'
   */
  @ApiProperty(MONTH)
  readonly month: string;
  /**
   * Reported use, spread evenly over the interval of each report.
   * @example 48000
   */
  readonly usedChipHours: number;
  /** By name; use is not reported by model. */
  @ApiProperty({ type: () => [ChipModelHoursDto], maxItems: REPORT_LINES_MAX })
  readonly chipModels: ChipModelHoursDto[];
}

/** All facilities in one month. */
export class CapacityTotalDto extends ChipHoursDto {
  /** @example '2026-03' */
  @ApiProperty(MONTH)
  readonly month: string;
  /** @example 48000 */
  readonly usedChipHours: number;
}

/** Installed, promised and used chip-hours, by facility and month. */
export class CapacityReportDto extends ReportHeaderDto implements CapacityReport {
  /**
   * The facility that the report is narrowed to; null for all.
   * @example null
   */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  readonly facilityId: string | null;
  /** By name of the facility, then by month: at most ten years, and at most two of them ahead. */
  @ApiProperty({ type: () => [CapacityRowDto], maxItems: REPORT_LINES_MAX })
  readonly rows: CapacityRowDto[];
  /** By month. */
  @ApiProperty({ type: () => [CapacityTotalDto], maxItems: REPORT_LINES_MAX })
  readonly totals: CapacityTotalDto[];
}
