import { ApiProperty, ApiSchema, IntersectionType } from '@nestjs/swagger';
import { Matches, ValidateBy } from 'class-validator';
import { ROLES } from '../ledger/command-context.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsId, IsMatching, Optional } from '../http/validation.js';
import { POLICY_ITEMS_MAX } from '../tlog/policy.js';

const STREAM = /^[a-z][a-z-]{1,40}-[a-z0-9-]{1,64}$/;
const TYPE = /^[a-z][a-z-]{1,60}$/;

/** More than there are types, so that a caller may name all of them. */
const TYPES_MAX = 100;

/** Which events. An event passes all filters that are set. */
export class EventFiltersDto {
  /** One stream only, for example `commitment-<id>`. */
  @Optional()
  @IsMatching(STREAM, 105, 'the name of a stream, such as commitment-0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37')
  readonly stream?: string;

  /** Only events of this type, or of these types: `type=capital-call-issued&type=capital-call-paid`. */
  @Optional()
  @ValidateBy({
    name: 'areEventTypes',
    validator: {
      validate: (value: unknown) => {
        const types: unknown[] = [value].flat();
        return types.length <= TYPES_MAX && types.every((type) => typeof type === 'string' && TYPE.test(type));
      },
      defaultMessage: () => 'type must be a type of event, such as commitment-signed; it may be given several times.',
    },
  })
  @ApiProperty({
    type: 'array',
    items: { $ref: '#/components/schemas/EventType' },
    minItems: 1,
    maxItems: TYPES_MAX,
    example: ['commitment-signed'],
  })
  readonly type?: string | readonly string[];

  /**
   * Only events that concern this partner: its own facts, and the commitments, calls, payments, requests, decisions, grants,
   * allocations, usage, facilities and keys of it.
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;
}

/** Which part of the history. */
export class ListEventsDto extends IntersectionType(EventFiltersDto, ListQueryDto) {
  /** Events after this position; 0 is the beginning. */
  @Optional()
  @Matches(/^(0|[1-9][0-9]{0,14})$/, { message: 'after must be a position: a whole number from 0.' })
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999, example: 0 })
  readonly after?: string;

  @FromDay('events that were recorded')
  readonly from?: string;

  @ToDay('events that were recorded')
  readonly to?: string;
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

/** One event: its envelope as stored, and its position. The document shows it as the union of all types, see `openapi-events.ts`. */
@ApiSchema({ name: 'LedgerEvent' })
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
  /**
   * What happened. `data` has a schema for each type and version.
   * @example 'commitment-signed'
   */
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
export class StreamEventsDto extends EventFiltersDto {
  /**
   * Events after this position, from the beginning when left out; `head`: only events that are recorded from now on. A reader that
   * resumes sends `Last-Event-ID`, which wins over it.
   */
  @Optional()
  @IsMatching(/^(0|[1-9][0-9]{0,14}|head)$/, 15, 'a position (a whole number from 0), or head')
  @ApiProperty({ example: 'head' })
  readonly after?: string;
}
