import { jest } from '@jest/globals';
import { CostlyReads } from '../../../src/http/shares/costly-reads.js';

const LIMITS = { made: 2, waiting: 4, ownWaiting: 3, waitMs: 60_000 };

/** A read that began, or waits. */
class Read {
  hasBegun = false;
  leave: () => void = () => undefined;
  readonly refused: Promise<unknown>;

  constructor(reads: CostlyReads, holder: string) {
    this.refused = reads.enter(holder).then(
      (leave) => {
        this.hasBegun = true;
        this.leave = leave;
        return undefined;
      },
      (error: unknown) => error,
    );
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const begun = (reads: readonly Read[]): boolean[] => reads.map(({ hasBegun }) => hasBegun);

describe('the places of reads that cost', () => {
  it('are few, and one that is left goes to the next in line', async () => {
    const places = new CostlyReads(LIMITS);
    const reads = [1, 2, 3, 4].map(() => new Read(places, 'a'));
    await settle();
    expect([begun(reads), places.waiting]).toEqual([[true, true, false, false], 2]);
    reads[1]?.leave();
    reads[1]?.leave();
    await settle();
    expect([begun(reads), places.waiting]).toEqual([[true, true, true, false], 1]);
    for (const read of reads) read.leave();
    await settle();
    reads[3]?.leave();
    const again = [1, 2, 3].map(() => new Read(places, 'a'));
    await settle();
    expect([begun(again), places.waiting]).toEqual([[true, true, false], 1]);
  });

  it('go to the holders in turn', async () => {
    const places = new CostlyReads({ ...LIMITS, made: 1 });
    const order: string[] = [];
    const enter = async (name: string): Promise<void> => {
      const leave = await places.enter(name.charAt(0));
      order.push(name);
      await settle();
      leave();
    };
    await Promise.all(['a1', 'a2', 'a3', 'a4', 'b1'].map(enter));
    expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
  });

  it('have a line of bounded length, for each holder and in all', async () => {
    const places = new CostlyReads(LIMITS);
    const own = Array.from({ length: LIMITS.made + LIMITS.ownWaiting }, () => new Read(places, 'a'));
    await expect(new Read(places, 'a').refused).resolves.toMatchObject({ kind: 'unavailable', code: 'too-many-reads' });
    const other = new Read(places, 'b');
    expect(places.waiting).toBe(LIMITS.waiting);
    await expect(new Read(places, 'c').refused).resolves.toMatchObject({ code: 'too-many-reads' });
    for (const read of own.slice(0, 2)) read.leave();
    await settle();
    expect(begun([...own, other])).toEqual([true, true, true, false, false, true]);
  });

  it('are refused to who has waited too long, and whose place in line is then free', async () => {
    const places = new CostlyReads({ ...LIMITS, waitMs: 10 });
    const inside = [new Read(places, 'a'), new Read(places, 'a')];
    await expect(new Read(places, 'a').refused).resolves.toMatchObject({ code: 'too-many-reads' });
    expect(places.waiting).toBe(0);
    inside[0]?.leave();
    const next = new Read(places, 'a');
    await settle();
    expect(next.hasBegun).toBe(true);
  });

  it('stay empty for a moment while commands come in, and not else', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      for (const isCommand of [false, true]) {
        const places = new CostlyReads({ ...LIMITS, made: 1 });
        const [first, second] = [new Read(places, 'a'), new Read(places, 'a')];
        await settle();
        if (isCommand) places.commandCame();
        jest.advanceTimersByTime(10);
        first.leave();
        await settle();
        expect(second.hasBegun).toBe(!isCommand);
        // Four times as long as the first one took.
        jest.advanceTimersByTime(39);
        await settle();
        expect(second.hasBegun).toBe(!isCommand);
        jest.advanceTimersByTime(1);
        await settle();
        expect(second.hasBegun).toBe(true);
      }
    } finally {
      jest.useRealTimers();
    }
  });
});
