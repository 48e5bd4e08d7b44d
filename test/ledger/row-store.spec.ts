import type { RecordedEvent } from '../../src/ledger/event.js';
import { commit } from '../../src/ledger/postgres/commit.js';
import { copyOf, type ProjectionCopy } from '../../src/ledger/projector/projection-copies.js';
import { ProjectionStore } from '../../src/ledger/projector/projection-store.js';
import type { RowStore } from '../../src/ledger/projector/projection-store.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { SimulatedRowStore, SimulatedRows } from '../support/simulated-rows.js';
import { idOf } from './batches.js';
import { ACCOUNTS_TABLE, accountsProjection } from './instance.js';

const missing = (): never => {
  throw new Error('There is no such checkpoint.');
};

/** The simulation relies on these facts, so they must also hold for the real row store. */
describe.each(['simulated', 'real'])('the %s row store', (kind) => {
  let database: TestDatabase | undefined;
  let rows: RowStore;

  beforeAll(async () => {
    if (kind === 'simulated') return;
    database = await createTestDatabase();
    await database.pool.query(ACCOUNTS_TABLE);
  });
  beforeEach(async () => {
    await database?.pool.query('truncate accounts, projections; drop table if exists accounts__building');
    rows = database ? new ProjectionStore(database.pool) : new SimulatedRowStore(new SimulatedRows());
    await rows.register(accountsProjection);
  });
  afterAll(() => database?.drop());

  const eventAt = (position: number): RecordedEvent =>
    ({
      type: position === 1 ? 'account-opened' : 'amount-moved',
      stream: `account-${idOf('account')}`,
      revision: position - 1,
      position,
      data: { amount: 1 },
    }) as unknown as RecordedEvent;
  const events = [1, 2, 3].map(eventAt);
  const servedCopy = async (): Promise<ProjectionCopy> => copyOf(accountsProjection, await served());
  const served = async () => (await rows.checkpoints()).served(accountsProjection) ?? missing();
  const building = async () => (await rows.checkpoints()).building(accountsProjection);
  const buildingCopy = async (): Promise<ProjectionCopy> => copyOf(accountsProjection, (await building()) ?? missing());

  it('moves a copy from one position once', async () => {
    const copy = await servedCopy();
    expect(await rows.apply([copy], 2, events.slice(0, 2))).toEqual([copy]);
    expect(await rows.apply([copy], 3, events)).toEqual([]);
    expect(await served()).toMatchObject({ position: 2, failure: null });
    const older = { ...(await servedCopy()), projection: { ...accountsProjection, version: 2 } };
    expect(await rows.apply([older], 3, events.slice(2))).toEqual([]);
  });

  it('moves nothing when an event cannot be applied', async () => {
    const copy = await servedCopy();
    await expect(rows.apply([copy], 3, events.slice(1))).rejects.toThrow('stopped at position 2');
    expect(await served()).toMatchObject({ position: 0 });
  });

  it('notes why a copy stops, only while the copy is at that position', async () => {
    const before = await served();
    await rows.apply([await servedCopy()], 1, events.slice(0, 1));
    expect(await rows.fail(before, 'too late')).toBe(false);
    const { name, version, position } = await served();
    expect(await rows.fail({ name, version: version + 1, position }, 'another program')).toBe(false);
    expect(await rows.fail({ name, version, position }, 'in the way')).toBe(true);
    expect(await rows.fail({ name, version, position }, 'in the way')).toBe(false);
    expect(await served()).toMatchObject({ position: 1, failure: 'in the way' });
    expect(await rows.fail({ name, version, position }, null)).toBe(true);
    await rows.fail({ name, version, position }, 'in the way');
    await rows.apply([await servedCopy()], 2, events.slice(1, 2));
    expect(await served()).toMatchObject({ position: 2, failure: null });
  });

  it('compares and exchanges the built rows once', async () => {
    await rows.apply([await servedCopy()], 2, events.slice(0, 2));
    await rows.startBuilding(accountsProjection);
    expect(await rows.digests(accountsProjection)).toBeUndefined();
    await rows.apply([await buildingCopy()], 2, events.slice(0, 2));
    const { digests: [digests] = [], builtTables } = (await rows.digests(accountsProjection)) ?? missing();
    expect(digests?.built).toBe(digests?.served);
    expect(await rows.switchToBuilt(accountsProjection, 1, builtTables)).toBe('busy');
    expect(await rows.switchToBuilt(accountsProjection, 2, builtTables)).toBe('switched');
    expect(await rows.switchToBuilt(accountsProjection, 2, builtTables)).toBe('busy');
    expect(await building()).toBeUndefined();
    await rows.apply([await servedCopy()], 3, events.slice(2));
    expect(await served()).toMatchObject({ position: 3 });
  });

  it('replaces no rows by older ones', async () => {
    await rows.startBuilding(accountsProjection);
    await rows.apply([await buildingCopy()], 1, events.slice(0, 1));
    await rows.apply([await servedCopy()], 2, events.slice(0, 2));
    expect(await rows.switchToBuilt(accountsProjection, 1)).toBe('busy');
    expect(await served()).toMatchObject({ position: 2 });
    expect(await building()).toMatchObject({ position: 1 });
  });

  it('exchanges only the tables that were compared, and not the tables of a later rebuild', async () => {
    await rows.startBuilding(accountsProjection);
    const { builtTables } = (await rows.digests(accountsProjection)) ?? missing();
    await rows.startBuilding(accountsProjection);
    expect(await rows.switchToBuilt(accountsProjection, 0, builtTables)).toBe('other-tables');
    expect(await building()).toMatchObject({ position: 0 });
    const again = (await rows.digests(accountsProjection)) ?? missing();
    expect(again.builtTables).not.toBe(builtTables);
    expect(await rows.switchToBuilt(accountsProjection, 0, again.builtTables)).toBe('switched');
  });

  it('starts a rebuild from nothing, also while another rebuild has made progress', async () => {
    await rows.startBuilding(accountsProjection);
    await rows.apply([await buildingCopy()], 3, events);
    await rows.startBuilding(accountsProjection);
    expect(await building()).toMatchObject({ position: 0 });
    await rows.apply([await buildingCopy()], 2, events.slice(0, 2));
    await rows.apply([await servedCopy()], 2, events.slice(0, 2));
    const { digests: [digests] = [] } = (await rows.digests(accountsProjection)) ?? missing();
    expect(digests?.built).toBe(digests?.served);
  });
});

describe('rows that PostgreSQL refuses', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(ACCOUNTS_TABLE);
  });
  afterAll(() => database.drop());

  const amountOf = (amount: number, position: number): RecordedEvent =>
    ({
      type: 'account-opened',
      stream: `account-${idOf(`account ${position}`)}`,
      revision: 0,
      position,
      data: { amount },
    }) as unknown as RecordedEvent;
  const seen = async (): Promise<unknown> => {
    const { rows } = await database.pool.query<object>(
      'select position, (select count(*) from accounts) as accounts from projections',
    );
    return rows;
  };

  it('stop the copy before them: no reader is told that they are there', async () => {
    const rows = new ProjectionStore(database.pool);
    await rows.register(accountsProjection);
    const served = async (): Promise<ProjectionCopy> =>
      copyOf(accountsProjection, (await rows.checkpoints()).served(accountsProjection) ?? missing());
    await rows.apply([await served()], 1, [amountOf(2 ** 31 - 1, 1)]);
    await expect(rows.apply([await served()], 2, [amountOf(2 ** 31, 2)])).rejects.toThrow('out of range');
    // One good row and one refused row are one batch.
    await expect(rows.apply([await served()], 3, [amountOf(1, 2), amountOf(2 ** 31, 3)])).rejects.toThrow(
      'out of range',
    );
    expect(await seen()).toEqual([{ position: 1, accounts: 1 }]);
    await rows.apply([await served()], 2, [amountOf(1, 2)]);
    expect(await seen()).toEqual([{ position: 2, accounts: 2 }]);
  });

  it('make COMMIT fail, although PostgreSQL reports no error there', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await client.query("select 'x'::integer").catch(() => undefined);
      await expect(commit(client)).rejects.toThrow('The database kept nothing: it answered ROLLBACK to COMMIT.');
      await client.query('begin');
      await commit(client);
    } finally {
      client.release(true);
    }
  });
});
