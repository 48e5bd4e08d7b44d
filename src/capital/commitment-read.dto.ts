import { ApiProperty } from '@nestjs/swagger';
import {
  COMMITMENT_KINDS,
  IN_KIND_DESCRIPTIONS,
  type CommitmentKind,
  type InKindDescription,
} from '../domain/commitment-kinds.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsId, IsOneOf, Optional } from '../http/validation.js';

/** A capital call with its payments. */
export class CallDto {
  /** @example '2e8b6f04-5c19-8d7a-93e2-c0a1f7d4b586' */
  @ApiProperty({ format: 'uuid' })
  readonly callId: string;
  /** @example '20000000000' */
  readonly amountMinor: string;
  /** @example '15000000000' */
  readonly paidMinor: string;
  /** @example '2026-04-13' */
  @ApiProperty({ format: 'date' })
  readonly issuedOn: string;
  /** @example '2026-05-04' */
  @ApiProperty({ format: 'date' })
  readonly dueOn: string;
}

/** What the partner asks to take away from a signed commitment. */
export class DecreaseRequestDto {
  /** @example '4f0d8b26-7e3b-8f9c-b504-e2c3a9f6d708' */
  @ApiProperty({ format: 'uuid' })
  readonly requestId: string;
  /**
   * Minor units to take away; null for a cancellation.
   * @example '10000000000'
   */
  readonly amountMinor: string | null;
  /** @example 'Scope of the first building phase reduced.' */
  readonly reason: string;
}

const COMMITMENT_STATUSES = ['pledged', 'signed', 'cancelled'] as const;
export type CommitmentStatus = (typeof COMMITMENT_STATUSES)[number];

/**
 * The current state of a commitment. `unfundedMinor` is always `committedMinor` less `calledMinor` plus
 * `recallableMinor`.
 */
export class CommitmentDto {
  /** @example 'b4f2d9c1-7a38-8e05-8c6d-53e0a9f1d247' */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658' */
  @ApiProperty({ format: 'uuid' })
  readonly fundId: string;
  /** @example 'European AI Fund' */
  readonly fundName: string;
  /** @example '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95' */
  @ApiProperty({ format: 'uuid' })
  readonly trancheId: string;
  /** @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11' */
  @ApiProperty({ format: 'uuid' })
  readonly partnerId: string;
  /** @example 'Nordlys Materials AS' */
  readonly partnerName: string | null;
  /** @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60' */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  readonly facilityId: string | null;
  /** @example 'AI gigafactory North' */
  readonly facilityName: string | null;
  @ApiProperty({ enum: [...COMMITMENT_KINDS], enumName: 'CommitmentKind', example: 'capex' })
  readonly kind: CommitmentKind;
  /** What is given in kind; null for money, and for pledges from before the ledger asked. */
  @ApiProperty({ enum: [...IN_KIND_DESCRIPTIONS], enumName: 'InKindDescription', nullable: true, example: null })
  readonly describes: InKindDescription | null;
  /** @example 'Digital Europe' */
  readonly programme: string | null;
  /** A pledge does not bind. After a cancellation no capital can be called, and open calls stay payable. */
  @ApiProperty({ enum: [...COMMITMENT_STATUSES], enumName: 'CommitmentStatus', example: 'signed' })
  readonly status: CommitmentStatus;
  /** @example 'EUR' */
  readonly currency: string;
  /**
   * The amount of the pledge, without amendments.
   * @example '50000000000'
   */
  readonly pledgedMinor: string;
  /**
   * The pledged amount with amendments, less the part that a cancellation released. It binds from the signature on.
   * @example '50000000000'
   */
  readonly committedMinor: string;
  /**
   * Sum of all calls. It may exceed the committed amount, because distributions can be recalled.
   * @example '20000000000'
   */
  readonly calledMinor: string;
  /**
   * Sum of the payments on calls.
   * @example '15000000000'
   */
  readonly paidMinor: string;
  /**
   * Sum of the distributions to the partner.
   * @example '3000000000'
   */
  readonly distributedMinor: string;
  /**
   * The part of the distributions that was added to the unfunded part again.
   * @example '1000000000'
   */
  readonly recallableMinor: string;
  /**
   * The amount that may still be called.
   * @example '31000000000'
   */
  readonly unfundedMinor: string;
  /** In the order in which they were recorded. */
  @ApiProperty({ type: () => [CallDto] })
  readonly calls: CallDto[];
  /**
   * Day of the signature; null before it.
   * @example '2026-03-02'
   */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  readonly signedOn: string | null;
  /**
   * Day on which the operator accepted the pledge; null before it, and where the operator signed it.
   * @example '2026-03-01'
   */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  readonly acceptedOn: string | null;
  /** What the partner asks to take away after financial close, while the operator has not accepted it; null if it asks for nothing. */
  @ApiProperty({ type: () => DecreaseRequestDto, nullable: true })
  readonly decreaseRequest: DecreaseRequestDto | null;
  /** @example 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories' */
  readonly source: string | null;
  /**
   * True for a made-up amount.
   * @example true
   */
  readonly illustrative: boolean;
  /**
   * Revision of the record, to send in `If-Match`.
   * @example 3
   */
  readonly revision: number;
}

/** One page of commitments. */
export class CommitmentPageDto {
  @ApiProperty({ type: () => [CommitmentDto] })
  readonly data: CommitmentDto[];
  /**
   * Cursor of the next page; null on the last one.
   * @example null
   */
  readonly next: string | null;
}

/**
 * Filters of the list of commitments. A credential that is bound to a partner sees only the commitments of that
 * partner, under every filter.
 */
export class ListCommitmentsDto extends ListQueryDto {
  /**
   * Only commitments to this fund.
   * @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658'
   */
  @Optional()
  @IsId()
  readonly fundId?: string;

  /**
   * Only commitments of this partner.
   * @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11'
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /**
   * Only commitments for this facility.
   * @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  /**
   * Only commitments with this status.
   * @example 'signed'
   */
  @Optional()
  @IsOneOf(COMMITMENT_STATUSES, 'CommitmentStatus')
  readonly status?: CommitmentStatus;

  @FromDay('commitments that were signed')
  readonly from?: string;

  @ToDay('commitments that were signed')
  readonly to?: string;
}
