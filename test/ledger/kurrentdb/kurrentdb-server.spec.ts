import { KurrentDBClient, binaryEvent, type AppendStreamState } from '@kurrent/kurrentdb-client';
import { isCausedByContent } from '../../../src/ledger/event-store.js';
import { randomId } from '../../../src/ledger/identifiers.js';
import { openKurrentEngine, type KurrentEngine } from '../../../src/ledger/kurrentdb/kurrentdb-engine.js';
import { KurrentLog } from '../../../src/ledger/kurrentdb/kurrent-log.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { KurrentDouble, type DoubleOptions } from '../../support/kurrentdb-double/kurrentdb-double.js';
import { batchOf, commandOf, checksOf } from '../batches.js';
import { forgetCopy, silent } from './kurrentdb-instance.js';

/**
 * What the source of the server says (release 26.1, unless a test names another) and its documentation does not. Each test first shows
 * that the double answers so, and then what the ledger makes of the answer.
 */
describe('the answers of a KurrentDB that its source tells', () => {
  let database: TestDatabase;
  let double: KurrentDouble;
  const opened: { close(): Promise<unknown> }[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  /** Long, because a busy machine is no fault of the server; short where the server sends no answer. */
  let deadlineMs: number;
  beforeEach(async () => {
    deadlineMs = 15_000;
    await forgetCopy(database.pool);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    await double.stop();
  });

  const urlOf = (ledger: string): string =>
    double.url(ledger).replace(/defaultDeadline=\d+/, `defaultDeadline=${deadlineMs}`);
  const log = async (options: DoubleOptions = {}): Promise<KurrentLog> => {
    double = await KurrentDouble.start(options);
    const own = await KurrentLog.open(urlOf('ledger'));
    opened.push(own);
    return own;
  };
  const engine = async (options: DoubleOptions = {}): Promise<KurrentEngine> => {
    double = await KurrentDouble.start(options);
    const own = await openKurrentEngine({ url: urlOf('ledger'), pool: database.pool, checks: checksOf(), log: silent });
    opened.push(own);
    return own;
  };
  /** The client of the vendor, for requests that the ledger never makes. */
  const client = async (options: DoubleOptions = {}): Promise<KurrentDBClient> => {
    double = await KurrentDouble.start(options);
    const own = KurrentDBClient.connectionString(urlOf('').replace('/?', '?'));
    opened.push({ close: () => own.dispose() });
    return own;
  };
  const check = (streamName: string, expectedState: AppendStreamState) => ({
    type: 'stream_state' as const,
    streamName,
    expectedState,
  });
  const on = (streamName: string) => ({ streamName, record: binaryEvent({ type: 'note', data: Buffer.from('{}') }) });
  const draft = (stream: string) => ({ stream, id: randomId(), type: 'note', text: '{}' });
  const at = (...revisions: [string, number][]) => new Map(revisions);

  it('answers a repetition as written, also when a stream that it only checks has changed since', async () => {
    const own = await log();
    const record = draft('written');
    const append = { records: [record], expected: at(['written', -1], ['checked', -1]), lastTurn: -1 };
    expect(await own.append(append)).toEqual({ written: true });
    await own.append({ records: [draft('checked')], expected: at(['checked', -1]), lastTurn: -1 });
    expect(await own.append(append)).toEqual({ written: true });
    // Another record for the same place is no repetition.
    const other = { ...append, records: [draft('written')] };
    expect(await own.append(other)).toEqual({ written: false, conflicts: ['written', 'checked'] });
    expect(double.log.stream('written')).toHaveLength(1);
  });

  describe('of an append that repeats a part of its streams', () => {
    const mixtureOn = async (options: DoubleOptions) => {
      const own = await log(options);
      const repeated = draft('repeated');
      await own.append({ records: [repeated], expected: at(['repeated', -1]), lastTurn: -1 });
      const records = [repeated, draft('fresh')];
      return own.append({ records, expected: at(['repeated', -1], ['fresh', -1]), lastTurn: -1 });
    };

    it('names the repeated streams as well (AppendRecords)', async () => {
      expect(await mixtureOn({})).toEqual({ written: false, conflicts: ['repeated'] });
    });

    it('names the first (AppendSession of 26.1)', async () => {
      const verdict = await mixtureOn({ offers: 'appendSession', version: '26.1.0' });
      expect(verdict).toEqual({ written: false, conflicts: ['repeated'] });
    });

    it('answers INTERNAL (AppendSession of 25.1), so that the ledger does not know the outcome and looks', async () => {
      await expect(mixtureOn({ offers: 'appendSession', version: '25.1.4' })).rejects.toThrow('failed to map error');
      expect(double.log.stream('fresh')).toHaveLength(0);
    });
  });

  it.each([
    { offers: 'appendRecords', version: '26.1.0' },
    { offers: 'appendSession', version: '26.1.0' },
    { offers: 'appendSession', version: '25.1.4' },
  ] as const)(
    'gives no answer while a write is not replicated, and the command is recorded once ($offers of $version)',
    async (options) => {
      deadlineMs = 1_500;
      const { store } = await engine(options);
      const command = batchOf({ a: -1 }, commandOf('first', { events: ['a@0'] }));
      double.log.holdReplication();
      await expect(store.append(command)).rejects.toThrow();
      // The records are on the leader, and nobody can read them yet.
      expect(double.log.all.length).toBeGreaterThan(0);
      expect(double.log.visible()).toHaveLength(0);
      const written = double.log.all.length;
      const again = await store.append(command).catch((error: unknown) => error);
      // Either an error, or streams that the ledger reads again. Never "recorded", and never a second write.
      expect(again).not.toMatchObject({ ok: true });
      expect(double.log.all).toHaveLength(written);
      double.log.releaseReplication();
      expect(await store.append(command)).toMatchObject({ ok: false, duplicates: [{ position: 1 }] });
      expect(double.log.all).toHaveLength(written);
      expect(await store.readAll(0, 10)).toHaveLength(1);
    },
    60_000,
  );

  it('drops the repetition of a write that is not replicated', async () => {
    deadlineMs = 1_500;
    const own = await log();
    const append = { records: [draft('a')], expected: at(['a', -1]), lastTurn: -1 };
    double.log.holdReplication();
    await expect(own.append(append)).rejects.toMatchObject({ type: 'deadline-exceeded' });
    await expect(own.append(append)).rejects.toMatchObject({ type: 'deadline-exceeded' });
    double.log.releaseReplication();
    expect(await own.append(append)).toEqual({ written: true });
    expect(double.log.stream('a')).toHaveLength(1);
  });

  it('takes streams that differ only in case as one, under the name in the check; the ledger sends no such batch', async () => {
    const own = await client();
    await own.appendRecords([on('Stream')], [check('STREAM', 'no_stream')]);
    expect(double.log.all.map(({ stream }) => stream)).toEqual(['STREAM']);
    await expect(own.appendRecords([on('x')], [check('x', 'no_stream'), check('X', 'no_stream')])).rejects.toThrow(
      'two checks',
    );
    await own.dispose();
    await double.stop();
    const { store } = await engine();
    const sent = double.appends;
    const batch = batchOf({ a: -1, A: -1 }, commandOf('first', { events: ['a@0', 'A@0'] }));
    expect(isCausedByContent(await store.append(batch).catch((error: unknown) => error))).toBe(true);
    expect(double.appends).toBe(sent);
  });

  it('refuses the state "any" in a check; the ledger names a revision or no stream', async () => {
    const own = await client();
    await expect(own.appendRecords([on('a')], [check('a', 'any')])).rejects.toThrow('not allowed');
    await own.appendRecords([on('a')], [check('a', 'no_stream')]);
    await own.appendRecords([on('a')], [check('a', 'stream_exists')]);
    await own.appendRecords([on('a')], [check('a', 1n)]);
    expect(double.log.stream('a')).toHaveLength(3);
  });

  it('takes more than 1 MiB in one append; the ledger stays below, for a server that is configured to take less', async () => {
    const own = await log();
    const large = { ...draft('large'), text: JSON.stringify('x'.repeat(6_000_000)) };
    expect(await own.append({ records: [large], expected: at(['large', -1]), lastTurn: -1 })).toEqual({
      written: true,
    });
    const tooLarge = { ...draft('large'), text: JSON.stringify('x'.repeat(17_000_000)) };
    const refused = own.append({ records: [tooLarge], expected: at(['large', 0]), lastTurn: -1 });
    await expect(refused).rejects.toThrow('Record size');
    await own.close();
    await double.stop();
    const { store } = await engine({ appendBytesMax: 1_024 * 1_024 });
    const sized = (bytes: number) => commandOf(`${bytes}`, { events: ['a@0'], data: { text: 'x'.repeat(bytes) } });
    const error = await store.append(batchOf({ a: -1 }, sized(1_000_000))).catch((caught: unknown) => caught);
    expect(isCausedByContent(error)).toBe(true);
    expect(await store.append(batchOf({ a: -1 }, sized(990_000)))).toMatchObject({ ok: true });
  });

  it('takes every name of a stream but the empty one and $$; the ledger begins each with its own name', async () => {
    const own = await client();
    for (const name of ['', '$$']) await expect(own.appendRecords([on(name)])).rejects.toThrow('no name of a stream');
    await own.appendRecords([on('$others'), on(' ')]);
    expect(double.log.all.map(({ stream }) => stream)).toEqual(['$others', ' ']);
    await own.dispose();
    await double.stop();
    const { store } = await engine();
    await store.append(batchOf({ $$: -1 }, commandOf('first', { events: ['$$@0'] })));
    expect(double.log.all.every(({ stream }) => stream.startsWith('ledger.'))).toBe(true);
  });

  it('reports what is invalid before what is too large, and the ledger takes both for faults of the content', async () => {
    const raw = await client({ appendBytesMax: 1_000 });
    const tooLarge = { ...on('a'), record: binaryEvent({ type: 'note', data: Buffer.alloc(2_000) }) };
    await expect(raw.appendRecords([tooLarge], [check('a', 'any')])).rejects.toThrow('not allowed');
    await expect(raw.appendRecords([tooLarge], [check('a', 'no_stream')])).rejects.toThrow('Transaction size');
    await raw.dispose();
    await double.stop();
    const own = await log({ appendBytesMax: 1_000 });
    const large = { ...draft('a'), text: JSON.stringify('x'.repeat(2_000)) };
    const nameless = { ...draft('b'), type: 'not a name' };
    const both = { records: [large, nameless], expected: at(['a', -1], ['b', -1]), lastTurn: -1 };
    await expect(own.append(both)).rejects.toThrow('no name of a schema');
    await expect(own.append({ ...both, records: [large] })).rejects.toThrow('Transaction size');
    for (const records of [[large, nameless], [large]]) {
      const error = await own.append({ ...both, records }).catch((caught: unknown) => caught);
      expect(isCausedByContent(error)).toBe(true);
    }
  });

  it.each(['26.1.0-modified', '26.1.0', '25.1.4'])('has a version with a suffix or without: %s', async (version) => {
    const own = await log({ version });
    expect(own.serverVersion).toBe(version);
  });
});
