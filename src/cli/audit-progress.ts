import type { ProgressListener } from '../ledger/progress-listener.js';

/** Where progress goes; `isTTY` says whether a line may be drawn over. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Drawing more often costs time and shows nothing. */
const REDRAW_MS_MIN = 200;
const MS_PER_SECOND = 1_000;

/** Events read, rate and time left, on a terminal only: a log file has no use for them. */
export class AuditProgress implements ProgressListener {
  private total = 0;
  private startedAt = 0;
  private drawnAt = 0;

  constructor(
    private readonly output: ProgressOutput,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  begin(entries: number): void {
    this.total = entries;
    this.startedAt = this.clock();
  }

  reached(entries: number): void {
    const now = this.clock();
    if (this.output.isTTY !== true || now - this.drawnAt < REDRAW_MS_MIN) return;
    this.drawnAt = now;
    const perSecond = entries / Math.max((now - this.startedAt) / MS_PER_SECOND, 0.001);
    const left = Math.ceil((this.total - entries) / Math.max(perSecond, 1));
    // Erases to the end of the line: the text before may have been longer.
    this.output.write(`\r${entries} of ${this.total} events, ${Math.round(perSecond)}/s, ${left} s left\u001b[K`);
  }

  end(): void {
    if (this.output.isTTY === true && this.drawnAt > 0) this.output.write('\r\u001b[K');
  }
}
