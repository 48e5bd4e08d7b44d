import { recordedSchema, type RecordedEvent } from '../ledger/event.js';
import { Findings } from './audit-finding.js';
import { Partitions } from './rules/partitions.js';
import { findingOf, Violation, type Place } from './rules/rule.js';

/** What an id is in a row: of an event, of a command at its first event, or of the cause that an event names. */
const EVENT = 0;
const COMMAND = 1;
const CAUSE = 2;
type IdRow = readonly [id: string, position: number, of: typeof EVENT | typeof COMMAND | typeof CAUSE];
type StreamRow = readonly [stream: string, revision: number, position: number, type: string];

/**
 * Every stream counts its events from 0 without a gap, no two events share an id, no command comes back after another one, and every
 * named cause comes before its effect, and no type of event goes back to an older schema. Programs only go forward, so that an older
 * schema, which newer rules do not judge, ends with the first event of a newer one.
 */
export class OrderCheck {
  private readonly ids = new Partitions<IdRow>();
  private readonly streams = new Partitions<StreamRow>();
  /** The newest schema of each type so far. */
  private readonly schemas = new Map<string, number>();
  private commandId = '';

  constructor(private readonly findings: Findings) {}

  accept(event: RecordedEvent): void {
    const { id, commandId, causationId, stream, revision, position, type } = event;
    this.checkSchema(event);
    if (commandId !== this.commandId) this.ids.add(commandId, [commandId, position, COMMAND]);
    this.commandId = commandId;
    if (causationId !== undefined) this.ids.add(causationId, [causationId, position, CAUSE]);
    this.ids.add(id, [id, position, EVENT]);
    this.streams.add(stream, [stream, revision, position, type]);
  }

  private checkSchema(event: RecordedEvent): void {
    const schema = recordedSchema(event);
    const newest = this.schemas.get(event.type) ?? schema;
    this.schemas.set(event.type, Math.max(schema, newest));
    if (schema >= newest) return;
    const message = `An event of the type "${event.type}" has an older schema than one before it.`;
    this.add('schemas', event, message, `${newest} or newer`, String(schema));
  }

  /** @returns the number of streams. */
  finish(): number {
    let streams = 0;
    for (const rows of this.streams) streams += this.checkStreams(rows);
    for (const rows of this.ids) this.checkIds(rows);
    return streams;
  }

  close(): void {
    this.ids.close();
    this.streams.close();
  }

  private checkStreams(rows: Iterable<StreamRow>): number {
    const last = new Map<string, number>();
    for (const [stream, revision, position, type] of rows) {
      const expected = (last.get(stream) ?? -1) + 1;
      if (revision !== expected) {
        const what = revision < expected ? 'has this revision already' : 'has a gap before this event';
        this.add('streams', { position, stream, type }, `The stream ${what}.`, String(expected), String(revision));
      }
      last.set(stream, Math.max(revision, expected - 1));
    }
    return last.size;
  }

  private checkIds(rows: Iterable<IdRow>): void {
    const seen = [new Map<string, number>(), new Map<string, number>()] as const;
    for (const [id, position, of] of rows) {
      if (of === CAUSE) {
        if (seen.some((known) => known.has(id))) continue;
        this.add('ids', this.placeOf(position), `The cause ${id} is no event and no command before this event.`);
        continue;
      }
      const other = seen[of].get(id);
      if (other === undefined) seen[of].set(id, position);
      else this.add('ids', this.placeOf(position), SAME[of](id, other));
    }
  }

  /** Searched only for a finding: otherwise every row would have to hold the place. */
  private placeOf(position: number): Place {
    for (const rows of this.streams) {
      for (const [stream, , at, type] of rows) if (at === position) return { position, stream, type };
    }
    throw new Error(`Position ${position} was not read.`);
  }

  private add(check: string, place: Place, message: string, expected?: string, found?: string): void {
    const facts = { ...(expected !== undefined && { expected }), ...(found !== undefined && { found }) };
    this.findings.add(findingOf(check, new Violation(place, message, facts)));
  }
}

const SAME = [
  (id: string, position: number) => `The event at position ${position} has the same id ${id}.`,
  (id: string, position: number) => `The command ${id} of position ${position} comes back after another command.`,
] as const;
