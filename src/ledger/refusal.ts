/**
 * Why a command was not executed, in the terms of the rule that refuses it. Thrown by decisions and turned into
 * `application/problem+json` by one filter.
 */
export class Refusal extends Error {
  constructor(
    readonly kind: RefusalKind,
    /** Stable, kebab-case; clients branch on it. */
    readonly code: string,
    /** One sentence: the fault and the next step. */
    readonly detail: string,
    /** The numbers, instants and ids that decided, plus the clause of the law where there is one. */
    readonly facts: RefusalFacts = {},
    /** JSON pointers into the request body, where single fields are at fault. */
    readonly errors: readonly FieldError[] = [],
  ) {
    // A refusal is an ordinary outcome and thousands may be decided a second: the stack would cost more than the rule.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${code}: ${detail}`);
    Error.stackTraceLimit = limit;
  }
}

export type RefusalKind = keyof typeof STATUS_OF_REFUSAL;
export type RefusalFacts = Readonly<Record<string, string | number | boolean | null | object>>;
export interface FieldError {
  /** RFC 6901 pointer into the request body. */
  readonly pointer: string;
  readonly detail: string;
}

/** The one table from the kind of a refusal to its HTTP status. */
export const STATUS_OF_REFUSAL = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  unknown: 404,
  'method-not-allowed': 405,
  'too-slow': 408,
  conflict: 409,
  stale: 412,
  'too-large': 413,
  'unsupported-media-type': 415,
  'expectation-failed': 417,
  invalid: 422,
  'precondition-required': 428,
  'rate-limited': 429,
  'headers-too-large': 431,
  unavailable: 503,
} as const;

/** A rule of the domain refuses the command (409). Name the rule's clause in `facts.clause` where the law has one. */
export const refuse = (code: string, detail: string, facts?: RefusalFacts): Refusal =>
  new Refusal('conflict', code, detail, facts);

/** Something that was named does not exist (404). */
export const unknown = (what: string, id: string): Refusal =>
  new Refusal('unknown', `unknown-${what}`, `There is no ${what.replaceAll('-', ' ')} with the id ${id}.`, { id });

/** The caller may not do this (403). */
export const forbid = (code: string, detail: string, facts?: RefusalFacts): Refusal =>
  new Refusal('forbidden', code, detail, facts);

/** The content of a well-formed request cannot be right, whatever the state of the ledger (422). */
export const invalid = (code: string, pointer: string, detail: string, facts?: RefusalFacts): Refusal =>
  new Refusal('invalid', code, detail, facts, [{ pointer, detail }]);
