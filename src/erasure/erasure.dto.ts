import { ApiProperty } from '@nestjs/swagger';
import { AnswerDto } from '../http/answer.dto.js';
import { IsProse, REASON_LENGTH_MAX } from '../http/validation.js';

/** Why personal data is erased. */
export class ErasePersonalDataDto {
  /**
   * Public and never erased itself: name the ground, not the person.
   * @example 'Request under Art. 17 GDPR of 12 May 2026, case 17/2026'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly reason: string;
}

/** The answer to an erasure. */
export class ErasureAnswerDto extends AnswerDto {
  /** The events whose sealed content is gone; their commitments stay. */
  @ApiProperty({ type: [String], items: { type: 'string', format: 'uuid', maxLength: 36 }, maxItems: 100_000 })
  readonly eventIds: string[];
  /** @example '2026-05-12T09:30:00Z' */
  readonly erasedAt: string;
}
