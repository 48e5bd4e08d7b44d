import { ApiProperty } from '@nestjs/swagger';
import {
  AreReasonCodes,
  IsChipHours,
  IsFlag,
  IsId,
  IsInstantOrDate,
  IsOneOf,
  IsProse,
  IsText,
  Optional,
  REASON_LENGTH_MAX,
} from '../http/validation.js';
import { PRICE_BASES, type PriceBasis } from './access-request.js';
import { AnswerDto } from '../http/answer.dto.js';
import { LateRecordingDto } from './late-recording.dto.js';

/** A name of a sector of the economy. */
const SECTOR_LENGTH_MAX = 100;
/** About five pages: what a full application form asks for. */
const PURPOSE_LENGTH_MAX = 20_000;
/** A name, an address and a telephone number. */
const CONTACT_LENGTH_MAX = 300;

/** A request for access, submitted in answer to a call. */
export class SubmitAccessRequestDto extends LateRecordingDto {
  /**
   * Call that the request answers; it must be open.
   * @example "a2d9e4f7-5b18-4c63-9e07-8f1d2c3b4a59"
   */
  @IsId()
  readonly callId: string;

  /**
   * Applicant. Its category in force at the submission is the one that counts, whatever it becomes later.
   * @example "0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37"
   */
  @IsId()
  readonly partnerId: string;

  /**
   * Chip-hours asked for; at most 50,000 in the fast lane.
   * @example 40000
   */
  @IsChipHours()
  readonly chipHours: number;

  /**
   * Sector that the work is for. Public: part of the event.
   * @example "health"
   */
  @IsText(SECTOR_LENGTH_MAX)
  readonly sector: string;

  /**
   * What the chips are for. Sealed: the public event holds only a commitment to it, and it can be erased.
   * @example "Training of a segmentation model for rare tumours on pseudonymised scans."
   */
  @IsProse(PURPOSE_LENGTH_MAX)
  readonly purpose: string;

  /**
   * Whom to ask. Sealed as the purpose is.
   * @example "Access desk, access@example.eu"
   */
  @Optional()
  @IsText(CONTACT_LENGTH_MAX)
  readonly contact?: string;

  /**
   * True when the record is made up, to show how the ledger works; every table then says so.
   * @example true
   */
  @Optional()
  @IsFlag()
  readonly illustrative?: boolean;
}

/** The withdrawal of an undecided request. */
export class WithdrawAccessRequestDto extends LateRecordingDto {
  /**
   * Why the request is withdrawn. Public.
   * @example "Funded otherwise."
   */
  @Optional()
  @IsProse(REASON_LENGTH_MAX)
  readonly reason?: string;
}

/** The outcome of an eligibility check. */
export class RecordEligibilityDto extends LateRecordingDto {
  /**
   * True only for an applicant established in a Member State or an associated country (Art. 12b(15)(a)).
   * @example true
   */
  @IsFlag()
  readonly eligible: boolean;

  /**
   * Why, at least one.
   * @example ["established-in-member-state"]
   */
  @AreReasonCodes()
  readonly reasonCodes: string[];
}

/** The decision on a request. */
export class DecideAccessRequestDto extends LateRecordingDto {
  /**
   * The decision, taken once.
   * @example "granted"
   */
  @IsOneOf(['granted', 'denied'], 'AccessOutcome')
  readonly outcome: 'granted' | 'denied';

  /**
   * Chip-hours granted, at most what was requested. Required for a grant, left out for a denial.
   * @example 30000
   */
  @Optional()
  @IsChipHours()
  readonly chipHours?: number;

  /**
   * Whether access is free of charge (Art. 12b(15)(b)). Required for a grant, left out for a denial.
   * @example "free"
   */
  @Optional()
  @IsOneOf(PRICE_BASES, 'PriceBasis')
  readonly priceBasis?: PriceBasis;

  /**
   * Why, at least one; for free access, under which heading of Art. 12b(15)(b).
   * @example ["score-above-threshold", "sme-innovation"]
   */
  @AreReasonCodes()
  readonly reasonCodes: string[];

  /**
   * First instant at which chips can be allocated under the grant. Required for a grant, left out for a denial.
   * @example "2026-04-01T00:00:00Z"
   */
  @Optional()
  @IsInstantOrDate()
  readonly validFrom?: string;

  /**
   * First instant at which no longer; after validFrom. Required for a grant, left out for a denial.
   * @example "2026-10-01T00:00:00Z"
   */
  @Optional()
  @IsInstantOrDate()
  readonly validTo?: string;
}

/** The revocation of a grant. */
export class RevokeGrantDto extends LateRecordingDto {
  /**
   * Why, at least one.
   * @example ["conditions-breached"]
   */
  @AreReasonCodes()
  readonly reasonCodes: string[];
}

/** A revocation, recorded. */
export class RevocationAnswerDto extends AnswerDto {
  /**
   * Allocations whose later part was released with it.
   * @example 2
   */
  @ApiProperty({ type: 'integer' })
  releasedAllocations: number;
}
