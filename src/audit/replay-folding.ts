import { createHash } from 'node:crypto';
import type { RecordedEvent } from '../ledger/event.js';
import type { Hash } from '../tlog/merkle.js';
import type { ReportKind } from '../transparency/events/publication.js';
import type { Begin, MethodState, ReportMethod } from '../transparency/report-method.js';
import { NotCheckable } from './audit-finding.js';

/** A report, made again from the events. */
export interface ReplayedReport {
  readonly kind: ReportKind;
  readonly position: number;
  readonly methodVersion: string;
  readonly text: string;
  /** Hash of the bytes, hex. */
  readonly sha256: string;
  /** Id of the publication that names the hash, for a published report. */
  readonly id?: string;
}

/** A method on its way through the history. */
export class Folding {
  readonly state: MethodState;

  constructor(readonly method: ReportMethod) {
    this.state = method.initial();
  }

  /** @throws NotCheckable */
  accept(event: RecordedEvent): void {
    this.computed(`beyond position ${event.position} (${event.type})`, () => this.method.fold(this.state, event));
  }

  /** @throws NotCheckable */
  report(kind: ReportKind, root: Hash, begin?: Begin): ReplayedReport {
    const { method, state } = this;
    const { position } = state;
    const text = this.computed(`as of position ${position} (${kind})`, () => method.text(state, root, { kind }, begin));
    return { kind, position, methodVersion: method.version, text, sha256: sha256(text) };
  }

  /** A method trusts what the decisions held, such as that nobody owns an owner. A log of others may break it. */
  private computed<Value>(where: string, compute: () => Value): Value {
    try {
      return compute();
    } catch (error) {
      throw new NotCheckable(
        `The reports of method ${this.method.version} cannot be computed ${where}: ${String(error)}`,
        'Run "audit verify": it shows whether something is wrong with the history.',
        { cause: error },
      );
    }
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
