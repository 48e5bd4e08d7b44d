import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ROLES, type Role } from '../ledger/command-context.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsId, IsOneOf, Optional } from '../http/validation.js';

const API_KEY_STATUSES = ['active', 'expired', 'revoked'] as const;
export type ApiKeyStatus = (typeof API_KEY_STATUSES)[number];

/** Who holds a key since when. Neither the key nor its hash is shown. */
@ApiSchema({ name: 'ApiKey' })
export class ApiKeyDto {
  /**
   * The part of the key between its underscores; to revoke it, name this id.
   * @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f'
   */
  readonly id: string;
  /**
   * Purpose of the key.
   * @example 'Allocation service of the Nordic site'
   */
  readonly name: string;
  @ApiProperty({ enum: [...ROLES], enumName: 'Role', isArray: true, example: ['facility'] })
  readonly roles: readonly Role[];
  /**
   * The partner that the key is bound to; null for a key of the programme.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  readonly partnerId: string | null;
  /** @example 'Nordlys Materials AB' */
  readonly partnerName: string | null;
  /** An expired or revoked key is refused. */
  @ApiProperty({ enum: [...API_KEY_STATUSES], enumName: 'ApiKeyStatus', example: 'active' })
  readonly status: ApiKeyStatus;
  /** @example '2026-03-01T09:30:00Z' */
  readonly issuedAt: string;
  /**
   * First instant at which the key is refused; null for a key that does not expire.
   * @example '2030-01-31T00:00:00Z'
   */
  readonly expiresAt: string | null;
  /** @example null */
  readonly revokedAt: string | null;
  /**
   * Revision of the record, to send in `If-Match`.
   * @example 0
   */
  readonly revision: number;
}

/** One page of keys. */
export class ApiKeyPageDto {
  @ApiProperty({ type: () => [ApiKeyDto] })
  readonly data: ApiKeyDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Filters of the list of keys. A credential that is bound to a partner sees only the keys of that partner. */
export class ListApiKeysDto extends ListQueryDto {
  /** Only keys that are bound to this partner. */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /** Only keys with this status now. */
  @Optional()
  @IsOneOf(API_KEY_STATUSES, 'ApiKeyStatus')
  readonly status?: ApiKeyStatus;

  @FromDay('keys that were issued')
  readonly from?: string;

  @ToDay('keys that were issued')
  readonly to?: string;
}

const CREDENTIAL_KINDS = ['api-key', 'operator-key', 'token'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** A facility that a credential may act for. */
@ApiSchema({ name: 'OwnFacility' })
export class OwnFacilityDto {
  /** @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f' */
  readonly id: string;
  /** @example 'LUMI AI Factory' */
  readonly name: string;
}

/** What the service knows about the caller. */
@ApiSchema({ name: 'Me' })
export class MeDto {
  /** `operator-key`: the key from the settings of the service. `token`: of the OpenID Connect issuer. */
  @ApiProperty({ enum: [...CREDENTIAL_KINDS], enumName: 'CredentialKind', example: 'api-key' })
  readonly kind: CredentialKind;
  /**
   * The API key; null for other credentials.
   * @example '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f'
   */
  readonly apiKeyId: string | null;
  /**
   * Purpose of the API key; null for other credentials.
   * @example 'Allocation service of the Nordic site'
   */
  readonly name: string | null;
  /**
   * The actor that events name: the partner that the credential is bound to, else the credential.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @ApiProperty({ maxLength: 2_048, pattern: '^[!-~]+$' })
  readonly actorId: string;
  @ApiProperty({ enum: [...ROLES], enumName: 'Role', isArray: true, example: ['facility'] })
  readonly roles: readonly Role[];
  /**
   * The partner that the credential is bound to: it sees and changes only what belongs to this partner. Null for the programme.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  readonly partnerId: string | null;
  /** @example 'Nordlys Materials AB' */
  readonly partnerName: string | null;
  /** With the role `facility`: the facilities that the partner operates, for which the credential acts; at most 200, by name. Else empty. */
  @ApiProperty({ type: () => [OwnFacilityDto], maxItems: 200 })
  readonly facilities: readonly OwnFacilityDto[];
  /**
   * First instant at which the credential is refused; null if it does not expire.
   * @example '2030-01-31T00:00:00Z'
   */
  readonly expiresAt: string | null;
  /**
   * Requests in a minute that the service takes; null while it sets no limit. `RateLimit` headers say what is left.
   * @example 600
   */
  @ApiProperty({ type: 'integer', nullable: true, minimum: 1, maximum: 1_000_000, format: 'int64' })
  readonly rateLimitPerMinute: number | null;
}
