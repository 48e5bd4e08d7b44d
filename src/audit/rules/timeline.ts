import type { Facts } from './rule.js';

interface Entry<Value> {
  readonly beginMs: number;
  readonly value: Value;
}

/**
 * The dated decisions about one matter, in order of the dates. A new decision replaces those that would begin at the same time or later.
 */
export class Timeline<Value> {
  private readonly entries: Entry<Value>[] = [];

  /**
   * Adds the decision of an event. What was in force when it was made must stay true for the past.
   * @param name the member with the date or the instant from which the decision holds
   * @param decidedFromMs the earliest instant at which the decision can have been made
   * @param message of the violation
   */
  decide(value: Value, facts: Facts, name: string, decidedFromMs: number, message: string): void {
    const beginMs = facts.instant(name);
    const inForce = this.entries.findLast((entry) => entry.beginMs <= decidedFromMs);
    this.add(value, beginMs);
    if (inForce === undefined || beginMs >= inForce.beginMs) return;
    facts.require(false, message, `${new Date(inForce.beginMs).toISOString()} or later`, facts.text(name));
  }

  /** Adds a decision whose date another rule judges. */
  add(value: Value, beginMs: number): void {
    while ((this.entries.at(-1)?.beginMs ?? -Infinity) >= beginMs) this.entries.pop();
    this.entries.push({ beginMs, value });
  }

  /** The decision in force at an instant; undefined before the first one. */
  at(instantMs: number): Value | undefined {
    return this.entries.findLast(({ beginMs }) => beginMs <= instantMs)?.value;
  }

  /** Every decision that is in force at some time from one instant to another; undefined stands for the time before the first one. */
  within(fromMs: number, toMs: number): (Value | undefined)[] {
    const later = this.entries.filter(({ beginMs }) => beginMs > fromMs && beginMs <= toMs);
    return [this.at(fromMs), ...later.map(({ value }) => value)];
  }

  /** The decision in force at an instant, and all that follow it. */
  from(instantMs: number): Value[] {
    const first = this.entries.findLastIndex(({ beginMs }) => beginMs <= instantMs);
    return this.entries.slice(Math.max(first, 0)).map(({ value }) => value);
  }

  /** Begins of the decisions, ms since the epoch. */
  get begins(): readonly number[] {
    return this.entries.map(({ beginMs }) => beginMs);
  }
}
