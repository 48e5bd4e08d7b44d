import { isCausedByContent, type ClockRule, type EventStore } from '../../../src/ledger/event-store.js';
import { KurrentEventStore } from '../../../src/ledger/kurrentdb/kurrentdb-event-store.js';
import { KurrentLog } from '../../../src/ledger/kurrentdb/kurrent-log.js';
import { SequencedCopy } from '../../../src/ledger/kurrentdb/sequenced-copy.js';
import { Sequencer } from '../../../src/ledger/kurrentdb/sequencer.js';
import { ClockCheck } from '../../../src/ledger/postgres/clock-check.js';
import { PostgresEventStore } from '../../../src/ledger/postgres/postgres-event-store.js';
import { Refusal } from '../../../src/ledger/refusal.js';
import { formatInstant, parseInstant } from '../../../src/ledger/time.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { KurrentDouble } from '../../support/kurrentdb-double/kurrentdb-double.js';
import { batchOf, commandOf, checksOf } from '../batches.js';
import { silent } from '../kurrentdb/kurrentdb-instance.js';

const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;
const RULE: ClockRule = { aheadMsMax: MINUTE };

/** A store whose clock the test sets, and what it logs. */
interface Clocked {
  readonly store: EventStore;
  readonly clock: { ahead: number };
  readonly logged: string[];
}
type Open = (rule?: ClockRule) => Clocked;

describe.each(['PostgreSQL', 'KurrentDB'] as const)('the clocks of a ledger whose events are on %s', (engine) => {
  let database: TestDatabase;
  let open: Open;
  let close: () => Promise<void>;

  beforeEach(async () => {
    database = await createTestDatabase();
    const { pool } = database;
    const make: (clock: () => number, check: ClockCheck) => EventStore =
      engine === 'PostgreSQL'
        ? (clock, check) => new PostgresEventStore(pool, checksOf(), clock, check)
        : await onKurrent();
    open = (rule = RULE) => {
      const clock = { ahead: 0 };
      const logged: string[] = [];
      const log = {
        info: (_fields: object, message: string) => void logged.push(message),
        error: (_fields: object, message: string) => void logged.push(message),
      };
      const now = (): number => Date.now() + clock.ahead;
      return { store: make(now, new ClockCheck(pool, rule, now, log)), clock, logged };
    };

    async function onKurrent() {
      const double = await KurrentDouble.start();
      const log = await KurrentLog.open(double.url('ledger'));
      const copy = new SequencedCopy(pool);
      await copy.adopt(log.ledger);
      const sequencer = new Sequencer(pool, log, copy, checksOf(), silent);
      sequencer.start();
      close = async () => {
        await sequencer.stop();
        await log.close();
        await double.stop();
      };
      return (clock: () => number, check: ClockCheck) =>
        new KurrentEventStore(pool, checksOf(), log, copy, sequencer, clock, check);
    }
    if (engine === 'PostgreSQL') close = () => Promise.resolve();
  });
  afterEach(async () => {
    await close();
    await database.drop();
  });

  const appendTo = (store: EventStore, revision: number) =>
    store.append(batchOf({ a: revision - 1 }, commandOf(`command ${revision}`, { events: [`a@${revision}`] })));
  const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
    const error: unknown = await work.catch((reason: unknown) => reason);
    if (!(error instanceof Refusal)) throw new Error(`Expected a refusal, not ${JSON.stringify(error)}.`);
    return error;
  };
  const stampOf = async (work: Promise<object>): Promise<number> => {
    const result = (await work) as { recordedAt?: string };
    return parseInstant(result.recordedAt ?? '');
  };

  it('stop an append while this machine is ahead, and let it go on when the clock is set', async () => {
    const { store, clock, logged } = open();
    expect(await appendTo(store, 0)).toMatchObject({ ok: true });
    expect((await store.clocks?.())?.reason).toBeUndefined();

    clock.ahead = YEAR;
    const refusal = await refusalOf(appendTo(store, 1));
    expect(refusal).toMatchObject({ kind: 'unavailable', code: 'clock-ahead', facts: { aheadSecondsMax: 60 } });
    expect(isCausedByContent(refusal)).toBe(false);
    expect(await refusalOf(appendTo(store, 1))).toMatchObject({ code: 'clock-ahead' });
    expect(await store.head()).toBe(1);
    const status = await store.clocks?.();
    expect(status?.reason).toMatch(
      /^Nothing is recorded: the clock of this machine .* is too far ahead .*Set the clock that is wrong/,
    );
    expect(Math.abs((status?.aheadMs ?? 0) - YEAR)).toBeLessThan(MINUTE);
    expect(status?.historyAheadMs).toBe(0);
    // One line when it begins, however many commands meet it.
    expect(logged).toEqual([expect.stringMatching(/^Nothing is recorded: the clock of this machine/)]);

    clock.ahead = 0;
    expect(Math.abs((await stampOf(appendTo(store, 1))) - Date.now())).toBeLessThan(MINUTE);
    expect(logged).toEqual([expect.anything(), 'The clocks are near each other again, and commands are recorded.']);
  });

  it('are compared with a bound, and both of its sides are kept', async () => {
    const { store, clock } = open({ aheadMsMax: 10 * MINUTE });
    clock.ahead = 9 * MINUTE;
    expect(await appendTo(store, 0)).toMatchObject({ ok: true });
    // The last stamp is nine minutes ahead of the database now. Eighteen minutes are too far from the database, not from the last stamp.
    clock.ahead = 18 * MINUTE;
    expect(await appendTo(store, 1)).toMatchObject({ ok: true });
    clock.ahead = 30 * MINUTE;
    expect(await refusalOf(appendTo(store, 2))).toMatchObject({ code: 'clock-ahead' });
  });

  it('answer a command that was executed before, also while this machine is ahead', async () => {
    const { store, clock } = open();
    await appendTo(store, 0);
    clock.ahead = YEAR;
    expect(await appendTo(store, 0)).toMatchObject({ ok: false, duplicates: [{ position: 1 }] });
  });

  it('stop an append where an earlier clock has stamped the history ahead, until the operator accepts its last stamp', async () => {
    const unchecked = open({ aheadMsMax: undefined });
    unchecked.clock.ahead = YEAR;
    const ahead = await stampOf(appendTo(unchecked.store, 0));

    const { store } = open();
    expect(await refusalOf(appendTo(store, 1))).toMatchObject({ kind: 'unavailable', code: 'history-ahead' });
    const status = await store.clocks?.();
    expect(status?.reason).toContain(`LAST_STAMP_ACCEPTED=${formatInstant(ahead)}`);
    expect(Math.abs((status?.historyAheadMs ?? 0) - YEAR)).toBeLessThan(MINUTE);

    const earlier = open({ ...RULE, acceptedStamp: ahead - 1 });
    expect(await refusalOf(appendTo(earlier.store, 1))).toMatchObject({ code: 'history-ahead' });

    const accepted = open({ ...RULE, acceptedStamp: ahead });
    expect(await stampOf(appendTo(accepted.store, 1))).toBe(ahead);
    expect((await accepted.store.clocks?.())?.reason).toBeUndefined();
    // What is accepted is this stamp, and not a clock that is ahead of it again.
    accepted.clock.ahead = 2 * YEAR;
    expect(await refusalOf(appendTo(accepted.store, 2))).toMatchObject({ code: 'clock-ahead' });
    // The clock of this machine has passed it.
    accepted.clock.ahead = 0;
    expect(await stampOf(appendTo(accepted.store, 2))).toBe(ahead);
  });

  it('that are behind stop nothing: events take over the last stamp', async () => {
    const { store, clock } = open();
    const first = await stampOf(appendTo(store, 0));
    clock.ahead = -YEAR;
    expect(await stampOf(appendTo(store, 1))).toBe(first);
    expect((await store.clocks?.())?.reason).toBeUndefined();
  });
});
