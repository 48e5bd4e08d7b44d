import { ApiProperty } from '@nestjs/swagger';
import { IsMatching } from '../validation.js';

const CODE_LENGTH_MAX = 100;
const SENTENCE = { pattern: String.raw`^\S[\s\S]*$`, maxLength: 1_000 };

export class ProblemParams {
  /**
   * A code, as problems name it.
   * @example "tranche-cap-exceeded"
   */
  @IsMatching(/^[a-z0-9]+(-[a-z0-9]+)*$/, CODE_LENGTH_MAX, 'a code, such as tranche-cap-exceeded')
  readonly code: string;
}

/** A member that a problem has beside those of every problem. */
export class ProblemFactDto {
  /** @example "availableMinor" */
  @ApiProperty({ pattern: '^[a-z][A-Za-z]*$', maxLength: CODE_LENGTH_MAX })
  readonly name: string;
  /**
   * What it tells, with its unit.
   * @example "What is still free under the cap. Minor units of the currency, as decimal text."
   */
  @ApiProperty(SENTENCE)
  readonly description: string;
  /** False if only some occurrences have it. */
  readonly always: boolean;
}

/** What a code means, and what to do. */
export class ProblemTypeDto {
  /** @example "tranche-cap-exceeded" */
  @ApiProperty({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: CODE_LENGTH_MAX })
  readonly code: string;
  /**
   * The `type` of such problems: the path of this page.
   * @example "/problems/tranche-cap-exceeded"
   */
  @ApiProperty({ format: 'uri-reference', maxLength: 128 })
  readonly type: string;
  /** @example 409 */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 400, maximum: 599 })
  readonly status: number;
  /** @example "More would be committed to the tranche than its cap." */
  @ApiProperty(SENTENCE)
  readonly means: string;
  /** @example "Commit at most availableMinor, or choose another tranche." */
  @ApiProperty(SENTENCE)
  readonly next: string;
  /** Clause of the law that the rule comes from, if it comes from one. */
  @ApiProperty({ type: 'string', nullable: true, example: null, ...SENTENCE })
  readonly clause: string | null;
  @ApiProperty({ type: () => [ProblemFactDto], maxItems: 50 })
  readonly facts: ProblemFactDto[];
}

/** Every problem of the service. */
export class ProblemTypesDto {
  @ApiProperty({ type: () => [ProblemTypeDto], maxItems: 1_000 })
  readonly data: ProblemTypeDto[];
}
