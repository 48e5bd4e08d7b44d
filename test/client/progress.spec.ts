import { Progress, READING, type ProgressLook } from '../../src/client/progress.js';

const LOADING: ProgressLook = { what: 'commands', line: 'kept' };

/** Reaches 1, 2, 3 and so on to `total`, one a second. */
function drawn(look: ProgressLook, total: number, isTTY?: boolean): readonly string[] {
  const written: string[] = [];
  let now = 0;
  const output = { write: (text: string) => written.push(text), ...(isTTY !== undefined && { isTTY }) };
  const progress = new Progress(output, look, () => now);
  progress.begin(total);
  for (let done = 1; done <= total; done += 1) {
    now += 1_000;
    progress.advance();
  }
  progress.end();
  return written;
}

describe('the progress line', () => {
  it('of a load is one bar on a terminal, drawn over with the rate and the time left, and it stays', () => {
    const written = drawn(LOADING, 4, true);
    expect(written.slice(0, -1).every((text) => text.startsWith('\r') && !text.includes('\n'))).toBe(true);
    expect(written[1]).toBe('\r[###############...............]  50 %  2 of 4 commands, 1/s, 2 s left\u001b[K');
    expect(written.at(-1)).toBe('\n');
  });

  it('of a load is a plain line for every tenth in a log file', () => {
    const lines = drawn(LOADING, 30);
    expect(lines).toHaveLength(10);
    expect(lines.every((line) => line.endsWith('\n') && !line.includes('\r'))).toBe(true);
    expect(lines[0]).toBe(' 10 %  3 of 30 commands, 1/s, 27 s left\n');
  });

  it('of a check is a line on a terminal that is erased at the end', () => {
    const written = drawn(READING, 4, true);
    expect(written[1]).toBe('\r2 of 4 events, 1/s, 2 s left\u001b[K');
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  it('of a check is nothing in a log file', () => {
    expect(drawn(READING, 30)).toEqual([]);
  });

  it('is not drawn more often than ten times a second, but for the last step of a load', () => {
    const written: string[] = [];
    const progress = new Progress({ write: (text) => written.push(text), isTTY: true }, LOADING, () => 0);
    progress.begin(1_000);
    for (let done = 1; done <= 1_000; done += 1) progress.reached(done);
    expect(written).toHaveLength(2);
    expect(written[1]).toContain('1000 of 1000');
  });

  it('begins again where a command reads the history twice', () => {
    const written: string[] = [];
    const progress = new Progress({ write: (text) => written.push(text) }, LOADING, () => 0);
    for (const total of [10, 20]) {
      progress.begin(total);
      progress.reached(total);
    }
    expect(written.map((text) => text.slice(0, 17))).toEqual(['100 %  10 of 10 c', '100 %  20 of 20 c']);
  });
});
