import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FIELD_ERRORS_MAX } from './field-errors.js';

/** Members of the answer to every command. */
@ApiSchema({ name: 'Answer' })
export class AnswerDto {
  /**
   * Id of the record that the command was for.
   * @example "3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f"
   */
  id: string;
  /**
   * Revision of the record after the command; also in `ETag`.
   * @example 0
   */
  revision: number;
  /**
   * Position of the command's last event in the whole history; also in `Ledger-Position`. Pass it as `minPosition` to a
   * read that must see this command.
   * @example 42
   */
  position: number;
  /**
   * When the ledger recorded it.
   * @example "2026-03-01T09:30:00Z"
   */
  recordedAt: string;
  /**
   * Recorded: durable before this answer was sent. The transparency log follows within a second or so: `GET /v1/events/{id}`
   * shows, under `log`, when a signed checkpoint covers an event and when witnesses have cosigned it; `/log/checkpoint` and
   * `/log/checkpoint/witnessed` cover every event up to their size.
   */
  @ApiProperty({ enum: ['recorded'], enumName: 'RecordedState', example: 'recorded' })
  logState: 'recorded';
}

/** An answer may quote the body, which has up to 1 MiB; in a pointer `~` and `/` take two characters. */
const QUOTING_LENGTH_MAX = 2 * 1_048_576;
const SENTENCE = { pattern: String.raw`^\S[\s\S]*$`, maxLength: QUOTING_LENGTH_MAX };
const KEBAB_CASE = '[a-z0-9]+(-[a-z0-9]+)*';
/** One field that is at fault. */
@ApiSchema({ name: 'FieldError' })
export class FieldErrorDto {
  /**
   * RFC 6901 pointer into the body.
   * @example "/amountMinor"
   */
  @ApiProperty({ format: 'json-pointer', maxLength: QUOTING_LENGTH_MAX })
  pointer: string;
  /**
   * What is wrong and what to do.
   * @example "amountMinor must be a string with a whole number of minor units."
   */
  @ApiProperty(SENTENCE)
  detail: string;
}

/** The members of every problem (RFC 9457) beside its `code`. The numbers that decided are further members, by code. */
@ApiSchema({ name: 'ProblemMembers' })
export class ProblemMembersDto {
  /**
   * Identifies the code. A GET of this path of the service says what it means and what to do.
   * @example "/problems/tranche-cap-exceeded"
   */
  @ApiProperty({ format: 'uri-reference', pattern: `^/problems/${KEBAB_CASE}$`, maxLength: 128 })
  type: string;
  /** @example "Refused by a rule" */
  @ApiProperty(SENTENCE)
  title: string;
  /** @example 409 */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 400, maximum: 599 })
  status: number;
  /**
   * What was wrong and what to do.
   * @example "The tranche has 400000000 minor units left; 500000000 were asked for."
   */
  @ApiProperty(SENTENCE)
  detail: string;
  /** @example "/v1/commitments/3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f/signature" */
  @ApiProperty({ format: 'uri-reference', maxLength: 16_384 })
  instance: string;
  /** Fields that are at fault, if single fields are. */
  @ApiProperty({ type: () => [FieldErrorDto], maxItems: FIELD_ERRORS_MAX })
  errors: FieldErrorDto[];
  /** @example "5b0f6f0a-6b55-4a53-9f5e-3c9a3e0f9d4e" */
  traceId: string;
}
