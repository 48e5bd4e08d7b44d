import type { AppendBatch, EventStore, StoredOutcome } from '../../src/ledger/event-store.js';
import { GroupCommit, type Decided } from '../../src/ledger/group-commit.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { StateCache } from '../../src/ledger/state-cache.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { commandOf } from './batches.js';

/** A group, and its outcome as a promise. */
interface Group {
  settled(outcome: StoredOutcome): void;
  failed(error: unknown): void;
}

function setUp(store: EventStore = new SimulatedStore(new SimulatedLog())) {
  const world = new SimulatedWorld(1);
  const commit = new GroupCommit<Group>(
    store,
    new StateCache(),
    {
      settled: (job, outcome) => job.settled(outcome),
      failed: (job, error) => job.failed(error),
      confirmed: () => undefined,
      again: () => undefined,
      refresh: () => Promise.resolve(),
      committed: () => undefined,
      unavailable: () => undefined,
    },
    world,
  );
  const send = (word: string): Promise<StoredOutcome> =>
    new Promise((settled, failed) => commit.add(decided(word, { settled, failed })));
  return { world, commit, send };
}

const decided = (word: string, group: Group): Decided<Group> => ({
  group,
  commands: [commandOf(word, {})],
  bytes: 0,
  reads: new Map(),
  writes: new Map(),
});

describe('the group commit', () => {
  it.each(Array.from({ length: 12 }, (_, turns) => turns))(
    'writes a group that is added %i turns after an answer, when it has just stopped writing',
    async (turns) => {
      const { world, send } = setUp();
      const client = async (): Promise<void> => {
        await send('first');
        for (let turn = 0; turn < turns; turn += 1) await null;
        await send('second');
      };
      await world.run(client());
    },
  );

  it('is drained when no group waits any more', async () => {
    const { world, commit, send } = setUp();
    await commit.drained();
    let answered = 0;
    for (const word of ['a', 'b', 'c']) void send(word).then(() => (answered += 1));
    await world.run(commit.drained());
    expect(answered).toBe(3);
  });

  it('answers every group with a refusal of the store, without a second try', async () => {
    let tries = 0;
    const store: EventStore = Object.assign(Object.create(new SimulatedStore(new SimulatedLog())) as EventStore, {
      append: async (_batch: AppendBatch) => {
        tries += 1;
        throw new Refusal('unavailable', 'clock-ahead', 'The clock is wrong.', {
          clock: '2027-01-01T00:00:00Z',
          databaseClock: '2026-01-01T00:00:00Z',
          lastStamp: '2026-01-01T00:00:00Z',
          aheadSecondsMax: 60,
        });
      },
    });
    const { world, send } = setUp(store);
    const answers = await world.run(Promise.allSettled(['a', 'b'].map(send)));
    expect(answers).toMatchObject([{ reason: { code: 'clock-ahead' } }, { reason: { code: 'clock-ahead' } }]);
    expect([tries, world.now()]).toEqual([1, 0]);
  });

  it('does not trust a store that rejects a batch without a reason', async () => {
    const log = new SimulatedLog();
    const store: EventStore = Object.assign(Object.create(new SimulatedStore(log)) as EventStore, {
      append: async (_batch: AppendBatch) => ({ ok: false, stale: [], duplicates: [] }),
    });
    const { world, send } = setUp(store);
    await expect(world.run(send('a'))).rejects.toThrow('without a reason');
  });
});
