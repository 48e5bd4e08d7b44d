import { setTimeout as sleep } from 'node:timers/promises';
import { CHECK_LOCK } from '../../../ledger/advisory-locks.js';
import { PROGRAMME_ACTOR } from '../../../ledger/command-context.js';
import { randomId } from '../../../ledger/identifiers.js';
import { lead } from '../../../ledger/leadership.js';
import type { Ledger } from '../../../ledger/ledger.js';
import { monotonicTime, type MonotonicTime } from '../../../ledger/monotonic-time.js';
import type { ComparedView } from '../../../ledger/projector/folded-views.js';
import { Worker, type Next, type WorkerLog } from '../../../ledger/worker.js';
import {
  attestation,
  attestReplay,
  type AttestedFacts,
  type AttestedReports,
} from '../../../transparency/events/attestation.js';
import { messageOf, nextStepOf } from '../stored-views.queries.js';
import type { Checks } from './checks.queries.js';
import { isDue } from './due.js';
import { checkHistory, type CheckedLedger, type HistoryCheck } from './history-check.queries.js';

const POLL_MS = 30_000;
/** The check rests so many times as long as it works: it takes a tenth of one connection. */
const REST_FACTOR = 9;
/** Below the time after which PostgreSQL ends an idle transaction. */
const REST_MS_MAX = 5_000;

export interface AttestationParts extends Omit<CheckedLedger, 'rest'> {
  readonly checks: Checks;
  readonly ledger: Ledger;
  readonly reports: AttestedReports;
  /** Between two checks; 0: only what was found wrong is checked again. */
  readonly hours: number;
  readonly workerLog: WorkerLog;
  readonly time?: MonotonicTime;
}

/**
 * Continuous replay attestation: checks the history and the views in the background, again and again, and records what it attests. One
 * instance works at a time. What it finds is kept in the database: signing stops on all instances, `/readyz` names it, also after a restart.
 */
export class AttestationWorker {
  private readonly worker: Worker;
  private readonly time: MonotonicTime;
  private readonly startedAt: number;
  private checkedAt: number | undefined;
  /** The last attested position: the view of the attestations may be behind. */
  private attested = 0;

  constructor(private readonly parts: AttestationParts) {
    this.time = parts.time ?? monotonicTime;
    this.startedAt = this.time.now();
    this.worker = new Worker({
      log: parts.workerLog,
      messages: {
        failed: 'The history and the views could not be checked in the background.',
        recovered: 'The history and the views are checked in the background again.',
      },
      pollMs: POLL_MS,
      step: () => this.step(),
    });
  }

  start(): void {
    this.worker.start();
  }

  async stop(): Promise<void> {
    await this.worker.stop();
  }

  /**
   * Checks everything once, and keeps what it finds.
   * @param rest awaited after each batch
   */
  async check(rest: () => Promise<void> = this.rests()): Promise<HistoryCheck> {
    const { checks, log } = this.parts;
    const found = await checkHistory({ ...this.parts, rest });
    await log.hold(found.damage ?? null);
    if (found.damage !== undefined) {
      this.parts.workerLog.error({}, found.damage);
      return found;
    }
    const compared = found.views.filter((view): view is ComparedView => 'sha256' in view);
    await checks.setDifferent(new Map(compared.map(({ name, differentRows }) => [name, differentRows])));
    for (const view of compared) this.report(view);
    const isClean =
      compared.length === found.views.length && compared.every(({ differentRows }) => differentRows === 0);
    if (isClean) await this.attest(compared);
    return found;
  }

  private async step(): Promise<Next> {
    const { checks, pool } = this.parts;
    const now = this.time.now();
    const sinceCheckMs = this.checkedAt === undefined ? undefined : now - this.checkedAt;
    const times = { sinceStartMs: now - this.startedAt, sinceCheckMs, hours: this.parts.hours };
    if (!isDue(await checks.state(), times)) return 'idle';
    const turn = await lead(pool, CHECK_LOCK);
    if (turn === undefined) return 'stand-by';
    try {
      await this.check();
      this.checkedAt = this.time.now();
    } catch (error) {
      if (!this.worker.stopping.aborted) throw error;
    } finally {
      turn.release(true);
    }
    return 'idle';
  }

  private async attest(views: readonly ComparedView[]): Promise<void> {
    const { checks, ledger, reports } = this.parts;
    const position = Math.min(...views.map((view) => view.position));
    await checks.noteClean(position);
    if (position === 0 || !(await checks.isNews(position, this.attested))) return;
    const facts: AttestedFacts = {
      position,
      ...(await reports.asOf(position)),
      views: views.map(({ name, version, position: at, rows, sha256 }) => ({
        view: name,
        version,
        position: at,
        rows,
        sha256,
      })),
    };
    const commandId = randomId();
    const principal = { actorId: PROGRAMME_ACTOR, roles: ['operator'] as const };
    await ledger.execute(
      { principal, role: 'operator', commandId, fingerprint: 'attestation', correlationId: commandId },
      (tx) => {
        const id = tx.newId();
        tx.create(attestation, id);
        tx.append(attestation, id, attestReplay(facts));
      },
    );
    this.attested = position;
  }

  /** The row, and what to do, for the operator. */
  private report(view: ComparedView): void {
    for (const difference of view.differences) {
      const { table, id, column, expected, found } = difference;
      const fields = { view: view.name, table, id, column, expected, found };
      this.parts.workerLog.error(fields, `${messageOf(view, difference)} ${nextStepOf(view.name)}`);
    }
  }

  /** Rests after each batch for a multiple of the time that the batch took; ends the check when the service stops. */
  private rests(): () => Promise<void> {
    const { stopping } = this.worker;
    let since = performance.now();
    return async () => {
      stopping.throwIfAborted();
      await sleep(Math.min(REST_MS_MAX, (performance.now() - since) * REST_FACTOR), undefined, { signal: stopping });
      since = performance.now();
    };
  }
}
