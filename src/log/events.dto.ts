import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { ROLES } from '../ledger/command-context.js';
import { ListQueryDto } from '../http/list-query.dto.js';
import { IsMatching, Optional } from '../http/validation.js';
import { POLICY_ITEMS_MAX } from '../tlog/policy.js';

const STREAM = /^[a-z][a-z-]{1,40}-[a-z0-9-]{1,64}$/;
const TYPE = /^[a-z][a-z-]{1,60}$/;

/** Which part of the history. */
export class ListEventsDto extends ListQueryDto {
  /** Events after this position; 0 is the beginning. */
  @Optional()
  @Matches(/^(0|[1-9][0-9]{0,14})$/, { message: 'after must be a position: a whole number from 0.' })
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999, example: 0 })
  readonly after?: string;

  /** One stream only, for example `commitment-<id>`. */
  @Optional()
  @IsMatching(STREAM, 105, 'the name of a stream, such as commitment-0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37')
  readonly stream?: string;

  /** One type of event only, for example `commitment-signed`. */
  @Optional()
  @IsMatching(TYPE, 61, 'a type of event, such as commitment-signed')
  readonly type?: string;
}

/** Who recorded it. */
export class ActorDto {
  /**
   * The partner that the credential is bound to, else the credential.
   * @example 'programme'
   */
  @ApiProperty({ maxLength: 2_048, pattern: '^[!-~]+$' })
  readonly id: string;
  /** @example 'operator' */
  @ApiProperty({ enum: [...ROLES], enumName: 'Role' })
  readonly role: string;
}

/** A keyed commitment to content that is kept outside the public history and can be erased. */
export class SealedDto {
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  @ApiProperty({ format: 'uuid' })
  readonly subject: string;
  /**
   * HMAC-SHA256, base64.
   * @example '3q2+7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
   */
  @ApiProperty({ maxLength: 44, pattern: '^[A-Za-z0-9+/]{43}=$' })
  readonly commitment: string;
}

/** How far an event has come: every step can be checked without trusting the ledger any more. */
export const LOG_STATES = ['recorded', 'integrated', 'witnessed'] as const;

/** What the transparency log says about an event. */
export class EventLogDto {
  /**
   * `recorded`: durable, and not yet in a signed checkpoint. `integrated`: a checkpoint that the log has signed covers it.
   * `witnessed`: the quorum of witnesses has cosigned one that does.
   */
  @ApiProperty({ enum: [...LOG_STATES], enumName: 'LogState', example: 'witnessed' })
  readonly state: (typeof LOG_STATES)[number];
  /** Size of the tree of that checkpoint, which is the one in the receipt of the event; null while it is only recorded. */
  @ApiProperty({
    type: 'integer',
    format: 'int64',
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    nullable: true,
    example: 57,
  })
  readonly treeSize: number | null;
  /** How many witnesses have cosigned that checkpoint. */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 0, maximum: POLICY_ITEMS_MAX, example: 2 })
  readonly witnesses: number;
  /** How many witnesses the policy of the log names. */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 0, maximum: POLICY_ITEMS_MAX, example: 3 })
  readonly of: number;
}

/** One event: its envelope as stored, and its position. */
export class EventDto {
  /**
   * Place in the whole history, from 1 without gaps.
   * @example 42
   */
  readonly position: number;
  /** Version of the envelope. */
  @ApiProperty({ example: 1 })
  readonly v: number;
  /** @example '0b7e5c1a-3f52-8c8e-9a41-6d2f8c9e1b37' */
  readonly id: string;
  /** @example 'commitment-0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  @ApiProperty({ maxLength: 105, pattern: STREAM.source })
  readonly stream: string;
  /**
   * Place in the stream, from 0 without gaps.
   * @example 1
   */
  readonly revision: number;
  /** @example 'commitment-signed' */
  @ApiProperty({ maxLength: 61, pattern: TYPE.source })
  readonly type: string;
  /**
   * Version of the shape of `data`.
   * @example 1
   */
  readonly schema: number;
  /**
   * When the ledger learned it.
   * @example '2026-03-01T09:30:00Z'
   */
  readonly recordedAt: string;
  /**
   * When it holds in the world, if that is another moment.
   * @example '2026-02-28T00:00:00Z'
   */
  readonly effectiveAt?: string;
  readonly actor: ActorDto;
  /** @example '0b7e5c1a-3f52-8c8e-9a41-6d2f8c9e1b37' */
  readonly commandId: string;
  /** @example '5b0f6f0a-6b55-4a53-9f5e-3c9a3e0f9d4e' */
  readonly correlationId: string;
  /** The event that led to this one. */
  readonly causationId?: string;
  /** @example '2021/1173 Art. 12b(5)' */
  readonly legalBasis?: string;
  /** The fact itself; its shape depends on the type. */
  @ApiProperty({ type: Object, additionalProperties: true })
  readonly data: object;
  readonly sealed?: SealedDto;
  /** The sealed content, for credentials that may see it; null once it has been erased. */
  @ApiProperty({ type: Object, additionalProperties: true, nullable: true, required: false })
  readonly content?: object | null;
  /** When the sealed content was erased; left out while it was not. */
  @ApiProperty({ format: 'date-time', required: false })
  readonly erasedAt?: string;
  /** Where a single event is read: how far the transparency log is with it. */
  readonly log?: EventLogDto;
}

/** One page of events. */
export class EventPageDto {
  @ApiProperty({ type: () => [EventDto] })
  readonly data: EventDto[];
  /** Cursor of the next page; null at the end of the history. */
  readonly next: string | null;
}

/** Where to begin. */
export class StreamEventsDto {
  /** Events after this position; `Last-Event-ID` wins over it. */
  @Optional()
  @Matches(/^(0|[1-9][0-9]{0,14})$/, { message: 'after must be a position: a whole number from 0.' })
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999, example: 0 })
  readonly after?: string;
}
