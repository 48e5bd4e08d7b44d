import type { ProgressListener } from '../ledger/progress-listener.js';

/** Output of a progress line. With `isTTY`, a line may be drawn again in the same place. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** The form of a progress line. */
export interface ProgressLook {
  /** Name of the counted items, e.g. `commands`. */
  readonly what: string;
  /**
   * `kept`: a bar on a terminal, which stays after the end, and a line for every 10 % in a log file. `passing`: a line
   * on a terminal, which is erased at the end, and nothing in a log file.
   */
  readonly line: 'kept' | 'passing';
}

const BAR_WIDTH = 30;
const LINE_STEP_PERCENT = 10;
/** Drawing more often costs time and is not visible. */
const REDRAW_MS_MIN = 100;
const MS_PER_SECOND = 1_000;
/** Erases up to the end of the line, because the text before may have been longer. */
const ERASE = '\u001b[K';

/** The progress line of all commands: the number done, the total, the number per second, and the time left. */
export class Progress implements ProgressListener {
  private total = 0;
  private done = 0;
  private startedAt = 0;
  private drawnAt = -Infinity;
  private linedPercent = 0;

  constructor(
    private readonly output: ProgressOutput,
    private readonly look: ProgressLook,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  begin(total: number): void {
    this.total = total;
    this.done = 0;
    this.startedAt = this.clock();
    this.drawnAt = -Infinity;
    this.linedPercent = 0;
  }

  /** Counts one more item. */
  advance(): void {
    this.reached(this.done + 1);
  }

  reached(done: number): void {
    this.done = Math.min(done, this.total);
    if (this.output.isTTY === true) this.draw();
    else if (this.look.line === 'kept') this.writeTenth();
  }

  /** Leaves the cursor at the beginning of a line for the next text. */
  end(): void {
    if (this.output.isTTY !== true) return;
    if (this.look.line === 'kept') this.output.write('\n');
    else if (this.drawnAt > -Infinity) this.output.write(`\r${ERASE}`);
  }

  private draw(): void {
    const now = this.clock();
    const isLast = this.look.line === 'kept' && this.done === this.total;
    if (now - this.drawnAt < REDRAW_MS_MIN && !isLast) return;
    this.drawnAt = now;
    this.output.write(`\r${this.look.line === 'kept' ? `${this.bar()} ${this.percentText()}` : this.text()}${ERASE}`);
  }

  private writeTenth(): void {
    const percent = Math.floor(this.percent() / LINE_STEP_PERCENT) * LINE_STEP_PERCENT;
    if (percent <= this.linedPercent) return;
    this.linedPercent = percent;
    this.output.write(`${this.percentText()}\n`);
  }

  private percent(): number {
    return this.total === 0 ? 100 : (this.done / this.total) * 100;
  }

  private bar(): string {
    const filled = Math.floor((this.percent() / 100) * BAR_WIDTH);
    return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
  }

  private percentText(): string {
    return `${String(Math.floor(this.percent())).padStart(3)} %  ${this.text()}`;
  }

  private text(): string {
    const seconds = Math.max((this.clock() - this.startedAt) / MS_PER_SECOND, 0.001);
    const perSecond = this.done / seconds;
    const count = `${this.done} of ${this.total} ${this.look.what}, ${Math.round(perSecond)}/s`;
    // Before the first item there is no rate, and so no time left.
    return this.done === 0 ? count : `${count}, ${Math.ceil((this.total - this.done) / perSecond)} s left`;
  }
}

/** The form for checks and copies, which read the history and print a result at the end. */
export const READING: ProgressLook = { what: 'events', line: 'passing' };
