import { AGGREGATES } from '../../src/aggregates.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import { FoldedViews } from '../../src/ledger/projector/folded-views.js';
import { SERVED } from '../../src/projections.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const ID = '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37';

describe('views that are folded a second time from a history that no decision made', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    for (const { name, version } of SERVED) {
      await database.pool.query('insert into projections (name, version, position) values ($1, $2, 1)', [
        name,
        version,
      ]);
    }
  });
  afterAll(() => database.drop());

  it.each([
    [
      'a value that PostgreSQL refuses',
      'partner-registered',
      { legalName: 'A', country: 'SE', legalForm: 'company', lei: { a: 1 } },
      'partners',
    ],
    ['a reference to nothing', 'partner-classified', { category: 'sme' }, 'partners'],
    ['a type that nobody knows', 'partner-praised', {}, undefined],
  ])('are not compared where an event has %s, and all others are', async (_what, type, data, stopped) => {
    const views = await FoldedViews.begin(database.pool, new EventReader(AGGREGATES), SERVED);
    try {
      const event = {
        v: 1,
        id: ID,
        stream: `partner-${ID}x`,
        revision: 0,
        type,
        schema: 1,
        recordedAt: 'x',
        actor: {},
        data,
      };
      await views.foldStored([{ position: 1, envelope: JSON.stringify(event) }]);
      const compared = await views.compare();
      const obstacles = compared.flatMap((view) => ('obstacle' in view ? [view.name] : []));
      expect(obstacles).toEqual(
        stopped === undefined ? SERVED.map(({ name }) => name) : expect.arrayContaining([stopped]),
      );
      if (stopped !== undefined) expect(obstacles.length).toBeLessThan(SERVED.length);
    } finally {
      views.end();
    }
  });

  it('leave nothing behind in a database, and nothing of theirs is served', async () => {
    const views = await FoldedViews.begin(database.pool, new EventReader(AGGREGATES), SERVED);
    const { rows } = await database.pool.query(
      `select count(*) as tables from pg_tables where schemaname not like 'pg_temp%' and tablename like '%folded%'`,
    );
    views.end();
    expect(rows[0].tables).toBe(0);
  });
});
