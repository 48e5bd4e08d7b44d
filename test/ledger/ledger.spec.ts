import { nobody, type Aggregate } from '../../src/ledger/aggregate.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import type { AppendBatch, EventStore } from '../../src/ledger/event-store.js';
import { readEvent } from '../../src/ledger/event.js';
import type { Decide } from '../../src/ledger/command-group.js';
import type { CommandContext } from '../../src/ledger/command-context.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { Refusal, refusal } from '../../src/ledger/refusal.js';
import { object } from '../../src/ledger/schema.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { Vault } from '../../src/ledger/vault.js';
import type { Line } from '../support/simulated-line.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account, blunder, contextOf, move, openAccount, type Account } from './accounts.js';
import { batchOf, commandOf, idOf } from './batches.js';

const ACCOUNT = idOf('account');
const OTHER = idOf('other account');
const lost = (): Error => new Error('Connection terminated unexpectedly');

/** A ledger on a simulated log, over a line on which each test sets its own faults. */
function setUp(log = new SimulatedLog()) {
  const world = new SimulatedWorld(1);
  const batches: AppendBatch[] = [];
  const reads: string[] = [];
  const faults = { lose: 0, unanswered: 0, down: false, answerMs: 0, before: (_batch: AppendBatch): void => undefined };
  const line: Line = {
    call: async (request) => {
      await world.sleep(1);
      if (faults.down) throw lost();
      return request();
    },
  };
  const sound = new SimulatedStore(log, () => world.now(), line);
  const store: EventStore = Object.assign(Object.create(sound) as EventStore, {
    readStream: (stream: string, from: number, limit: number) => {
      reads.push(stream);
      return sound.readStream(stream, from, limit);
    },
    append: async (batch: AppendBatch) => {
      batches.push(batch);
      faults.before(batch);
      if ((faults.lose -= 1) >= 0) throw lost();
      const result = await sound.append(batch);
      if (faults.answerMs > 0) await world.sleep(faults.answerMs);
      if ((faults.unanswered -= 1) >= 0) throw lost();
      return result;
    },
  });
  const unavailable: unknown[] = [];
  const ledger = new Ledger(store, new EventReader([account]), new Vault(Buffer.alloc(32)), new Notifier(), {
    clock: () => Date.parse('2026-11-24T05:38:00Z') + world.now(),
    time: world,
    observer: { unavailable: (error) => unavailable.push(error) },
  });
  const execute = (key: string, decide: Decide, overrides = {}) => ledger.execute(contextOf(key, overrides), decide);
  return { world, log, ledger, execute, batches, reads, faults, unavailable };
}

const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const error = await work.then(
    () => new Error('was executed'),
    (caught: unknown) => caught,
  );
  if (error instanceof Refusal) return error;
  throw error;
};

const deposit = (id: string, amount: number): Decide => move(id, id, amount, id);

describe('the ledger', () => {
  it('answers a caller who sends one command after the other without a pause', async () => {
    const { world, execute, log } = setUp();
    const client = async (): Promise<void> => {
      await execute('open', openAccount(ACCOUNT, 10));
      for (let count = 0; count < 10; count += 1) await execute(`next ${count}`, deposit(ACCOUNT, 1));
    };
    await world.run(client());
    expect(log.events).toHaveLength(21);
  });

  it('writes commands that arrive concurrently in one batch, in their order', async () => {
    const { world, execute, batches, log } = setUp();
    await world.run(execute('open', openAccount(ACCOUNT, 10)));
    const answers = await world.run(
      Promise.all(Array.from({ length: 50 }, (_, index) => execute(`together ${index}`, deposit(ACCOUNT, 1)))),
    );
    expect(batches.map(({ commands }) => commands.length)).toEqual([1, 50]);
    expect(answers.map(({ position }) => position)).toEqual(answers.map((_, index) => 1 + 2 * (index + 1)));
    expect(log.events).toHaveLength(101);
  });

  it('keeps a refusal like an answer', async () => {
    const { world, execute, log } = setUp();
    const first = await world.run(refusalOf(execute('key', move(ACCOUNT, OTHER, 1, OTHER))));
    expect(first).toMatchObject({ kind: 'unknown', code: 'unknown-account', replayed: false });
    await world.run(execute('open', openAccount(ACCOUNT, 10)));
    await world.run(execute('open other', openAccount(OTHER, 10)));
    const later = await world.run(refusalOf(execute('key', move(ACCOUNT, OTHER, 1, OTHER))));
    expect(later).toMatchObject({ kind: 'unknown', code: 'unknown-account', replayed: true, facts: first.facts });
    const elsewhere = setUp(log);
    const there = await elsewhere.world.run(refusalOf(elsewhere.execute('key', move(ACCOUNT, OTHER, 1, OTHER))));
    expect(there).toMatchObject({ code: 'unknown-account', replayed: true, correlationId: 'correlation' });
  });

  it('keeps the errors of single fields in a replayed refusal', async () => {
    const { world, execute } = setUp();
    const decide: Decide = () => {
      const detail = 'The name is too long.';
      throw refusal('invalid', 'too-long', detail, { length: 300 }, [{ pointer: '/name', detail }]);
    };
    const first = await world.run(refusalOf(execute('key', decide)));
    const again = await world.run(refusalOf(execute('key', decide)));
    expect(again).toMatchObject({
      errors: [{ pointer: '/name', detail: 'The name is too long.' }],
      facts: first.facts,
    });
  });

  it('returns the same answer for the same key, here and on another instance, and refuses another request under it', async () => {
    const { world, execute, log } = setUp();
    const answer = await world.run(execute('key', openAccount(ACCOUNT, 10)));
    expect(await world.run(execute('key', openAccount(ACCOUNT, 10)))).toEqual({ ...answer, replayed: true });
    const other = setUp(log);
    expect(await other.world.run(other.execute('key', openAccount(ACCOUNT, 10)))).toEqual({
      ...answer,
      replayed: true,
    });
    for (const { world: there, execute: send } of [setUp(log), other]) {
      const refusal = await there.run(refusalOf(send('key', openAccount(ACCOUNT, 10), { fingerprint: 'another' })));
      expect(refusal).toMatchObject({ kind: 'invalid', code: 'idempotency-key-reused' });
    }
    expect(log.events).toHaveLength(1);
  });

  it('refuses a second caller of a key, with the advice to wait, while the first call runs', async () => {
    const { world, execute } = setUp();
    const first = execute('key', openAccount(ACCOUNT, 10));
    expect(await world.run(refusalOf(execute('key', openAccount(ACCOUNT, 10))))).toMatchObject({
      kind: 'conflict',
      code: 'command-in-progress',
    });
    const answer = await world.run(first);
    expect(await world.run(execute('key', openAccount(ACCOUNT, 10)))).toEqual({ ...answer, replayed: true });
  });

  it('starts a new stream without a read, and notices when the stream already exists', async () => {
    const { world, execute, log, reads } = setUp();
    await world.run(execute('open', openAccount(ACCOUNT, 10)));
    expect(reads).toEqual([]);
    const other = setUp(log);
    const refusal = await other.world.run(refusalOf(other.execute('again', openAccount(ACCOUNT, 20))));
    expect(refusal).toMatchObject({ kind: 'conflict', code: 'account-exists' });
    expect(log.events).toHaveLength(1);
  });

  it('keeps nothing of a decision that has a bug', async () => {
    const { world, execute, log } = setUp();
    await world.run(execute('open', openAccount(ACCOUNT, 10)));
    const work = [deposit(ACCOUNT, 1), blunder(ACCOUNT), deposit(ACCOUNT, 2)];
    const results = await world.run(Promise.allSettled(work.map((decide, index) => execute(`key ${index}`, decide))));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log.events).toHaveLength(5);
    expect(log.outcomes.has(idOf('key 1'))).toBe(false);
    expect(await world.run(execute('key 1', deposit(ACCOUNT, 1)))).toMatchObject({ position: 7 });
  });

  it('rejects a decision with an event type that its reader does not know as a bug, and writes nothing', async () => {
    const { world, ledger, execute, log, batches } = setUp();
    await world.run(execute('open', openAccount(ACCOUNT, 10)));
    const stranger = {
      ...account,
      name: 'stranger',
      events: {
        'stranger-met': { schema: 1, data: object({}), concerns: nobody, says: () => 'A stranger was met.' },
      },
      evolve: () => ({ status: 'open', balance: 0 }) as const,
    } satisfies Aggregate<Account, { readonly type: 'stranger-met'; readonly data: object }>;
    const meet: Decide = (tx) => {
      tx.create(stranger, OTHER);
      tx.append(stranger, OTHER, [{ type: 'stranger-met', data: {} }]);
    };
    const bug = 'No aggregate of this ledger declares the event type "stranger-met".';
    await expect(world.run(execute('alone', meet))).rejects.toThrow(bug);
    const atomic = [
      { context: contextOf('first'), decide: deposit(ACCOUNT, 1) },
      { context: contextOf('second'), decide: meet },
    ];
    const call = ledger.executeAtomically(contextOf('call'), atomic, (_index, refusal) => refusal);
    await expect(world.run(call)).rejects.toThrow(bug);
    expect(batches).toHaveLength(1);
    expect([log.events.length, log.outcomes.size]).toEqual([1, 1]);
  });

  it.each([
    ['an answer that has no JSON form', () => ({ total: 1n })],
    ['nothing that it is for', () => undefined],
  ])('turns away a decision with %s as a bug', async (_what, decide) => {
    const { world, execute, log } = setUp();
    await expect(world.run(execute('key', decide as Decide))).rejects.not.toBeInstanceOf(Refusal);
    expect(log.outcomes.size).toBe(0);
  });

  describe('a ledger whose store does not answer', () => {
    it('tries again, and finds the outcome of a write whose answer was lost', async () => {
      for (const fault of ['lose', 'unanswered'] as const) {
        const { world, execute, faults, log, batches } = setUp();
        faults[fault] = 3;
        const work = ['a', 'b', 'c'].map((key) => execute(key, openAccount(idOf(key), 1)));
        const answers = await world.run(Promise.all(work));
        expect(answers.map(({ position }) => position)).toEqual([1, 2, 3]);
        expect(log.events).toHaveLength(3);
        expect(batches.length).toBeLessThanOrEqual(6);
      }
    });

    it('answers every caller after ten seconds, and executes a command that is sent again once', async () => {
      const { world, execute, faults, log, unavailable } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 10)));
      faults.down = true;
      const early = execute('early', deposit(ACCOUNT, 1));
      const late = world.sleep(3_000).then(() => execute('late', deposit(ACCOUNT, 2)));
      for (const work of [early, late]) {
        expect(await world.run(refusalOf(work))).toMatchObject({ kind: 'unavailable', code: 'store-unavailable' });
      }
      expect(world.now()).toBeGreaterThan(9_000);
      expect(world.now()).toBeLessThan(11_000);
      expect(unavailable).toHaveLength(1);
      faults.down = false;
      const answers = [execute('early', deposit(ACCOUNT, 1)), execute('late', deposit(ACCOUNT, 2))];
      expect((await world.run(Promise.all(answers))).map(({ revision }) => revision)).toEqual([2, 4]);
      expect(log.events).toHaveLength(5);
    });

    it('reports the failure to readers as well', async () => {
      const { world, ledger, faults } = setUp();
      faults.down = true;
      expect(await world.run(refusalOf(ledger.read(account, ACCOUNT)))).toMatchObject({ kind: 'unavailable' });
    });

    it('continues after a failover to a database that had not received the last commits', async () => {
      const { world, execute, log } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 10)));
      await world.run(execute('lost', deposit(ACCOUNT, 1)));
      log.forgetAfter(1);
      expect(await world.run(execute('next', deposit(ACCOUNT, 1)))).toMatchObject({ revision: 2, position: 3 });
    });
  });

  describe('a ledger beside other writers', () => {
    it('decides again on the events that the others have written', async () => {
      const { world, execute, log } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 10)));
      const other = setUp(log);
      await other.world.run(other.execute('elsewhere', deposit(ACCOUNT, 5)));
      const answer = await world.run(execute('here', deposit(ACCOUNT, 1)));
      expect(answer).toMatchObject({ revision: 4, seen: { [ACCOUNT]: 10 } });
    });

    it('gives up on a record that a faster writer changes each time, and writes the commands on other records', async () => {
      const { world, execute, log, faults, batches } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 10)));
      await world.run(execute('open other', openAccount(OTHER, 10)));
      faults.before = ({ expected }) => {
        const revision = expected.get(`account-${ACCOUNT}`);
        if (revision !== undefined) log.append(otherWriter(revision), 0);
      };
      const results = [refusalOf(execute('hot', deposit(ACCOUNT, 1))), execute('cold', deposit(OTHER, 1))] as const;
      expect(await world.run(results[1])).toMatchObject({ revision: 2 });
      // At most: two opens, a batch with both commands, the neighbour's second try alone, and a second try of the other command by
      // then.
      expect(batches.length).toBeLessThanOrEqual(5);
      expect(await world.run(results[0])).toMatchObject({ kind: 'unavailable', code: 'contended' });
      expect(batches.length).toBeLessThan(30);
    });

    const otherWriter = (revision: number): AppendBatch => {
      const events = [`account-${ACCOUNT}@${revision + 1}`];
      const command = commandOf(`faster ${revision}`, { events, type: 'amount-moved', data: { amount: 0 } });
      return batchOf({ [`account-${ACCOUNT}`]: revision }, command);
    };

    it('takes the age of its knowledge of a stream from the start of a write, not from the answer to it', async () => {
      const { world, execute, ledger, log, faults } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 10)));
      faults.answerMs = 50;
      const slow = execute('slow', deposit(ACCOUNT, 1));
      await world.run(world.sleep(10));
      const other = setUp(log);
      await other.world.run(other.execute('elsewhere', deposit(ACCOUNT, 5)));
      expect(await world.run(slow)).toMatchObject({ revision: 2 });
      expect((await world.run(ledger.read(account, ACCOUNT, 40))).revision).toBe(4);
    });

    it('accepts an If-Match ahead of its own knowledge, and refuses a stale one with the durable revision', async () => {
      const { world, execute, ledger, log, faults } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 10)));
      const other = setUp(log);
      await other.world.run(other.execute('elsewhere', deposit(ACCOUNT, 5)));
      expect(await world.run(execute('ahead', deposit(ACCOUNT, 1), { ifMatch: 2 }))).toMatchObject({ revision: 4 });
      faults.lose = 1;
      const pending = execute('pending', deposit(ACCOUNT, 1));
      const stale = refusalOf(execute('stale', deposit(ACCOUNT, 1), { ifMatch: 4 }));
      expect(await world.run(stale)).toMatchObject({ kind: 'stale', facts: { expected: 4, actual: 6 } });
      expect(await world.run(pending)).toMatchObject({ revision: 6 });
      expect(log.outcomes.has(idOf('stale'))).toBe(false);
      expect((await world.run(ledger.read(account, ACCOUNT))).revision).toBe(6);
    });

    it('replays a command that another instance executed with its If-Match', async () => {
      const { world, execute, log } = setUp();
      const answer = await world.run(execute('open', openAccount(ACCOUNT, 10)));
      const done = await world.run(execute('key', deposit(ACCOUNT, 1), { ifMatch: answer.revision }));
      const other = setUp(log);
      const again = await other.world.run(other.execute('key', deposit(ACCOUNT, 1), { ifMatch: answer.revision }));
      expect(again).toEqual({ ...done, replayed: true });
    });
  });

  describe('a ledger that gets several commands in one call', () => {
    const refusalOfAll = (index: number, { code }: Refusal): Refusal =>
      new Refusal('conflict', code, `Command ${index} is refused.`);

    /** Sends commands, by their keys, in one atomic call. */
    function atomically(
      { ledger }: ReturnType<typeof setUp>,
      call: string,
      commands: Readonly<Record<string, Decide>>,
    ) {
      const all = Object.entries(commands).map(([key, decide]) => ({ context: contextOf(key), decide }));
      return ledger.executeAtomically(contextOf(call), all, refusalOfAll);
    }

    it('refuses an atomic call whose key is in use, and does not keep the keys of its commands', async () => {
      const instance = setUp();
      const { world, execute } = instance;
      const running = execute('call', openAccount(ACCOUNT, 10));
      const refusal = await world.run(refusalOf(atomically(instance, 'call', { one: openAccount(OTHER, 10) })));
      expect(refusal.code).toBe('command-in-progress');
      await world.run(running);
      expect(await world.run(execute('one', openAccount(OTHER, 10)))).toMatchObject({ revision: 0 });
    });

    it('refuses an atomic call while one of its commands still runs, and names that command', async () => {
      const instance = setUp();
      const { world, execute } = instance;
      const running = execute('two', openAccount(ACCOUNT, 10));
      const call = atomically(instance, 'call', { one: openAccount(OTHER, 10), two: openAccount(ACCOUNT, 10) });
      expect(await world.run(refusalOf(call))).toMatchObject({
        code: 'command-in-progress',
        detail: 'Command 1 is refused.',
      });
      await world.run(running);
      expect(await world.run(execute('one', openAccount(OTHER, 10)))).toMatchObject({ revision: 0 });
    });

    it('replays the refusal of an atomic call, also when one of its commands was refused alone before', async () => {
      const instance = setUp();
      const { world, execute } = instance;
      const alone = await world.run(refusalOf(execute('one', deposit(ACCOUNT, 1))));
      const send = () =>
        world.run(refusalOf(atomically(instance, 'call', { one: deposit(ACCOUNT, 1), two: openAccount(OTHER, 10) })));
      expect(await send()).toMatchObject({ code: alone.code, detail: 'Command 0 is refused.' });
      expect(await send()).toMatchObject({ code: alone.code, detail: 'Command 0 is refused.' });
    });

    it('lets a command whose preparation takes long hold up the commands behind it alone', async () => {
      const { world, ledger, batches } = setUp();
      let prepare = (): void => undefined;
      const ready = new Promise<void>((resolve) => {
        prepare = resolve;
      });
      const results = ledger.executeInOrder([
        { context: contextOf('first'), decide: openAccount(ACCOUNT, 10) },
        { context: contextOf('slow'), decide: deposit(ACCOUNT, 1), ready },
        { context: contextOf('last'), decide: deposit(ACCOUNT, 1) },
      ]);
      await world.run(world.sleep(1_000));
      expect(batches.flatMap(({ commands }) => commands)).toHaveLength(1);
      prepare();
      expect((await world.run(results)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    });

    it('answers a command whose preparation fails with its error, records nothing of it, and executes the ones behind it', async () => {
      const { world, ledger, log, execute } = setUp();
      const error = refusal('unavailable', 'rows-behind', 'The rows are behind.');
      const [first, failed, last] = await world.run(
        ledger.executeInOrder([
          { context: contextOf('first'), decide: openAccount(ACCOUNT, 10) },
          { context: contextOf('failed'), decide: deposit(ACCOUNT, 1), ready: Promise.reject(error) },
          { context: contextOf('last'), decide: openAccount(OTHER, 10) },
        ]),
      );
      expect([first?.status, last?.status]).toEqual(['fulfilled', 'fulfilled']);
      expect(failed).toEqual({ status: 'rejected', reason: error });
      expect(log.outcomes.has(idOf('failed'))).toBe(false);
      expect(await world.run(execute('failed', deposit(ACCOUNT, 1)))).toMatchObject({ revision: 2 });
    });

    it('decides the later commands of a sequence again after a command that another writer made possible', async () => {
      const { world, ledger, log, faults } = setUp();
      const contexts = [contextOf('first'), contextOf('second')] as const;
      const [first, second] = contexts;
      faults.before = () => {
        faults.before = () => undefined;
        const events = [`account-${ACCOUNT}@0`];
        const opened = commandOf('elsewhere', { events, type: 'account-opened', data: { amount: 10 } });
        log.append(batchOf({ [`account-${ACCOUNT}`]: -1 }, opened), world.now());
      };
      const results = await world.run(
        ledger.executeInOrder([
          { context: first, decide: deposit(ACCOUNT, 1) },
          { context: second, decide: openAccount(OTHER, 10) },
        ]),
      );
      const [deposited, openedOther] = results.map((result) =>
        result.status === 'fulfilled' ? result.value : undefined,
      );
      expect(deposited).toMatchObject({ revision: 2 });
      expect(openedOther?.position).toBeGreaterThan(deposited?.position ?? Number.NaN);
    });
  });

  describe('a ledger that gets a command that cannot be stored', () => {
    it('finds it among a thousand, and executes the others in their order', async () => {
      const { world, execute, log, batches } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 10)));
      const results = await world.run(
        Promise.allSettled(
          Array.from({ length: 1_000 }, (_, index) =>
            execute(`command ${index}`, deposit(ACCOUNT, 1), index % 400 === 7 ? { fingerprint: 'poison \u0000' } : {}),
          ),
        ),
      );
      const failed = results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
      expect(failed).toEqual([7, 407, 807]);
      for (const index of failed) {
        const result = results[index];
        expect(result?.status === 'rejected' && result.reason).not.toBeInstanceOf(Refusal);
        expect(log.outcomes.has(idOf(`command ${index}`))).toBe(false);
      }
      expect(log.events).toHaveLength(1 + 2 * 997);
      expect(batches.length).toBeLessThan(50);
    });
  });

  describe('the limits of a ledger', () => {
    const padded =
      (id: string, length: number): Decide =>
      (tx) => {
        tx.create(account, id);
        tx.append(account, id, [{ type: 'account-opened', data: { amount: 1 } }]);
        return { padding: 'x'.repeat(length) };
      };

    it('refuse further commands while ten thousand commands are inside, and accept them once those are answered', async () => {
      const { world, execute, ledger, faults, batches } = setUp();
      faults.down = true;
      const inside = Array.from({ length: 10_000 }, (_, index) => execute(`key ${index}`, openAccount(ACCOUNT, 1)));
      expect(ledger.queued).toBe(10_000);
      expect(await world.run(refusalOf(execute('one more', openAccount(ACCOUNT, 1))))).toMatchObject({
        kind: 'unavailable',
        code: 'queue-full',
      });
      await world.run(Promise.allSettled(inside));
      faults.down = false;
      const again = Array.from({ length: 10_000 }, (_, index) => execute(`key ${index}`, openAccount(ACCOUNT, 1)));
      const results = await world.run(Promise.allSettled(again));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(Math.max(...batches.map(({ commands }) => commands.length))).toBe(1_000);
      expect(ledger.queued).toBe(0);
    });

    it('let one batch have at most 8 MiB, and a larger command a batch of its own', async () => {
      const { world, execute, batches } = setUp();
      const size = 1_048_576;
      const sizes = [1, 3, 3, 3, 9, 9, 1, 1];
      await world.run(Promise.all(sizes.map((_, index) => execute(`open ${index}`, openAccount(idOf(`${index}`), 1)))));
      batches.length = 0;
      const work = sizes.map((mebibytes, index) =>
        execute(`key ${index}`, padded(idOf(`p${index}`), mebibytes * size)),
      );
      await world.run(Promise.all(work));
      expect(batches.flatMap(({ commands }) => commands).length).toBe(8);
      for (const { commands } of batches) {
        const bytes = commands.reduce((sum, { outcome }) => sum + outcome.length, 0);
        if (commands.length > 1) expect(bytes).toBeLessThanOrEqual(8 * size);
      }
    });

    it('refuse further commands while more than 64 MiB are inside', async () => {
      const { world, execute, faults } = setUp();
      await world.run(
        Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            execute(`o${index}`, deposit(idOf(`p${index}`), 1)).catch(() => undefined),
          ),
        ),
      );
      faults.lose = 1;
      const inside = Array.from({ length: 8 }, (_, index) =>
        execute(`key ${index}`, padded(idOf(`p${index}`), 8 * 1_048_576)),
      );
      expect(await world.run(refusalOf(execute('one more', openAccount(ACCOUNT, 1))))).toMatchObject({
        code: 'queue-full',
      });
      await world.run(Promise.all(inside));
      await world.run(execute('one more', openAccount(ACCOUNT, 1)));
    });

    it('rejects the commands of a call in order once more than 64 MiB are inside, and executes them when they are sent again', async () => {
      const { world, ledger } = setUp();
      const commands = Array.from({ length: 20 }, (_, index) => ({
        context: contextOf(`key ${index}`),
        decide: padded(idOf(`q${index}`), 8 * 1_048_576),
      }));
      const results = await world.run(ledger.executeInOrder(commands));
      const reasons = results.map((result) =>
        result.status === 'rejected' ? (result.reason as Refusal).code : 'executed',
      );
      expect(reasons).toEqual([...Array<string>(8).fill('executed'), ...Array<string>(12).fill('queue-full')]);
      const again = await world.run(ledger.executeInOrder(commands.slice(8, 16)));
      expect(again.map(({ status }) => status)).toEqual(Array<string>(8).fill('fulfilled'));
    });

    it('stop a decision that asks for streams without end', async () => {
      const { world, execute } = setUp();
      const endless: Decide = (tx) => {
        for (let index = 0; ; index += 1) tx.get(account, idOf(`endless ${index}`));
      };
      expect(await world.run(refusalOf(execute('key', endless)))).toMatchObject({ code: 'too-many-streams' });
      let run = 0;
      const elsewhere: Decide = (tx) => void tx.get(account, idOf(`never the same ${(run += 1)}`));
      await expect(world.run(execute('other key', elsewhere))).rejects.toThrow('more than 300 streams');
    });
  });

  describe('a key that an earlier version scoped to the whole programme', () => {
    const lesser = (overrides: Partial<CommandContext> = {}): Partial<CommandContext> => ({
      principal: { actorId: 'board-key', roles: ['board'] },
      role: 'board',
      ...overrides,
    });
    /** The context of today: the earlier version recorded the command under the id of `key`. */
    const today = (key: string, overrides: Partial<CommandContext> = {}) =>
      lesser({ commandId: idOf(`board ${key}`), formerId: idOf(key), ...overrides });

    /** A service that has started again after the earlier version: it has no outcome in memory. */
    async function upgraded() {
      const before = setUp();
      const { world, execute } = before;
      const opened = await world.run(execute('open', openAccount(ACCOUNT, 10), lesser()));
      await world.run(refusalOf(execute('refused', openAccount(ACCOUNT, 1), lesser())));
      await world.run(execute('of the operator', deposit(ACCOUNT, 1)));
      return { opened, ...setUp(before.log) };
    }

    it('replays the command of a lesser role, its refusal, and the one of the operator', async () => {
      const { opened, world, execute, log } = await upgraded();
      const events = log.events.length;
      const again = await world.run(execute('open', openAccount(ACCOUNT, 10), today('open')));
      expect(again).toEqual({ ...opened, replayed: true });
      expect(await world.run(refusalOf(execute('refused', openAccount(ACCOUNT, 1), today('refused'))))).toMatchObject({
        replayed: true,
      });
      expect(await world.run(execute('of the operator', deposit(ACCOUNT, 1)))).toMatchObject({ replayed: true });
      expect(log.events).toHaveLength(events);
    });

    it('replays the commands of a call of many, in order and all or none', async () => {
      const { opened, world, ledger, log } = await upgraded();
      const events = log.events.length;
      const command = { context: contextOf('open', today('open')), decide: openAccount(ACCOUNT, 10) };
      const [inOrder] = await world.run(ledger.executeInOrder([command]));
      expect(inOrder).toEqual({ status: 'fulfilled', value: { ...opened, replayed: true } });
      const call = contextOf('call', today('call'));
      const [atomic] = await world.run(ledger.executeAtomically(call, [command], (_index, reason) => reason));
      expect(atomic).toEqual({ ...opened, replayed: true });
      expect(log.events).toHaveLength(events);
    });

    it('is a used key for another request of the role that used it', async () => {
      const { world, execute } = await upgraded();
      const other = today('open', { fingerprint: 'another request' });
      expect(await world.run(refusalOf(execute('open', openAccount(OTHER, 10), other)))).toMatchObject({
        code: 'idempotency-key-reused',
      });
    });

    it('is free for a lesser role where the operator used it, or where nothing was recorded under it', async () => {
      const { world, execute } = await upgraded();
      for (const key of ['of the operator', 'refused', 'new']) {
        const other = today(key, { fingerprint: 'another request' });
        expect(await world.run(execute(key, deposit(ACCOUNT, 1), other))).not.toHaveProperty('replayed');
      }
    });

    it('is answered with 503 while the store does not answer: the outcome of the earlier version is not known', async () => {
      const { world, execute, faults } = await upgraded();
      faults.down = true;
      expect(await world.run(refusalOf(execute('open', openAccount(ACCOUNT, 10), today('open'))))).toMatchObject({
        kind: 'unavailable',
      });
    });
  });

  describe('a ledger that closes', () => {
    it('answers every caller that is inside, and accepts no new one', async () => {
      const { world, execute, ledger, log } = setUp();
      const inside = [execute('a', openAccount(ACCOUNT, 1)), execute('b', openAccount(OTHER, 1))];
      const closing = ledger.close();
      expect(await world.run(refusalOf(execute('c', openAccount(ACCOUNT, 1))))).toMatchObject({
        code: 'shutting-down',
      });
      await world.run(closing);
      expect(log.events.map((event) => readEvent(event).type)).toEqual(['account-opened', 'account-opened']);
      await Promise.all(inside);
      await ledger.close();
    });

    it('does not wait for a store that does not answer', async () => {
      const { world, execute, ledger, faults } = setUp();
      await world.run(execute('open', openAccount(ACCOUNT, 1)));
      faults.down = true;
      const inside = refusalOf(execute('a', deposit(ACCOUNT, 1)));
      await world.run(world.sleep(500));
      await world.run(ledger.close());
      expect(world.now()).toBeLessThan(2_000);
      expect(await inside).toMatchObject({ code: 'store-unavailable' });
    });
  });
});
