import { idFact, type Fact } from './refusal-facts.js';

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
  internal: 500,
  unavailable: 503,
} as const;

export type RefusalKind = keyof typeof STATUS_OF_REFUSAL;

/**
 * What a refusal means to a caller, said once. Decisions throw it by its code; routes list it in the OpenAPI document, and
 * `/problems/{code}` serves it.
 */
export interface RefusalDeclaration {
  /** Decides the HTTP status, see `STATUS_OF_REFUSAL`. */
  readonly kind: RefusalKind;
  /** What it means, in one sentence that is true for every occurrence. */
  readonly means: string;
  /** What the caller can do about it. */
  readonly next: string;
  /** Further members of the problem, by name: the numbers, instants and ids that decided. */
  readonly facts?: Readonly<Record<string, Fact>>;
}

export type RefusalDeclarations = Readonly<Record<string, RefusalDeclaration>>;

/**
 * The codes that a part of the program throws. Each `*.refusals.ts` adds its own declarations to `DeclaredRefusals` by `declare module`:
 * a code that no file declares cannot be thrown, and two files cannot declare one code.
 */
export const declareRefusals = <const Declarations extends RefusalDeclarations>(declarations: Declarations) =>
  declarations;

/** The declaration of `unknown-<thing>`: something was named by its id, and is not there. */
export const unknownId = (means: string, next: string) =>
  ({ kind: 'unknown', means, next, facts: { id: idFact('The id that was given.') } }) as const;

/** Every declaration, by its code. */
export interface DeclaredRefusals {}

export type RefusalCode = keyof DeclaredRefusals;
export type RefusalCatalogue = { readonly [Code in RefusalCode]: RefusalDeclaration };

/** Codes of one kind. */
export type CodeOf<Kind extends RefusalKind> = {
  [Code in RefusalCode]: DeclaredRefusals[Code] extends { readonly kind: Kind } ? Code : never;
}[RefusalCode];

export type KindOf<Code extends RefusalCode> = DeclaredRefusals[Code]['kind'];

/** Whatever may be named and not exist: `unknown-<thing>` is declared. */
export type UnknownThing = {
  [Code in CodeOf<'unknown'>]: Code extends `unknown-${infer Thing}`
    ? { readonly id: string } extends FactsOf<Code>
      ? Thing
      : never
    : never;
}[CodeOf<'unknown'>];

type Required<Facts> = {
  [Name in keyof Facts]: Facts[Name] extends { readonly optional: true } ? never : Name;
}[keyof Facts];
type ValueOf<Each> = Each extends Fact<infer Value> ? Value : never;

/** The facts of a code, as its throw gives them. */
export type FactsOf<Code extends RefusalCode> = DeclaredRefusals[Code] extends { readonly facts: infer Facts }
  ? { readonly [Name in Required<Facts>]: ValueOf<Facts[Name]> } & {
      readonly [Name in Exclude<keyof Facts, Required<Facts>>]?: ValueOf<Facts[Name]> | undefined;
    }
  : Readonly<Record<string, never>>;

/** The facts as an argument, which may be left out where a code has none that are required; and what follows them. */
export type FactsGiven<Code extends RefusalCode, Rest extends readonly unknown[] = []> =
  Record<never, never> extends FactsOf<Code>
    ? [facts?: FactsOf<Code>, ...rest: Partial<Rest>]
    : [facts: FactsOf<Code>, ...rest: Partial<Rest>];
