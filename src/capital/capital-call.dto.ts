import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsCalendarDate, IsId, IsOneOf, Optional } from '../http/validation.js';

const CAPITAL_CALL_STATUSES = ['open', 'overdue', 'paid'] as const;
export type CapitalCallStatus = (typeof CAPITAL_CALL_STATUSES)[number];

/** A capital call: an amount of a commitment that is due on a day. */
@ApiSchema({ name: 'CapitalCall' })
export class CapitalCallDto {
  /** @example '2e8b6f04-5c19-8d7a-93e2-c0a1f7d4b586' */
  readonly id: string;
  /** @example 'b4f2d9c1-7a38-8e05-8c6d-53e0a9f1d247' */
  readonly commitmentId: string;
  /** @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658' */
  readonly fundId: string;
  /** @example 'European AI Fund' */
  readonly fundName: string;
  /** @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11' */
  readonly partnerId: string;
  /** @example 'Nordlys Materials AB' */
  readonly partnerName: string | null;
  /** @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60' */
  readonly facilityId: string | null;
  /** @example 'LUMI AI Factory' */
  readonly facilityName: string | null;
  /** `overdue`: not paid in full, and due before `today`. */
  @ApiProperty({ enum: [...CAPITAL_CALL_STATUSES], enumName: 'CapitalCallStatus', example: 'open' })
  readonly status: CapitalCallStatus;
  /** @example 'EUR' */
  readonly currency: string;
  /** @example '20000000000' */
  readonly amountMinor: string;
  /** @example '15000000000' */
  readonly paidMinor: string;
  /**
   * The part that is not paid yet.
   * @example '5000000000'
   */
  readonly openMinor: string;
  /** @example '2026-04-13' */
  readonly issuedOn: string;
  /**
   * The last day on which a payment is in time.
   * @example '2026-05-04'
   */
  readonly dueOn: string;
}

/** One page of capital calls. */
export class CapitalCallPageDto {
  @ApiProperty({ type: () => [CapitalCallDto] })
  readonly data: CapitalCallDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
  /**
   * The day, in UTC, by which calls are overdue here. It is the same on all pages of a list.
   * @example '2026-05-06'
   */
  @ApiProperty({ format: 'date' })
  readonly today: string;
}

/** Filters of the list of capital calls. A credential that is bound to a partner sees only the calls to that partner. */
export class ListCapitalCallsDto extends ListQueryDto {
  /** Only calls to this partner. */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /** Only calls of this fund. */
  @Optional()
  @IsId()
  readonly fundId?: string;

  /** `open`: not paid in full, with the overdue ones. `overdue`: of these, those that were due before today in UTC. `paid`: in full. */
  @Optional()
  @IsOneOf(CAPITAL_CALL_STATUSES, 'CapitalCallStatus')
  readonly status?: CapitalCallStatus;

  /**
   * Only calls that are due on this day or later.
   * @example '2026-05-01'
   */
  @Optional()
  @IsCalendarDate()
  readonly dueFrom?: string;

  /**
   * Only calls that are due before this day.
   * @example '2026-06-01'
   */
  @Optional()
  @IsCalendarDate()
  readonly dueBefore?: string;

  @FromDay('calls that were issued')
  readonly from?: string;

  @ToDay('calls that were issued')
  readonly to?: string;
}
