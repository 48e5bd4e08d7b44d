import type { Mode } from '../domain/access-modes.js';
import type { RecordedEvent } from '../ledger/event.js';

/** A requested report: its kind, and the part of the programme that it is narrowed to. */
export type ReportRequest =
  | {
      readonly kind: 'equal-access';
      readonly facilityId?: string | undefined;
      readonly mode?: Mode | undefined;
      /** Whose time: `union`, `all`, or the id of a partner. Only for methods with `hasPeriods`. */
      readonly pool?: string | undefined;
    }
  | { readonly kind: 'capital' }
  | { readonly kind: 'capacity'; readonly facilityId?: string | undefined };

/** The period that a report's figures are of. */
export interface FigurePeriod {
  /** A date that stands for the whole day, a month, or an instant. */
  readonly periodFrom: string;
  readonly periodTo: string;
  /** Position before the period. */
  readonly fromPosition: number;
}
/** The begin of the period of a report: the state before it. It is of the same method as the state at the end. */
export interface Begin<State extends MethodState = MethodState> {
  readonly state: State;
  readonly period: FigurePeriod;
}

/** A line of a CSV file: flat, so that every value is a cell of its own. */
export type CsvRow = Readonly<Record<string, string | number | boolean | null>>;

/** The part of a state that every method has. */
export interface MethodState {
  /** Position of the last event folded; 0 before the first. */
  readonly position: number;
  /** When that event was recorded; null before the first. */
  readonly recordedAt: string | null;
  /** Set on a state of effective time: an event that took effect later is not in it, and the state is read as of this instant. */
  effectiveAt: string | null;
}

/**
 * One version of the method: the events that are counted, every formula, and the form of the published bytes. Every function is pure: it
 * depends on the events alone, not on a clock or a setting.
 *
 * A state goes only to the method that made it. The registry holds methods with states of different types and forgets these types, so
 * that the compiler does not check this. Keep a state beside its method.
 */
export interface ReportMethod<State extends MethodState = MethodState> {
  /** Two reports compare only under the same version. */
  readonly version: string;
  /** Version of the form of the stored state. A state of another form is not read but folded again from the events. */
  readonly stateVersion: number;
  /** Whether the method has figures for a period and for the time of a pool. A method without ignores both. */
  readonly hasPeriods: boolean;
  /** The state before the first event. */
  initial(): State;
  /**
   * Applies the next event to the state, in place.
   * @throws Error when the event is not the next one, or of a type that the method does not know.
   */
  fold(state: State, event: RecordedEvent): State;
  /**
   * The same for a state of effective time: leaves out an event that took effect after the instant of the state.
   * @throws Error as `fold`, and for a state that has no such instant.
   */
  foldEffective(state: State, event: RecordedEvent): State;
  /** Size of the state: entries of about 100 bytes. */
  entryCount(state: State): number;
  /** Canonical text of the state, in pieces. Fold nothing before the last piece is taken. */
  serialisedParts(state: State): Iterable<string>;
  /** @throws Error for a text that `serialisedParts` did not write, or that is of another `stateVersion`. */
  restore(text: string): State;
  /**
   * The bytes of a report. `root` is the Merkle root over the events up to the position of the state. With `begin`, the figures are of
   * what came after it.
   */
  text(state: State, root: Uint8Array, request: ReportRequest, begin?: Begin<State>): string;
  /** The same report as lines for CSV. */
  rows(state: State, root: Uint8Array, request: ReportRequest, begin?: Begin<State>): CsvRow[];
  /** The lines of a report from its bytes, which `text` made. */
  rowsOfText(text: string, kind: ReportRequest['kind']): CsvRow[];
  /** Whether nothing that the report counts is in the state: every figure is 0 or not defined. */
  isEmpty(state: State, request: ReportRequest): boolean;
}

/** States of another method or form are of no use: they may hold other figures. */
export const storedStateVersion = ({ version, stateVersion }: ReportMethod): string => `${version}/${stateVersion}`;

/** The same position gives the same text, whether the state was folded from the first event on or from a stored state. */
export const serialise = <State extends MethodState>(method: ReportMethod<State>, state: State): string =>
  [...method.serialisedParts(state)].join('');
