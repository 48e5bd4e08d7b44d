import { EventReader } from '../../src/ledger/event-reader.js';
import { draftEvent, recordedSchema, stampEvent, type StoredEvent } from '../../src/ledger/event.js';
import { nobody, upcast, type AggregateOutline } from '../../src/ledger/aggregate.js';
import { list, object, text, whole } from '../../src/ledger/schema.js';

const named = object({ name: text() });
const severalNamed = object({ names: list(text()) });

const thing: AggregateOutline = {
  name: 'thing',
  events: {
    'thing-made': {
      schema: 3,
      data: object({ names: list(text()), count: whole() }),
      concerns: nobody,
      says: ({ data }) => `Made: ${JSON.stringify(data)}`,
      upcasts: {
        1: upcast(named, ({ name }, { recordedAt }) => ({ names: [name], at: recordedAt })),
        2: upcast(severalNamed, (data) => ({ ...data, count: data.names.length })),
      },
    },
    'thing-kept': { schema: 1, data: object({}), concerns: nobody, says: () => 'Kept.' },
  },
};

describe('the event reader', () => {
  const reader = new EventReader([thing]);

  it('returns an event of the current schema as it is stored', () => {
    const read = reader.read(stored('thing-made', 3, { names: [], count: 0 }));
    expect(read).toMatchObject({ type: 'thing-made', schema: 3, data: { names: [], count: 0 }, position: 5 });
    expect(read).not.toHaveProperty('liftedFrom');
    expect(recordedSchema(read)).toBe(3);
  });

  it('lifts older data version by version with the stored envelope, and names the stored schema', () => {
    const old = reader.read(stored('thing-made', 1, { name: 'a' }));
    const { data: _data, schema: _schema, ...rest } = JSON.parse(stored('thing-made', 1, {}).envelope);
    expect(old).toEqual({
      ...rest,
      position: 5,
      schema: 3,
      liftedFrom: 1,
      data: { names: ['a'], at: '2026-11-24T05:38:00Z', count: 1 },
    });
    expect(recordedSchema(old)).toBe(1);
    expect(reader.read(stored('thing-made', 2, { names: ['a', 'b'] })).data).toEqual({ names: ['a', 'b'], count: 2 });
  });

  it('makes the sentence of an older event from its lifted data', () => {
    const old = reader.read(stored('thing-made', 2, { names: ['a'] }));
    expect(reader.sentenceOf(old)).toBe('Made: {"names":["a"],"count":1}');
  });

  it('stops at an unknown type, and at a version that is unknown or too new', () => {
    expect(() => reader.read(stored('thing-lost', 1, {}))).toThrow(
      'Position 5 holds an event of unknown type "thing-lost".',
    );
    expect(() => reader.read(stored('constructor', 1, {}))).toThrow('unknown type');
    expect(() => reader.read(stored('thing-kept', 2, {}))).toThrow(
      'Position 5: "thing-kept" version 2 is newer than this program knows.',
    );
    expect(() => reader.read(stored('thing-kept', 0, {}))).toThrow('no upcast for "thing-kept" from version 0');
  });

  it('knows the schema of every version, and the first member that does not fit it', () => {
    expect(reader.types).toEqual(['thing-made', 'thing-kept']);
    expect(reader.versions.map(({ type, schema }) => `${type} ${schema}`)).toEqual([
      'thing-made 1',
      'thing-made 2',
      'thing-made 3',
      'thing-kept 1',
    ]);
    expect(reader.misfitOf({ type: 'thing-made', schema: 1, data: { name: 'a' } })).toBeUndefined();
    expect(reader.misfitOf({ type: 'thing-made', schema: 2, data: { name: 'a' } })).toEqual({
      pointer: '/data/names',
      demand: 'be there',
    });
    expect(reader.misfitOf({ type: 'thing-made', schema: 3, data: { names: [''], count: 1 } })?.pointer).toBe(
      '/data/names/0',
    );
    for (const [type, schema] of [
      ['thing-made', 0],
      ['thing-made', 4],
      ['thing-lost', 1],
    ] as const) {
      expect(() => reader.misfitOf({ type, schema, data: {} })).toThrow(`declares "${type}" version ${schema}`);
    }
  });

  it('refuses two aggregates that declare the same event', () => {
    const other: AggregateOutline = { name: 'other', events: { 'thing-kept': thing.events['thing-kept'] as never } };
    expect(() => new EventReader([thing, other])).toThrow('Two aggregates declare the event type "thing-kept".');
  });

  it('refuses an aggregate that has no upcast from one of its older schemas', () => {
    const upcasts = { 2: upcast(object({}), (data) => data) };
    const made = { schema: 3, data: object({}), concerns: nobody, says: () => '', upcasts };
    const other: AggregateOutline = { name: 'other', events: { 'other-made': made } };
    expect(() => new EventReader([other])).toThrow('There is no upcast for "other-made" from version 1.');
  });
});

function stored(type: string, schema: number, data: object): StoredEvent {
  const draft = draftEvent({
    v: 1,
    id: 'id',
    stream: 'thing-1',
    revision: 0,
    type,
    schema,
    actor: { id: 'a', role: 'operator' },
    commandId: 'c',
    correlationId: 'r',
    data,
  });
  return { position: 5, envelope: stampEvent(draft, '2026-11-24T05:38:00Z') };
}
