import { ApiProperty } from '@nestjs/swagger';
import { FromDay, ListQueryDto, ReadQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsCountryCode, IsInstantOrDate, IsOneOf, IsText, Optional } from '../http/validation.js';
import { FACILITY_KINDS, type FacilityKind } from './facility-events.js';
import { CHIP_MODEL_LENGTH_MAX } from './facility.dto.js';
import type { ChipsByClass } from './quota.js';

/** Chips of one model. */
export class InstalledChipsDto {
  /** @example 'GB300' */
  readonly chipModel: string;
  /**
   * Chips installed now; 0 before the installation or after the retirement of all.
   * @example 25000
   */
  @ApiProperty({ type: 'integer' })
  readonly installed: number;
}

/** Floors and caps of one chip model, in force now or later. */
export class QuotaPolicyDto {
  /** @example 'GB300' */
  readonly chipModel: string;
  /** @example 1 */
  @ApiProperty({ type: 'integer' })
  readonly version: number;
  /** @example { "start-up": 2000, "sme": 3000, "research": 4000 } */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  readonly floors: ChipsByClass;
  /** @example { "tech-giant": 5000 } */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  readonly caps: ChipsByClass;
  /** @example '2026-03-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly effectiveFrom: string;
  /** @example 'Decision 12/2026 of the Governing Board' */
  readonly reason: string;
}

/** The current state of a facility. */
export class FacilityDto {
  /** @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f' */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example 'AI gigafactory North' */
  readonly name: string;
  /** @example 'FI' */
  readonly country: string;
  @ApiProperty({ enum: [...FACILITY_KINDS], enumName: 'FacilityKind' })
  readonly kind: FacilityKind;
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  readonly operatorPartnerId: string | null;
  /** @example 'Nordlys Computing AS' */
  readonly operatorPartnerName: string | null;
  /** @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11' */
  readonly hostStatePartnerId: string | null;
  /** @example 'Republic of Finland' */
  readonly hostStatePartnerName: string | null;
  /** @example '400000000000' */
  readonly capexMinor: string | null;
  /**
   * Currency of the CAPEX; without a CAPEX, of the first contribution.
   * @example 'EUR'
   */
  readonly currency: string | null;
  /**
   * Sum that the Union has signed as CAPEX or purchase of access time; at most 17 % of the CAPEX of an AI gigafactory.
   * @example '60000000000'
   */
  readonly unionMinor: string;
  /**
   * Sum that the Participating States have signed.
   * @example '90000000000'
   */
  readonly statesMinor: string;
  @ApiProperty({ type: () => [InstalledChipsDto] })
  readonly chips: InstalledChipsDto[];
  @ApiProperty({ type: () => [QuotaPolicyDto] })
  readonly quotaPolicies: QuotaPolicyDto[];
  /** @example 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories' */
  readonly source: string | null;
  /** True for a made-up facility. */
  readonly illustrative: boolean;
  /**
   * Revision of the record, to send in `If-Match`.
   * @example 3
   */
  @ApiProperty({ type: 'integer' })
  readonly revision: number;
}

/** Filters of the list of facilities. */
export class ListFacilitiesDto extends ListQueryDto {
  /** Only facilities of this kind: gigafactories, factories or supercomputers. */
  @Optional()
  @IsOneOf(FACILITY_KINDS, 'FacilityKind')
  readonly kind?: FacilityKind;

  /** Only facilities in this country. */
  @Optional()
  @IsCountryCode()
  readonly country?: string;

  @FromDay('facilities that were recorded')
  readonly from?: string;

  @ToDay('facilities that were recorded')
  readonly to?: string;
}

/** One page of facilities. */
export class FacilityPageDto {
  @ApiProperty({ type: () => [FacilityDto] })
  readonly data: FacilityDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Interval and chip model of the capacity to read. */
export class CapacityQueryDto extends ReadQueryDto {
  /**
   * First instant, or a date, which means its first instant (UTC); now when left out.
   * @example '2026-04-01'
   */
  @Optional()
  @IsInstantOrDate()
  readonly from?: string;

  /**
   * First instant after the interval; a year after `from` when left out.
   * @example '2026-07-01'
   */
  @Optional()
  @IsInstantOrDate()
  readonly to?: string;

  /**
   * Only this chip model.
   * @example 'GB300'
   */
  @Optional()
  @IsText(CHIP_MODEL_LENGTH_MAX)
  readonly chipModel?: string;
}

/** An interval without a change of the levels, for one chip model. */
export class CapacityStepDto {
  /** @example 'GB300' */
  readonly chipModel: string;
  /** @example '2026-04-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly from: string;
  /** @example '2026-04-08T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly to: string;
  /** @example 25000 */
  @ApiProperty({ type: 'integer' })
  readonly installed: number;
  /** @example 512 */
  @ApiProperty({ type: 'integer' })
  readonly allocated: number;
  /**
   * Installed less allocated chips. Floors may keep a part of them for some categories.
   * @example 24488
   */
  @ApiProperty({ type: 'integer' })
  readonly free: number;
}

/** The capacity of a facility over an interval. */
export class CapacityDto {
  /** @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f' */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example '2026-04-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly from: string;
  /** @example '2026-07-01T00:00:00Z' */
  @ApiProperty({ format: 'date-time' })
  readonly to: string;
  /** By chip model, then by time, without gaps. A model that is installed only after the interval is left out. */
  @ApiProperty({ type: () => [CapacityStepDto] })
  readonly steps: CapacityStepDto[];
}
