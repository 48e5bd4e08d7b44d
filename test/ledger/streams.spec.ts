import { EventReader } from '../../src/ledger/event-reader.js';
import type { EventStore } from '../../src/ledger/event-store.js';
import type { StoredEvent } from '../../src/ledger/event.js';
import { StateCache } from '../../src/ledger/state-cache.js';
import { Streams } from '../../src/ledger/streams.js';
import { untyped } from '../../src/ledger/transaction.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { batchOf, commandOf } from './batches.js';

const STREAM = 'account-a';
const aggregate = untyped(account);

/** Reads of the store that a test answers when it chooses, with the data that the store held when they arrived. */
function setUp() {
  const log = new SimulatedLog();
  const world = new SimulatedWorld(1);
  const sound = new SimulatedStore(log);
  const held: (() => void)[] = [];
  const store: EventStore = Object.assign(Object.create(sound) as EventStore, {
    readStream: async (stream: string, from: number, limit: number): Promise<readonly StoredEvent[]> => {
      const page = await sound.readStream(stream, from, limit);
      await new Promise<void>((resolve) => held.push(resolve));
      return page;
    },
  });
  const cache = new StateCache();
  const streams = new Streams(cache, store, new EventReader([account]), world);
  const write = (revision: number): void => {
    const type = revision === 0 ? 'account-opened' : 'amount-moved';
    const command = commandOf(`${revision}`, { events: [`${STREAM}@${revision}`], type, data: { amount: 1 } });
    log.append(batchOf({ [STREAM]: revision - 1 }, command), 0);
  };
  /** Lets the read with this index arrive, and answers it. */
  const answer = async (index = 0): Promise<void> => {
    while (held[index] === undefined) await Promise.resolve();
    held.splice(index, 1)[0]?.();
  };
  const read = (maxAgeMs = 0) => streams.read(aggregate, STREAM, maxAgeMs);
  return { world, cache, streams, held, write, answer, read };
}

describe('streams in memory', () => {
  it('are read once for all callers that want them at the same time', async () => {
    const { write, answer, read, held, streams } = setUp();
    write(0);
    const reads = [read(), read(), streams.load(aggregate, STREAM)];
    await answer();
    await Promise.all(reads);
    expect(held).toHaveLength(0);
  });

  it('are read again for callers that came after a read had begun', async () => {
    const { world, write, answer, read } = setUp();
    write(0);
    const early = read();
    await world.run(world.sleep(1));
    const late = read();
    write(1);
    await answer();
    expect(await early).toEqual({ revision: 0, state: { status: 'open', balance: 1 } });
    await answer();
    expect(await late).toEqual({ revision: 1, state: { status: 'open', balance: 2 } });
  });

  it('are taken from memory while they are young enough', async () => {
    const { world, write, answer, read } = setUp();
    write(0);
    const first = read();
    await answer();
    await first;
    write(1);
    await world.run(world.sleep(100));
    expect((await read(100)).revision).toBe(0);
    const fresh = read(99);
    await answer();
    expect((await fresh).revision).toBe(1);
  });

  it('never go back when an older read is answered last', async () => {
    const { world, cache, write, answer, read } = setUp();
    write(0);
    const first = read();
    await answer();
    await first;
    await world.run(world.sleep(1));
    const slow = read();
    await world.run(world.sleep(1));
    write(1);
    const fast = read();
    await world.run(world.sleep(1));
    await answer(1);
    expect((await fast).revision).toBe(1);
    await answer();
    expect((await slow).revision).toBe(1);
    expect(cache.get(STREAM)?.committed.revision).toBe(1);
  });

  it('keep the states of decisions that are being written, but show a reader the newest state', async () => {
    const { world, cache, streams, write, answer, read } = setUp();
    write(0);
    const load = streams.load(aggregate, STREAM);
    await answer();
    await load;
    const entry = cache.get(STREAM);
    if (!entry) throw new Error('not in memory');
    entry.pending = 1;
    write(1);
    await world.run(world.sleep(1));
    const reading = read();
    await answer();
    expect((await reading).revision).toBe(1);
    expect(entry.committed.revision).toBe(0);
    expect(entry.latest.revision).toBe(0);
  });

  it('are not crowded out by streams that do not exist', async () => {
    const { cache, streams, answer } = setUp();
    const made = streams.read(aggregate, 'account-made-up', 0);
    await answer();
    expect(await made).toEqual({ revision: -1, state: { status: 'absent' } });
    expect(cache.size).toBe(0);
    const wanted = streams.load(aggregate, 'account-made-up');
    await answer();
    await wanted;
    expect(cache.size).toBe(1);
  });
});
