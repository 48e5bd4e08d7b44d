import type { RecordedEvent } from '../ledger/event.js';
import { PROGRAMME_ACTOR } from '../ledger/command-context.js';
import { textOf } from './audit-finding.js';

/** What an event calls the thing that an id stands for. */
export interface Named {
  /** For people, e.g. `key`. */
  readonly kind: string;
  readonly name: string;
}

/** The events that name the thing of their stream, and the member of the data with its name. */
const NAMING: Readonly<Record<string, { readonly kind: string; readonly member: string }>> = {
  'partner-registered': { kind: 'partner', member: 'legalName' },
  'fund-established': { kind: 'fund', member: 'name' },
  'facility-registered': { kind: 'facility', member: 'name' },
  'api-key-issued': { kind: 'key', member: 'name' },
  'access-call-opened': { kind: 'call', member: 'title' },
};

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;

/** The members of a canonical envelope are sorted: stream and type are at its end. */
const END = /"stream":"[a-z-]*?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})","type":"([a-z-]+)","v":1\}$/;
/** Longer than the longest stream and type. */
const END_BYTES = 256;

/** Collects the names of the ids that one event mentions, from the events that gave the names. */
export class Names {
  private readonly named = new Map<string, Named>();
  private readonly wanted: ReadonlySet<string>;

  /** @param envelope text of the event */
  constructor(envelope: string) {
    this.wanted = new Set(envelope.match(UUID));
  }

  /** Reads an entry of the log. An entry without a name that is wanted is passed over. */
  accept(entry: Buffer): void {
    const [, id = '', type = ''] = END.exec(entry.toString('utf8', Math.max(0, entry.length - END_BYTES))) ?? [];
    if (!this.wanted.has(id) || !Object.hasOwn(NAMING, type)) return;
    const { kind = '', member = '' } = NAMING[type] ?? {};
    const name = dataOf(entry)?.[member];
    if (typeof name === 'string' && name !== '') this.named.set(id, { kind, name });
  }

  /** By id. */
  get all(): Readonly<Record<string, Named>> {
    return Object.fromEntries(this.named);
  }

  /** The one who acted, in the words of the domain. Nobody validated the envelope in a log of others. */
  actorOf(event: Pick<RecordedEvent, 'actor'>): string {
    const actor: Readonly<Record<string, unknown>> = { ...(event.actor as object) };
    const [id, role] = [textOf(actor['id']), textOf(actor['role'])];
    const named = this.named.get(id);
    if (id === PROGRAMME_ACTOR) return `${role} key "${PROGRAMME_ACTOR}" (OPERATOR_KEY)`;
    if (named?.kind === 'key') return `${role} key "${named.name}"`;
    return named === undefined ? `${role} ${id}` : `${named.kind} "${named.name}" as ${role}`;
  }
}

/** The data of an entry; undefined if it is no event. */
function dataOf(entry: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    return (JSON.parse(entry.toString('utf8')) as { data?: Record<string, unknown> } | null)?.data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A text with the name beside each id that has one. */
export const withNames = (text: string, names: Readonly<Record<string, Named>>): string =>
  text.replaceAll(UUID, (id) => (Object.hasOwn(names, id) ? `${id} ("${names[id]?.name ?? ''}")` : id));
