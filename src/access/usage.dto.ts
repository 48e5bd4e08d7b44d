import { ApiProperty } from '@nestjs/swagger';
import { MODES, type Mode } from '../domain/access-modes.js';
import { CATEGORIES, type Category } from '../partners/partner.js';
import { AnswerDto } from '../http/answer.dto.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { CHIP_HOURS_MAX, IsId, IsInstant, IsListOf, IsOneOf, IsWhole, Optional } from '../http/validation.js';
import { USAGE_FLAGS, type UsageFlag } from './usage.js';

/** More than a day's records of a large facility. At 150 bytes a record, the report is far smaller than a bulk body. */
export const USAGE_RECORDS_MAX = 10_000;

/** Use of one allocation in one interval. */
export class UsageRecordDto {
  /**
   * The allocation.
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
   * First instant after the use.
   * @example "2026-04-03T00:00:00Z"
   */
  @IsInstant()
  readonly to: string;

  /**
   * Chip-hours used, rounded to whole numbers; 0 means that the chips were idle.
   * @example 180
   */
  @IsWhole(0, CHIP_HOURS_MAX)
  readonly chipHours: number;
}

/** A report of usage. */
export class ReportUsageDto {
  /** Records of any allocations, also of several facilities. Either all records are recorded or none. */
  @IsListOf(() => UsageRecordDto, USAGE_RECORDS_MAX)
  @ApiProperty({ type: () => [UsageRecordDto], minItems: 1, maxItems: USAGE_RECORDS_MAX })
  readonly records: UsageRecordDto[];
}

/** Explained flags in one answer. The answer is kept for the repetition of the command, so it must not grow with the report. */
export const FLAGS_EXPLAINED_MAX = 20;

/** Room for two intervals and four numbers of 21 digits. */
const FLAG_DETAIL_LENGTH_MAX = 400;

/** Why a record was recorded with a flag. */
export class FlaggedRecordDto {
  /**
   * Index of the record in the request, counted from 0.
   * @example 17
   */
  @ApiProperty({ type: 'integer' })
  readonly index: number;
  /** @example "c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94" */
  @ApiProperty({ format: 'uuid' })
  readonly allocationId: string;
  /**
   * `exceeds-allocation`: more chip-hours are reported than the whole allocation has. `exceeds-interval`: more than its chips
   * give in the interval of the record, or of this record and the records directly before it that overlap.
   * `outside-allocation`: the record is not inside the interval of the allocation.
   */
  @ApiProperty({ enum: [...USAGE_FLAGS], enumName: 'UsageFlag', example: 'exceeds-interval' })
  readonly flag: UsageFlag;
  /**
   * The chip-hours that were compared.
   * @example 5000
   */
  @ApiProperty({ type: 'integer' })
  readonly chipHours: number;
  /**
   * Begin of the interval in which they were compared.
   * @example "2026-05-02T00:00:00Z"
   */
  @ApiProperty({ format: 'date-time' })
  readonly from: string;
  /**
   * End of that interval.
   * @example "2026-05-02T01:00:00Z"
   */
  @ApiProperty({ format: 'date-time' })
  readonly to: string;
  /**
   * What the chips of the allocation give in that interval: its chips times the hours.
   * @example 100
   */
  @ApiProperty({ type: 'number', format: 'double', minimum: 0 })
  readonly chipHoursPossible: number;
  /**
   * The flag in one sentence.
   * @example "5000 chip-hours are reported in the record from 2026-05-02T00:00:00Z to 2026-05-02T01:00:00Z; its 100 chips give 100 in that time."
   */
  @ApiProperty({ pattern: String.raw`^\S(.*\S)?$`, maxLength: FLAG_DETAIL_LENGTH_MAX })
  readonly detail: string;
}

/** The answer to a report. `id` is the facility; if the records are of several facilities, the last one. */
export class UsageAnswerDto extends AnswerDto {
  /**
   * Number of recorded records.
   * @example 240
   */
  @ApiProperty({ type: 'integer' })
  records: number;
  /**
   * Number of records outside their allocation, beyond its chip-hours, or beyond what its chips give in their time. They are
   * recorded with a flag.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  flagged: number;
  /** Why records have a flag: the first 20 of them. */
  @ApiProperty({ type: () => [FlaggedRecordDto], maxItems: FLAGS_EXPLAINED_MAX })
  flags: FlaggedRecordDto[];
}

/** The use of one allocation. */
export class AllocationUsageDto {
  /**
   * Id of the allocation.
   * @example "c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94"
   */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60" */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example "AI gigafactory North" */
  readonly facilityName: string | null;
  /** @example "d81f3a6c-2b57-4e90-8c14-9a0e5f7b2d63" */
  @ApiProperty({ format: 'uuid' })
  readonly grantId: string;
  /** @example "0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37" */
  @ApiProperty({ format: 'uuid' })
  readonly partnerId: string;
  /** @example "Nordlys Materials AS" */
  readonly partnerName: string | null;
  /** Category of the partner at the submission of its request. */
  @ApiProperty({ enum: [...CATEGORIES], enumName: 'Category', example: 'sme' })
  readonly category: Category;
  @ApiProperty({ enum: [...MODES], enumName: 'AccessMode', example: 'fast-lane' })
  readonly mode: Mode;
  /** @example "NVIDIA GB300" */
  readonly chipModel: string;
  /** @example 64 */
  @ApiProperty({ type: 'integer' })
  readonly chips: number;
  /** @example "2026-04-01T00:00:00Z" */
  @ApiProperty({ format: 'date-time' })
  readonly from: string;
  /**
   * End of the allocation, or the earlier instant from which it was released.
   * @example "2026-07-01T00:00:00Z"
   */
  @ApiProperty({ format: 'date-time' })
  readonly to: string;
  /**
   * Chips of the allocation times its hours.
   * @example 139776
   */
  @ApiProperty({ type: 'number', format: 'double', minimum: 0 })
  readonly chipHoursAllocated: number;
  /** @example 120310 */
  readonly chipHoursUsed: number;
  /**
   * Number of records that were reported on the allocation.
   * @example 91
   */
  @ApiProperty({ type: 'integer' })
  readonly records: number;
  /**
   * Number of records with a flag: outside the allocation, beyond its chip-hours, or beyond what its chips give in their time.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  readonly recordsFlagged: number;
  /**
   * Beginning of the earliest record; null without records.
   * @example "2026-04-01T00:00:00Z"
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly usedFrom: string | null;
  /**
   * End of the latest record; null without records.
   * @example "2026-07-01T00:00:00Z"
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly usedTo: string | null;
}

/** One page of allocations with their use. */
export class AllocationUsagePageDto {
  @ApiProperty({ type: () => [AllocationUsageDto] })
  readonly data: AllocationUsageDto[];
  /**
   * Cursor of the next page; null on the last one.
   * @example null
   */
  readonly next: string | null;
}

/**
 * Filters of the list of usage. A credential that is bound to a partner sees the allocations of that partner and the
 * allocations on facilities that the partner operates or hosts.
 */
export class ListUsageDto extends ListQueryDto {
  /**
   * Only allocations on this facility.
   * @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60"
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  /**
   * Only allocations of this partner.
   * @example "0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37"
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /**
   * Only allocations under this grant.
   * @example "d81f3a6c-2b57-4e90-8c14-9a0e5f7b2d63"
   */
  @Optional()
  @IsId()
  readonly grantId?: string;

  /**
   * Only allocations of partners with this category.
   * @example "sme"
   */
  @Optional()
  @IsOneOf(CATEGORIES, 'Category')
  readonly category?: Category;

  @FromDay('allocations that hold')
  readonly from?: string;

  @ToDay('allocations that hold')
  readonly to?: string;
}
