import { once } from 'node:events';
import type { EventStore } from '../../src/ledger/event-store.js';
import { readEvent, type RecordedEvent } from '../../src/ledger/event.js';
import { PostgresEventStore } from '../../src/ledger/postgres/postgres-event-store.js';
import { Rows, type Projection } from '../../src/ledger/projector/projection.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { account, contextOf, move, openAccount } from './accounts.js';
import { batchOf, commandOf, idOf, checksOf } from './batches.js';
import { ACCOUNTS_TABLE, accountsProjection, openInstance, type Instance, type InstanceOptions } from './instance.js';

const ACCOUNT = idOf('account');
/** Ends a test that waits for something that does not come, a little before its own time-out. */
const WAIT_MS = 25_000;

describe('the projector', () => {
  let database: TestDatabase;
  let instances: Instance[] = [];
  let sent = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(ACCOUNTS_TABLE);
    await database.pool.query('create table totals (id text primary key, amount integer not null)');
  });
  beforeEach(async () => {
    await database.pool.query(`
      begin;
      set local session_replication_role = replica;
      truncate events, commands, accounts, totals, projections;
      update ledger_head set position = 0;
      drop table if exists accounts__building, totals__building;
      commit`);
  });
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    instances = [];
  });
  afterAll(() => database.drop());

  async function start(options: InstanceOptions = {}): Promise<Instance> {
    const instance = openInstance(database.url, options);
    instances.push(instance);
    await instance.projector.start();
    return instance;
  }
  async function leave(instance: Instance): Promise<void> {
    instances = instances.filter((other) => other !== instance);
    await instance.stop();
  }
  const deposit = async ({ ledger }: Instance, amount: number, id = ACCOUNT): Promise<number> =>
    (await ledger.execute(contextOf(`deposit ${(sent += 1)}`), move(id, id, amount, id))).position;
  const open = async ({ ledger }: Instance, id = ACCOUNT): Promise<number> =>
    (await ledger.execute(contextOf(`open ${(sent += 1)}`), openAccount(id, 100))).position;
  const rowsOf = async (table: string): Promise<string> =>
    (await database.pool.query<{ rows: string }>(`select jsonb_agg(t order by id)::text as rows from ${table} t`))
      .rows[0]?.rows ?? '';
  const statusOf = async ({ projector }: Instance, name: string) =>
    (await projector.status()).find((status) => status.name === name);
  /** Waits until a projection has stopped, or continues. */
  async function untilFailure(instance: Instance, name: string, fails: boolean): Promise<string | undefined> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const failure = (await statusOf(instance, name))?.failure;
      if ((failure !== undefined) === fails) return failure;
      if (performance.now() > deadline) throw new Error(`${name} ${fails ? 'went on' : `stopped: ${failure}`}`);
    }
  }

  /** Keeps one sum over all events, and stops at an amount that it cannot count until it is mended. */
  function totals(mending: { mended: boolean }, version = 1): Projection {
    return {
      ...accountsProjection,
      name: 'totals',
      version,
      tables: ['totals'],
      touches: () => [{ table: 'totals', id: 'all' }],
      apply: (event, rows) => {
        const { amount } = event.data as { amount: number };
        if (amount === 13 && !mending.mended) throw new Error('thirteen');
        rows.put('totals', 'all', { amount: Number(rows.get('totals', 'all')?.['amount'] ?? 0) + amount * version });
      },
    };
  }

  it('shows an event in the rows as soon as its position is reached', async () => {
    const instance = await start();
    await open(instance);
    const position = await deposit(instance, 5);
    await instance.projector.reached('accounts', position, WAIT_MS);
    expect(JSON.parse(await rowsOf('accounts'))).toEqual([
      { id: ACCOUNT, created_position: 1, revision: 2, balance: 100, moves: 2 },
    ]);
    expect(await instance.projector.status()).toEqual([{ name: 'accounts', position: 3 }]);
  });

  it('refuses with the reached position when a position is not reached in time', async () => {
    const instance = await start();
    const error = await instance.projector.reached('accounts', 1, 10).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Refusal);
    expect(error).toMatchObject({ kind: 'unavailable', facts: { position: 0, minPosition: 1 } });
    await expect(instance.projector.reached('nothing', 1, 10)).rejects.toThrow('There is no projection "nothing".');
  });

  it('lets many callers wait for a position concurrently', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => {
      if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning);
    };
    process.on('warning', warn);
    const instance = await start();
    const waiting = Array.from({ length: 50 }, () => instance.projector.reached('accounts', 1, WAIT_MS));
    await open(instance);
    await Promise.all(waiting);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  describe('the projector at an event that a projection cannot apply', () => {
    it('stops only that projection, right before the event and visibly, and continues it once it is mended', async () => {
      const mending = { mended: false };
      const instance = await start({ projections: [accountsProjection, totals(mending)] });
      await open(instance);
      await deposit(instance, 0);
      const failing = await deposit(instance, 13);
      const later = await deposit(instance, 1);
      await instance.projector.reached('accounts', later, WAIT_MS);
      expect(await untilFailure(instance, 'totals', true)).toContain(`stopped at position ${failing} (amount-moved)`);
      expect(await statusOf(instance, 'totals')).toMatchObject({ position: failing - 1 });
      expect(JSON.parse(await rowsOf('totals'))).toEqual([{ id: 'all', amount: 100 - 13 }]);
      expect(await statusOf(instance, 'accounts')).toEqual({ name: 'accounts', position: later });
      const another = await deposit(instance, 1);
      await instance.projector.reached('accounts', another, WAIT_MS);
      mending.mended = true;
      await instance.projector.reached('totals', another, WAIT_MS);
      expect(await statusOf(instance, 'totals')).toEqual({ name: 'totals', position: another });
      expect(JSON.parse(await rowsOf('totals'))).toEqual([{ id: 'all', amount: 100 }]);
      expect(instance.errors).toEqual(['A projection stopped; it is never skipped past an event.']);
    });

    it('shows the failure also on an instance that does not lead, until another leader has mended it', async () => {
      const leading = await start({ projections: [totals({ mended: false })] });
      await open(leading);
      await deposit(leading, 13);
      await untilFailure(leading, 'totals', true);
      const following = await start({ projections: [totals({ mended: true })] });
      expect(await untilFailure(following, 'totals', true)).toContain('thirteen');
      await leave(leading);
      expect(await untilFailure(following, 'totals', false)).toBeUndefined();
    });
  });

  it('stops all projections at an event of unknown type, and continues with a program that knows the type', async () => {
    const instance = await start({ projections: [accountsProjection, totals({ mended: true })] });
    const opened = await open(instance);
    const unknown = commandOf('unknown', {
      events: [`account-${ACCOUNT}@1`],
      type: 'amount-lost',
      data: { amount: 1 },
    });
    await instance.store.append(batchOf({ [`account-${ACCOUNT}`]: 0 }, unknown));
    for (const name of ['accounts', 'totals']) {
      expect(await untilFailure(instance, name, true)).toBe('Position 2 holds an event of unknown type "amount-lost".');
      expect(await statusOf(instance, name)).toMatchObject({ position: opened });
    }
    await leave(instance);
    const lost = { ...account.events['amount-moved'], says: () => 'An amount was lost.' };
    const newer = { name: account.name, events: { ...account.events, 'amount-lost': lost } };
    const mended = await start({ aggregates: [newer], projections: [accountsProjection, totals({ mended: true })] });
    for (const name of ['accounts', 'totals']) await mended.projector.reached(name, 2, WAIT_MS);
    expect(await mended.projector.status()).toEqual([
      { name: 'accounts', position: 2 },
      { name: 'totals', position: 2 },
    ]);
  });

  it('continues by itself after the store could not be read, and logs the error once', async () => {
    let broken = 2;
    const through = (store: EventStore): EventStore =>
      Object.assign(Object.create(store) as EventStore, {
        readAll: (after: number, limit: number) =>
          (broken -= 1) >= 0 ? Promise.reject(new Error('out of reach')) : store.readAll(after, limit),
      });
    const instance = await start({ through });
    const position = await open(instance);
    await instance.projector.reached('accounts', position, WAIT_MS);
    // The step ends a moment after its rows are visible.
    while (!instance.logged.includes('The projector moves the rows again.')) await new Promise(setImmediate);
    expect(instance.errors).toEqual(['The projector lost its connection and starts again.']);
  });

  describe('the projectors of several instances', () => {
    const leaders = async (): Promise<number[]> =>
      (
        await database.pool.query<{ pid: number }>(
          `select pid from pg_locks where locktype = 'advisory' and granted and objid = 7236001
           and database = (select oid from pg_database where datname = current_database())`,
        )
      ).rows.map(({ pid }) => pid);

    it('have a new leader after a lost session, repeatedly, and apply every event once', async () => {
      const [one, two] = [await start(), await start()];
      await open(one);
      let expected = 0;
      /** The session of another leader than that one: a session that was ended keeps its lock for a moment. */
      const nextLeader = async (ended: number | undefined): Promise<number> => {
        for (;;) {
          const [pid] = await leaders();
          if (pid !== undefined && pid !== ended) return pid;
        }
      };
      let pid: number | undefined;
      for (let round = 0; round < 3; round += 1) {
        pid = await nextLeader(pid);
        const writing = Promise.all(Array.from({ length: 20 }, (_, index) => deposit(index % 2 ? one : two, 1)));
        await database.pool.query('select pg_terminate_backend($1)', [pid]);
        expected += 40;
        const last = Math.max(...(await writing));
        await one.projector.reached('accounts', last, WAIT_MS);
        await two.projector.reached('accounts', last, WAIT_MS);
      }
      expect(JSON.parse(await rowsOf('accounts'))).toMatchObject([
        { balance: 100, moves: expected, revision: expected },
      ]);
      await nextLeader(pid);
      expect(await leaders()).toHaveLength(1);
    });

    it('have a new leader when the leader stops', async () => {
      const first = await start();
      await open(first);
      const second = await start();
      await leave(first);
      const position = await deposit(second, 1);
      await second.projector.reached('accounts', position, WAIT_MS);
    });
  });

  it('does not count rows as reached that a crashed server has lost', async () => {
    const instance = await start();
    await open(instance);
    const position = await deposit(instance, 5);
    await instance.projector.reached('accounts', position, WAIT_MS);
    const lost = once(instance.pool, 'remove');
    // Such a server commits rows before they are on its disk, and loses these:
    await database.pool.query(`
      begin;
      delete from accounts;
      update projections set position = 0;
      select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 7236001
        and database = (select oid from pg_database where datname = current_database());
      commit`);
    await lost;
    await instance.projector.reached('accounts', position, WAIT_MS);
    expect(JSON.parse(await rowsOf('accounts'))).toMatchObject([{ moves: 2, balance: 100 }]);
  });

  describe('a rebuild of rows', () => {
    it('makes the same rows over more events than one batch, and returns the comparison', async () => {
      const instance = await start();
      await open(instance);
      let last = 0;
      for (let round = 0; round < 3; round += 1) {
        const positions = await Promise.all(Array.from({ length: 400 }, () => deposit(instance, 1)));
        last = Math.max(last, ...positions);
      }
      expect(last).toBeGreaterThan(2_000);
      await instance.projector.reached('accounts', last, WAIT_MS);
      expect(await instance.projector.rebuild('accounts')).toMatchObject({ projection: 'accounts', isSame: true });
      expect(instance.logged).toContain('A projection was rebuilt, with the same rows.');
    });

    it('makes the same rows under load, while readers see positions only grow', async () => {
      const instance = await start();
      const ids = Array.from({ length: 20 }, (_, index) => idOf(`many ${index}`));
      await Promise.all(ids.map((id) => open(instance, id)));
      for (let round = 0; round < 5; round += 1) await Promise.all(ids.map((id) => deposit(instance, round, id)));
      const load = { stopped: false };
      const writing = writeUntil(load, instance, ids);
      const reading = readUntil(load);
      for (let round = 0; round < 3; round += 1) await instance.projector.rebuild('accounts');
      load.stopped = true;
      const SAME = 'A projection was rebuilt, with the same rows.';
      expect(instance.logged.filter((message) => message === SAME).length).toBeGreaterThanOrEqual(3);
      const last = await writing;
      const seen = await reading;
      await instance.projector.reached('accounts', last, WAIT_MS);
      expect(seen.length).toBeGreaterThan(3);
      const events = (await readEverything(instance)).map(readEvent);
      for (const { position, rows } of seen) expect(rows).toEqual(foldedUpTo(position, events));
      expect(seen.map(({ position }) => position)).toEqual(seen.map(({ position }) => position).sort((a, b) => a - b));
      const live = await rowsOf('accounts');
      await instance.projector.rebuild('accounts');
      expect(await rowsOf('accounts')).toBe(live);
      expect(instance.errors).toEqual([]);
      expect(instance.logged).toContain('A projection was rebuilt, with the same rows.');
    });

    it('reports that the served rows differ from the rows that the history makes', async () => {
      const instance = await start();
      await instance.projector.reached('accounts', await open(instance), WAIT_MS);
      await database.pool.query('update accounts set balance = balance + 1');
      const found = await instance.projector.rebuild('accounts');
      expect(found).toMatchObject({ projection: 'accounts', isSame: false, digests: [{ table: 'accounts' }] });
      expect(instance.errors).toEqual(['A projection was rebuilt, and other rows were served until now.']);
      expect(JSON.parse(await rowsOf('accounts'))).toMatchObject([{ balance: 100 }]);
      await instance.projector.rebuild('accounts');
      expect(instance.errors).toHaveLength(1);
    });

    async function writeUntil(load: { stopped: boolean }, instance: Instance, ids: readonly string[]): Promise<number> {
      let last = 0;
      for (let index = 0; !load.stopped; index += 1) last = await deposit(instance, 1, ids[index % ids.length]);
      return last;
    }

    /** Reads rows, and the position that they reflect, in one statement. */
    async function readUntil(load: { stopped: boolean }): Promise<{ position: number; rows: object }[]> {
      const seen: { position: number; rows: object }[] = [];
      while (!load.stopped) {
        const { rows } = await database.pool.query<{ position: number; rows: object }>(
          `select position, (select coalesce(jsonb_agg(a order by id), '[]') from accounts a) as rows from projections where name = 'accounts'`,
        );
        if (rows[0]) seen.push(rows[0]);
      }
      return seen;
    }

    function foldedUpTo(position: number, events: readonly RecordedEvent[]): object[] {
      const rows = new Rows();
      for (const event of events) if (event.position <= position) accountsProjection.apply(event, rows);
      const folded = rows.changes().get('accounts') ?? [];
      return folded.sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
    }

    const readEverything = ({ store }: Instance) => store.readAll(0, 1_000_000);

    it('does not delay the served rows', async () => {
      const deposited = new AbortController();
      const looked = new AbortController();
      let before = 0;
      // The rebuilt copy stops until the served rows have an event to apply. It then applies some batches, and stops again.
      const through = (store: EventStore): EventStore =>
        Object.assign(Object.create(store) as EventStore, {
          readAll: async (after: number, limit: number) => {
            const { signal } = after < 30 ? deposited : looked;
            if (after < before && !signal.aborted) await once(signal, 'abort');
            return store.readAll(after, Math.min(limit, 10));
          },
        });
      const instance = await start({ through });
      await open(instance);
      const last = Math.max(...(await Promise.all(Array.from({ length: 100 }, () => deposit(instance, 1)))));
      await instance.projector.reached('accounts', last, 60_000);
      before = last;
      const built = async (): Promise<{ position: number } | undefined> => {
        const { rows } = await database.pool.query(
          `select position from projections where name = 'accounts__building'`,
        );
        return rows[0];
      };
      const rebuilding = instance.projector.rebuild('accounts');
      while ((await built()) === undefined) await new Promise((resolve) => setImmediate(resolve));
      const position = await deposit(instance, 1);
      deposited.abort();
      await instance.projector.reached('accounts', position, WAIT_MS);
      const seen = await built();
      looked.abort();
      expect(seen?.position).toBeLessThan(before);
      await rebuilding;
      expect(JSON.parse(await rowsOf('accounts'))).toMatchObject([{ moves: 202 }]);
    }, 60_000);

    it('fails for its caller at an event that cannot be applied, and leaves the served rows unchanged', async () => {
      const mending = { mended: true };
      const instance = await start({ projections: [totals(mending)] });
      await open(instance);
      await instance.projector.reached('totals', await deposit(instance, 13), WAIT_MS);
      mending.mended = false;
      await expect(instance.projector.rebuild('totals')).rejects.toThrow('stopped at position 3');
      await instance.projector.reached('totals', await deposit(instance, 1), WAIT_MS);
      expect(await instance.projector.status()).toEqual([{ name: 'totals', position: 5 }]);
      mending.mended = true;
      await instance.projector.rebuild('totals');
    });

    it('replaces an old version under load, and serves the old rows until then', async () => {
      const mending = { mended: false };
      const old = await start({ projections: [totals({ mended: true })] });
      await open(old);
      await old.projector.reached('totals', await deposit(old, 13), WAIT_MS);
      await leave(old);
      const instance = await start({ projections: [totals(mending, 2)] });
      expect(await untilFailure(instance, 'totals', true)).toContain('thirteen');
      expect(JSON.parse(await rowsOf('totals'))).toEqual([{ id: 'all', amount: 100 }]);
      const load = { stopped: false };
      const writing = writeUntil(load, instance, [ACCOUNT]);
      mending.mended = true;
      await untilFailure(instance, 'totals', false);
      await instance.projector.reached('totals', await deposit(instance, 1), WAIT_MS);
      load.stopped = true;
      await instance.projector.reached('totals', await writing, WAIT_MS);
      expect(JSON.parse(await rowsOf('totals'))).toEqual([{ id: 'all', amount: 200 }]);
    });

    it('waits for a long read, without making other reads wait', async () => {
      const instance = await start();
      await instance.projector.reached('accounts', await open(instance), WAIT_MS);
      const reader = await database.pool.connect();
      await reader.query('begin; select from accounts');
      const rebuilding = instance.projector.rebuild('accounts');
      let built = false;
      void rebuilding.then(() => (built = true));
      await instance.projector.reached('accounts', await deposit(instance, 1), WAIT_MS);
      for (let read = 0; read < 50; read += 1) {
        const startedAt = performance.now();
        await rowsOf('accounts');
        expect(performance.now() - startedAt).toBeLessThan(2_000);
      }
      expect(built).toBe(false);
      await reader.query('commit');
      reader.release();
      await rebuilding;
    });
  });

  it('starts from the beginning of the log when there is no checkpoint', async () => {
    const store = new PostgresEventStore(database.pool, checksOf());
    const opened = commandOf('opened', {
      events: [`account-${ACCOUNT}@0`],
      type: 'account-opened',
      data: { amount: 7 },
    });
    await store.append(batchOf({ [`account-${ACCOUNT}`]: -1 }, opened));
    const instance = await start();
    await instance.projector.reached('accounts', 1, WAIT_MS);
    expect(JSON.parse(await rowsOf('accounts'))).toMatchObject([{ balance: 7 }]);
  });
});
