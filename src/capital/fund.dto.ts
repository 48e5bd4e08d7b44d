import { ApiProperty } from '@nestjs/swagger';
import { AnswerDto } from '../http/answer.dto.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import {
  IsAmountMinor,
  IsCalendarDate,
  IsCurrencyCode,
  IsFlag,
  IsOneOf,
  IsText,
  IsWhole,
  NAME_LENGTH_MAX,
  Optional,
  SOURCE_LENGTH_MAX,
} from '../http/validation.js';
import { TRANCHE_KINDS, type TrancheKind } from './fund.js';
import { TRANCHE_RANK_MAX } from './fund.decisions.js';

/** A fund to establish: money in one currency, in layers that partners commit to. */
export class EstablishFundDto {
  /**
   * Public name.
   * @example 'InvestAI gigafactory fund'
   */
  @IsText(NAME_LENGTH_MAX)
  readonly name: string;

  /**
   * ISO 4217 code of the currency of all amounts in the fund.
   * @example 'EUR'
   */
  @IsCurrencyCode()
  readonly currency: string;

  /**
   * Target sum of the fund, in minor units. The caps of its tranches add up to at most this sum.
   * @example '2000000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly targetMinor: string;

  /**
   * False for a fund that finances no AI gigafactory. Only then may money of the Union and of Member States name no facility
   * (Art. 12b(5)). It cannot be changed later.
   * @example true
   */
  @Optional()
  @IsFlag()
  readonly financesGigafactories?: boolean;

  /**
   * Source of the record, if it is a public fact.
   * @example 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly source?: string;

  /**
   * True for made-up figures. Every table with them states this.
   * @example true
   */
  @Optional()
  @IsFlag()
  readonly illustrative?: boolean;
}

/** A layer to add to a fund, before its financial close. */
export class DefineTrancheDto {
  /**
   * Place in the order of losses: rank 1 takes the first loss, and the highest rank is paid first. Unique in the fund.
   * With a higher rank the kind goes from first-loss over mezzanine to senior.
   * @example 1
   */
  @IsWhole(1, TRANCHE_RANK_MAX)
  readonly rank: number;

  /**
   * Kind of the layer.
   * @example 'first-loss'
   */
  @IsOneOf(TRANCHE_KINDS, 'TrancheKind')
  readonly kind: TrancheKind;

  /**
   * Maximum sum of signed commitments to the layer, in minor units.
   * @example '300000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly capMinor: string;
}

/** The financial close of a fund. Both members are optional. */
export class ReachFinancialCloseDto {
  /**
   * Day of the close (UTC), not in the future; today if left out. No call may be dated before it.
   * @example '2026-03-20'
   */
  @Optional()
  @IsCalendarDate()
  readonly reachedOn?: string;

  /**
   * Place of the evidence of the close.
   * @example 'Closing memorandum 2026-03'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly evidenceRef?: string;
}

/** The answer to the definition of a tranche. */
export class TrancheAnswerDto extends AnswerDto {
  /**
   * Id of the new tranche, for pledges to it.
   * @example '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95'
   */
  @ApiProperty({ format: 'uuid' })
  readonly trancheId: string;
}

/** Sums over commitments, in minor units of the fund's currency. */
export class CapitalTotalsDto {
  /**
   * Pledges that are neither signed nor withdrawn. They do not bind.
   * @example '50000000000'
   */
  readonly pledgedMinor: string;
  /**
   * Signed amounts with amendments, less the parts that cancellations released.
   * @example '200000000000'
   */
  readonly committedMinor: string;
  /**
   * Sum of all calls. It may exceed the committed sum, because distributions can be recalled.
   * @example '80000000000'
   */
  readonly calledMinor: string;
  /**
   * Sum of the payments on calls.
   * @example '60000000000'
   */
  readonly paidMinor: string;
  /**
   * Sum of the distributions to partners.
   * @example '10000000000'
   */
  readonly distributedMinor: string;
  /**
   * The part of the distributions that was added to the unfunded part again.
   * @example '4000000000'
   */
  readonly recallableMinor: string;
  /**
   * The sum that may still be called: committed, less called, plus recallable.
   * @example '124000000000'
   */
  readonly unfundedMinor: string;
}

/** A layer of a fund with the sums of its commitments. */
export class TrancheDto extends CapitalTotalsDto {
  /** @example '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95' */
  @ApiProperty({ format: 'uuid' })
  readonly trancheId: string;
  /**
   * Rank 1 takes the first loss.
   * @example 1
   */
  readonly rank: number;
  @ApiProperty({ enum: [...TRANCHE_KINDS], enumName: 'TrancheKind', example: 'first-loss' })
  readonly kind: TrancheKind;
  /**
   * Maximum sum of signed commitments.
   * @example '300000000000'
   */
  readonly capMinor: string;
}

const FUND_STATUSES = ['established', 'closed'] as const;
export type FundStatus = (typeof FUND_STATUSES)[number];

/** The current state of a fund. */
export class FundDto {
  /** @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658' */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example 'InvestAI gigafactory fund' */
  readonly name: string;
  /** `closed` after financial close: capital may be called, and the layers cannot change. */
  @ApiProperty({ enum: [...FUND_STATUSES], enumName: 'FundStatus', example: 'established' })
  readonly status: FundStatus;
  /** @example 'EUR' */
  readonly currency: string;
  /**
   * Target sum of the fund.
   * @example '2000000000000'
   */
  readonly targetMinor: string;
  /**
   * False for a fund that finances no AI gigafactory.
   * @example true
   */
  readonly financesGigafactories: boolean;
  /**
   * Instant at which financial close was recorded; null before it.
   * @example '2026-03-20T10:00:00Z'
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly closedAt: string | null;
  /**
   * Day of the financial close (UTC); null before it. If nobody stated the day, it is the day of the recording.
   * @example '2026-03-20'
   */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  readonly reachedOn: string | null;
  /**
   * Place of the evidence of the financial close; null before it, and if nobody stated it.
   * @example 'Closing memorandum 2026-03'
   */
  readonly evidenceRef: string | null;
  /** In order of rank: the first tranche takes the first loss. */
  @ApiProperty({ type: () => [TrancheDto] })
  readonly tranches: TrancheDto[];
  /** Sums over all tranches. */
  @ApiProperty({ type: () => CapitalTotalsDto })
  readonly totals: CapitalTotalsDto;
  /** @example 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories' */
  readonly source: string | null;
  /**
   * True for made-up figures.
   * @example true
   */
  readonly illustrative: boolean;
  /**
   * Revision of the record, to send in `If-Match`.
   * @example 4
   */
  readonly revision: number;
}

/** One page of funds. */
export class FundPageDto {
  @ApiProperty({ type: () => [FundDto] })
  readonly data: FundDto[];
  /**
   * Cursor of the next page; null on the last one.
   * @example null
   */
  readonly next: string | null;
}

/** Filters of the list of funds. */
export class ListFundsDto extends ListQueryDto {
  @FromDay('funds that were recorded')
  readonly from?: string;

  @ToDay('funds that were recorded')
  readonly to?: string;
}
