import type { RecordedEvent } from '../ledger/event.js';
import { formatInstant, MS_PER_DAY } from '../ledger/time.js';
import type { Findings } from './audit-finding.js';
import { findingOf, Violation } from './rules/rule.js';

/** The decision and its record have the clock of their instance. The clocks of instances differ by far less. */
export const CLOCK_TOLERANCE_MS = MS_PER_DAY;
/** A programme records something every month. A longer silence may also be a clock that was set. */
const SILENCE_DAYS_MAX = 90;
const DATE_LENGTH = 10;

/** The member that holds the instant of the decision. With `effectiveAt` it holds an earlier instant that somebody states. */
const DECIDED_AT: ReadonlyMap<string, string> = new Map([
  ['access-request-submitted', 'submittedAt'],
  ['access-request-withdrawn', 'withdrawnAt'],
  ['eligibility-confirmed', 'checkedAt'],
  ['eligibility-refused', 'checkedAt'],
  ['access-granted', 'decidedAt'],
  ['access-denied', 'decidedAt'],
  ['grant-revoked', 'revokedAt'],
  ['corrective-action-decided', 'decidedAt'],
  ['personal-data-erased', 'erasedAt'],
]);
/** The member that holds a day on which something has happened. The day of a financial close is in the rule of funds. */
const HAPPENED_ON: ReadonlyMap<string, string> = new Map([
  ['partner-registered', 'registeredOn'],
  ['commitment-signed', 'signedOn'],
  ['capital-call-paid', 'paidOn'],
  ['distribution-paid', 'paidOn'],
]);
/** The member that holds an instant that must come. */
const EXPIRES_AT: ReadonlyMap<string, string> = new Map([['api-key-issued', 'expiresAt']]);

/** Something about the times of a history that is neither right nor proven wrong. */
interface Doubt {
  readonly first: number;
  events: number;
}

/**
 * Compares the times in the data of events with the times of their recording. A stamp is the clock of the instance that wrote the event,
 * or the stamp before it where that clock was behind. So a stamp above the one before it shows the clock of the decision. A stamp that was
 * taken over does not show it: such a decision is only known to be after the last stamp of a time in which no clock was ahead.
 */
export class TimeCheck {
  /** What the check states of a history in which it finds nothing. */
  readonly statement =
    'No decision, signature, payment or registration is dated after its recording; a decision that does not say that it was recorded late was ' +
    'recorded when it was taken, within a day; no key had expired when it was issued.';
  private stamp = '';
  private stampMs = NaN;
  /** The earliest instant of a decision that has a stamp of its own. */
  private earliestMs = NaN;
  /**
   * The earliest instant of a decision that has taken its stamp over: the clock may have been ahead since the first time that a stamp
   * was far from the one before it.
   */
  private earliestTakenOverMs: number | undefined;
  /** The stamp is above the one before it, so that it is the clock of the instance. */
  private isOwn = false;
  private takenOver: Doubt | undefined;
  private silence: { readonly position: number; readonly days: number } | undefined;

  constructor(private readonly findings: Findings) {}

  accept(event: RecordedEvent): void {
    this.advance(event);
    const { type } = event;
    const at = member(event, DECIDED_AT);
    if (at !== undefined) return this.checkInstant(event, DECIDED_AT.get(type) ?? '', at);
    const day = member(event, HAPPENED_ON);
    if (day !== undefined) return this.checkDay(event, HAPPENED_ON.get(type) ?? '', day);
    const expiry = member(event, EXPIRES_AT);
    if (expiry !== undefined && this.isOwn && Date.parse(expiry) <= this.earliestMs)
      this.add(event, 'The key had expired when it was issued.', `after ${formatInstant(this.earliestMs)}`, expiry);
  }

  /** The earliest instant at which the last event can have been decided, in ms since the epoch. */
  get decidedFromMs(): number {
    return this.isOwn ? this.earliestMs : (this.earliestTakenOverMs ?? this.earliestMs);
  }

  /** When the last event was recorded, in ms since the epoch; NaN in an empty history. */
  get lastMs(): number {
    return this.stampMs;
  }

  /**
   * What the times of this history do not show.
   * @param nowMs the clock of the auditor's machine
   */
  doubts(nowMs: number): string[] {
    const { takenOver, silence, stampMs, stamp } = this;
    const doubts: string[] = [];
    if (silence !== undefined)
      doubts.push(
        `Before position ${silence.position} nothing was recorded for ${silence.days} days, or a clock was set: the log cannot show which.`,
      );
    if (takenOver !== undefined)
      doubts.push(
        `${takenOver.events} events from position ${takenOver.first} on have the stamp of an event before them and were decided more than ` +
          'a day before it: a clock was ahead, or the times were made up. The log cannot show which.',
      );
    if (stampMs > nowMs + CLOCK_TOLERANCE_MS)
      doubts.push(
        `The last event is stamped ${stamp}, after the clock of this machine (${formatInstant(nowMs)}): one of them is wrong.`,
      );
    return doubts;
  }

  private advance({ recordedAt, position }: RecordedEvent): void {
    if (recordedAt === this.stamp) {
      this.isOwn = false;
      return;
    }
    const [beforeMs, stampMs] = [this.stampMs, Date.parse(recordedAt)];
    const days = Math.floor((stampMs - beforeMs) / MS_PER_DAY);
    if (days > (this.silence?.days ?? SILENCE_DAYS_MAX)) this.silence = { position, days };
    // A clock that is set between decision and record sets the stamp far from the decision, which is still after the event before it.
    const isFar = stampMs - beforeMs > CLOCK_TOLERANCE_MS;
    this.earliestMs = (isFar ? beforeMs : stampMs) - CLOCK_TOLERANCE_MS;
    if (isFar) this.earliestTakenOverMs ??= this.earliestMs;
    this.isOwn = true;
    this.stamp = recordedAt;
    this.stampMs = stampMs;
  }

  private checkInstant(event: RecordedEvent, name: string, text: string): void {
    const at = Date.parse(text);
    const lastMs = this.stampMs + CLOCK_TOLERANCE_MS;
    if (at > lastMs)
      return this.add(event, `${name} is after the recording.`, `${formatInstant(lastMs)} or earlier`, text);
    if (event.effectiveAt !== undefined || at >= this.earliestMs) return;
    if (at < this.decidedFromMs)
      return this.add(
        event,
        `${name} is long before the recording, and the event does not say that it was recorded late.`,
        `${formatInstant(this.earliestMs)} or later`,
        text,
      );
    this.takenOver ??= { first: event.position, events: 0 };
    this.takenOver.events += 1;
  }

  private checkDay(event: RecordedEvent, name: string, day: string): void {
    const last = new Date(this.stampMs + CLOCK_TOLERANCE_MS).toISOString().slice(0, DATE_LENGTH);
    if (day > last) this.add(event, `${name} is after the day of the recording.`, `${last} or earlier`, day);
  }

  private add(event: RecordedEvent, message: string, expected: string, found: string): void {
    this.findings.add(findingOf('times', new Violation(event, message, { expected, found })));
  }
}

/** The text of the member that the table names for the type; undefined if there is none. */
function member({ type, data }: RecordedEvent, table: ReadonlyMap<string, string>): string | undefined {
  const name = table.get(type);
  const value = name === undefined ? undefined : (data as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : undefined;
}
