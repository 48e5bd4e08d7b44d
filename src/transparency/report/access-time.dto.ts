import { ApiProperty } from '@nestjs/swagger';
import { POOL_BASES, POOL_OWNERS, type PoolBasis, type PoolOwner } from '../../compute/pool-events.js';
import type { AccessTimeLine, DonatedTime, PreferentialAccess } from '../method-2/access-time-report.js';
import type { Reason } from '../measures/measures.js';
import { REASONS_SCHEMA } from './report.dto.js';

const ID = { type: 'string', format: 'uuid', maxLength: 36 } as const;
const INSTANT = { type: 'string', format: 'date-time', maxLength: 24 } as const;
const MINOR = { type: 'string', pattern: '^(0|-?[1-9][0-9]{0,37})$', maxLength: 39 } as const;

/** The hours of one access pool in one period: what was paid for them, and what became of them. */
export class AccessTimeLineDto implements AccessTimeLine {
  /** @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60' */
  @ApiProperty(ID)
  readonly facilityId: string;
  /** @example 'Nordic gigafactory' */
  readonly facilityName: string;
  /** @example '3d2a6b1c-58b0-8a4f-9c0e-7b6d5f4e3a21' */
  @ApiProperty(ID)
  readonly poolId: string;
  /** Null for a pool that was never defined. */
  @ApiProperty({ type: String, enum: [...POOL_OWNERS, null], example: 'union' })
  readonly owner: PoolOwner | null;
  /** The state or the private partner whose hours they are. */
  @ApiProperty({ ...ID, nullable: true, example: null })
  readonly partnerId: string | null;
  /** Where the hours come from. */
  @ApiProperty({ type: String, enum: [...POOL_BASES, null], example: 'capex' })
  readonly basis: PoolBasis | null;
  /** Null: hours of no recorded period. */
  @ApiProperty({ ...INSTANT, nullable: true, example: '2026-01-01T00:00:00Z' })
  readonly periodFrom: string | null;
  /** First instant after the period. */
  @ApiProperty({ ...INSTANT, nullable: true, example: '2027-01-01T00:00:00Z' })
  readonly periodTo: string | null;
  /** @example 'EUR' */
  @ApiProperty({ type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3, nullable: true })
  readonly currency: string | null;
  @ApiProperty({ ...MINOR, nullable: true, example: '68000000000' })
  readonly contributionMinor: string | null;
  @ApiProperty({ ...MINOR, nullable: true, example: '400000000000' })
  readonly capexMinor: string | null;
  /** @example 0.17 */
  readonly shareOfCapex: number | null;
  /**
   * All unit-hours of the facility in the period.
   * @example 1000000
   */
  @ApiProperty({ type: 'integer', nullable: true })
  readonly availableUnitHours: number | null;
  /**
   * Unit-hours in proportion to the contribution, Art. 12b(13).
   * @example 170000
   */
  @ApiProperty({ type: 'integer' })
  readonly entitledUnitHours: number;
  /**
   * Given by states, Art. 12b(10).
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  readonly donatedInUnitHours: number;
  /** @example 0 */
  @ApiProperty({ type: 'integer' })
  readonly donatedOutUnitHours: number;
  /**
   * From the residual value at the transfer of ownership, Art. 12b(12).
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  readonly residualUnitHours: number;
  /**
   * Rounded down.
   * @example 150000
   */
  @ApiProperty({ type: 'integer' })
  readonly allocatedUnitHours: number;
  /**
   * Entitled, donated and residual hours, less the allocated ones; rounded down.
   * @example 20000
   */
  @ApiProperty({ type: 'integer' })
  readonly leftUnitHours: number;
  /**
   * Chip-hours of grants that begin in the period.
   * @example 160000
   */
  @ApiProperty({ type: 'integer' })
  readonly grantedChipHours: number;
  /**
   * Chip-hours of grants that were revoked in the period.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  readonly revokedChipHours: number;
  /**
   * Chip-hours of use that began in the period.
   * @example 140000
   */
  @ApiProperty({ type: 'integer' })
  readonly usedChipHours: number;
  /**
   * Allocated for commercial use; rounded down.
   * @example 10000
   */
  @ApiProperty({ type: 'integer' })
  readonly commercialUnitHours: number;
  /**
   * Part of the hours of the pool that is allocated for commercial use.
   * @example 0.058824
   */
  readonly commercialShare: number | null;
  /**
   * Arts. 17 and 18, by the policy `commercial-share-maximum`; null without one, and for time that is not the Union's.
   * @example 0.2
   */
  readonly commercialShareMaximum: number | null;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { commercialShare: 'no-entitlement' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** Access time that Member States gave: Art. 12b(10). */
export class DonatedTimeDto implements DonatedTime {
  /** @example 50000 */
  @ApiProperty({ type: 'integer' })
  readonly donatedUnitHours: number;
  /**
   * Granted from the pools that donated time went to.
   * @example 40000
   */
  @ApiProperty({ type: 'integer' })
  readonly chipHoursGranted: number;
  /** @example 30000 */
  @ApiProperty({ type: 'integer' })
  readonly chipHoursGrantedToStartUpsAndSmes: number;
  /** @example 0.75 */
  readonly primaryShare: number | null;
  /**
   * From which share on the use is primary, by the policy `donated-time-primary-share`; null without one.
   * @example 0.500001
   */
  readonly primaryShareMinimum: number | null;
  /** Null while the share or the policy is missing. */
  @ApiProperty({ type: 'boolean', nullable: true, example: true })
  readonly isPrimary: boolean | null;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { primaryShare: 'nothing-granted' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** A line of the register of preferential access: Regulation (EU) No 651/2014, Art. 26(4). */
export class PreferentialAccessDto implements PreferentialAccess {
  /** @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60' */
  @ApiProperty(ID)
  readonly facilityId: string;
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  @ApiProperty(ID)
  readonly partnerId: string;
  /** @example '2026-01-01T00:00:00Z' */
  @ApiProperty(INSTANT)
  readonly periodFrom: string;
  /** @example '2027-01-01T00:00:00Z' */
  @ApiProperty(INSTANT)
  readonly periodTo: string;
  /** @example '60000000000' */
  @ApiProperty(MINOR)
  readonly contributionMinor: string;
  /** @example '400000000000' */
  @ApiProperty(MINOR)
  readonly capexMinor: string;
  /** @example 0.15 */
  readonly shareOfCapex: number;
  /** @example 150000 */
  @ApiProperty({ type: 'integer' })
  readonly unitHours: number;
  /** @example 'https://example.org/conditions' */
  @ApiProperty({ type: 'string', pattern: String.raw`\S`, maxLength: 60_000 })
  readonly conditionsRef: string;
}
