import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, ValidateNested } from 'class-validator';
import { CHIP_HOURS_MAX, IsId, IsInstant, IsWhole } from '../platform/validation.js';

/** A day's report of a large facility; at 150 bytes a record, far below the size of a bulk body. */
export const USAGE_RECORDS_MAX = 10_000;

export class UsageRecordDto {
  /**
   * Allocation that the chips were used under.
   * @example "c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94"
   */
  @IsId()
  readonly allocationId: string;

  /**
   * First instant of the use.
   * @example "2026-04-02T00:00:00Z"
   */
  @IsInstant()
  readonly from: string;

  /**
   * First instant after it.
   * @example "2026-04-03T00:00:00Z"
   */
  @IsInstant()
  readonly to: string;

  /**
   * Chip-hours used, rounded to whole ones; 0 says that the chips stood idle.
   * @example 180
   */
  @IsWhole(0, CHIP_HOURS_MAX)
  readonly chipHours: number;
}

export class ReportUsageDto {
  /** Records of any allocations, of several facilities if need be; all of them are recorded or none. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(USAGE_RECORDS_MAX)
  @ValidateNested({ each: true })
  @Type(() => UsageRecordDto)
  readonly records: UsageRecordDto[];
}
