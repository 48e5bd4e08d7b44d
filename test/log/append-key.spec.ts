import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppendChecks } from '../../src/ledger/append-checks.js';
import { PostgresEventStore } from '../../src/ledger/postgres/postgres-event-store.js';
import { acceptUpTo, appendChecksOf } from '../../src/log/append-key.js';
import { BatchVerifier, rowsAfter } from '../../src/log/batch-checks.queries.js';
import { batchOf, commandOf } from '../ledger/batches.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('the key of the check values', () => {
  let folder: string;
  let database: TestDatabase;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-append-'));
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const path = (): string => join(folder, 'append-key');
  const open = (): Promise<AppendChecks> => appendChecksOf(folder, database.pool);
  const putKey = (byte: number): Promise<void> => writeFile(path(), Buffer.alloc(32, byte).toString('base64'));
  const append = (checks: AppendChecks, word: string): Promise<unknown> =>
    new PostgresEventStore(database.pool, checks).append(
      batchOf({ [word]: -1 }, commandOf(word, { events: [`${word}@0`] })),
    );
  /** As the log does that has signed the first `signed` events. */
  const verify = async (checks: AppendChecks, signed = 0): Promise<void> => {
    const client = await database.pool.connect();
    try {
      await new BatchVerifier(checks).require(client, await rowsAfter(client, signed, 100));
    } finally {
      client.release();
    }
  };
  /** What the program before migration 0027 did. */
  const appendAsBefore = (stream: string): Promise<unknown> =>
    database.pool.query(
      `select append_batch('2026-01-01', array[$1], array[-1], array[$1], array[0], array[gen_random_uuid()], array['t'], array['{"a":"'],
         array['"}'], array[gen_random_uuid()], array['f'], array[1], array['{}'], null)`,
      [stream],
    );

  it('is made for a ledger that has none, in a file of its own, and stays the same', async () => {
    const checks = await open();
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    await append(checks, 'a');
    expect((await open()).keyId).toEqual(checks.keyId);
    await verify(await open());
  });

  it('is made at the first start after an upgrade, which accepts the events that are not signed yet', async () => {
    for (const stream of ['a', 'b', 'c']) await appendAsBefore(stream);
    await database.pool.query('update log_head set size = 1');
    const checks = await open();
    await append(checks, 'd');
    await verify(checks, 1);
    // What is signed already needs no value, and has none.
    await expect(verify(checks)).rejects.toThrow('Position 1 is not as this service recorded it');
    // What comes later without a value is not accepted by another start.
    await appendAsBefore('e');
    await expect(verify(await open(), 1)).rejects.toThrow('Position 5 is not as this service recorded it');
  });

  it('is never made where batches are checked already: the start names the file that is missing', async () => {
    await append(await open(), 'a');
    await rm(path());
    await expect(open()).rejects.toThrow(
      `There is no ${path()}, but the batches of this ledger are checked with it: restore`,
    );
    await expect(readFile(path())).rejects.toThrow(/ENOENT/);
  });

  it('stops the start if it is another one, until the operator has accepted what is not signed', async () => {
    await append(await open(), 'a');
    await putKey(8);
    await expect(open()).rejects.toThrow(`${path()} is not the key that the batches of this ledger are checked with`);
    const other = Buffer.alloc(32, 8);
    await expect(acceptUpTo(database.pool, other, 2)).rejects.toThrow('The ledger ends at position 1, and not at 2');
    await expect(open()).rejects.toThrow('is not the key');
    expect(await acceptUpTo(database.pool, other, 1)).toBe(1);
    const checks = await open();
    await append(checks, 'b');
    await verify(checks);
  });

  it('has 32 bytes', () => {
    expect(() => new AppendChecks(Buffer.alloc(31))).toThrow(RangeError);
    expect(() => new AppendChecks(Buffer.alloc(33))).toThrow(RangeError);
  });
});
