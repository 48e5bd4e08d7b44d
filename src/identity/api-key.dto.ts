import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ROLES, type Role } from '../ledger/command-context.js';
import { AnswerDto } from '../http/answer.dto.js';
import { API_KEY_PATTERN } from './api-key.js';
import { AreSomeOf, IsId, IsInstant, IsText, Optional } from '../http/validation.js';

/** Names a system or an office in lists of keys. */
const KEY_NAME_LENGTH_MAX = 100;

/** A key to issue. */
export class IssueApiKeyDto {
  /**
   * What the key is for. It is part of the public history: name the system or the office, not a person.
   * @example 'Allocation service of the Nordic site'
   */
  @IsText(KEY_NAME_LENGTH_MAX)
  readonly name: string;

  /**
   * What the key may do. `partner` and `facility` are for keys that are bound to a partner; the others are for the
   * programme itself.
   * @example ['panel']
   */
  @AreSomeOf(ROLES, 'Role')
  readonly roles: Role[];

  /**
   * Binds the key to this partner: it sees and changes nothing that belongs to others.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /**
   * From when on the key is refused; never when left out.
   * @example '2030-01-31T00:00:00Z'
   */
  @Optional()
  @IsInstant()
  readonly expiresAt?: string;
}

/** The answer to an issued key: the only time that the key itself is shown. */
@ApiSchema({ name: 'IssuedApiKey' })
export class IssuedApiKeyDto extends AnswerDto {
  /**
   * Send it as `Authorization: Bearer <key>`. It is stored as a hash and cannot be shown again: when this very request is
   * repeated, it is null.
   * @example 'ppp_3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3J'
   */
  @ApiProperty({ type: String, nullable: true, maxLength: 84, pattern: API_KEY_PATTERN.source })
  key: string | null;
}
