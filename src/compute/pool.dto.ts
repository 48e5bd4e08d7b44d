import { ApiProperty } from '@nestjs/swagger';
import { AnswerDto } from '../http/answer.dto.js';
import {
  IsAmountMinor,
  IsCalendarDate,
  IsChipHours,
  IsId,
  IsInstantOrDate,
  IsOneOf,
  IsText,
  Optional,
  SOURCE_LENGTH_MAX,
} from '../http/validation.js';
import { POOL_BASES, POOL_OWNERS, type PoolBasis, type PoolOwner } from './pool-events.js';

/** A unit is a chip-hour of a named model, or a name of the programme. */
const UNIT_LENGTH_MAX = 100;

/** The start of operations of a facility. */
export class StartOperationsDto {
  /**
   * First day of operations. The five years of Art. 12b(12) count from it.
   * @example '2026-01-15'
   */
  @IsCalendarDate()
  readonly on: string;

  /**
   * Where the start is proven.
   * @example 'Acceptance report 3/2026'
   */
  @IsText(SOURCE_LENGTH_MAX)
  readonly evidenceRef: string;
}

/** A pool of hours and its owner. */
export class DefinePoolDto {
  /**
   * Whose the hours are.
   * @example 'union'
   */
  @IsOneOf(POOL_OWNERS, 'PoolOwner')
  readonly owner: PoolOwner;

  /**
   * The Member State or the private partner whose hours they are. The Union and the consortium need none.
   * @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11'
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /**
   * Where the hours come from: contributions to the CAPEX, purchases of access time, donations of states (Art. 12b(10)), the residual
   * value at a transfer of ownership (Art. 12b(12)), or preferential access (GBER 26(4)).
   * @example 'capex'
   */
  @IsOneOf(POOL_BASES, 'PoolBasis')
  readonly basis: PoolBasis;
}

/** The hours of a period, which are divided between the pools. */
export class SetEntitlementDto {
  /**
   * Start of the period: an instant, or a date, which means its first instant (UTC).
   * @example '2026-01-01'
   */
  @IsInstantOrDate()
  readonly periodFrom: string;

  /**
   * First instant after the period.
   * @example '2027-01-01'
   */
  @IsInstantOrDate()
  readonly periodTo: string;

  /**
   * What a unit-hour is. The policy `chip-equivalence` says how many unit-hours a chip-hour of each model counts.
   * @example 'chip-hour of GB300'
   */
  @IsText(UNIT_LENGTH_MAX)
  readonly unit: string;

  /**
   * All unit-hours of the facility in the period.
   * @example 1000000
   */
  @IsChipHours()
  readonly availableUnitHours: number;
}

/** Access time that a Member State gives to the Union. */
export class DonateTimeDto {
  /**
   * The pool of the Member State.
   * @example '2f1e0d5a-86b1-4a1c-9d38-3f1f6f0c7a52'
   */
  @IsId()
  readonly fromPoolId: string;

  /**
   * The pool of the Union that gets the hours.
   * @example '7c3b9e14-52d0-4b8e-a6f1-9a0d2e4c8b63'
   */
  @IsId()
  readonly unionPoolId: string;

  /** @example 10000 */
  @IsChipHours()
  readonly unitHours: number;

  /**
   * Start of the interval in which the hours are given: an instant, or a date, which means its first instant (UTC).
   * @example '2026-03-01'
   */
  @IsInstantOrDate()
  readonly from: string;

  /**
   * First instant after the interval. The interval is inside one period.
   * @example '2026-09-01'
   */
  @IsInstantOrDate()
  readonly to: string;

  /**
   * The administrative arrangement of the state with the Joint Undertaking.
   * @example 'Administrative arrangement 4/2026'
   */
  @IsText(SOURCE_LENGTH_MAX)
  readonly arrangementRef: string;
}

/** The transfer of ownership to the consortium. */
export class TransferOwnershipDto {
  /**
   * Day of the transfer: five years after the start of operations at the earliest.
   * @example '2031-01-15'
   */
  @IsCalendarDate()
  readonly on: string;

  /**
   * Residual value of the part that the Joint Undertaking owned, in minor units of the currency of the CAPEX.
   * @example '5000000000'
   */
  @IsAmountMinor({ min: '0' })
  readonly residualMinor: string;

  /**
   * Where the valuation is.
   * @example 'Valuation 2/2031'
   */
  @IsText(SOURCE_LENGTH_MAX)
  readonly valuationRef: string;

  /**
   * The pool of the Union that gets the hours.
   * @example '7c3b9e14-52d0-4b8e-a6f1-9a0d2e4c8b63'
   */
  @IsId()
  readonly unionPoolId: string;

  /**
   * The approval of the public governance body, where one is recorded.
   * @example '9d2b6f4c-1e75-4a08-b3c6-5f8a0d7e2c41'
   */
  @Optional()
  @IsId()
  readonly approvalId?: string;
}

/** Preferential access of a partner that financed at least 10 % of the investment costs. */
export class SetPreferentialAccessDto {
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  @IsId()
  readonly partnerId: string;

  /**
   * An instant or a date in the period that the hours are for.
   * @example '2026-01-01'
   */
  @IsInstantOrDate()
  readonly periodFrom: string;

  /**
   * At most in proportion to what the partner financed.
   * @example 100000
   */
  @IsChipHours()
  readonly unitHours: number;

  /**
   * Where the conditions are published.
   * @example 'https://example.eu/preferential-access'
   */
  @IsText(SOURCE_LENGTH_MAX)
  readonly conditionsRef: string;
}

/** The answer to the definition of a pool. */
export class PoolAnswerDto extends AnswerDto {
  /**
   * Id of the pool.
   * @example '2f1e0d5a-86b1-4a1c-9d38-3f1f6f0c7a52'
   */
  @ApiProperty({ format: 'uuid' })
  poolId: string;
}

/** The hours of one pool in a period. */
export class EntitlementLineDto {
  @ApiProperty({ format: 'uuid' })
  readonly poolId: string;
  /** What the owner of the pool contributes, in minor units; for the consortium, the rest of the CAPEX. */
  readonly contributionMinor: string;
  /** @example 170000 */
  readonly unitHours: number;
}

/** The answer to an entitlement: the lines, in order of pool id. They add up to the available hours exactly. */
export class EntitlementAnswerDto extends AnswerDto {
  @ApiProperty({ type: () => [EntitlementLineDto] })
  lines: EntitlementLineDto[];
}

/** The answer to a transfer of ownership. */
export class OwnershipAnswerDto extends AnswerDto {
  /**
   * Unit-hours that the Union gets: residual value times available hours by CAPEX, rounded down.
   * @example 12500
   */
  unitHours: number;
}

/** The answer to preferential access. */
export class PreferenceAnswerDto extends AnswerDto {
  /**
   * Part of the investment costs that the partner financed, in parts per million, rounded down.
   * @example 100000
   */
  sharePpm: number;
}
