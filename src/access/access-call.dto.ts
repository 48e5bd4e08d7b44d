import { ApiProperty } from '@nestjs/swagger';
import { MODES, type Mode } from '../domain/access-modes.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsChipHours, IsId, IsInstantOrDate, IsOneOf, IsText, Optional } from '../http/validation.js';

/** Room for the title of a call. A longer text is a description. */
const TITLE_LENGTH_MAX = 200;

/** A call for requests for access to a facility. */
export class OpenAccessCallDto {
  /**
   * Facility to which the call gives access. An AI gigafactory needs a signed commitment of its hosting state first
   * (Art. 12b(4)).
   * @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60"
   */
  @IsId()
  readonly facilityId: string;

  /**
   * Mode of access of all requests under the call.
   * @example "fast-lane"
   */
  @IsOneOf(MODES, 'AccessMode')
  readonly mode: Mode;

  /**
   * Public title.
   * @example "Fast lane access, spring 2026"
   */
  @IsText(TITLE_LENGTH_MAX)
  readonly title: string;

  /**
   * First instant at which a request can be submitted.
   * @example "2026-03-01T00:00:00Z"
   */
  @IsInstantOrDate()
  readonly opensAt: string;

  /**
   * First instant at which no request can be submitted any more; after opensAt.
   * @example "2026-06-01T00:00:00Z"
   */
  @IsInstantOrDate()
  readonly closesAt: string;

  /**
   * Chip-hours that the whole call offers.
   * @example 2000000
   */
  @IsChipHours()
  readonly chipHours: number;
}

/** Status of a call at the present instant. A call opens and closes by the clock, without an event. */
const CALL_STATUSES = ['announced', 'open', 'closed'] as const;
export type CallStatus = (typeof CALL_STATUSES)[number];

/** A call for requests for access. */
export class AccessCallDto {
  /** @example "a2d9e4f7-5b18-4c63-9e07-8f1d2c3b4a59" */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60" */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example "AI gigafactory North" */
  readonly facilityName: string | null;
  @ApiProperty({ enum: [...MODES], enumName: 'AccessMode', example: 'fast-lane' })
  readonly mode: Mode;
  /** @example "Fast lane access, spring 2026" */
  readonly title: string;
  /** Status now. */
  @ApiProperty({ enum: [...CALL_STATUSES], enumName: 'CallStatus', example: 'open' })
  readonly status: CallStatus;
  /**
   * First instant at which a request can be submitted.
   * @example "2026-03-01T00:00:00Z"
   */
  @ApiProperty({ format: 'date-time' })
  readonly opensAt: string;
  /**
   * First instant at which no request can be submitted any more.
   * @example "2026-06-01T00:00:00Z"
   */
  @ApiProperty({ format: 'date-time' })
  readonly closesAt: string;
  /**
   * Chip-hours that the whole call offers.
   * @example 2000000
   */
  @ApiProperty({ type: 'integer' })
  readonly chipHours: number;
  /**
   * Chip-hours granted, less what revoked grants returned. Grants from before the budget of a call was binding are not in it.
   * @example 1200000
   */
  @ApiProperty({ type: 'integer' })
  readonly chipHoursGranted: number;
  /**
   * Revision of the record, to send in `If-Match`.
   * @example 0
   */
  readonly revision: number;
}

/** One page of calls. */
export class AccessCallPageDto {
  @ApiProperty({ type: () => [AccessCallDto] })
  readonly data: AccessCallDto[];
  /**
   * Cursor of the next page; null on the last one.
   * @example null
   */
  readonly next: string | null;
}

/** Filters of the list of calls. */
export class ListAccessCallsDto extends ListQueryDto {
  /**
   * Only calls for this facility.
   * @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60"
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  /**
   * Only calls of this mode.
   * @example "fast-lane"
   */
  @Optional()
  @IsOneOf(MODES, 'AccessMode')
  readonly mode?: Mode;

  /**
   * Only calls with this status now.
   * @example "open"
   */
  @Optional()
  @IsOneOf(CALL_STATUSES, 'CallStatus')
  readonly status?: CallStatus;

  @FromDay('calls that are open')
  readonly from?: string;

  @ToDay('calls that are open')
  readonly to?: string;
}
