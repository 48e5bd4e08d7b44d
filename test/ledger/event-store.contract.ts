import { canonicalize } from '../../src/ledger/canonical.js';
import { isCausedByContent, type AppendResult, type EventStore } from '../../src/ledger/event-store.js';
import { readEvent, stampEvent, type StoredEvent } from '../../src/ledger/event.js';
import { formatInstant, type EpochMs } from '../../src/ledger/time.js';
import { batchOf, commandOf, idOf } from './batches.js';

/** One log, empty at first. A test opens instances on it. */
export interface LogUnderTest {
  open(clock?: () => EpochMs): EventStore;
  close(): Promise<void>;
}

const START = Date.parse('2026-11-24T05:38:00.250Z');
const clockAt = (at: EpochMs) => () => at;

/** The facts that the ledger relies on, for every engine that keeps its events. */
export function eventStoreContract(makeLog: () => Promise<LogUnderTest>): void {
  let log: LogUnderTest;
  let store: EventStore;

  beforeEach(async () => {
    log = await makeLog();
    store = log.open(clockAt(START));
  });
  afterEach(() => log.close());

  /** One command that adds one event to a stream. */
  const appendTo = (stream: string, after: number, word = `${stream} ${after}`, from = store): Promise<AppendResult> =>
    from.append(batchOf({ [stream]: after }, commandOf(word, { events: [`${stream}@${after + 1}`] })));
  const fill = async (stream: string, count: number): Promise<void> => {
    for (let revision = -1; revision < count - 1; revision += 1) await appendTo(stream, revision);
  };

  describe('appending to an event store', () => {
    it('starts empty', async () => {
      expect(await store.head()).toBe(0);
      expect(await store.readAll(0, 10)).toEqual([]);
      expect(await store.readStream('a', 0, 10)).toEqual([]);
      expect(await store.readEvent(idOf('nothing'))).toBeUndefined();
      expect(await store.outcomeOf(idOf('nothing'))).toBeUndefined();
      expect(await store.positionAt('2100-01-01T00:00:00Z')).toBe(0);
    });

    it('assigns dense positions from 1, in the order of the commands and of their events', async () => {
      const first = commandOf('first', { events: ['a@0', 'b@0'] });
      const second = commandOf('second', { events: ['a@1'] });
      expect(await store.append(batchOf({ a: -1, b: -1 }, first, second))).toMatchObject({ firstPosition: 1 });
      expect(await appendTo('c', -1)).toMatchObject({ firstPosition: 4 });
      const events = (await store.readAll(0, 10)).map(readEvent);
      expect(events.map(({ position, stream, revision }) => [position, stream, revision])).toEqual([
        [1, 'a', 0],
        [2, 'b', 0],
        [3, 'a', 1],
        [4, 'c', 0],
      ]);
      expect(await store.head()).toBe(4);
    });

    it('stores the canonical envelope with the stamp in its place, and nothing else', async () => {
      const command = commandOf('only', {
        events: ['a@0'],
        data: { text: 'é "\\ \u0000 \u2028 😀', n: 1e21, z: null },
      });
      const result = await store.append(batchOf({ a: -1 }, command));
      const [stored] = await store.readAll(0, 10);
      const [draft] = command.events;
      if (!stored || !draft || !result.ok) throw new Error('not appended');
      expect(stored).toEqual({ position: 1, envelope: stampEvent(draft, result.recordedAt) });
      expect(stored.envelope).toBe(canonicalize(JSON.parse(stored.envelope)));
      expect(Buffer.byteLength(stored.envelope)).toBe(draft.bytes);
      expect(readEvent(stored).data).toEqual({ text: 'é "\\ \u0000 \u2028 😀', n: 1e21, z: null });
      expect(await store.readEvent(draft.id)).toEqual(stored);
    });

    it('keeps the answer to every command, with the position of its last event or of the last event before it', async () => {
      const refusal = (word: string) => commandOf(word, { outcome: '{"refused":"\\u0000 é"}' });
      const result = await store.append(
        batchOf(
          { a: -1, b: -1 },
          refusal('refused first'),
          commandOf('done', { events: ['a@0', 'b@0'] }),
          refusal('refused last'),
        ),
      );
      const recordedAt = result.ok ? result.recordedAt : '';
      const positions = { 'refused first': 0, done: 2, 'refused last': 2 };
      for (const [word, position] of Object.entries(positions)) {
        const outcome = word === 'done' ? '{"answered":"done"}' : '{"refused":"\\u0000 é"}';
        const fingerprint = `fingerprint of ${word}`;
        const stored = { commandId: idOf(word), fingerprint, position, recordedAt, outcome };
        expect(await store.outcomeOf(idOf(word))).toEqual(stored);
      }
    });

    it('takes a batch that has only refusals, and one that only compares revisions', async () => {
      await appendTo('a', -1);
      expect(await store.append(batchOf({ a: 0 }, commandOf('refused', {})))).toMatchObject({
        ok: true,
        firstPosition: 2,
      });
      expect(await store.append(batchOf({ a: 0 }))).toMatchObject({ ok: true, firstPosition: 2 });
      expect(await store.append(batchOf({ a: 1 }))).toEqual({ ok: false, stale: ['a'], duplicates: [] });
      expect(await store.head()).toBe(1);
    });
  });

  describe('an event store that rejects a batch', () => {
    it('names every stream that has moved, read or written, and writes nothing of the batch', async () => {
      await fill('a', 2);
      await fill('b', 1);
      const before = await store.readAll(0, 10);
      const result = await store.append(
        batchOf(
          { a: 0, b: -1, c: 4, d: -1, e: -1 },
          commandOf('on a', { events: ['a@1'] }),
          commandOf('on d, having read b and c', { events: ['d@0'] }),
          commandOf('on e', { events: ['e@0'] }),
        ),
      );
      expect(result).toMatchObject({ ok: false, duplicates: [] });
      expect(result.ok ? [] : [...result.stale].sort()).toEqual(['a', 'b', 'c']);
      expect(await store.readAll(0, 10)).toEqual(before);
      expect(await store.outcomeOf(idOf('on e'))).toBeUndefined();
      expect(await store.readStream('e', 0, 10)).toEqual([]);
    });

    it('returns the answers to commands that were executed before, refusals included', async () => {
      await store.append(
        batchOf({ a: -1 }, commandOf('done', { events: ['a@0'] }), commandOf('refused', { outcome: '{"no":1}' })),
      );
      const result = await store.append(
        batchOf(
          { a: 0, b: -1 },
          commandOf('done', { events: ['a@1'], outcome: '{"another":"answer"}' }),
          commandOf('refused', { events: ['b@0'] }),
          commandOf('new', {}),
        ),
      );
      if (result.ok) throw new Error('was appended');
      expect(result.stale).toEqual([]);
      expect([...result.duplicates].sort(byOutcome)).toEqual(
        [await store.outcomeOf(idOf('done')), await store.outcomeOf(idOf('refused'))].sort(byOutcome),
      );
      expect(result.duplicates).toHaveLength(2);
      expect(await store.outcomeOf(idOf('new'))).toBeUndefined();
      expect(await store.head()).toBe(1);
    });

    it('recognises a batch that is sent again because its outcome was unknown', async () => {
      const batch = batchOf(
        { a: -1, b: -1, c: -1 },
        commandOf('first', { events: ['a@0'] }),
        commandOf('second', { events: ['a@1', 'b@0'] }),
      );
      const result = await store.append(batch);
      const again = await store.append(batch);
      if (!result.ok || again.ok) throw new Error('not appended once');
      expect([...again.stale].sort()).toEqual(['a', 'b']);
      const { recordedAt } = result;
      expect(again.duplicates).toHaveLength(2);
      expect(again.duplicates).toContainEqual(
        expect.objectContaining({ commandId: idOf('first'), position: 1, recordedAt }),
      );
      expect(again.duplicates).toContainEqual(
        expect.objectContaining({ commandId: idOf('second'), position: 3, recordedAt }),
      );
      expect(await store.head()).toBe(3);
    });

    it.each([
      [
        'a gap',
        batchOf(
          { a: -1, b: -1 },
          commandOf('x', {
            events: ['b@0', 'a@1'],
          }),
        ),
      ],
      [
        'a repetition',
        batchOf(
          { a: -1 },
          commandOf('x', {
            events: ['a@0', 'a@0'],
          }),
        ),
      ],
      ['a stream of which nothing is expected', batchOf({}, commandOf('x', { events: ['a@0'] }))],
      ['the same command twice', batchOf({ a: -1 }, commandOf('x', { events: ['a@0'] }), commandOf('x', {}))],
      ['text that it cannot hold', batchOf({}, commandOf('x', { outcome: '\u0000' }))],
      ['an id that is none', batchOf({}, { ...commandOf('x', {}), commandId: 'no uuid' })],
    ])('refuses %s as a fault of the content, and writes nothing', async (_what, batch) => {
      const error = await store.append(batch).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Error);
      expect(isCausedByContent(error)).toBe(true);
      expect(await store.head()).toBe(0);
      expect(await store.outcomeOf(idOf('x'))).toBeUndefined();
    });
  });

  describe('time in an event store', () => {
    it('never goes back from one event to the next, whatever the clocks of the instances show', async () => {
      let behind = START - 60_000;
      const slow = log.open(() => behind);
      await appendTo('a', -1);
      expect(await appendTo('a', 0, 'slow', slow)).toMatchObject({ recordedAt: '2026-11-24T05:38:00.250Z' });
      behind = START + 1;
      expect(await appendTo('a', 1, 'caught up', slow)).toMatchObject({ recordedAt: '2026-11-24T05:38:00.251Z' });
      expect(await appendTo('a', 2, 'fast')).toMatchObject({ recordedAt: '2026-11-24T05:38:00.251Z' });
    });

    it('is right again once the fast clock of an instance is right', async () => {
      let clock = START + 3_600_000;
      const jumping = log.open(() => clock);
      await appendTo('a', -1, 'ahead', jumping);
      clock = START;
      expect(await appendTo('a', 0, 'back', jumping)).toMatchObject({ recordedAt: '2026-11-24T06:38:00.250Z' });
      clock = START + 3_600_000 + 750;
      expect(await appendTo('a', 1, 'later', jumping)).toMatchObject({ recordedAt: '2026-11-24T06:38:01Z' });
    });

    it('has one text for an instant in the answer, the envelope and the outcome', async () => {
      for (const [index, ms] of [0, 7, 250, 999].entries()) {
        const at = Date.parse('2027-01-01T00:00:00Z') + index * 1_000 + ms;
        const result = await appendTo('a', index - 1, `at ${ms}`, log.open(clockAt(at)));
        expect(result).toMatchObject({ ok: true, recordedAt: formatInstant(at) });
        const [stored] = await store.readAll(index, 1);
        expect(stored && readEvent(stored).recordedAt).toBe(formatInstant(at));
        expect((await store.outcomeOf(idOf(`at ${ms}`)))?.recordedAt).toBe(formatInstant(at));
      }
    });

    it('finds the last position at or before an instant', async () => {
      for (const [index, at] of [0, 1_000, 1_000, 1_000, 2_500].entries()) {
        await appendTo('a', index - 1, `at ${index}`, log.open(clockAt(START + at)));
      }
      const at = (offset: number) => store.positionAt(formatInstant(START + offset));
      expect(await at(-1)).toBe(0);
      expect(await at(0)).toBe(1);
      expect(await at(999)).toBe(1);
      expect(await at(1_000)).toBe(4);
      expect(await at(2_499)).toBe(4);
      expect(await at(2_500)).toBe(5);
      expect(await at(1_000_000)).toBe(5);
      await expect(store.positionAt('yesterday')).rejects.toThrow(RangeError);
    });
  });

  describe('reading an event store', () => {
    it('pages through the whole log, and through one stream, without gap or repetition', async () => {
      await fill('a', 7);
      await fill('b', 4);
      for (const limit of [1, 2, 3, 7, 100]) {
        const all = await collect(
          (after) => store.readAll(after, limit),
          (event) => event.position,
        );
        expect(all.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        const own = await collect(
          (from) => store.readStream('b', from, limit),
          (event) => readEvent(event).revision + 1,
        );
        expect(own.map((event) => readEvent(event).revision)).toEqual([0, 1, 2, 3]);
        expect(own.every((event) => readEvent(event).stream === 'b')).toBe(true);
      }
      expect(await store.readStream('b', 2, 1)).toEqual([(await store.readAll(9, 1))[0]]);
    });
  });

  describe('several instances on one log', () => {
    it('let exactly one writer win a race for a revision, and lose no batch of the others', async () => {
      const instances = [store, log.open(), log.open()];
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          appendTo(`s${index % 10}`, -1, `racer ${index}`, instances[index % 3] ?? store),
        ),
      );
      expect(results.filter(({ ok }) => ok)).toHaveLength(10);
      const positions = results.flatMap((result) => (result.ok ? [result.firstPosition] : []));
      expect(positions.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it('execute a command once when several of them receive it concurrently', async () => {
      const instances = [store, log.open(), log.open()];
      const results = await Promise.all(
        instances.map((instance, index) =>
          instance.append(batchOf({ [`s${index}`]: -1 }, commandOf('same', { events: [`s${index}@0`] }))),
        ),
      );
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      expect(results.flatMap((result) => (result.ok ? [] : result.duplicates))).toHaveLength(2);
      expect(await store.head()).toBe(1);
    });

    it('show a reader a history that only grows at its end', async () => {
      const instances = [store, log.open(), log.open()];
      const writing = Promise.all(
        instances.map(async (instance, writer) => {
          for (let index = 0; index < 15; index += 1)
            await appendTo(`w${writer}`, index - 1, `${writer} ${index}`, instance);
        }),
      );
      const seen: StoredEvent[] = [];
      while (seen.length < 45) seen.push(...(await store.readAll(seen.length, 10)));
      await writing;
      expect(seen).toEqual(await store.readAll(0, 100));
      expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: 45 }, (_, index) => index + 1));
    });
  });
}

async function collect(
  page: (from: number) => Promise<readonly StoredEvent[]>,
  next: (last: StoredEvent) => number,
): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (let from = 0; ;) {
    const events = await page(from);
    const last = events.at(-1);
    if (!last) return found;
    found.push(...events);
    from = next(last);
  }
}

const byOutcome = (a?: { outcome: string }, b?: { outcome: string }): number =>
  (a?.outcome ?? '') < (b?.outcome ?? '') ? -1 : 1;
