import type { Facts } from './rule.js';

/** The dates of the decisions about one matter, in order. A new decision replaces those that would begin at the same time or later. */
export class Timeline {
  private readonly begins: number[] = [];

  /**
   * Adds the decision of an event. What was in force when it was made must stay true for the past.
   * @param name the member with the date or the instant from which the decision holds
   * @param decidedFromMs the earliest instant at which the decision can have been made
   * @param message of the violation
   */
  decide(facts: Facts, name: string, decidedFromMs: number, message: string): void {
    const begin = facts.instant(name);
    const inForce = this.begins.findLast((each) => each <= decidedFromMs);
    while ((this.begins.at(-1) ?? -Infinity) >= begin) this.begins.pop();
    this.begins.push(begin);
    if (inForce === undefined || begin >= inForce) return;
    facts.require(false, message, `${new Date(inForce).toISOString()} or later`, facts.text(name));
  }
}
