import { CHIP_MODEL_LENGTH_MAX } from '../compute/facility.dto.js';
import { PROTECTIONS, type Protection } from '../compute/pool-events.js';
import { AnswerDto } from '../http/answer.dto.js';
import {
  IsChips,
  IsId,
  IsInstantOrDate,
  IsOneOf,
  IsProse,
  IsText,
  Optional,
  REASON_LENGTH_MAX,
  SOURCE_LENGTH_MAX,
} from '../http/validation.js';

/** Chips for the holder of a grant in an interval. */
export class AllocateDto {
  /**
   * The grant under which the chips are allocated. It must be for this facility and have chip-hours left.
   * @example 'c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94'
   */
  @IsId()
  readonly grantId: string;

  /** @example 'GB300' */
  @IsText(CHIP_MODEL_LENGTH_MAX)
  readonly chipModel: string;

  /** @example 512 */
  @IsChips()
  readonly chips: number;

  /**
   * First instant; a date means its first instant (UTC). Not before the start of the grant.
   * @example '2026-04-01T00:00:00Z'
   */
  @IsInstantOrDate()
  readonly from: string;

  /**
   * First instant after the interval. Not after the end of the grant.
   * @example '2026-04-08T00:00:00Z'
   */
  @IsInstantOrDate()
  readonly to: string;

  /**
   * The access pool whose hours are used, under a grant that names none because it was decided before the facility had pools. Else leave
   * it out: the pool is that of the grant.
   * @example '2f1e0d5a-86b1-4a1c-9d38-3f1f6f0c7a52'
   */
  @Optional()
  @IsId()
  readonly poolId?: string;

  /**
   * The class of the floors and caps in which the chips count: the category of the user, or the chips that are reserved for Union-funded
   * projects (Art. 12b(15)(c)), which is what such a project gets if this is left out.
   * @example 'category'
   */
  @Optional()
  @IsOneOf(PROTECTIONS, 'Protection')
  readonly protection?: Protection;
}

/** The pool of an allocation that was made before the facility had pools. */
export class AssignPoolDto {
  /** @example 'c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94' */
  @IsId()
  readonly allocationId: string;

  /**
   * The access pool whose hours the allocation used.
   * @example '2f1e0d5a-86b1-4a1c-9d38-3f1f6f0c7a52'
   */
  @IsId()
  readonly poolId: string;

  /**
   * Where it is recorded whose hours were used.
   * @example 'Hosting agreement, annex 2'
   */
  @IsText(SOURCE_LENGTH_MAX)
  readonly evidenceRef: string;
}

/** The release of chips before the end of their allocation. */
export class ReleaseAllocationDto {
  /**
   * First instant at which the chips are free. If it is not after the start of the allocation, the whole allocation is
   * released.
   * @example '2026-04-05T12:00:00Z'
   */
  @IsInstantOrDate()
  readonly at: string;

  /**
   * Reason; `given-back` when left out.
   * @example 'The training run ended early.'
   */
  @Optional()
  @IsProse(REASON_LENGTH_MAX)
  readonly reason?: string;
}

/** Path of an allocation. */
export class AllocationParams {
  /**
   * Id of the facility.
   * @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f'
   */
  @IsId()
  readonly id: string;

  /**
   * Id of the allocation, from the answer to its creation.
   * @example 'c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94'
   */
  @IsId()
  readonly allocationId: string;
}

/** The answer to an allocation and to its release. */
export class AllocationAnswerDto extends AnswerDto {
  /** @example 'c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94' */
  allocationId: string;
}
