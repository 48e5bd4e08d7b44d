import type { ProgressListener } from '../ledger/progress-listener.js';
import type { RecordedEvent } from '../ledger/event.js';
import type { AggregateOutline } from '../ledger/aggregate.js';
import { Findings, NotCheckable, ProvenWrong } from './audit-finding.js';
import { openLog, publishedKey, WITNESSES_LATE, type OpenedLog, type Trust } from './audit-log.js';
import type { LogSource } from './log-source.js';
import { cosignedEarly, cosignedLate, furtherSignatures, noCosignatures, quorumMet } from './cosigners.js';
import { formatVerifierKey, wrapSameKey } from '../tlog/note-key.js';
import { NO_QUORUM } from '../tlog/policy.js';
import { encodeBase64 } from '../tlog/strict-text.js';
import { CheckLines, neverChecked, type Verification } from './verification.js';
import type { BesideCheck } from './verify-beside.js';
import { ActorCheck } from './verify-actors.js';
import { EnvelopeCheck } from './verify-envelope.js';
import { rulesByType, rulesOf } from './rules/all-rules.js';
import type { EventOf, RuleName } from './rules/coverage.js';
import { OrderCheck } from './verify-order.js';
import type { Rule } from './rules/rule.js';
import { CLOCK_TOLERANCE_MS, TimeCheck } from './verify-times.js';
import { LogWalk } from './verify-walk.js';

export interface VerifyOptions {
  readonly trust: Trust;
  /** Every aggregate of the domain: they declare the event types. */
  readonly aggregates: readonly AggregateOutline[];
  readonly progress?: ProgressListener;
  /** The clock of the auditor's machine, ms since the epoch. */
  readonly nowMs?: number;
  /** Checks of data beside the log, for an operator who has the database. */
  readonly beside?: (findings: Findings) => readonly BesideCheck[];
}

/**
 * Verifies a log from its first entry to its checkpoint. Reads the log and what the auditor brings along, and nothing else.
 * Memory does not grow with the log: rows that must be compared over its whole length go to a temporary file.
 */
export async function verify(source: LogSource, options: VerifyOptions): Promise<Verification> {
  return new Verifier(source, options).run();
}

/** The checks that read every event. */
interface HistoryChecks {
  readonly order: OrderCheck;
  readonly times: TimeCheck;
  readonly actors: ActorCheck;
  readonly rules: readonly Rule[];
}

class Verifier {
  private readonly findings = new Findings();
  private readonly lines = new CheckLines(this.findings);
  private readonly startedAt = performance.now();
  private log: OpenedLog | undefined;
  private walk: LogWalk | undefined;
  private readonly beside: readonly BesideCheck[];

  constructor(
    private readonly source: LogSource,
    private readonly options: VerifyOptions,
  ) {
    this.beside = options.beside?.(this.findings) ?? [];
  }

  async run(): Promise<Verification> {
    try {
      const log = await openLog(this.source, this.options.trust);
      this.log = log;
      this.sayWhoSigned(log);
      await this.checkPublishedKey(log);
      await this.checkHistory(log);
    } catch (error) {
      if (error instanceof ProvenWrong) this.findings.outrank(error.finding);
      else if (error instanceof NotCheckable) this.lines.cannot('source', error.message, error.nextStep);
      else throw error;
    }
    return this.verification();
  }

  private sayWhoSigned({ key, keyIsAuditors, cosigners, quorumMissing, unknownSignatures }: OpenedLog): void {
    const whose = keyIsAuditors ? 'the key that you gave' : 'the key that the log itself publishes';
    this.lines.noteHeld('signature', `The checkpoint is signed with ${whose}, ${formatVerifierKey(key)}.`);
    if (!keyIsAuditors) {
      this.lines.skip(
        'whose log it is',
        'The verifier key came with the log. Bring a copy of your own (--vkey) to know who signed.',
      );
    }
    const { policy } = this.options.trust;
    if (quorumMissing !== undefined) this.lines.cannot('cosignatures', quorumMissing, WITNESSES_LATE);
    else if (policy !== undefined && policy.quorum !== NO_QUORUM)
      this.lines.noteHeld('cosignatures', quorumMet(policy, cosigners));
    else this.lines.skip('cosignatures', noCosignatures(policy));
    if (unknownSignatures > 0) this.lines.skip('further signatures', furtherSignatures(unknownSignatures, policy));
  }

  /** A log that publishes its key must publish the key that signed its checkpoint. Nobody signed the published key. */
  private async checkPublishedKey({ key, keyIsAuditors }: OpenedLog): Promise<void> {
    const published = keyIsAuditors ? await this.source.read('vkey') : undefined;
    if (published === undefined) return;
    try {
      const found = publishedKey(published);
      if (found.name === key.name && wrapSameKey(found, key)) return;
      const message = `The log publishes the verifier key ${formatVerifierKey(found)}, which did not sign its checkpoint.`;
      this.lines.cannot('published key', message, 'Ask the operator why; whoever trusts the published one is misled.');
    } catch (error) {
      if (!(error instanceof NotCheckable)) throw error;
      this.lines.cannot('published key', error.message, error.nextStep);
    }
  }

  private async checkHistory(log: OpenedLog): Promise<void> {
    const order = new OrderCheck(this.findings);
    const times = new TimeCheck(this.findings);
    const actors = new ActorCheck(this.findings);
    const rules = rulesOf(this.findings);
    try {
      const lastCommandId = await this.read(log, { order, times, actors, rules });
      this.sayWhatHashed();
      const streams = order.finish();
      this.lines.unlessFound('streams', `${count(streams)} streams count their events from 0 without a gap.`);
      this.lines.unlessFound(
        'ids',
        'No two events share an id, no command comes back after another one, and every named cause comes before its effect.',
      );
      this.lines.unlessFound('schemas', 'No type of event goes back to an older schema.');
      this.sayTimes(log, times);
      this.lines.unlessFound('actors', actors.statement);
      for (const rule of rules) {
        rule.finish({ lastCommandId });
        this.lines.unlessFound(rule.check, rule.statement);
      }
      for (const check of this.beside) await this.conclude(check);
    } finally {
      order.close();
      for (const rule of rules) rule.close();
      for (const check of this.beside) check.close?.();
    }
  }

  private sayTimes({ cosigners }: OpenedLog, times: TimeCheck): void {
    this.lines.unlessFound('times', times.statement);
    const nowMs = this.options.nowMs ?? Date.now();
    for (const doubt of times.doubts(nowMs)) this.lines.skip('times', doubt);
    const doubts = [
      cosignedEarly(cosigners, times.lastMs - CLOCK_TOLERANCE_MS),
      cosignedLate(cosigners, nowMs + CLOCK_TOLERANCE_MS),
    ];
    for (const doubt of doubts) if (doubt !== undefined) this.lines.skip('cosignatures', doubt);
  }

  private async conclude(beside: BesideCheck): Promise<void> {
    const { check } = beside;
    const { statement, notChecked, cannot } = await beside.finish();
    if (cannot) this.lines.cannot(check, cannot.what, cannot.nextStep);
    else this.lines.unlessFound(check, statement);
    if (notChecked !== undefined) this.lines.skip(check, notChecked);
  }

  /** @returns the id of the command of the last event. */
  private async read(log: OpenedLog, { order, times, actors, rules }: HistoryChecks): Promise<string> {
    const envelopes = new EnvelopeCheck(this.options.aggregates, { shapes: true });
    const byType = rulesByType(rules);
    const { progress } = this.options;
    this.walk = new LogWalk(log);
    let last: RecordedEvent | undefined;
    progress?.begin(log.checkpoint.size);
    try {
      for await (const { first, entries } of this.walk.stretches()) {
        const events: RecordedEvent[] = [];
        for (const [at, entry] of entries.entries()) {
          const event = this.readEvent(envelopes, first + at, entry);
          if (event === undefined) continue;
          order.accept(event);
          times.accept(event);
          actors.accept(event);
          for (const rule of byType.get(event.type) ?? []) rule.accept(event as EventOf<RuleName>, times.decidedFromMs);
          events.push(event);
          last = event;
        }
        for (const check of this.beside) await check.accept({ first, entries, events });
        progress?.reached(first + entries.length - 1);
      }
    } finally {
      progress?.end();
    }
    this.sayKept(log);
    this.lines.unlessFound('envelopes', envelopes.statement);
    return last?.commandId ?? '';
  }

  private readEvent(envelopes: EnvelopeCheck, position: number, entry: Uint8Array): RecordedEvent | undefined {
    try {
      return envelopes.read(position, entry);
    } catch (error) {
      if (!(error instanceof ProvenWrong)) throw error;
      this.findings.add(error.finding);
      return undefined;
    }
  }

  private sayKept({ kept, checkpoint: { size } }: OpenedLog): void {
    if (kept === undefined)
      this.lines.skip('kept checkpoint', 'None was given (--checkpoint), so that a rewritten history would not show.');
    else if (kept.size > size) {
      const why = `The one that you kept is of size ${kept.size}, this log ends at ${size}: an older copy, or it was cut off.`;
      this.lines.cannot(
        'kept checkpoint',
        why,
        'Read the log from its own address again; if it stays shorter, tell the board and the witnesses.',
      );
    } else
      this.lines.noteHeld(
        'kept checkpoint',
        `The log has grown from the checkpoint of size ${count(kept.size)} that you kept.`,
      );
  }

  private sayWhatHashed(): void {
    const { entries, bytes, bundles, tiles } = this.walk?.counts ?? { entries: 0, bytes: 0, bundles: 0, tiles: 0 };
    this.lines.noteHeld(
      'entries',
      `${count(entries)} leaf hashes over ${count(bytes)} bytes in ${count(bundles)} bundles; positions 1 to ${entries} are dense.`,
    );
    this.lines.noteHeld('tiles', `${count(tiles)} hash tiles, each hash computed again.`);
    this.lines.noteHeld('root', 'The root computed from the entries is the one that was signed.');
  }

  private verification(): Verification {
    const { log, findings, lines } = this;
    const seconds = (performance.now() - this.startedAt) / 1_000;
    const entries = this.walk?.counts.entries ?? 0;
    const verdict = findings.first ? 'wrong' : lines.uncheckable.length > 0 ? 'unchecked' : 'verified';
    const besides = new Set(this.beside.map(({ check }) => check));
    if (this.source.others.length > 0) lines.skip('other files', this.source.others.join(', '));
    return {
      verdict,
      source: this.source.name,
      ...(log && {
        origin: log.checkpoint.origin,
        size: log.checkpoint.size,
        root: encodeBase64(log.checkpoint.root),
        verifierKey: formatVerifierKey(log.key),
        keyFrom: log.keyIsAuditors ? ('auditor' as const) : ('source' as const),
      }),
      checked: lines.checked,
      notChecked: [...lines.notChecked, ...neverChecked(besides)],
      uncheckable: lines.uncheckable,
      ...(findings.first && { finding: findings.first }),
      findings: findings.count,
      entries,
      bytes: this.walk?.counts.bytes ?? 0,
      seconds: Number(seconds.toFixed(3)),
      entriesPerSecond: Math.round(entries / seconds),
    };
  }
}

const count = (number: number): string => number.toLocaleString('en');
