import type { CodeOf, FactsGiven, KindOf, RefusalCode, RefusalKind, UnknownThing } from './refusal-declaration.js';

/**
 * Why a command was not executed, in the terms of the rule that refuses it. Thrown by decisions and turned into
 * `application/problem+json` by one filter.
 */
export class Refusal<Code extends RefusalCode = RefusalCode> extends Error {
  /** The numbers, instants and ids that decided, plus the clause of the law where there is one. */
  readonly facts: RefusalFacts;
  /** JSON pointers into the request body, where single fields are at fault. */
  readonly errors: readonly FieldError[];

  /** The compiler takes only codes that a `*.refusals.ts` declares, with the facts that are declared there. */
  constructor(
    readonly kind: KindOf<Code>,
    /** Stable, kebab-case; clients branch on it. */
    readonly code: Code,
    /** One sentence: the fault and the next step. */
    readonly detail: string,
    ...[facts, errors]: FactsGiven<Code, [errors: readonly FieldError[]]>
  ) {
    // A refusal is an ordinary outcome and thousands may be decided a second: the stack would cost more than the rule.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${code}: ${detail}`);
    Error.stackTraceLimit = limit;
    this.facts = facts ?? {};
    this.errors = errors ?? [];
  }
}

export type RefusalFacts = Readonly<Record<string, string | number | boolean | null | object>>;
export interface FieldError {
  /** RFC 6901 pointer into the request body. */
  readonly pointer: string;
  readonly detail: string;
}

/** A rule of the domain refuses the command (409). Name the rule's clause in `facts.clause` where the law has one. */
export const refuse = <Code extends CodeOf<'conflict'>>(
  code: Code,
  detail: string,
  ...facts: FactsGiven<Code>
): Refusal => refusal('conflict', code, detail, facts[0]);

/** Something that was named does not exist (404). */
export const unknown = (what: UnknownThing, id: string): Refusal => unknownRecord(what, id);

/** The same for an aggregate, whose name the compiler does not know. A test finds `unknown-<name>` declared for all aggregates. */
export const unknownRecord = (what: string, id: string): Refusal =>
  refusal('unknown', `unknown-${what}`, `There is no ${what.replaceAll('-', ' ')} with the id ${id}.`, { id });

/** The caller may not do this (403). */
export const forbid = <Code extends CodeOf<'forbidden'>>(
  code: Code,
  detail: string,
  ...facts: FactsGiven<Code>
): Refusal => refusal('forbidden', code, detail, facts[0]);

/** The content of a well-formed request cannot be right, whatever the state of the ledger (422). */
export const invalid = <Code extends CodeOf<'invalid'>>(
  code: Code,
  pointer: string,
  detail: string,
  ...facts: FactsGiven<Code>
): Refusal => refusal('invalid', code, detail, facts[0], [{ pointer, detail }]);

/** The service cannot answer now; the same request may be sent again (503). */
export const unavailable = <Code extends CodeOf<'unavailable'>>(
  code: Code,
  detail: string,
  ...facts: FactsGiven<Code>
): Refusal => refusal('unavailable', code, detail, facts[0]);

/**
 * A refusal whose code the compiler does not know: one that was stored, one of another refusal, or one that is made from the name
 * of an aggregate. All others are thrown by the functions above.
 */
export function refusal(
  kind: RefusalKind,
  code: string,
  detail: string,
  facts: RefusalFacts = {},
  errors: readonly FieldError[] = [],
): Refusal {
  const Untyped = Refusal as new (...parts: readonly unknown[]) => Refusal;
  return new Untyped(kind, code, detail, facts, errors);
}
