import { EventReader } from '../../src/ledger/event-reader.js';
import { draftEvent, stampEvent, type StoredEvent } from '../../src/ledger/event.js';
import type { AggregateOutline } from '../../src/ledger/aggregate.js';

const thing: AggregateOutline = {
  name: 'thing',
  schemas: { 'thing-made': 3, 'thing-kept': 1 },
  upcasters: {
    'thing-made': {
      1: ({ name }: { name: string }) => ({ names: [name] }),
      2: ({ names }: { names: string[] }) => ({ names, count: names.length }),
    },
  },
};

describe('the event reader', () => {
  const reader = new EventReader([thing]);

  it('returns events of today as they are stored', () => {
    expect(reader.read(stored('thing-made', 3, { names: [], count: 0 }))).toMatchObject({
      type: 'thing-made',
      schema: 3,
      data: { names: [], count: 0 },
      position: 5,
    });
  });

  it('lifts older ones version by version, and changes nothing else of them', () => {
    const old = reader.read(stored('thing-made', 1, { name: 'a' }));
    const { data: _data, schema: _schema, ...rest } = JSON.parse(stored('thing-made', 1, {}).envelope);
    expect(old).toEqual({ ...rest, position: 5, schema: 3, data: { names: ['a'], count: 1 } });
    expect(reader.read(stored('thing-made', 2, { names: ['a', 'b'] })).data).toEqual({ names: ['a', 'b'], count: 2 });
  });

  it('stops at what it does not know', () => {
    expect(() => reader.read(stored('thing-lost', 1, {}))).toThrow(
      'Position 5 holds an event of unknown type "thing-lost".',
    );
    expect(() => reader.read(stored('constructor', 1, {}))).toThrow('unknown type');
    expect(() => reader.read(stored('thing-kept', 2, {}))).toThrow(
      'Position 5: "thing-kept" version 2 is newer than this program knows.',
    );
    expect(() => reader.read(stored('thing-kept', 0, {}))).toThrow('no upcaster for "thing-kept" from version 0');
  });

  it('does not let two aggregates have the same event', () => {
    const other = { name: 'other', schemas: { 'thing-kept': 1 } };
    expect(() => new EventReader([thing, other])).toThrow('Two aggregates declare the event type "thing-kept".');
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
