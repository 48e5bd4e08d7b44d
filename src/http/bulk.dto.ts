import { ApiProperty } from '@nestjs/swagger';
import { Allow } from 'class-validator';
import { IsFlag, IsListOf, IsMatching, IsOneOf, Optional } from './validation.js';

/** As many as share one write of the ledger: more would only wait for the next. */
export const BULK_COMMANDS_MAX = 1_000;
/** Longer than any path of a command with its ids. */
const PATH_LENGTH_MAX = 200;
const KEY_LENGTH_MAX = 255;
const REVISION_TAG_LENGTH_MAX = 17;

/** One command, as it would be sent by itself. */
export class BulkCommandDto {
  /**
   * Its `Idempotency-Key`, another one for each: the same command under the same key is answered as it was, in this call, in another
   * or by itself.
   * @example "partner-register-2026-row-17"
   */
  @IsMatching(/^[!-~]{1,255}$/, KEY_LENGTH_MAX, 'an idempotency key of 1 to 255 visible ASCII characters')
  readonly key: string;

  /** @example "POST" */
  @IsOneOf(['POST'])
  readonly method: string;

  /**
   * Path of the command. Any POST that takes an Idempotency-Key, apart from this one.
   * @example "/v1/partners"
   */
  @IsMatching(/^\/v1\/[!-~]+$/, PATH_LENGTH_MAX, 'the path of a command, such as /v1/partners')
  readonly path: string;

  /** Its body, as its route describes it; checked there. Left out where the route needs none. */
  @Allow()
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    selfRequired: false,
    example: { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' },
  })
  readonly body?: unknown;

  /**
   * Its `If-Match`: refused with 412 when the record has changed since. What commands before it in the same call do to the record
   * counts as a change.
   * @example "\"0\""
   */
  @Optional()
  @IsMatching(
    /^"(0|[1-9][0-9]{0,14})"$/,
    REVISION_TAG_LENGTH_MAX,
    'the ETag of the record, such as "3" with the quotes',
  )
  readonly ifMatch?: string;
}

/** Up to 1,000 commands. */
export class BulkDto {
  /**
   * Carried out in this order: each finds what those before it did. A command that nothing before it touched may get an earlier
   * position in the history than its place says, when others write to the same records at the same time.
   */
  @IsListOf(() => BulkCommandDto, BULK_COMMANDS_MAX)
  @ApiProperty({ type: () => [BulkCommandDto], minItems: 1, maxItems: BULK_COMMANDS_MAX })
  readonly commands: BulkCommandDto[];

  /**
   * True: all of them are recorded, in one write, or none.
   * @example false
   */
  @Optional()
  @IsFlag()
  readonly atomic?: boolean;
}

/** What became of one command. */
export class BulkOutcomeDto {
  /**
   * Its key, as it was sent.
   * @example "partner-register-2026-row-17"
   */
  @ApiProperty({ pattern: '^[!-~]{1,255}$', maxLength: KEY_LENGTH_MAX })
  readonly key: string;

  /**
   * What it would have been answered with by itself. 200 and 201: recorded. 503: may be sent again as it is.
   * @example 201
   */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 200, maximum: 599 })
  readonly status: number;

  /** The body of that answer: as its route describes it, or a `Problem`. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: {
      id: '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f',
      revision: 0,
      position: 42,
      recordedAt: '2026-03-01T09:30:00Z',
      logState: 'recorded',
    },
  })
  readonly body: object;
}

/** What became of the commands. */
export class BulkAnswerDto {
  /** One for each command, in their order. */
  @ApiProperty({ type: () => [BulkOutcomeDto], minItems: 1, maxItems: BULK_COMMANDS_MAX })
  readonly outcomes: BulkOutcomeDto[];
}
