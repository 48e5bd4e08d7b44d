import type { RefusalCode } from '../ledger/refusal-declaration.js';

/**
 * The refusals of each kind of route, whatever its feature. A route adds its own: those of its command, or those that its decorator
 * lists. The OpenAPI document lists for every route what it can answer, and nothing else.
 */
export const ROUTE_KINDS = {
  /** A command: POST with an Idempotency-Key. */
  command: [
    'malformed-request',
    'malformed-json',
    'malformed-utf8',
    'name-repeated',
    'number-not-exact',
    'malformed-idempotency-key',
    'malformed-if-match',
    'unauthenticated',
    'role-not-allowed',
    'command-in-progress',
    'too-many-streams',
    'body-too-large',
    'event-too-large',
    'unsupported-charset',
    'unsupported-content-encoding',
    'unsupported-media-type',
    'invalid-content',
    'json-too-deep',
    'json-too-many-values',
    'field-name-refused',
    'idempotency-key-reused',
    'idempotency-key-required',
    'rate-limited',
    'internal-error',
    'queue-full',
    'contended',
    'shutting-down',
    'store-unavailable',
    'clock-ahead',
    'history-ahead',
    'issuer-unreachable',
  ],
  /** Many commands in one call. */
  bulk: [
    'malformed-request',
    'malformed-json',
    'malformed-utf8',
    'name-repeated',
    'number-not-exact',
    'malformed-idempotency-key',
    'malformed-if-match',
    'unauthenticated',
    'role-not-allowed',
    'command-in-progress',
    'body-too-large',
    'unsupported-charset',
    'unsupported-content-encoding',
    'unsupported-media-type',
    'invalid-content',
    'json-too-deep',
    'json-too-many-values',
    'field-name-refused',
    'idempotency-key-reused',
    'idempotency-key-repeated',
    'idempotency-key-required',
    'rate-limited',
    'internal-error',
    'queue-full',
    'contended',
    'shutting-down',
    'store-unavailable',
    'clock-ahead',
    'history-ahead',
    'issuer-unreachable',
    'position-not-reached',
    'report-not-ready',
    'too-many-reports',
  ],
  /** A read for credentials. */
  read: [
    'malformed-request',
    'malformed-parameter',
    'unauthenticated',
    'role-not-allowed',
    'rate-limited',
    'internal-error',
    'shutting-down',
    'store-unavailable',
    'issuer-unreachable',
  ],
  /** A public read that shows more to some credentials. */
  identifying: [
    'malformed-request',
    'malformed-parameter',
    'unauthenticated',
    'rate-limited',
    'internal-error',
    'shutting-down',
    'store-unavailable',
    'issuer-unreachable',
  ],
  /** A public read with parameters. */
  public: [
    'malformed-request',
    'malformed-parameter',
    'rate-limited',
    'internal-error',
    'shutting-down',
    'store-unavailable',
  ],
  /** A public text or page without parameters. */
  document: ['rate-limited', 'internal-error', 'shutting-down'],
  /** Health and metrics: always served. */
  operations: ['internal-error', 'shutting-down'],
} as const satisfies Readonly<Record<string, readonly RefusalCode[]>>;

export type RouteKind = keyof typeof ROUTE_KINDS;

/** What a route can refuse: the codes of its kind, and its own. */
export interface RouteRefusals {
  readonly kind: RouteKind;
  readonly own: readonly RefusalCode[];
}

/** Of an operation while the document is made: `describeProblems` turns it into responses. */
export const REFUSALS_OF_ROUTE = 'x-refusals';
