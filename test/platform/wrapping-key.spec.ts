import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../../src/platform/startup-error.js';
import { wrappingKeyOf } from '../../src/platform/wrapping-key.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('the wrapping key', () => {
  let folder: string;
  let database: TestDatabase;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-wrapping-'));
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });
  const use = (): Promise<unknown> =>
    database.pool.query(
      `insert into commands (command_id, fingerprint, position, recorded_at, outcome) values (gen_random_uuid(), '', 0, now(), '{}')`,
    );

  it('is made for an empty ledger, and stays the same', async () => {
    const key = await wrappingKeyOf(folder, database.url);
    expect(key).toHaveLength(32);
    await use();
    expect(await wrappingKeyOf(folder, database.url)).toEqual(key);
  });

  it('is never made for a ledger that is in use: the error names the next step', async () => {
    await use();
    await expect(wrappingKeyOf(folder, database.url)).rejects.toThrow(StartupError);
    await expect(wrappingKeyOf(folder, database.url)).rejects.toThrow(/restore the key from its backup/);
    await expect(readFile(join(folder, 'wrapping-key'))).rejects.toThrow(/ENOENT/);
  });
});
