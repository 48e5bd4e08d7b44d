import { ApiProperty } from '@nestjs/swagger';
import {
  COMMITMENT_KINDS,
  IN_KIND_DESCRIPTIONS,
  type CommitmentKind,
  type InKindDescription,
} from '../domain/commitment-kinds.js';
import { AnswerDto } from '../http/answer.dto.js';
import {
  IdParams,
  IsAmountMinor,
  IsCalendarDate,
  IsCurrencyCode,
  IsFlag,
  IsId,
  IsOneOf,
  IsProse,
  IsText,
  Optional,
  REASON_LENGTH_MAX,
  SOURCE_LENGTH_MAX,
} from '../http/validation.js';

/** Room for the name of a programme of the Union, e.g. `Horizon Europe`. */
const PROGRAMME_LENGTH_MAX = 100;

/** A pledge of a partner to a tranche of a fund. */
export class PledgeCommitmentDto {
  /**
   * Fund that receives the money.
   * @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658'
   */
  @IsId()
  readonly fundId: string;

  /**
   * Layer of that fund.
   * @example '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95'
   */
  @IsId()
  readonly trancheId: string;

  /**
   * Partner that pledges.
   * @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11'
   */
  @IsId()
  readonly partnerId: string;

  /**
   * Facility that the money finances. The Union and Member States must name it for `capex` and `access-time-purchase`, unless the
   * fund finances no AI gigafactory. A signed commitment to it counts towards the 17 % ceiling of the Union and the
   * match by the Participating States (Art. 12b(5)).
   * @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  /**
   * Amount in minor units of the currency.
   * @example '50000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly amountMinor: string;

  /**
   * Currency of the fund.
   * @example 'EUR'
   */
  @IsCurrencyCode()
  readonly currency: string;

  /**
   * Kind of the contribution. `access-time-purchase` is the guaranteed purchase of access time that Art. 12b(5) allows
   * instead of a part of the CAPEX.
   * @example 'capex'
   */
  @IsOneOf(COMMITMENT_KINDS, 'CommitmentKind')
  readonly kind: CommitmentKind;

  /**
   * What is given in kind. Only, and always, for the kind `in-kind`. `access-time` is refused: access time that a Member State gives
   * is no contribution in kind (Art. 12b(10)).
   * @example 'equipment'
   */
  @Optional()
  @IsOneOf(IN_KIND_DESCRIPTIONS, 'InKindDescription')
  @ApiProperty({ example: undefined })
  readonly describes?: InKindDescription;

  /**
   * Programme of the Union's budget that provides the money.
   * @example 'Digital Europe'
   */
  @Optional()
  @IsText(PROGRAMME_LENGTH_MAX)
  readonly programme?: string;

  /**
   * Source of the record, if it is a public fact.
   * @example 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly source?: string;

  /**
   * True for a made-up amount. Every table with it states this. Only the operator may send true.
   * @example false
   */
  @Optional()
  @IsFlag()
  readonly illustrative?: boolean;
}

/** The acceptance of a pledge by the operator. */
export class AcceptCommitmentDto {
  /**
   * Day of the acceptance (UTC), not in the future.
   * @example '2026-03-01'
   */
  @IsCalendarDate()
  readonly acceptedOn: string;

  /**
   * Where the acceptance is kept.
   * @example 'https://example.eu/decisions/2026-14'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly evidenceRef?: string;
}

/** The signature that turns a pledge into a commitment. */
export class SignCommitmentDto {
  /**
   * Day of the signature (UTC), not in the future.
   * @example '2026-03-02'
   */
  @IsCalendarDate()
  readonly signedOn: string;
}

/** A change of the committed amount. */
export class AmendCommitmentDto {
  /**
   * Minor units to add, or to subtract with a minus sign. At most the unfunded part can be subtracted.
   * @example '-10000000000'
   */
  @IsAmountMinor({ min: 'signed' })
  readonly deltaMinor: string;

  /**
   * Reason. Public.
   * @example 'Scope of the first building phase reduced.'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly reason: string;
}

/** A capital call, after the financial close of the fund. */
export class IssueCallDto {
  /**
   * Minor units, at most the unfunded part.
   * @example '20000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly amountMinor: string;

  /**
   * Day of the notice (UTC), not before the signature and not before the financial close of the fund.
   * @example '2026-04-13'
   */
  @IsCalendarDate()
  readonly issuedOn: string;

  /**
   * Due date: as many business days after the notice as the policy `capital-call-notice` asks (10 without it), on the
   * calendar of the policy `business-day-calendar` (Brussels without it), by the policies in force on the day of the notice.
   * @example '2026-05-04'
   */
  @IsCalendarDate()
  readonly dueOn: string;
}

/** The answer to a capital call. */
export class CallAnswerDto extends AnswerDto {
  /**
   * Id of the new call, for the path of its payments.
   * @example '2e8b6f04-5c19-8d7a-93e2-c0a1f7d4b586'
   */
  @ApiProperty({ format: 'uuid' })
  readonly callId: string;
}

/** A payment on a capital call. */
export class PayCallDto {
  /**
   * Minor units, at most the open part of this call.
   * @example '15000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly amountMinor: string;

  /**
   * Day on which the money arrived (UTC), not before the call and not in the future.
   * @example '2026-05-04'
   */
  @IsCalendarDate()
  readonly paidOn: string;
}

/** Money paid back to the partner. */
export class DistributeDto {
  /**
   * Minor units.
   * @example '3000000000'
   */
  @IsAmountMinor({ min: '1' })
  readonly amountMinor: string;

  /**
   * The part of the amount that may be called again: at most the amount, and at most what was paid in and is not
   * recallable yet.
   * @example '1000000000'
   */
  @IsAmountMinor({ min: '0' })
  readonly recallableMinor: string;

  /**
   * Day of the payment (UTC), not before the first payment on the commitment and not in the future.
   * @example '2026-06-01'
   */
  @IsCalendarDate()
  readonly paidOn: string;
}

/** The end of a pledge, or of the unfunded part of a commitment. */
export class CancelCommitmentDto {
  /**
   * Reason. Public.
   * @example 'The partner left the consortium.'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly reason: string;
}

/** What a partner asks to take away from its signed commitment after financial close. */
export class RequestDecreaseDto {
  /**
   * Minor units to take away, at most the unfunded part. Without it the request is for a cancellation, which releases all of that part.
   * @example '10000000000'
   */
  @Optional()
  @IsAmountMinor({ min: '1' })
  readonly amountMinor?: string;

  /**
   * Reason. Public.
   * @example 'Scope of the first building phase reduced.'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly reason: string;
}

/** The answer to a request for a decrease. */
export class DecreaseRequestAnswerDto extends AnswerDto {
  /**
   * Id of the new request, for the path of its acceptance.
   * @example '4f0d8b26-7e3b-8f9c-b504-e2c3a9f6d708'
   */
  @ApiProperty({ format: 'uuid' })
  readonly requestId: string;
}

/** Path of a request for a decrease. */
export class DecreaseRequestParams extends IdParams {
  /**
   * Id of the request, from the answer to it.
   * @example '4f0d8b26-7e3b-8f9c-b504-e2c3a9f6d708'
   */
  @IsId()
  readonly requestId: string;
}

/** Path of a call. */
export class CallParams extends IdParams {
  /**
   * Id of the call, from the answer to its creation.
   * @example '2e8b6f04-5c19-8d7a-93e2-c0a1f7d4b586'
   */
  @IsId()
  readonly callId: string;
}
