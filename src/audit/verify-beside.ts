import type { RecordedEvent } from '../ledger/event.js';

/** Entries in a row as they were read, and those of them that are events. */
export interface EventStretch {
  /** Position of the first entry. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
  readonly events: readonly RecordedEvent[];
}

/** The result of a check. The report prints the statement unless the check has findings. */
export interface Conclusion {
  readonly statement: string;
  /** What of it was left out, if anything was. */
  readonly notChecked?: string;
  /** Why it could not be made, which is not the same as finding nothing. */
  readonly cannot?: { readonly what: string; readonly nextStep: string };
}

/**
 * Something that a ledger keeps beside its published log, checked against the events on one way through them. What is found
 * goes to the findings that the check was made with.
 */
export interface BesideCheck {
  /** Its name; the standing list of what a log alone cannot show leaves out what is named here. */
  readonly check: string;
  accept(stretch: EventStretch): Promise<void>;
  /** After the last event. */
  finish(): Promise<Conclusion>;
}
