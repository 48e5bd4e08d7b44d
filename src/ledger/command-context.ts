export const ROLES = ['operator', 'board', 'panel', 'governance', 'facility', 'partner', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls, as far as the ledger needs to know. */
export interface Principal {
  /** The partner that the credential is bound to, else the credential itself: one actor, however many keys it holds. */
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
  /** A function of the idempotency key and of who used it. */
  readonly commandId: string;
  /** HMAC-SHA256 over method, path and canonical body, base64: tells a retry from another request with the same key. */
  readonly fingerprint: string;
  /** Id of the request, for logs and problem details. */
  readonly correlationId: string;
  /** The revision that the caller saw (`If-Match`). */
  readonly ifMatch?: number;
}

/** What a command that was carried out answers. */
export interface Answer {
  readonly id: string;
  /** Revision of the stream that the command was for, after it. */
  readonly revision: number;
  /** Position of its last event in the whole history. */
  readonly position: number;
  readonly recordedAt: string;
  readonly replayed?: boolean;
  readonly [further: string]: unknown;
}
