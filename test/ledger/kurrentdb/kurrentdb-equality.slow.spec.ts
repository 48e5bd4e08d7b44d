import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyLedger } from '../../../src/cli/copy-ledger.js';
import { CompactRange, EMPTY_ROOT, leafHash } from '../../../src/tlog/merkle.js';
import type { AppendBatch, EventStore } from '../../../src/ledger/event-store.js';
import { draftEvent, readEvent } from '../../../src/ledger/event.js';
import { openKurrentEngine } from '../../../src/ledger/kurrentdb/kurrentdb-engine.js';
import { SEQUENCER_LOCK } from '../../../src/ledger/advisory-locks.js';
import { lead } from '../../../src/ledger/leadership.js';
import { PostgresEventStore } from '../../../src/ledger/postgres/postgres-event-store.js';
import { createLog } from '../../../src/platform/logging.js';
import { capacityReport } from '../../../src/transparency/method-1/capacity-report.js';
import { capitalReport } from '../../../src/transparency/method-1/capital-report.js';
import { equalAccessReport } from '../../../src/transparency/method-1/equal-access-report.js';
import { fold, initialFoldState } from '../../../src/transparency/method-1/fold.js';
import { bound, reportText } from '../../../src/transparency/method-1/report-header.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { KurrentDouble } from '../../support/kurrentdb-double/kurrentdb-double.js';
import { SimulatedWorld } from '../../support/simulated-world.js';
import { randomHistory } from '../../transparency/history.js';
import { APPEND_KEY_TEXT, commandOf, idOf, checksOf } from '../batches.js';
import { silent } from './kurrentdb-instance.js';

/** KURRENTDB_LONG takes more steps. */
const STEPS = process.env['KURRENTDB_LONG'] === undefined ? 40 : 400;
/** Ends the session that copies: it holds the only lock of a session in this database. */
const CUT_THE_COPY = `select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
  where l.locktype = 'advisory' and d.datname = current_database()`;
const seed = Number(process.env['SIMULATION_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

interface Scripted {
  readonly at: number;
  readonly batch: AppendBatch;
}

/** A programme of partners, calls, grants and capital as batches of commands, some of them refused, under a clock that jumps. */
function script(chance: SimulatedWorld): readonly Scripted[] {
  const choices = Array.from({ length: STEPS }, () => ({
    step: chance.integer(0, 17),
    which: chance.integer(0, 30),
    size: chance.integer(0, 60),
    hours: chance.integer(0, 60),
  }));
  const revisions = new Map<string, number>();
  const commands = randomHistory(choices).history.events.map(({ position: _, recordedAt, ...event }, index) => {
    const before = revisions.get(event.stream) ?? -1;
    revisions.set(event.stream, before + 1);
    const commandId = idOf(`command ${index}`);
    const events = [draftEvent({ ...event, commandId, id: idOf(`event ${index}`), revision: before + 1 })];
    return {
      stream: event.stream,
      before,
      at: Date.parse(recordedAt),
      command: { ...commandOf('', {}), commandId, events },
    };
  });
  const scripted: Scripted[] = [];
  for (let index = 0; index < commands.length;) {
    const taken = commands.slice(index, (index += chance.integer(1, 5)));
    const expected = new Map<string, number>();
    for (const { stream, before } of taken) if (!expected.has(stream)) expected.set(stream, before);
    const refused = chance.chance(0.3) ? [commandOf(`refused ${index}`, { outcome: '{"refused":true}' })] : [];
    const at = (taken[0]?.at ?? 0) + (chance.chance(0.2) ? -3_600_000 : 0);
    scripted.push({ at, batch: { expected, commands: [...taken.map(({ command }) => command), ...refused] } });
  }
  return scripted;
}

async function play(scripted: readonly Scripted[], open: (clock: () => number) => EventStore): Promise<EventStore> {
  let now = 0;
  const store = open(() => now);
  for (const { at, batch } of scripted) {
    now = at;
    expect(await store.append(batch)).toMatchObject({ ok: true });
  }
  return store;
}

/** All comparable data of a ledger, its reports included. */
async function everythingOf(store: EventStore, scripted: readonly Scripted[]) {
  const stored = await store.readAll(0, 100_000);
  const tree = new CompactRange();
  for (const { envelope } of stored) tree.append(leafHash(Buffer.from(envelope)));
  const state = stored.map(readEvent).reduce(fold, initialFoldState());
  const reports = [equalAccessReport(state), capitalReport(state), capacityReport(state)];
  const ids = scripted.flatMap(({ batch }) => batch.commands.map(({ commandId }) => commandId));
  return {
    stored,
    root: Buffer.from(tree.root()).toString('hex'),
    reports: reports.map((report) => reportText(bound(report, EMPTY_ROOT))),
    outcomes: await Promise.all(ids.map((id) => store.outcomeOf(id))),
  };
}

/** Also enough on a busy machine. */
const MS_MAX = 120_000;

describe(`the same script on both engines (seed ${seed})`, () => {
  const databases: TestDatabase[] = [];
  const doubles: KurrentDouble[] = [];
  let dataDir = '';
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ppp-ledger-keys-'));
    await writeFile(join(dataDir, 'append-key'), APPEND_KEY_TEXT, { mode: 0o600 });
    process.env['DATA_DIR'] = dataDir;
  });
  afterAll(async () => {
    delete process.env['DATA_DIR'];
    await rm(dataDir, { recursive: true });
  });
  afterEach(async () => {
    await Promise.all(doubles.splice(0).map((double) => double.stop()));
    await Promise.all(databases.splice(0).map((database) => database.drop()));
  });
  const database = async (): Promise<TestDatabase> => {
    const made = await createTestDatabase();
    databases.push(made);
    return made;
  };
  const double = async (offers: 'appendRecords' | 'appendSession'): Promise<KurrentDouble> => {
    const made = await KurrentDouble.start({ offers });
    doubles.push(made);
    return made;
  };

  it(
    'ends with the same positions, stamps, envelopes, answers, root and reports',
    async () => {
      const scripted = script(new SimulatedWorld(seed));
      const { pool } = await database();
      const postgres = await everythingOf(
        await play(scripted, (clock) => new PostgresEventStore(pool, checksOf(), clock)),
        scripted,
      );
      for (const offers of ['appendRecords', 'appendSession'] as const) {
        const url = (await double(offers)).url(randomUUID());
        let now = 0;
        const engine = await openKurrentEngine({
          url,
          pool: (await database()).pool,
          checks: checksOf(),
          log: silent,
          clock: () => now,
        });
        const store = await play(scripted, (clock) => {
          const { store } = engine;
          return Object.assign(Object.create(store) as EventStore, {
            append: (batch: AppendBatch) => {
              now = clock();
              return store.append(batch);
            },
          });
        });
        expect(await everythingOf(store, scripted)).toEqual(postgres);
        await engine.close();
      }
    },
    MS_MAX,
  );

  it(
    'is moved to KurrentDB and back, and is the same at every stop',
    async () => {
      const scripted = script(new SimulatedWorld(seed));
      const { pool, url: databaseUrl } = await database();
      const before = await everythingOf(
        await play(scripted, (clock) => new PostgresEventStore(pool, checksOf(), clock)),
        scripted,
      );
      const server = await double('appendRecords');
      const url = server.url('moved');
      const quiet = createLog('silent');
      // The first attempt loses its session half-way, and the answer to an append. The second attempt continues from there.
      let appends = 0;
      server.fate = () => {
        appends += 1;
        if (appends === 4) void pool.query(CUT_THE_COPY);
        return appends === 3 || appends === 4 ? 'written-and-cut' : 'answer';
      };
      await expect(copyLedger(databaseUrl, url, quiet)).rejects.toThrow();
      expect(await copyLedger(databaseUrl, url, quiet)).toContain(before.root);
      await expect(copyLedger(databaseUrl, url, quiet)).rejects.toThrow('already');

      // The copy is lost: it is made again from KurrentDB alone.
      const fresh = await database();
      const engine = await openKurrentEngine({ url, pool: fresh.pool, checks: checksOf(), log: silent });
      await engine.store.readStream('fund-invest', 0, 1);
      expect(await everythingOf(engine.store, scripted)).toEqual(before);
      await engine.close();

      // The session of the last copy may be about to end.
      const leaving = await lead(pool, SEQUENCER_LOCK);
      setTimeout(() => leaving?.release(true), 300);
      expect(await copyLedger(url, databaseUrl, quiet)).toContain(before.root);
      const back = new PostgresEventStore(pool, checksOf(), () => Date.parse('2030-01-01T00:00:00Z'));
      expect(await everythingOf(back, scripted)).toEqual(before);
      expect(await back.append({ expected: new Map(), commands: [commandOf('goes on', {})] })).toMatchObject({
        ok: true,
      });
    },
    MS_MAX,
  );

  it(
    'does not copy into a ledger that holds other data',
    async () => {
      const scripted = script(new SimulatedWorld(seed)).slice(0, 3);
      const one = await database();
      const other = await database();
      const url = (await double('appendSession')).url('taken');
      const quiet = createLog('silent');
      await play(scripted, (clock) => new PostgresEventStore(one.pool, checksOf(), clock));
      await play(scripted.slice(0, 2), (clock) => new PostgresEventStore(other.pool, checksOf(), () => clock() + 1));
      await copyLedger(other.url, url, quiet);
      await expect(copyLedger(one.url, url, quiet)).rejects.toThrow('is not what the database has there');
      await expect(copyLedger(one.url, other.url, quiet)).rejects.toThrow('pg_dump');
      await expect(copyLedger(url, url, quiet)).rejects.toThrow('Say where the ledger is');
    },
    MS_MAX,
  );
});
