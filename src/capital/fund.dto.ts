import { ApiProperty } from '@nestjs/swagger';
import { AnswerDto } from '../http/answer.dto.js';
import { ListQueryDto } from '../http/list-query.dto.js';
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

/** A fund to establish: the pot of one currency that partners commit to, in layers. */
export class EstablishFundDto {
  /**
   * Public name.
   * @example 'InvestAI gigafactory fund'
   */
  @IsText(NAME_LENGTH_MAX)
  readonly name: string;

  /**
   * ISO 4217 code. Everything in the fund is in this currency.
   * @example 'EUR'
   */
  @IsCurrencyCode()
  readonly currency: string;

  /**
   * What the fund is to reach, in minor units. The caps of its tranches add up to it at most.
   * @example '2000000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly targetMinor: string;

  /**
   * Where the record comes from, if it is a public fact.
   * @example 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly source?: string;

  /**
   * True for made-up figures. Every table that shows them says so.
   * @example true
   */
  @Optional()
  @IsFlag()
  readonly illustrative?: boolean;
}

/** A layer to add to a fund, before its financial close. */
export class DefineTrancheDto {
  /**
   * Place in the order of losses: 1 takes the first loss, the highest rank is paid first. Unique in the fund; along the
   * ranks kinds go from first-loss over mezzanine to senior.
   * @example 1
   */
  @IsWhole(1, TRANCHE_RANK_MAX)
  readonly rank: number;

  /**
   * What the layer is called.
   * @example 'first-loss'
   */
  @IsOneOf(TRANCHE_KINDS, 'TrancheKind')
  readonly kind: TrancheKind;

  /**
   * The most that may be signed for the layer, in minor units.
   * @example '300000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly capMinor: string;
}

/** The financial close of a fund. Both members may be left out. */
export class ReachFinancialCloseDto {
  /**
   * Day of the close (UTC), not in the future; today where it is left out. No call may be dated before it.
   * @example '2026-03-20'
   */
  @Optional()
  @IsCalendarDate()
  readonly reachedOn?: string;

  /**
   * Where the evidence of the close is kept.
   * @example 'Closing memorandum 2026-03'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly evidenceRef?: string;
}

/** The answer to the definition of a tranche. */
export class TrancheAnswerDto extends AnswerDto {
  /**
   * Id of the new tranche, to name in commitments.
   * @example '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95'
   */
  @ApiProperty({ format: 'uuid' })
  readonly trancheId: string;
}

/** Sums over commitments, in minor units of the fund's currency. */
export class CapitalTotalsDto {
  /**
   * Pledged and neither signed nor withdrawn: binds nobody yet.
   * @example '50000000000'
   */
  readonly pledgedMinor: string;
  /**
   * Signed, amendments included, less what cancellations released.
   * @example '200000000000'
   */
  readonly committedMinor: string;
  /**
   * Called altogether. May exceed what is committed, because distributions can be recalled.
   * @example '80000000000'
   */
  readonly calledMinor: string;
  /**
   * Paid on calls.
   * @example '60000000000'
   */
  readonly paidMinor: string;
  /**
   * Paid back to partners.
   * @example '10000000000'
   */
  readonly distributedMinor: string;
  /**
   * The part of what is distributed that went back to the unfunded part.
   * @example '4000000000'
   */
  readonly recallableMinor: string;
  /**
   * What may still be called: committed, less called, plus recallable.
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
   * 1 takes the first loss.
   * @example 1
   */
  readonly rank: number;
  @ApiProperty({ enum: [...TRANCHE_KINDS], enumName: 'TrancheKind', example: 'first-loss' })
  readonly kind: TrancheKind;
  /**
   * The most that may be signed.
   * @example '300000000000'
   */
  readonly capMinor: string;
}

export const FUND_STATUSES = ['established', 'closed'] as const;
export type FundStatus = (typeof FUND_STATUSES)[number];

/** A fund as it stands. */
export class FundDto {
  /** @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658' */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example 'InvestAI gigafactory fund' */
  readonly name: string;
  /** `closed` once financial close is reached: capital may be called and the layers are settled. */
  @ApiProperty({ enum: [...FUND_STATUSES], enumName: 'FundStatus', example: 'established' })
  readonly status: FundStatus;
  /** @example 'EUR' */
  readonly currency: string;
  /**
   * What the fund is to reach.
   * @example '2000000000000'
   */
  readonly targetMinor: string;
  /**
   * When financial close was recorded; null before it.
   * @example '2026-03-20T10:00:00Z'
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly closedAt: string | null;
  /**
   * Day of the financial close (UTC); null before it. Where nobody stated the day, it is the day of recording.
   * @example '2026-03-20'
   */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  readonly reachedOn: string | null;
  /**
   * Where the evidence of the financial close is kept; null before it, and where nobody stated it.
   * @example 'Closing memorandum 2026-03'
   */
  readonly evidenceRef: string | null;
  /** In order of rank: the first one takes the first loss. */
  @ApiProperty({ type: () => [TrancheDto] })
  readonly tranches: TrancheDto[];
  /** Over all tranches. */
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
   * For `If-Match`.
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

/** Which funds. */
export class ListFundsDto extends ListQueryDto {}
