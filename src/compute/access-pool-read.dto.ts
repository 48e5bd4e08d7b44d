import { ApiProperty } from '@nestjs/swagger';
import { ReadQueryDto } from '../http/list-query.dto.js';
import { IsInstantOrDate, Optional } from '../http/validation.js';
import { POOL_BASES, POOL_OWNERS, type PoolBasis, type PoolOwner } from './pool-events.js';

const UNIT_HOURS = { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const DAY = { type: 'string', format: 'date', maxLength: 10, nullable: true } as const;

/** The hours of one pool in one period. `left` = entitled + donatedIn - donatedOut + residual - allocated. */
export class PoolPeriodDto {
  /** @example '2026-01-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly periodFrom: string;
  /**
   * First instant after the period.
   * @example '2027-01-01T00:00:00Z'
   */
  @ApiProperty({ format: 'date-time' })
  readonly periodTo: string;
  /**
   * What a unit-hour is. Null where the pool has no part in the division of the hours, and was only given some.
   * @example 'chip-hour of GB300'
   */
  readonly unit: string | null;
  /**
   * What its hours are in proportion to, in minor units. Null like `unit`.
   * @example '17000000000'
   */
  readonly contributionMinor: string | null;
  /** @example 17000 */
  @ApiProperty(UNIT_HOURS)
  readonly entitledUnitHours: number;
  /**
   * Access time that Member States gave to the pool (Art. 12b(10)).
   * @example 0
   */
  @ApiProperty(UNIT_HOURS)
  readonly donatedInUnitHours: number;
  /** @example 0 */
  @ApiProperty(UNIT_HOURS)
  readonly donatedOutUnitHours: number;
  /**
   * Hours for the residual value at the transfer of ownership (Art. 12b(12)).
   * @example 0
   */
  @ApiProperty(UNIT_HOURS)
  readonly residualUnitHours: number;
  /**
   * Allocated to users, without what was released.
   * @example 1234.5
   */
  readonly allocatedUnitHours: number;
  /** @example 15765.5 */
  readonly leftUnitHours: number;
}

/** An access pool with its hours. */
export class AccessPoolDto {
  /** @example '2f1e0d5a-86b1-4a1c-9d38-3f1f6f0c7a52' */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  @ApiProperty({ enum: [...POOL_OWNERS], enumName: 'PoolOwner' })
  readonly owner: PoolOwner;
  /** @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11' */
  readonly partnerId: string | null;
  /** @example 'Republic of Finland' */
  readonly partnerName: string | null;
  @ApiProperty({ enum: [...POOL_BASES], enumName: 'PoolBasis' })
  readonly basis: PoolBasis;
  /** In order of time. */
  @ApiProperty({ type: () => [PoolPeriodDto] })
  readonly periods: PoolPeriodDto[];
}

/** Whose the hours of a facility are. */
export class AccessPoolsDto {
  /** @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f' */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example '2026-01-15' */
  @ApiProperty(DAY)
  readonly operationsStartedOn: string | null;
  /** @example null */
  @ApiProperty(DAY)
  readonly ownershipTransferredOn: string | null;
  /** In order of their definition. */
  @ApiProperty({ type: () => [AccessPoolDto] })
  readonly pools: AccessPoolDto[];
}

/** Which periods. */
export class AccessPoolsQueryDto extends ReadQueryDto {
  /**
   * Only periods that end after this instant; a date means its first instant (UTC).
   * @example '2026-01-01'
   */
  @Optional()
  @IsInstantOrDate()
  readonly from?: string;

  /**
   * Only periods that start before this instant.
   * @example '2027-01-01'
   */
  @Optional()
  @IsInstantOrDate()
  readonly to?: string;
}
