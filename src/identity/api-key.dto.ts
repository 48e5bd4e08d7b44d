import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ROLES, type Role } from '../ledger/command-context.js';
import { AnswerDto } from '../http/answer.dto.js';
import { API_KEY_PATTERN } from './api-key.js';
import { AreSomeOf, IsId, IsInstant, IsText, Optional } from '../http/validation.js';

/** Room for the name of a system or an office in lists of keys. */
const KEY_NAME_LENGTH_MAX = 100;

/** A key to issue. */
export class IssueApiKeyDto {
  /**
   * Purpose of the key. It is part of the public history: name the system or the office, not a person.
   * @example 'Allocation service of the Nordic site'
   */
  @IsText(KEY_NAME_LENGTH_MAX)
  readonly name: string;

  /**
   * Roles of the key. `partner` and `facility` are for keys that are bound to a partner; the other roles are for keys
   * of the programme.
   * @example ['panel']
   */
  @AreSomeOf(ROLES, 'Role')
  readonly roles: Role[];

  /**
   * Binds the key to this partner: the key reads and changes only records of this partner.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @Optional()
  @IsId()
  readonly partnerId?: string;

  /**
   * First instant at which the key is refused. Without it the key does not expire.
   * @example '2030-01-31T00:00:00Z'
   */
  @Optional()
  @IsInstant()
  readonly expiresAt?: string;
}

/** The answer to an issued key. Only this answer shows the key itself. */
@ApiSchema({ name: 'IssuedApiKey' })
export class IssuedApiKeyDto extends AnswerDto {
  /**
   * Send it as `Authorization: Bearer <key>`. The ledger stores only its hash and cannot show it again: a repetition of
   * this request returns null.
   * @example 'ppp_3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3J'
   */
  @ApiProperty({ type: String, nullable: true, maxLength: 84, pattern: API_KEY_PATTERN.source })
  key: string | null;
}
