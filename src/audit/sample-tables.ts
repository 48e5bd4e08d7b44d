import { createHash } from 'node:crypto';
import type { RecordedEvent } from '../ledger/event.js';
import { parseMinor } from '../domain/money.js';
import type { LedgerEvent } from '../transparency/events/ledger-event.js';

/** One recorded amount: what an auditor draws, and looks up in the papers of the partner. */
export interface SampleItem {
  readonly position: number;
  readonly eventId: string;
  readonly stream: string;
  /** Number of the record in an event that holds several, from 1. */
  readonly record: number;
  readonly partnerId: string;
  /** Calendar day, UTC, that the item counts for: paid, issued, signed, decided, or begun. */
  readonly on: string;
  readonly value: bigint;
  /** ISO 4217 code of an amount in minor units, else `chip-hours`. */
  readonly unit: string;
}

type Of<Type extends LedgerEvent['type']> = Extract<LedgerEvent, { readonly type: Type }>['data'];
type Entry = Pick<SampleItem, 'partnerId' | 'on' | 'value' | 'unit'>;

interface Source<Type extends LedgerEvent['type']> {
  readonly type: Type;
  /** By the name of the field that is summed. The first one is taken when the auditor names none. */
  readonly by: Readonly<Record<string, (data: Of<Type>) => readonly Entry[]>>;
}

const source = <Type extends LedgerEvent['type']>(type: Type, by: Source<Type>['by']): Source<Type> => ({ type, by });

const money = (data: { readonly partnerId: string; readonly currency: string }, minor: string, on: string): Entry[] => [
  { partnerId: data.partnerId, on, value: parseMinor(minor), unit: data.currency },
];

/** The populations that can be sampled, each made of the events of one type. */
const SOURCES = {
  commitments: source('commitment-signed', { amountMinor: (data) => money(data, data.amountMinor, data.signedOn) }),
  calls: source('capital-call-issued', { amountMinor: (data) => money(data, data.amountMinor, data.issuedOn) }),
  payments: source('capital-call-paid', { amountMinor: (data) => money(data, data.amountMinor, data.paidOn) }),
  distributions: source('distribution-paid', {
    amountMinor: (data) => money(data, data.amountMinor, data.paidOn),
    recallableMinor: (data) => money(data, data.recallableMinor, data.paidOn),
  }),
  grants: source('access-granted', {
    chipHours: ({ partnerId, decidedAt, chipHours }) => [hours(partnerId, decidedAt, chipHours)],
  }),
  usage: source('usage-reported', {
    chipHours: ({ records }) => records.map(({ partnerId, from, chipHours }) => hours(partnerId, from, chipHours)),
  }),
} as const;

const hours = (partnerId: string, at: string, chipHours: number): Entry => ({
  partnerId,
  on: at.slice(0, 'YYYY-MM-DD'.length),
  value: BigInt(chipHours),
  unit: 'chip-hours',
});

export type SampleTable = keyof typeof SOURCES;
export const SAMPLE_TABLES = Object.keys(SOURCES) as SampleTable[];

/** The fields of a table that can be summed. */
export const summedFieldsOf = (table: SampleTable): readonly string[] => Object.keys(SOURCES[table].by);

/** The items that an event adds to a table, in the order in which it holds them. */
export function itemsOf(table: SampleTable, by: string, event: RecordedEvent): SampleItem[] {
  const { type, by: fields } = SOURCES[table] as unknown as Source<LedgerEvent['type']>;
  const read = fields[by];
  if (event.type !== type || read === undefined) return [];
  const { position, id: eventId, stream } = event;
  return read(event.data as unknown as Of<LedgerEvent['type']>).map((entry, at) => ({
    position,
    eventId,
    stream,
    record: at + 1,
    ...entry,
  }));
}

/** Unsigned integer of the 256 bits of a SHA-256. */
export const hashedInteger = (text: string): bigint => BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
