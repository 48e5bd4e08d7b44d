import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredOutcome } from '../../src/ledger/event-store.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account, contextOf, openAccount } from './accounts.js';
import { idOf } from './batches.js';
import { History } from './history.js';
import { ACCOUNTS_TABLE, openInstance, type Instance } from './instance.js';
import { compose, send, type Sent } from './sent.js';

const COMMANDS = 400;
const CLIENTS = 48;
const HOT = 3;
/** Attempts of a client, with a pause between them. */
const TRIES_MAX = 100;
const seed = Number(process.env['SIMULATION_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe(`several instances on one database (seed ${seed})`, () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(ACCOUNTS_TABLE);
  });
  beforeEach(() =>
    database.pool.query(`
      begin;
      set local session_replication_role = replica;
      truncate events, commands, accounts, projections;
      update ledger_head set position = 0;
      commit`),
  );
  afterAll(() => database.drop());

  const fail = (complaint: string): never => {
    throw new Error(`SIMULATION_SEED=${seed}: ${complaint}`);
  };

  let instances: readonly Instance[] = [];
  afterEach(() => Promise.all(instances.map((instance) => instance.stop())));

  it.each([2, 3])(
    '%i of them execute every command once, on hot and on other accounts, sent to one or to several',
    async (count) => {
      const instances = await open(count);
      const chance = new SimulatedWorld(seed + count);
      const sent = composeMany(chance);
      await openAccounts(instances);
      await Promise.all(clients(sent, instances, chance));
      await check(sent, instances);
    },
    60_000,
  );

  it('lose and repeat nothing while their connections are cut', async () => {
    const instances = await open(2);
    const chance = new SimulatedWorld(seed);
    const sent = composeMany(chance);
    await openAccounts(instances);
    let done = false;
    const cutting = (async () => {
      for (let cuts = 0; !done || cuts < 3; cuts += 1) {
        await sleep(chance.integer(20, 300));
        await database.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and random() < 0.7`,
        );
      }
    })();
    await Promise.all(clients(sent, instances, chance));
    done = true;
    await cutting;
    await check(sent, instances);
  }, 60_000);

  async function open(count: number): Promise<readonly [Instance, ...Instance[]]> {
    instances = Array.from({ length: count }, () => openInstance(database.url));
    for (const { projector } of instances) await projector.start();
    const [first] = instances;
    return first ? [first, ...instances.slice(1)] : fail('no instance');
  }

  /** Opens some accounts at the start, so that some commands succeed. */
  async function openAccounts(instances: readonly [Instance, ...Instance[]]): Promise<void> {
    for (const id of accounts) {
      await instances[0].ledger.execute(contextOf(`first on ${id}`), openAccount(id, 1_000));
    }
  }

  const accounts = Array.from({ length: 40 }, (_, index) => idOf(`account ${index}`));
  const [hottest = '', ...others] = accounts;
  const hot = [hottest, ...others.slice(0, HOT - 1)] as const;

  /** Leaves out most commands that cannot be stored: each costs its driver a connection, and more of them prove nothing new. */
  function composeMany(chance: SimulatedWorld): Sent[] {
    const all = [hottest, ...others] as const;
    return Array.from({ length: COMMANDS }, (_, index) =>
      compose(chance, `command ${index}`, chance.chance(0.5) ? hot : all),
    ).filter(({ kind }) => kind !== 'poison' || chance.chance(0.1));
  }

  /** Each client takes the next command and sends it until it has a final answer. One command in ten is sent twice concurrently. */
  function clients(
    sent: readonly Sent[],
    instances: readonly [Instance, ...Instance[]],
    chance: SimulatedWorld,
  ): Promise<void>[] {
    const left = sent.values();
    const insist = async (command: Sent): Promise<void> => {
      for (let tries = 0; ; tries += 1) {
        if (tries === TRIES_MAX) fail(`${command.key} was turned away ${tries} times.`);
        const refusal = await send(command, chance.pick(instances).ledger);
        if (refusal === undefined || refusal.kind === 'stale') return;
        await sleep(chance.integer(1, 20));
      }
    };
    return Array.from({ length: CLIENTS }, async () => {
      for (const command of left) {
        const copies = chance.chance(0.1) ? 2 : 1;
        await Promise.all(Array.from({ length: copies }, () => insist(command)));
      }
    });
  }

  async function check(sent: readonly Sent[], instances: readonly [Instance, ...Instance[]]): Promise<void> {
    const [{ store, projector }] = instances;
    // Send each command once more: some were refused for their `If-Match`, and every answer must be replayed.
    for (const command of sent) await send(command, instances[0].ledger);
    const { rows } = await database.pool.query<StoredOutcome>(
      `select command_id as "commandId", fingerprint, position, recorded_at as "recordedAt", outcome from commands
       order by position`,
    );
    const history = new History(await store.readAll(0, 1_000_000), new Map(rows.map((row) => [row.commandId, row])));
    const opening = accounts.map((id) => ({
      key: `first on ${id}`,
      on: id,
      decide: openAccount(id, 1_000),
      kind: 'ordinary' as const,
      answers: new Set<string>(),
    }));
    for (const command of opening) await send(command, instances[0].ledger);
    history.check([...opening, ...sent], fail);
    for (const { ledger } of instances) {
      for (const id of accounts) {
        history.checkState(id, await ledger.read(account, id, Infinity), fail);
        history.checkState(id, await ledger.read(account, id), fail);
      }
    }
    await projector.reached('accounts', await store.head(), 15_000);
    const views = await database.pool.query<{ id: string; revision: number; balance: number }>(
      'select * from accounts',
    );
    for (const { id, revision, balance } of views.rows)
      history.checkState(id, { state: { status: 'open', balance }, revision }, fail);
  }
});
