import { ApiProperty } from '@nestjs/swagger';
import { Allow } from 'class-validator';
import { IsFlag, IsListOf, IsMatching, IsOneOf, Optional } from '../validation.js';

/** As many commands as share one write of the ledger: further commands would wait for the next write. */
const BULK_COMMANDS_MAX = 1_000;
/** Longer than any path of a command with its ids. */
const PATH_LENGTH_MAX = 200;
const KEY_LENGTH_MAX = 255;
const REVISION_TAG_LENGTH_MAX = 19;

/** One command, with the parts of a request of its own. */
export class BulkCommandDto {
  /**
   * Its `Idempotency-Key`, different for each command: the same command under the same key gets the same answer, in this call, in another
   * call or in a request of its own.
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

  /** Its body, as its route describes and checks it. Left out where the route needs none. */
  @Allow()
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    selfRequired: false,
    example: { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' },
  })
  readonly body?: unknown;

  /**
   * Its `If-Match`: refused with 412 when the record has changed since. A change by an earlier command of the same call counts as
   * well.
   * @example "\"0\""
   */
  @Optional()
  @IsMatching(
    /^(W\/)?"(0|[1-9][0-9]{0,14})"$/,
    REVISION_TAG_LENGTH_MAX,
    'the ETag of the record, such as "3" with the quotes',
  )
  readonly ifMatch?: string;
}

/** Up to 1,000 commands. */
export class BulkDto {
  /**
   * Executed in this order: each command sees the results of the ones before it, apart from what it looks up in published rows
   * before its decision (the allocations that a report of usage names, the history that a published report covers). When others write to the same records at the same
   * time, a command that does not depend on the ones before it may get an earlier position in the history.
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

/** Outcome of one command. */
export class BulkOutcomeDto {
  /**
   * Its key, as it was sent.
   * @example "partner-register-2026-row-17"
   */
  @ApiProperty({ pattern: '^[!-~]{1,255}$', maxLength: KEY_LENGTH_MAX })
  readonly key: string;

  /**
   * Status of the answer to a request of its own. 200 and 201: recorded. 503: may be sent again unchanged.
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

/** Outcomes of the commands. */
export class BulkAnswerDto {
  /** One for each command, in their order. */
  @ApiProperty({ type: () => [BulkOutcomeDto], minItems: 1, maxItems: BULK_COMMANDS_MAX })
  readonly outcomes: BulkOutcomeDto[];
}
