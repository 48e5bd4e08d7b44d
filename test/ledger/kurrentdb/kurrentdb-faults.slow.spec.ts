import { setTimeout as sleep } from 'node:timers/promises';
import { isCausedByContent, type StoredOutcome } from '../../../src/ledger/event-store.js';
import { EventReader } from '../../../src/ledger/event-reader.js';
import { openKurrentEngine, type KurrentEngine } from '../../../src/ledger/kurrentdb/kurrentdb-engine.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { SealedContents } from '../../../src/ledger/sealed-contents.js';
import { Notifier } from '../../../src/ledger/notifier.js';
import { Vault } from '../../../src/ledger/vault.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { KurrentDouble, type Fate } from '../../support/kurrentdb-double/kurrentdb-double.js';
import { SimulatedWorld } from '../../support/simulated-world.js';
import { account, contextOf, openAccount } from '../accounts.js';
import { batchOf, commandOf, idOf, checksOf } from '../batches.js';
import { History } from '../history.js';
import { compose, send, type Sent } from '../sent.js';
import { forgetCopy, silent } from './kurrentdb-instance.js';

/** KURRENTDB_LONG sends more commands. */
const COMMANDS = process.env['KURRENTDB_LONG'] === undefined ? 40 : 400;
const CLIENTS = 16;
const TRIES_MAX = 200;
const seed = Number(process.env['SIMULATION_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const vault = new Vault(Buffer.alloc(32, 7));

describe(`a ledger on the double of KurrentDB under faults (seed ${seed})`, () => {
  let database: TestDatabase;
  let double: KurrentDouble;
  let engines: KurrentEngine[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(() => forgetCopy(database.pool));
  afterEach(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    engines = [];
    await double.stop();
  });

  const open = async (): Promise<KurrentEngine> => {
    const engine = await openKurrentEngine({
      url: double.url('ledger'),
      pool: database.pool,
      checks: checksOf(),
      log: silent,
    });
    engines.push(engine);
    return engine;
  };
  const first = batchOf({ a: -1 }, commandOf('first', { events: ['a@0'] }));

  describe.each(['appendRecords', 'appendSession'] as const)('that appends by %s', (offers) => {
    it('executes every command once, on two instances, through lost answers, new leaders and cut connections', async () => {
      double = await KurrentDouble.start({ offers, nodes: 3 });
      const chance = new SimulatedWorld(seed);
      const ledgers = [await open(), await open()].map(
        ({ store }) => new Ledger(store, new EventReader([account]), vault, new Notifier()),
      );
      const accounts = ['hot', 'warm', 'cold', 'colder'].map(idOf) as [string, ...string[]];
      const opening = accounts.map((id) => ({ on: id, decide: openAccount(id, 1_000) }));
      for (const { on, decide } of opening) await ledgers[0]?.execute(contextOf(`first on ${on}`), decide);

      double.fate = () =>
        chance.chance(0.85) ? 'answer' : chance.pick(['written-in-silence', 'written-and-cut', 'lost-and-cut']);
      let done = false;
      const breaking = (async () => {
        // The bound ends the loop when the test fails to end it.
        for (let breaks = 0; !done && breaks < 100; breaks += 1) {
          await sleep(chance.integer(50, 250));
          const dice = chance.random();
          if (dice < 0.4) double.dropSubscriptions();
          else if (dice < 0.7) double.electLeader(chance.integer(0, 2));
          else
            await database.pool.query(
              `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and random() < 0.5`,
            );
        }
      })();
      const sent = Array.from({ length: COMMANDS }, (_, index) => compose(chance, `command ${index}`, accounts));
      const left = sent.values();
      const client = async (): Promise<void> => {
        for (const command of left) await insist(command, chance.pick(ledgers as [Ledger, Ledger]), chance);
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
      done = true;
      await breaking;
      double.fate = () => 'answer';
      for (const command of sent) await insist(command, ledgers[0] as Ledger, chance);
      const own: Sent[] = opening.map(({ on, decide }) => ({
        key: `first on ${on}`,
        on,
        decide,
        kind: 'ordinary',
        answers: new Set(),
      }));
      for (const command of own) await insist(command, ledgers[1] as Ledger, chance);
      (await history()).check([...own, ...sent], fail);
      await Promise.all(ledgers.map((ledger) => ledger.close()));
    }, 60_000);

    it('finds the outcome of an append whose answer was lost', async () => {
      double = await KurrentDouble.start({ offers });
      const { store } = await open();
      for (const [index, fate] of (['written-in-silence', 'written-and-cut'] as const).entries()) {
        double.fate = () => fate;
        const command = commandOf(fate, { events: [`a@${index}`] });
        const result = await store.append(batchOf({ a: index - 1 }, command));
        expect(result).toMatchObject({ ok: true, firstPosition: index + 1 });
      }
      double.fate = () => 'lost-and-cut';
      const lost = batchOf({ a: 1 }, commandOf('lost', { events: ['a@2'] }));
      await expect(store.append(lost)).rejects.toThrow();
      double.fate = () => 'answer';
      expect(await store.append(lost)).toMatchObject({ ok: true, firstPosition: 3 });
    });

    it('continues under a new leader', async () => {
      double = await KurrentDouble.start({ offers, nodes: 3 });
      const { store } = await open();
      await store.append(first);
      double.electLeader(2);
      const next = batchOf({ a: 0 }, commandOf('next', { events: ['a@1'] }));
      const patient = async () => {
        for (let tries = 0; ; tries += 1) {
          try {
            return await store.append(next);
          } catch (error) {
            if (tries === 5) throw error;
          }
        }
      };
      expect(await patient()).toMatchObject({ ok: true, firstPosition: 2 });
    });

    it('refuses a batch that is too large for one append, so that the ledger halves it, and writes nothing of it', async () => {
      double = await KurrentDouble.start({ offers, appendBytesMax: 20_000 });
      const { store } = await open();
      const large = { text: 'x'.repeat(30_000) };
      const refusals = [
        batchOf({ a: -1 }, commandOf('large', { events: ['a@0'], data: large })),
        batchOf({}, ...Array.from({ length: 40 }, (_, n) => commandOf(`${n}`, { outcome: JSON.stringify(large) }))),
      ];
      for (const batch of refusals) {
        const error = await store.append(batch).catch((caught: unknown) => caught);
        expect(isCausedByContent(error)).toBe(true);
      }
      expect(await store.append(first)).toMatchObject({ ok: true, firstPosition: 1 });
    });

    it('keeps sealed content erasable, and no content of refused attempts', async () => {
      double = await KurrentDouble.start({ offers });
      const { store } = await open();
      const subject = idOf('subject');
      const { id } = commandOf('sealed', { events: ['a@0'] }).events[0] ?? { id: '' };
      const { sealed, stored } = vault.seal(subject, id, { name: 'Ada' });
      const command = commandOf('sealed', { events: ['a@0'], sealed: [stored] });
      await store.append(batchOf({ a: -1 }, command));
      expect(await store.append(batchOf({ a: -1 }, command))).toMatchObject({ ok: false });
      const contents = new SealedContents(database.pool, vault);
      expect(await contents.open({ id, sealed })).toEqual({ name: 'Ada' });
      expect((await database.pool.query('select from staged_contents')).rowCount).toBe(0);
      for (const record of double.log.all) expect(Buffer.from(record.data).toString()).not.toContain('Ada');
      await database.pool.query('delete from content_keys where subject = $1', [subject]);
      expect(await contents.open({ id, sealed })).toBeUndefined();
    });
  });

  it('keeps the sealed content of batches that were copied long after they were written', async () => {
    double = await KurrentDouble.start();
    const engine = await open();
    await engine.sequencer.stop();
    const written = ['one', 'two', 'three'].map((word) => {
      const [event] = commandOf(word, { events: [`${word}@0`] }).events;
      const { sealed, stored } = vault.seal(idOf('subject'), event?.id ?? '', { name: word });
      const command = commandOf(word, { events: [`${word}@0`], sealed: [stored] });
      return { word, sealed, id: event?.id ?? '', batch: batchOf({ [word]: -1 }, command) };
    });
    const unanswered = await Promise.allSettled(written.map(({ batch }) => engine.store.append(batch)));
    expect(unanswered.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await engine.close();
    await database.pool.query("update staged_contents set staged_at = now() - interval '2 hours'");
    const { store } = await open();
    while ((await store.head()) < written.length) await sleep(20);
    const contents = new SealedContents(database.pool, vault);
    for (const { id, sealed, word } of written) expect(await contents.open({ id, sealed })).toEqual({ name: word });
  }, 30_000);

  it('makes a lost copy again, with the same positions, stamps and bytes', async () => {
    double = await KurrentDouble.start();
    const engine = await open();
    for (let revision = 0; revision < 20; revision += 1) {
      const word = `command ${revision}`;
      await engine.store.append(batchOf({ a: revision - 1 }, commandOf(word, { events: [`a@${revision}`] })));
    }
    const before = await engine.store.readAll(0, 100);
    const outcome = await engine.store.outcomeOf(idOf('command 7'));
    await engine.close();
    await forgetCopy(database.pool);
    const { store } = await open();
    expect(await store.readStream('a', 0, 100)).toEqual(before);
    expect(await store.outcomeOf(idOf('command 7'))).toEqual(outcome);
  });

  it('writes to a copy only through its sequencer, and sequences no events into a ledger with its own events', async () => {
    double = await KurrentDouble.start();
    await (await open()).store.append(first);
    await expect(database.pool.query('update ledger_head set position = position')).rejects.toThrow('ppp-ledger copy');
    await forgetCopy(database.pool);
    await database.pool.query('update ledger_head set position = 3');
    await expect(open()).rejects.toThrow('it holds events of its own');
  });

  it('stops on a server with another history, continues when its own history is back, and shows both on every instance', async () => {
    double = await KurrentDouble.start();
    await (await open()).store.append(first);
    await engines.pop()?.close();
    const own = double.log;
    double.empty();
    const instances = [await open(), await open()];
    const failures = (): readonly (string | undefined)[] => instances.map(({ sequencer }) => sequencer.failure);
    const until = async (isIt: (failure: string | undefined) => boolean): Promise<void> => {
      for (let tries = 0; !failures().every(isIt) && tries < 1_000; tries += 1) await sleep(20);
    };
    await until((failure) => failure !== undefined);
    for (const failure of failures())
      expect(failure).toContain('the server is not the one that this database was copied from');
    double.log = own;
    // No test writes meanwhile: an instance that reports that it cannot write receives no commands.
    await until((failure) => failure === undefined);
    expect(failures()).toEqual([undefined, undefined]);
    const next = batchOf({ a: 0 }, commandOf('next', { events: ['a@1'] }));
    expect(await instances[1]?.store.append(next)).toMatchObject({ ok: true, firstPosition: 2 });
  }, 60_000);

  it.each([
    [{ offers: 'neither', version: '24.10.0' }, 'nothing', 'of version 24.10.0: the ledger appends to several streams'],
    [{}, 'reads', 'may not read its streams'],
    [{}, 'appends', 'may not write to its streams'],
  ] as const)(
    'does not start on a server that lacks a method or denies a right (%j, denies %s)',
    async (options, deny, message) => {
      double = await KurrentDouble.start(options);
      double.deny = deny;
      await expect(open()).rejects.toThrow(message);
    },
  );

  it('starts while answers are lost and the leader changes', async () => {
    double = await KurrentDouble.start({ nodes: 3 });
    const fates: Fate[] = ['lost-and-cut', 'lost-in-silence'];
    double.fate = () => {
      const fate = fates.shift();
      if (fate) double.electLeader(fates.length);
      return fate ?? 'answer';
    };
    expect(await (await open()).store.append(first)).toMatchObject({ ok: true, firstPosition: 1 });
  });

  it('also stops before it has begun to follow', async () => {
    double = await KurrentDouble.start();
    const { log } = await open();
    for await (const { record } of log.follow(undefined, AbortSignal.abort())) fail(`${record.stream} came.`);
  });

  it('does not start without a server', async () => {
    double = await KurrentDouble.start();
    await double.stop();
    await expect(open()).rejects.toThrow('KurrentDB cannot be reached');
  });

  async function history(): Promise<History> {
    const { rows } = await database.pool.query<StoredOutcome>(
      `select command_id as "commandId", fingerprint, position, recorded_at as "recordedAt", outcome from commands`,
    );
    const [{ store } = await open()] = engines;
    return new History(await store.readAll(0, 100_000), new Map(rows.map((row) => [row.commandId, row])));
  }

  const fail = (complaint: string): never => {
    throw new Error(`SIMULATION_SEED=${seed}: ${complaint}`);
  };

  /** Sends a command until it has a final answer, as an ordinary client does. */
  async function insist(command: Sent, ledger: Ledger, chance: SimulatedWorld): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      if (tries === TRIES_MAX) fail(`${command.key} was turned away ${tries} times.`);
      const refusal = await send(command, ledger);
      if (refusal === undefined || refusal.kind === 'stale') return;
      await sleep(chance.integer(1, 20));
    }
  }
});
