export const ROLES = ['operator', 'board', 'panel', 'governance', 'facility', 'partner', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** The facts about the caller that the ledger needs. */
export interface Principal {
  /** The partner that the credential is bound to, else the credential itself: a partner is one actor, however many keys it holds. */
  readonly actorId: string;
  readonly roles: readonly Role[];
  /** Set for credentials that may only see and change what belongs to this partner. */
  readonly partnerId?: string;
}

/** The actor behind `OPERATOR_KEY`: the programme itself. */
export const PROGRAMME_ACTOR = 'programme';

/** One command as it reached the ledger. */
export interface CommandContext {
  readonly principal: Principal;
  /** The role under which the route was allowed. */
  readonly role: Role;
  /** A function of the idempotency key and of its scope, see `commandIdOf`. */
  readonly commandId: string;
  /**
   * The id that the key gave before keys of the programme were scoped by role, where it is another one. A command that was recorded
   * under it is answered as it was then.
   */
  readonly formerId?: string;
  /** HMAC-SHA256 over method, path and canonical body, base64: distinguishes a retry from another request with the same key. */
  readonly fingerprint: string;
  /** Id of the request, for logs and problem details. */
  readonly correlationId: string;
  /** The revision that the caller saw (`If-Match`). */
  readonly ifMatch?: number;
}

/** The answer to an executed command. */
export interface Answer {
  readonly id: string;
  /** Revision of the stream that the command was for, after the command. */
  readonly revision: number;
  /** Position of the command's last event in the whole history. */
  readonly position: number;
  readonly recordedAt: string;
  readonly replayed?: boolean;
  readonly [further: string]: unknown;
}
