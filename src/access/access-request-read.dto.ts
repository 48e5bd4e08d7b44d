import { ApiProperty } from '@nestjs/swagger';
import { MODES, type Mode } from '../domain/access-modes.js';
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
import { CATEGORIES, type Category } from '../partners/partner.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsId, IsOneOf, Optional } from '../http/validation.js';
import { PRICE_BASES, type PriceBasis } from './access-request.js';

const REQUEST_STATUSES = ['submitted', 'ineligible', 'withdrawn', 'granted', 'denied', 'revoked'] as const;
export type RequestStatus = (typeof REQUEST_STATUSES)[number];
const GRANT_STATUSES = ['granted', 'revoked'] as const;
export type GrantStatus = (typeof GRANT_STATUSES)[number];
const ELIGIBILITIES = ['unchecked', 'eligible', 'ineligible'] as const;
export type Eligibility = (typeof ELIGIBILITIES)[number];

/** Fields of requests that grants have as well. */
export class ApplicationDto {
  /**
   * Id of the request. If the request is granted, it is also the id of the grant.
   * @example "d81f3a6c-2b57-4e90-8c14-9a0e5f7b2d63"
   */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example "a2d9e4f7-5b18-4c63-9e07-8f1d2c3b4a59" */
  @ApiProperty({ format: 'uuid' })
  readonly callId: string;
  /** @example "Fast lane access, spring 2026" */
  readonly callTitle: string | null;
  /** @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60" */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example "AI gigafactory North" */
  readonly facilityName: string | null;
  @ApiProperty({ enum: [...MODES], enumName: 'AccessMode', example: 'fast-lane' })
  readonly mode: Mode;
  /** @example "0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37" */
  @ApiProperty({ format: 'uuid' })
  readonly partnerId: string;
  /** @example "Nordlys Materials AS" */
  readonly partnerName: string | null;
  /**
   * Partner at the top of acquisitions and majority holdings at the submission; the applicant itself if it has no owner
   * of this kind.
   * @example "0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37"
   */
  @ApiProperty({ format: 'uuid' })
  readonly ultimateParentId: string;
  /** Category of the applicant in force at the submission. */
  @ApiProperty({ enum: [...CATEGORIES], enumName: 'Category', example: 'sme' })
  readonly category: Category;
  /**
   * Country in which the applicant is established.
   * @example "FR"
   */
  readonly country: string;
  /** @example "health" */
  readonly sector: string;
  /** @example "2026-03-10T09:30:00Z" */
  @ApiProperty({ format: 'date-time' })
  readonly submittedAt: string;
  /**
   * Chip-hours requested.
   * @example 40000
   */
  @ApiProperty({ type: 'integer' })
  readonly chipHoursRequested: number;
  /**
   * True for a made-up record.
   * @example true
   */
  readonly illustrative: boolean;
  /**
   * Revision of the record, to send in `If-Match`.
   * @example 2
   */
  readonly revision: number;
}

/** The current state of a request for access. */
export class AccessRequestDto extends ApplicationDto {
  @ApiProperty({ enum: [...REQUEST_STATUSES], enumName: 'RequestStatus', example: 'granted' })
  readonly status: RequestStatus;
  /** Result of the eligibility check. A request may be decided without a check. */
  @ApiProperty({ enum: [...ELIGIBILITIES], enumName: 'Eligibility', example: 'eligible' })
  readonly eligibility: Eligibility;
  /** @example ["established-in-member-state"] */
  readonly eligibilityReasonCodes: string[];
  /** @example "2026-03-11T10:00:00Z" */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly checkedAt: string | null;
  /** @example null */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly withdrawnAt: string | null;
  /** @example null */
  readonly withdrawalReason: string | null;
  /** @example "2026-03-13T15:00:00Z" */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly decidedAt: string | null;
  /**
   * Reason codes of the decision.
   * @example ["score-above-threshold"]
   */
  readonly reasonCodes: string[];
  /**
   * Chip-hours granted; null unless the request is granted.
   * @example 30000
   */
  @ApiProperty({ type: 'integer', nullable: true })
  readonly chipHoursGranted: number | null;
}

/** A request with its confidential content. */
export class AccessRequestDetailDto extends AccessRequestDto {
  /**
   * Purpose of the chips. Null if this reader may not see it, and after its erasure.
   * @example "Training of a segmentation model for rare tumours on pseudonymised scans."
   */
  readonly purpose: string | null;
  /**
   * Contact for questions. Null in the same cases as the purpose, and if the applicant gave none.
   * @example "Access desk, access@example.eu"
   */
  readonly contact: string | null;
  /**
   * Instant at which purpose and contact were erased; null before the erasure.
   * @example null
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly erasedAt: string | null;
}

/** The Union programme that funds a project. */
export class GrantFundingDto {
  @ApiProperty({ enum: [...FUNDING_PROGRAMMES], enumName: 'FundingProgramme', example: 'HE' })
  readonly programme: FundingProgramme;
  /**
   * Number of the grant agreement.
   * @example "101092269"
   */
  readonly grantNumber: string;
}

/** A grant: a request that was granted. */
export class GrantDto extends ApplicationDto {
  @ApiProperty({ enum: [...GRANT_STATUSES], enumName: 'GrantStatus', example: 'granted' })
  readonly status: GrantStatus;
  /**
   * Chip-hours granted: the maximum that can be allocated under the grant.
   * @example 30000
   */
  @ApiProperty({ type: 'integer' })
  readonly chipHours: number;
  @ApiProperty({ enum: [...PRICE_BASES], enumName: 'PriceBasis', example: 'free' })
  readonly priceBasis: PriceBasis;
  /** Why access is free of charge; null for paid access, and for grants from before the ledger recorded it. */
  @ApiProperty({ enum: [...FREE_REASONS, null], nullable: true, type: String, example: 'sme-innovation' })
  readonly freeReason: FreeReason | null;
  /**
   * Where the evidence for freeReason is kept.
   * @example "DMS-2026-114"
   */
  readonly freeEvidenceRef: string | null;
  /** The Union programme that funds the project. */
  @ApiProperty({ type: () => GrantFundingDto, nullable: true })
  readonly funding: GrantFundingDto | null;
  /**
   * Number of the Seal of Excellence of the project.
   * @example null
   */
  readonly sealOfExcellenceRef: string | null;
  /** What the time is used for; null if the decision does not say. */
  @ApiProperty({ enum: [...ACCESS_USES, null], nullable: true, type: String, example: 'non-commercial' })
  readonly use: AccessUse | null;
  /** Art. 12b(14): general, strategic or security access; null if the decision does not say. */
  @ApiProperty({ enum: [...ACCESS_CLASSES, null], nullable: true, type: String, example: 'general' })
  readonly class: AccessClass | null;
  /**
   * Pool of access time from which the hours come; null for a grant without one.
   * @example null
   */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  readonly poolId: string | null;
  /** @example ["score-above-threshold", "sme-innovation"] */
  readonly reasonCodes: string[];
  /** @example "2026-04-01T00:00:00Z" */
  @ApiProperty({ format: 'date-time' })
  readonly validFrom: string;
  /** @example "2026-10-01T00:00:00Z" */
  @ApiProperty({ format: 'date-time' })
  readonly validTo: string;
  /** @example "2026-03-13T15:00:00Z" */
  @ApiProperty({ format: 'date-time' })
  readonly decidedAt: string;
  /** @example null */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly revokedAt: string | null;
  /** @example [] */
  readonly revocationReasonCodes: string[];
  /**
   * Chip-hours of the grant's allocations, without the released part.
   * @example 28800
   */
  readonly chipHoursAllocated: number;
  /**
   * Chip-hours reported as used.
   * @example 25100
   */
  readonly chipHoursUsed: number;
}

/** One page of requests. */
export class AccessRequestPageDto {
  @ApiProperty({ type: () => [AccessRequestDto] })
  readonly data: AccessRequestDto[];
  /**
   * Cursor of the next page; null on the last one.
   * @example null
   */
  readonly next: string | null;
}

/** One page of grants. */
export class GrantPageDto {
  @ApiProperty({ type: () => [GrantDto] })
  readonly data: GrantDto[];
  /**
   * Cursor of the next page; null on the last one.
   * @example null
   */
  readonly next: string | null;
}

class ListApplicationsDto extends ListQueryDto {
  /**
   * Only requests of this mode.
   * @example "fast-lane"
   */
  @Optional()
  @IsOneOf(MODES, 'AccessMode')
  readonly mode?: Mode;

  /**
   * Only requests under this call.
   * @example "a2d9e4f7-5b18-4c63-9e07-8f1d2c3b4a59"
   */
  @Optional()
  @IsId()
  readonly callId?: string;

  /**
   * Only requests of this partner.
   * @example "0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37"
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /**
   * Only requests for this facility.
   * @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60"
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  /**
   * Only requests whose applicants had this category at the submission.
   * @example "sme"
   */
  @Optional()
  @IsOneOf(CATEGORIES, 'Category')
  readonly category?: Category;
}

/**
 * Filters of the list of requests. A credential that is bound to a partner sees the requests of that partner and the
 * requests for facilities that the partner operates.
 */
export class ListAccessRequestsDto extends ListApplicationsDto {
  /**
   * Only requests with this status.
   * @example "submitted"
   */
  @Optional()
  @IsOneOf(REQUEST_STATUSES, 'RequestStatus')
  readonly status?: RequestStatus;

  @FromDay('requests that were submitted')
  readonly from?: string;

  @ToDay('requests that were submitted')
  readonly to?: string;
}

/**
 * Filters of the list of grants. A credential that is bound to a partner sees the grants of that partner and the grants
 * on facilities that the partner operates or hosts.
 */
export class ListGrantsDto extends ListApplicationsDto {
  /**
   * Only grants with this status.
   * @example "granted"
   */
  @Optional()
  @IsOneOf(GRANT_STATUSES, 'GrantStatus')
  readonly status?: GrantStatus;

  /**
   * Only free or only paid access.
   * @example "free"
   */
  @Optional()
  @IsOneOf(PRICE_BASES, 'PriceBasis')
  readonly priceBasis?: PriceBasis;

  /**
   * Only grants that are free of charge for this reason.
   * @example "sme-innovation"
   */
  @Optional()
  @IsOneOf(FREE_REASONS, 'FreeReason')
  readonly freeReason?: FreeReason;

  /**
   * Only grants from this pool of access time.
   * @example "0e9de3ba-93a1-4a8e-b5a5-1d6c60aa0a11"
   */
  @Optional()
  @IsId()
  readonly pool?: string;

  @FromDay('grants that were decided')
  readonly from?: string;

  @ToDay('grants that were decided')
  readonly to?: string;
}
