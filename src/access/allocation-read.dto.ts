import { ApiProperty } from '@nestjs/swagger';
import { MODES, type Mode } from '../domain/access-modes.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsId, Optional } from '../http/validation.js';
import { CATEGORIES, type Category } from '../partners/partner.js';

/** Chips allocated to the holder of a grant. */
export class AllocationDto {
  /** @example 'c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94' */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f' */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example 'AI gigafactory North' */
  readonly facilityName: string | null;
  /** @example '7a1d3c5e-2b4f-8a6c-9d8e-0f1a2b3c4d5e' */
  @ApiProperty({ format: 'uuid' })
  readonly grantId: string;
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  @ApiProperty({ format: 'uuid' })
  readonly partnerId: string;
  /** @example 'Nordlys Materials AS' */
  readonly partnerName: string | null;
  /** Category of the partner at the submission of its request. */
  @ApiProperty({ enum: [...CATEGORIES], enumName: 'Category' })
  readonly category: Category;
  /** @example 'PT' */
  readonly country: string;
  @ApiProperty({ enum: [...MODES], enumName: 'AccessMode' })
  readonly mode: Mode;
  /** @example 'GB300' */
  readonly chipModel: string;
  /** @example 512 */
  @ApiProperty({ type: 'integer' })
  readonly chips: number;
  /** @example '2026-04-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly from: string;
  /**
   * Current end. A release makes it earlier; it equals `from` if everything was released.
   * @example '2026-04-08T00:00:00Z'
   */
  @ApiProperty({ format: 'date-time' })
  readonly to: string;
  /**
   * First instant at which the chips are free after a release; null if there was none.
   * @example null
   */
  readonly releasedAt: string | null;
  /** @example null */
  readonly releaseReason: string | null;
}

/** Filters of the list of allocations. */
export class ListAllocationsDto extends ListQueryDto {
  /**
   * Only allocations on this facility.
   * @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  /**
   * Only allocations of this partner.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /**
   * Only allocations under this grant.
   * @example '7a1d3c5e-2b4f-8a6c-9d8e-0f1a2b3c4d5e'
   */
  @Optional()
  @IsId()
  readonly grantId?: string;

  @FromDay('allocations that hold')
  readonly from?: string;

  @ToDay('allocations that hold')
  readonly to?: string;
}

/** One page of allocations. */
export class AllocationPageDto {
  @ApiProperty({ type: () => [AllocationDto] })
  readonly data: AllocationDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}
