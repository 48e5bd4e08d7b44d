import type { RefusalCode } from '../ledger/refusal-declaration.js';

/** Of every answer but those to probes. */
const SERVED = ['rate-limited', 'internal-error', 'shutting-down'] as const;
const STORED = ['malformed-request', ...SERVED, 'store-unavailable'] as const;
/** Of a route with parameters. */
const PARAMETERS = ['malformed-parameter', ...STORED] as const;
/** Of a route that looks at a credential. */
const CREDENTIAL = ['unauthenticated', 'issuer-unreachable'] as const;
/** Of a route that reads a body. */
const BODY = [
  'malformed-json',
  'malformed-utf8',
  'name-repeated',
  'number-not-exact',
  'body-too-large',
  'unsupported-charset',
  'unsupported-content-encoding',
  'unsupported-media-type',
  'invalid-content',
  'json-too-deep',
  'json-too-many-values',
  'field-name-refused',
] as const;
/** Of a route that records something. */
const RECORDING = [
  'malformed-idempotency-key',
  'malformed-if-match',
  'command-in-progress',
  'idempotency-key-reused',
  'idempotency-key-required',
  'queue-full',
  'contended',
  'clock-ahead',
  'history-ahead',
] as const;

/**
 * The refusals of each kind of route, whatever its feature. A route adds its own: those of its command, or those that its decorator
 * lists. The OpenAPI document lists for every route what it can answer, and nothing else.
 */
export const ROUTE_KINDS = {
  /** A command: POST with an Idempotency-Key. */
  command: [...STORED, ...CREDENTIAL, 'role-not-allowed', ...BODY, ...RECORDING, 'too-many-streams', 'event-too-large'],
  /** Many commands in one call. */
  bulk: [
    ...STORED,
    ...CREDENTIAL,
    'role-not-allowed',
    ...BODY,
    ...RECORDING,
    'idempotency-key-repeated',
    'position-not-reached',
    'report-not-ready',
    'too-many-reports',
  ],
  /** A read for credentials. */
  read: [...PARAMETERS, ...CREDENTIAL, 'role-not-allowed'],
  /** A public read that shows more to some credentials. */
  identifying: [...PARAMETERS, ...CREDENTIAL],
  /** A public read with parameters. */
  public: PARAMETERS,
  /** A public text or page without parameters. */
  document: SERVED,
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
