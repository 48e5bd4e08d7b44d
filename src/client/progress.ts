/** Where progress goes; `isTTY` says whether a line may be drawn over. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

const BAR_WIDTH = 30;
const LINE_STEP_PERCENT = 10;
/** Drawing more often costs time and shows nothing. */
const REDRAW_MS_MIN = 100;
const MS_PER_SECOND = 1_000;

/** Shows how far a load has come: a bar on a terminal, a line every 10 % elsewhere. */
export class Progress {
  private done = 0;
  private readonly startedAt: number;
  private drawnAt = 0;
  private linedPercent = 0;

  constructor(
    private readonly output: ProgressOutput,
    private readonly total: number,
    private readonly clock: () => number = Date.now,
    private readonly what = 'commands',
  ) {
    this.startedAt = clock();
  }

  /** One more is done. */
  advance(): void {
    this.done += 1;
    if (this.output.isTTY === true) this.draw();
    else this.line();
  }

  /** Ends the line of the bar, so that what is written next stands below it. */
  end(): void {
    if (this.output.isTTY === true) this.output.write('\n');
  }

  private draw(): void {
    const now = this.clock();
    if (now - this.drawnAt < REDRAW_MS_MIN && this.done < this.total) return;
    this.drawnAt = now;
    const filled = Math.floor((this.done / this.total) * BAR_WIDTH);
    const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
    // Erases to the end of the line: the text before may have been longer.
    this.output.write(`\r[${bar}] ${this.text()}\u001b[K`);
  }

  private line(): void {
    const percent = Math.floor(((this.done / this.total) * 100) / LINE_STEP_PERCENT) * LINE_STEP_PERCENT;
    if (percent <= this.linedPercent) return;
    this.linedPercent = percent;
    this.output.write(`${this.text()}\n`);
  }

  private text(): string {
    const seconds = Math.max((this.clock() - this.startedAt) / MS_PER_SECOND, 0.001);
    const perSecond = this.done / seconds;
    const secondsLeft = Math.ceil((this.total - this.done) / perSecond);
    const percent = String(Math.floor((this.done / this.total) * 100)).padStart(3);
    const count = `${this.done} of ${this.total} ${this.what}`;
    return `${percent} %  ${count}, ${Math.round(perSecond)}/s, ${secondsLeft} s left`;
  }
}
