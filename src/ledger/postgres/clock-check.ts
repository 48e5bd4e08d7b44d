import type { Pool } from 'pg';
import type { ClockRule, ClockStatus } from '../event-store.js';
import { Refusal } from '../refusal.js';
import { formatInstant, parseInstant, type EpochMs } from '../time.js';
import type { WorkerLog } from '../worker.js';

/** What is wrong with the clocks; the codes are those of `clock_fault` in `migrations/0025_clock.sql`. */
export type ClockFault = 'clock-ahead' | 'history-ahead';

/** Instants as canonical texts. */
interface Clocks {
  readonly stamp: string;
  readonly databaseClock: string;
  readonly lastStamp: string;
  readonly fault: ClockFault | null;
}

/**
 * Compares the clock of this machine with that of PostgreSQL and with the last stamp, because a stamp cannot be taken back. The rule is in
 * SQL, so that an append is judged under the lock on the head. A fault is logged when it begins and when it ends.
 */
export class ClockCheck {
  private fault: ClockFault | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly rule: ClockRule,
    private readonly clock: () => EpochMs,
    private readonly log: WorkerLog,
  ) {}

  /** The parameters `ahead_max` and `accepted_stamp`. */
  get parameters(): readonly [string | null, string | null] {
    const { aheadMsMax, acceptedStamp } = this.rule;
    return [
      aheadMsMax === undefined ? null : `${aheadMsMax} milliseconds`,
      acceptedStamp === undefined ? null : formatInstant(acceptedStamp),
    ];
  }

  async status(): Promise<ClockStatus> {
    const clocks = await this.look(formatInstant(this.clock()));
    const [stamp, database, last] = [clocks.stamp, clocks.databaseClock, clocks.lastStamp].map(parseInstant) as [
      EpochMs,
      EpochMs,
      EpochMs,
    ];
    this.note(clocks);
    return {
      aheadMs: stamp - database,
      historyAheadMs: Math.max(0, last - Math.max(stamp, database)),
      ...(clocks.fault && { reason: reasonFor(clocks, clocks.fault) }),
    };
  }

  /** @throws Refusal (`unavailable`) while nothing may get this stamp */
  async require(stamp: string): Promise<void> {
    const clocks = await this.look(stamp);
    this.note(clocks);
    if (clocks.fault) throw this.refusal(clocks, clocks.fault);
  }

  /** Takes the result of an append. @throws Refusal (`unavailable`) if the clocks forbade it: nothing was written */
  judge(clocks: Clocks): void {
    if (clocks.fault === null && this.fault === undefined) return;
    this.note(clocks);
    if (clocks.fault) throw this.refusal(clocks, clocks.fault);
  }

  private async look(stamp: string): Promise<Clocks> {
    const { rows } = await this.pool.query<Omit<Clocks, 'stamp'>>({
      name: 'clock-fault',
      text: `select c.fault, c.database_clock as "databaseClock", h.recorded_at as "lastStamp"
             from ledger_head h, clock_fault($1, h.recorded_at, $2, $3) c`,
      values: [stamp, ...this.parameters],
    });
    const [row] = rows;
    if (!row) throw new Error('The ledger has lost its head row.');
    return { ...row, stamp };
  }

  private note(clocks: Clocks): void {
    const fault = clocks.fault ?? undefined;
    if (fault === this.fault) return;
    this.fault = fault;
    const { stamp, databaseClock, lastStamp } = clocks;
    const fields = { clock: stamp, databaseClock, lastStamp };
    if (fault) this.log.error({ ...fields, fault }, reasonFor(clocks, fault));
    else this.log.info(fields, 'The clocks are near each other again, and commands are recorded.');
  }

  private refusal({ stamp, databaseClock, lastStamp }: Clocks, fault: ClockFault): Refusal {
    const aheadSecondsMax = (this.rule.aheadMsMax ?? 0) / 1_000;
    const detail =
      'The clocks of the ledger are too far from each other, so nothing is recorded until its operator has set them. Send the command ' +
      'again later with the same Idempotency-Key.';
    return new Refusal('unavailable', fault, detail, { clock: stamp, databaseClock, lastStamp, aheadSecondsMax });
  }
}

/** For the operator. */
function reasonFor({ stamp, databaseClock, lastStamp }: Clocks, fault: ClockFault): string {
  if (fault === 'clock-ahead') {
    return (
      `Nothing is recorded: the clock of this machine (${stamp}) is too far ahead of that of the database (${databaseClock}) and of the ` +
      `last event (${lastStamp}). Set the clock that is wrong; no restart is needed.`
    );
  }
  return (
    `Nothing is recorded: the last event is stamped ${lastStamp}, too far ahead of the clocks of this machine (${stamp}) and of the ` +
    `database (${databaseClock}). If these clocks are wrong, set them. If they are right, an earlier clock was wrong: start with ` +
    `LAST_STAMP_ACCEPTED=${lastStamp} to go on; events get that stamp until the clocks have passed it.`
  );
}
