import { ApiProperty } from '@nestjs/swagger';
import {
  ACCESS_CLASSES,
  ACCESS_USES,
  FREE_REASONS,
  FUNDING_PROGRAMMES,
  type AccessClass,
  type AccessUse,
  type FreeReason,
  type FundingProgramme,
} from '../domain/free-access.js';
import {
  AreReasonCodes,
  IsChipHours,
  IsFlag,
  IsId,
  IsInstantOrDate,
  IsObjectOf,
  IsOneOf,
  IsProse,
  IsText,
  Optional,
  REASON_LENGTH_MAX,
} from '../http/validation.js';
import { PRICE_BASES, type PriceBasis } from './access-request.js';
import { AnswerDto } from '../http/answer.dto.js';
import { LateRecordingDto } from './late-recording.dto.js';

/** Room for the name of a sector of the economy. */
const SECTOR_LENGTH_MAX = 100;
/** About five pages, the length of the answers in a full application form. */
const PURPOSE_LENGTH_MAX = 20_000;
/** Room for a name, an address and a telephone number. */
const CONTACT_LENGTH_MAX = 300;
/** Room for the number of a contract, a certificate or a file. */
const REFERENCE_LENGTH_MAX = 200;

/** A request for access under a call. */
export class SubmitAccessRequestDto extends LateRecordingDto {
  /**
   * Call for the request; it must be open.
   * @example "a2d9e4f7-5b18-4c63-9e07-8f1d2c3b4a59"
   */
  @IsId()
  readonly callId: string;

  /**
   * The applicant. The request counts under the applicant's category in force at the submission, whatever category it
   * gets later.
   * @example "0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37"
   */
  @IsId()
  readonly partnerId: string;

  /**
   * Chip-hours requested. The policy access-modes bounds them by mode.
   * @example 40000
   */
  @IsChipHours()
  readonly chipHours: number;

  /**
   * Sector of the work. Public: part of the event.
   * @example "health"
   */
  @IsText(SECTOR_LENGTH_MAX)
  readonly sector: string;

  /**
   * Purpose of the chips. Sealed: the public event holds only a commitment to the text, and the text can be erased.
   * @example "Training of a segmentation model for rare tumours on pseudonymised scans."
   */
  @IsProse(PURPOSE_LENGTH_MAX)
  readonly purpose: string;

  /**
   * Contact for questions. Sealed like the purpose.
   * @example "Access desk, access@example.eu"
   */
  @Optional()
  @IsText(CONTACT_LENGTH_MAX)
  readonly contact?: string;

  /**
   * True for a made-up record that shows how the ledger works. Every table with it states this. Only the operator may send true.
   * @example false
   */
  @Optional()
  @IsFlag()
  readonly illustrative?: boolean;
}

/** The withdrawal of an undecided request. */
export class WithdrawAccessRequestDto extends LateRecordingDto {
  /**
   * Reason for the withdrawal. Public.
   * @example "Funded otherwise."
   */
  @Optional()
  @IsProse(REASON_LENGTH_MAX)
  readonly reason?: string;
}

/** The result of an eligibility check. */
export class RecordEligibilityDto extends LateRecordingDto {
  /**
   * True only for an applicant established in a Member State or an associated country (Art. 12b(15)(a)).
   * @example true
   */
  @IsFlag()
  readonly eligible: boolean;

  /**
   * Reason codes, at least one. The codes established-in-member-state, established-in-associated-country,
   * established-in-eligible-country and not-established-in-eligible-country are about the country: with one of them the check rests on
   * Art. 12b(15)(a). All other codes are free.
   * @example ["established-in-member-state"]
   */
  @AreReasonCodes()
  readonly reasonCodes: string[];
}

/** The Union programme that funds a project. */
export class FundingDto {
  /**
   * Horizon Europe, the Digital Europe Programme or the Connecting Europe Facility.
   * @example "HE"
   */
  @IsOneOf(FUNDING_PROGRAMMES, 'FundingProgramme')
  readonly programme: FundingProgramme;

  /**
   * Number of the grant agreement.
   * @example "101092269"
   */
  @IsText(REFERENCE_LENGTH_MAX)
  readonly grantNumber: string;
}

/** The decision on a request. All fields but outcome, reasonCodes and effectiveAt are for grants alone. */
export class DecideAccessRequestDto extends LateRecordingDto {
  /**
   * The decision. A request is decided once.
   * @example "granted"
   */
  @IsOneOf(['granted', 'denied'], 'AccessOutcome')
  readonly outcome: 'granted' | 'denied';

  /**
   * Chip-hours granted, at most the requested number. Required for a grant, left out for a denial.
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
   * Why access is free of charge. Free access needs it, paid access must not have it. `public-law-entity`: the applicant is a public
   * body, or a research organisation and freeEvidenceRef names the evidence that it is governed by public law. `sme-innovation`: private
   * innovation of a start-up, an SME or a scale-up, so that the use is not commercial. `eu-funded`: needs funding.
   * `seal-of-excellence`: needs sealOfExcellenceRef. `open-frontier`: a call of that mode (Art. 12b(11)). Whoever has one of the first
   * four reasons has a right to free access, and is not granted paid access.
   * @example "sme-innovation"
   */
  @Optional()
  @IsOneOf(FREE_REASONS, 'FreeReason')
  readonly freeReason?: FreeReason;

  /**
   * Where the evidence for freeReason is kept. The policy free-access-evidence says which reasons need it.
   * @example "DMS-2026-114"
   */
  @Optional()
  @IsText(REFERENCE_LENGTH_MAX)
  readonly freeEvidenceRef?: string;

  /** The Union programme that funds the research or innovation. It opens the resources of Art. 12b(15)(c) as well. */
  @Optional()
  @IsObjectOf(() => FundingDto)
  readonly funding?: FundingDto;

  /**
   * Number of the Seal of Excellence that the project was awarded under Horizon Europe or the Digital Europe Programme.
   * @example "SOE-190123"
   */
  @Optional()
  @IsText(REFERENCE_LENGTH_MAX)
  readonly sealOfExcellenceRef?: string;

  /**
   * What the time is used for. Private innovation of an SME is not commercial use; what an SME sells to its customers is.
   * @example "non-commercial"
   */
  @Optional()
  @IsOneOf(ACCESS_USES, 'AccessUse')
  readonly use?: AccessUse;

  /**
   * General access, or access under the rules for strategic (Art. 12b(14)(b)) or security activities (Art. 12b(14)(c)).
   * @example "general"
   */
  @Optional()
  @IsOneOf(ACCESS_CLASSES, 'AccessClass')
  readonly class?: AccessClass;

  /**
   * Pool of access time from which the hours come.
   * @example "0e9de3ba-93a1-4a8e-b5a5-1d6c60aa0a11"
   */
  @Optional()
  @IsId()
  readonly poolId?: string;

  /**
   * Reason codes, at least one.
   * @example ["score-above-threshold"]
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
   * First instant at which no chips can be allocated under the grant any more; after validFrom. Required for a grant,
   * left out for a denial.
   * @example "2026-10-01T00:00:00Z"
   */
  @Optional()
  @IsInstantOrDate()
  readonly validTo?: string;
}

/** The revocation of a grant. */
export class RevokeGrantDto extends LateRecordingDto {
  /**
   * Reason codes, at least one.
   * @example ["conditions-breached"]
   */
  @AreReasonCodes()
  readonly reasonCodes: string[];
}

/** The answer to a revocation. */
export class RevocationAnswerDto extends AnswerDto {
  /**
   * Number of allocations whose later part was released with the revocation.
   * @example 2
   */
  @ApiProperty({ type: 'integer' })
  releasedAllocations: number;
}
