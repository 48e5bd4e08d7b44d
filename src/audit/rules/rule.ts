import type { RecordedEvent } from '../../ledger/event.js';
import { textOf, type Finding, type Findings } from '../audit-finding.js';
import type { EventOf, RuleName } from './coverage.js';

/**
 * One part of the domain, checked again from the events alone. No rule calls a decision, and no limit is shared: a mistake on
 * one side then shows as a disagreement, and not as two equal mistakes. Two things are shared, and a mistake in them would show on
 * neither side: the business days (`domain/business-days.ts`, tested against two published calendars), and the names of the
 * categories of users (`CATEGORIES`), which are words of the events and no judgement. A second copy of either would be the
 * same text.
 */
export interface Rule<Name extends RuleName = RuleName> {
  /** Name of the check. `COVERAGE` lists by this name which event types the rule reads. */
  readonly check: Name;
  /** What the check states of a history in which it finds nothing, in one sentence. */
  readonly statement: string;
  /**
   * Called in order of position, and only with the types that `COVERAGE` lists for the rule.
   * @param decidedFromMs the earliest instant at which the event can have been decided, ms since the epoch
   */
  accept(event: EventOf<Name>, decidedFromMs: number): void;
  /** After the last event: checks the rows that were set aside. */
  finish(end: LogEnd): void;
  close(): void;
}

/** The end of the history. */
export interface LogEnd {
  /** A checkpoint may end within a command: the rest of that command may be missing. */
  readonly lastCommandId: string;
}

/** The event of a finding, or of a row that was set aside. */
export interface Place {
  readonly position: number;
  readonly stream: string;
  readonly type: string;
}

const placeOf = ({ position, stream, type }: Place): Place => ({ position, stream, type });

/** An event breaks a rule of the domain. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    readonly place: Place,
    message: string,
    readonly facts: { readonly expected?: string; readonly found?: string } = {},
  ) {
    super(message);
  }
}

const NEXT_STEP =
  'The log signed it like this, so that every copy is the same: the ledger accepted what its rules forbid, or the history was ' +
  'written around them. Look at it with "audit explain --position", and ask the operator and the governing board.';

export const findingOf = (check: string, { place, message, facts }: Violation): Finding => ({
  check,
  ...placeOf(place),
  message,
  ...facts,
  nextStep: NEXT_STEP,
});

/** Runs a step of a check. A violation becomes a finding, and the step returns false. */
export function runCheck(check: string, findings: Findings, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    findings.add(findingOf(check, error));
    return false;
  }
}

/** The data of an event, read member by member: the auditor cannot assume that they were validated. */
export class Facts {
  readonly place: Place;

  constructor(
    place: Place,
    readonly data: Readonly<Record<string, unknown>>,
  ) {
    this.place = placeOf(place);
  }

  static of(event: RecordedEvent): Facts {
    return new Facts(event, event.data as Readonly<Record<string, unknown>>);
  }

  /** Throws the violation unless the condition holds. */
  require(condition: boolean, message: string, expected?: unknown, found?: unknown): void {
    if (condition) return;
    throw new Violation(this.place, message, {
      ...(expected !== undefined && { expected: textOf(expected) }),
      ...(found !== undefined && { found: textOf(found) }),
    });
  }

  /** Throws the violation unless the stated value equals the expected one. */
  requireSame(stated: unknown, expected: unknown, message: string): void {
    this.require(stated === expected, message, expected, stated);
  }

  text(name: string): string {
    const value = this.data[name];
    if (typeof value === 'string') return value;
    throw this.missing(name, 'a text');
  }

  optional(name: string): string | undefined {
    return this.data[name] === undefined ? undefined : this.text(name);
  }

  /** Minor units. */
  minor(name: string): bigint {
    const value = this.data[name];
    if (typeof value === 'string' && /^-?[0-9]{1,40}$/.test(value)) return BigInt(value);
    throw this.missing(name, 'an amount of minor units');
  }

  positiveMinor(name: string): bigint {
    const value = this.minor(name);
    this.require(value > 0n, `${name} has to be above 0.`, undefined, value);
    return value;
  }

  /** A whole number, not negative. */
  count(name: string): number {
    const value = this.data[name];
    if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
    throw this.missing(name, 'a whole number from 0');
  }

  /** Milliseconds since the epoch. */
  instant(name: string): number {
    const at = Date.parse(this.text(name));
    if (!Number.isNaN(at)) return at;
    throw this.missing(name, 'an instant');
  }

  /** `YYYY-MM-DD`, from 1970 on. */
  date(name: string): string {
    const text = this.text(name);
    const isDate = /^(?:19[7-9]|[2-9][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}$/.test(text);
    if (isDate && new Date(Date.parse(text)).toJSON()?.slice(0, text.length) === text) return text;
    throw this.missing(name, 'a date');
  }

  /** A list of objects. */
  records(name: string): readonly Facts[] {
    return this.list(name).map((item) => {
      if (typeof item === 'object' && item !== null) return new Facts(this.place, item as Record<string, unknown>);
      throw this.missing(name, 'a list of objects');
    });
  }

  list(name: string): readonly unknown[] {
    const value = this.data[name];
    if (Array.isArray(value)) return value;
    throw this.missing(name, 'a list');
  }

  record(name: string): Readonly<Record<string, unknown>> {
    const value = this.data[name];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.missing(name, 'an object');
  }

  private missing(name: string, what: string): Violation {
    return new Violation(this.place, `The data of the event has no ${name} that is ${what}.`);
  }
}

/**
 * The members that a check reads, in the order of the names. Rows hold only these: every further byte costs time when they
 * are read again.
 */
export const only = (data: object, names: readonly string[]): unknown[] =>
  names.map((name) => (data as Readonly<Record<string, unknown>>)[name]);

/** Restores the data from the members that `only` picked. */
export function dataOf(names: readonly string[], members: readonly unknown[]): Readonly<Record<string, unknown>> {
  const data: Record<string, unknown> = {};
  let at = 0;
  for (const name of names) {
    data[name] = members[at];
    at += 1;
  }
  return data;
}
