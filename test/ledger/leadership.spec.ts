import { lead } from '../../src/ledger/leadership.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const LOCK = 17;

describe('leadership', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase('empty');
  });
  afterAll(() => database.drop());

  it('belongs to one session at a time, and is free again when that session ends', async () => {
    const { pool } = database;
    const first = await lead(pool, LOCK);
    expect(first).toBeDefined();
    expect(await lead(pool, LOCK)).toBeUndefined();
    first?.release(true);
    let second = await lead(pool, LOCK);
    // The server notices a closed session only after some time.
    while (!second) second = await lead(pool, LOCK);
    expect(pool.totalCount - pool.idleCount).toBe(1);
    second.release(true);
  });
});
