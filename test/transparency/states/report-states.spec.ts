import { METHOD_2 } from '../../../src/transparency/method-2/method.js';
import { METHODS, MethodRegistry } from '../../../src/transparency/methods.js';
import { ABANDONED_EVENTS, ReportStates } from '../../../src/transparency/states/report-states.queries.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { NEXT_METHODS } from '../made-up-method.js';

let database: TestDatabase;
let states: ReportStates;
beforeAll(async () => {
  database = await createTestDatabase();
  states = new ReportStates(database.pool);
});
beforeEach(() => database.pool.query('delete from report_states'));
afterAll(() => database.drop());

const LAST = 1_000_000;
async function stored(version: string, ...positions: number[]): Promise<void> {
  const text = 'insert into report_states (version, position, state) select $1, unnest($2::bigint[]), $3';
  await database.pool.query(text, [version, positions, '{}']);
}
async function left(): Promise<string[]> {
  const { rows } = await database.pool.query('select distinct version from report_states order by version');
  return rows.map(({ version }) => String(version));
}

describe('stored states of an earlier method or form', () => {
  it.each([
    ['are deleted when it has stored none for long', LAST - ABANDONED_EVENTS - 1, ['9.1/1']],
    ['stay while an instance may still store them', LAST - ABANDONED_EVENTS, ['2.0/1', '9.1/1']],
  ])('%s', async (_what, position, expected) => {
    await stored('9.1/1', 500, LAST);
    await stored('2.0/1', 500, position);
    const deleted = await states.deleteAbandoned(NEXT_METHODS);
    expect(await left()).toEqual(expected);
    expect([...deleted]).toEqual(expected.length === 1 ? [['2.0/1', 2]] : []);
  });

  it('are deleted when they are of an earlier form of the current method', async () => {
    await stored('1.0/3', 500);
    await stored('2.0/1', LAST);
    expect([...(await states.deleteAbandoned(METHODS))]).toEqual([['1.0/3', 1]]);
  });

  it('stay while the current version has stored none: the instance may still be on its way to its first state', async () => {
    await stored('2.0/1', 500, LAST);
    expect((await states.deleteAbandoned(NEXT_METHODS)).size).toBe(0);
    await stored('9.1/1', 500);
    expect((await states.deleteAbandoned(NEXT_METHODS)).size).toBe(0);
  });

  it('are deleted in bounded numbers, and the rest at the next start', async () => {
    await stored('2.0/1', ...Array.from({ length: 501 }, (_, n) => n + 1));
    await stored('9.1/1', LAST);
    expect([...(await states.deleteAbandoned(NEXT_METHODS))]).toEqual([['2.0/1', 500]]);
    const { rows } = await database.pool.query(`select position from report_states where version = '2.0/1'`);
    expect(rows).toEqual([{ position: 501 }]);
    expect([...(await states.deleteAbandoned(NEXT_METHODS))]).toEqual([['2.0/1', 1]]);
  });
});

describe('stored states of a later method or form', () => {
  it('stay, because they may be of a newer program', async () => {
    await stored('2.0/1', 500, LAST);
    for (const version of ['2.0/2', '9.1/1', '9.9/1']) await stored(version, 500);
    expect((await states.deleteAbandoned(METHODS)).size).toBe(0);
    expect(await left()).toEqual(['2.0/1', '2.0/2', '9.1/1', '9.9/1']);
  });

  it('are told apart by method and form in the search for the nearest one', async () => {
    const other = { ...METHOD_2, version: '9.1' };
    const text = [...METHOD_2.serialisedParts(METHOD_2.initial())].join('');
    await states.store(METHOD_2, { position: 500, state: text });
    expect((await states.nearest(METHOD_2))?.position).toBe(0);
    expect(await states.nearest(METHOD_2, 499)).toBeUndefined();
    expect(await states.nearest(new MethodRegistry([METHOD_2, other]).current)).toBeUndefined();
    expect(await states.nearest({ ...METHOD_2, stateVersion: 2 })).toBeUndefined();
  });
});
