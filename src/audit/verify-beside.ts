import type { RecordedEvent } from '../ledger/event.js';

/** Consecutive entries as they were read, and the entries among them that are events. */
export interface EventStretch {
  /** Position of the first entry. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
  readonly events: readonly RecordedEvent[];
}

/** The result of a check. The report prints the statement unless the check has findings. */
export interface Conclusion {
  readonly statement: string;
  /** The part that was not checked, if there is one. */
  readonly notChecked?: string;
  /** Why the check could not be made. That is not the same as a check without findings. */
  readonly cannot?: { readonly what: string; readonly nextStep: string };
}

/**
 * A check of data that a ledger keeps beside its published log, against the events in one pass. The check adds to the
 * findings that it was constructed with.
 */
export interface BesideCheck {
  /** Its name. It takes the place of the line of the same name among those of `neverChecked`. */
  readonly check: string;
  accept(stretch: EventStretch): Promise<void>;
  /** After the last event. */
  finish(): Promise<Conclusion>;
  /** Frees what the check holds, also when the verification ends early. */
  close?(): void;
}
