import { EVENT_BYTES_MAX, stampEvent } from '../../src/ledger/event.js';
import { StateCache } from '../../src/ledger/state-cache.js';
import { StreamNotLoaded, Transaction } from '../../src/ledger/transaction.js';
import { Vault } from '../../src/ledger/vault.js';
import type { CommandContext } from '../../src/ledger/command-context.js';
import { nobody, upcast, type Aggregate } from '../../src/ledger/aggregate.js';
import { object, text } from '../../src/ledger/schema.js';
import { refusalOf } from '../support/given.js';
import { contextOf } from './accounts.js';

const NOW = '2026-11-24T05:38:00Z';

type NoteEvent = { readonly type: 'note-added'; readonly data: { readonly text: string } };

const note: Aggregate<readonly string[], NoteEvent> = {
  name: 'note',
  initial: [],
  events: {
    'note-added': {
      schema: 2,
      data: object({ text: text() }),
      concerns: nobody,
      says: ({ data }) => data.text,
      clauses: ['2021/1173 Art. 12b(5)'],
      effectiveAs: 'text',
      seals: true,
      upcasts: { 1: upcast(object({ text: text() }), (data) => data) },
    },
  },
  exists: (texts) => texts.length > 0,
  evolve: (texts, event) => [...texts, event.data.text],
};

const added = (...texts: string[]): NoteEvent[] => texts.map((text) => ({ type: 'note-added', data: { text } }));

/** A transaction that has some streams in memory: their texts by id. */
function transaction(known: Readonly<Record<string, readonly string[]>>, overrides: Partial<CommandContext> = {}) {
  const cache = new StateCache();
  for (const [id, texts] of Object.entries(known)) {
    const state = { state: texts, revision: texts.length - 1 };
    cache.put({
      stream: `note-${id}`,
      aggregate: note as never,
      committed: state,
      latest: state,
      pending: 0,
      checkedAt: 0,
    });
  }
  return new Transaction(contextOf('key', overrides), NOW, cache, new Vault(Buffer.alloc(32)));
}

describe('a transaction', () => {
  it('shows a decision its own appended events', () => {
    const tx = transaction({ a: ['one'], b: [] });
    tx.append(note, 'a', added('two', 'three'));
    expect(tx.get(note, 'a')).toEqual(['one', 'two', 'three']);
    tx.create(note, 'b');
    tx.append(note, 'b', added('first'));
    expect(tx.drafts.map(({ stream, revision }) => `${stream}@${revision}`)).toEqual([
      'note-a@1',
      'note-a@2',
      'note-b@0',
    ]);
    expect(tx.answer()).toEqual({ id: 'b', revision: 0 });
    expect([...tx.reads.keys()]).toEqual(['note-a', 'note-b']);
  });

  it('asks for a stream that is not in memory', () => {
    expect(() => transaction({}).get(note, 'a')).toThrow(StreamNotLoaded);
  });

  it('refuses to create a stream that exists, and to find one that does not', () => {
    const tx = transaction({ a: ['one'], b: [] });
    expect(refusalOf(() => tx.create(note, 'a'))).toMatchObject({ kind: 'conflict', code: 'note-exists' });
    expect(refusalOf(() => tx.target(note, 'b'))).toMatchObject({ kind: 'unknown', code: 'unknown-note' });
    expect(refusalOf(() => tx.existing(note, 'b'))).toMatchObject({ kind: 'unknown', facts: { id: 'b' } });
  });

  it('compares If-Match with the stream that the command is for', () => {
    expect(transaction({ a: ['one'] }, { ifMatch: 0 }).target(note, 'a')).toEqual(['one']);
    for (const ifMatch of [1, 7]) {
      const tx = transaction({ a: ['one'] }, { ifMatch });
      expect(refusalOf(() => tx.target(note, 'a'))).toMatchObject({
        kind: 'stale',
        facts: { expected: ifMatch, actual: 0 },
      });
    }
  });

  it('makes the same ids for the same command, and other ids for another', () => {
    const [once, again, other] = [transaction({}), transaction({}), transaction({}, contextOf('other key'))];
    expect(once.newId()).toBe(again.newId());
    expect(once.newId('call')).toBe(again.newId('call'));
    expect(new Set([once.newId(), once.newId('call'), other.newId(), other.newId('call')]).size).toBe(4);
  });

  it('writes the whole envelope', () => {
    const tx = transaction({ a: [] }, { role: 'panel', correlationId: 'request' });
    const at = { effectiveAt: '2026-01-01T00:00:00Z', legalBasis: '2021/1173 Art. 12b(5)' };
    tx.append(note, 'a', [{ type: 'note-added', data: { text: at.effectiveAt }, ...at } as NoteEvent]);
    const [draft] = tx.drafts;
    expect(draft && JSON.parse(stampEvent(draft, NOW))).toEqual({
      v: 1,
      id: draft?.id,
      stream: 'note-a',
      revision: 0,
      type: 'note-added',
      schema: 2,
      recordedAt: NOW,
      ...at,
      actor: { id: 'programme', role: 'panel' },
      commandId: tx.context.commandId,
      correlationId: 'request',
      data: { text: at.effectiveAt },
    });
  });

  it.each([
    [
      'an effective time that the data do not have',
      { effectiveAt: '2026-01-01T00:00:00Z' },
      '/effectiveAt must be the',
    ],
    [
      'a clause that the type does not declare',
      { legalBasis: '2021/1173 Art. 12b(4)' },
      '/legalBasis must be 2021/1173',
    ],
  ])('drafts no event with %s', (_, members, message) => {
    const tx = transaction({ a: [] });
    const event = { type: 'note-added', data: { text: 'one' }, ...members } as NoteEvent;
    expect(() => tx.append(note, 'a', [event])).toThrow(message);
  });

  it('takes an event of 60,000 bytes, and no longer event', () => {
    const empty = transaction({ a: [] });
    empty.append(note, 'a', added('x'));
    const room = EVENT_BYTES_MAX - (empty.drafts[0]?.bytes ?? 0) + 1;
    const full = transaction({ a: [] });
    // Two bytes each in UTF-8.
    full.append(note, 'a', added('é'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2)));
    const [draft] = full.drafts;
    expect(draft && Buffer.byteLength(stampEvent(draft, '2026-11-24T05:38:00.250Z'))).toBe(EVENT_BYTES_MAX);
    const over = transaction({ a: [] });
    expect(refusalOf(() => over.append(note, 'a', added('x'.repeat(room + 1))))).toMatchObject({
      kind: 'too-large',
      code: 'event-too-large',
      facts: { bytes: EVENT_BYTES_MAX + 1, limit: EVENT_BYTES_MAX },
    });
  });

  it('drafts no event whose data have another shape than its declaration', () => {
    const spread = { text: 'one', contact: 'private' };
    const tx = transaction({ a: [] });
    expect(() => tx.append(note, 'a', [{ type: 'note-added', data: spread }])).toThrow(
      '"note-added": /data/contact must not be there.',
    );
    expect(() => tx.append(note, 'a', added(''))).toThrow('"note-added": /data/text must match \\S.');
    expect(() => tx.append(note, 'a', [{ type: 'note-added', data: [] as never }])).toThrow(
      '"note-added": /data must be of the type object.',
    );
  });

  it('lets one command touch 256 streams, and no more', () => {
    const tx = transaction(Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`${index}`, ['x']])));
    for (let index = 0; index < 256; index += 1) tx.get(note, `${index}`);
    expect(tx.get(note, '0')).toEqual(['x']);
    expect(refusalOf(() => tx.get(note, '256'))).toMatchObject({ code: 'too-many-streams', facts: { limit: 256 } });
  });

  it('commits to sealed content in the first of its events, and refuses sealed content without an event', () => {
    const tx = transaction({ a: [] });
    const sealed = { subject: tx.newId(), content: { purpose: 'secret' } };
    tx.append(note, 'a', added('one', 'two'), sealed);
    const envelopes = tx.drafts.map((draft) => JSON.parse(stampEvent(draft, NOW)));
    expect(envelopes.map(({ sealed: commitment }) => commitment?.subject)).toEqual([sealed.subject, undefined]);
    expect(tx.sealedContents.map(({ eventId }) => eventId)).toEqual([tx.drafts[0]?.id]);
    expect(JSON.stringify(envelopes) + JSON.stringify(tx.sealedContents)).not.toContain('secret');
    expect(() => tx.append(note, 'a', [], sealed)).toThrow('no event that could commit');
  });

  it('lets a bound caller act only on its own records', () => {
    const principal = { actorId: 'partner-1', roles: ['partner'] as const, partnerId: 'partner-1' };
    const bound = transaction({}, { principal });
    bound.requireOwn('partner-1');
    for (const other of ['partner-2', undefined]) {
      expect(refusalOf(() => bound.requireOwn(other))).toMatchObject({ kind: 'forbidden', code: 'not-own' });
    }
    transaction({}).requireOwn('anybody');
  });

  it('refuses to write an event that its aggregate does not declare', () => {
    const tx = transaction({ a: [] });
    expect(() => tx.append(note, 'a', [{ type: 'note-lost', data: {} } as never])).toThrow('does not declare');
  });
});

describe('the cache of states', () => {
  const entry = (stream: string, pending = 0) => {
    const state = { state: [], revision: -1 };
    return { stream, aggregate: note as never, committed: state, latest: state, pending, checkedAt: 0 };
  };

  it('drops states that were not used lately, but no state that is being written', () => {
    const cache = new StateCache(4);
    for (const stream of ['a', 'b', 'c', 'd']) cache.put(entry(stream, stream === 'c' ? 1 : 0));
    expect(['a', 'b', 'c', 'd'].filter((stream) => cache.get(stream))).toEqual(['c', 'd']);
    const used = cache.get('d');
    for (const stream of ['e', 'f', 'g', 'h', 'i']) {
      cache.put(entry(stream));
      expect(cache.get('d')).toBe(used);
    }
    expect(cache.get('c')?.pending).toBe(1);
    expect(cache.size).toBeLessThanOrEqual(4 + 1);
  });

  it('keeps one entry for a stream, in either generation', () => {
    const cache = new StateCache(4);
    cache.put(entry('a'));
    cache.put(entry('b'));
    const older = cache.get('a');
    cache.assumeNew(note as never, 'a');
    expect(cache.get('a')).toBe(older);
    cache.drop('a');
    expect(cache.get('a')).toBeUndefined();
  });
});
