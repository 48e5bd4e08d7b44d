import { getEventListeners } from 'node:events';
import { Notifier } from '../../src/ledger/notifier.js';
import { SimulatedWorld } from '../support/simulated-world.js';

const FOR_EVER = 2 ** 30;

describe('a notifier', () => {
  it('wakes all waiting callers', async () => {
    const notifier = new Notifier();
    const waiting = [notifier.wait(FOR_EVER), notifier.wait(FOR_EVER)];
    notifier.notify();
    await Promise.all(waiting);
  });

  it('ends a wait after the given time', async () => {
    await new Notifier().wait(1);
  });

  it('ends a wait immediately if there was a notification after the given count', async () => {
    const notifier = new Notifier();
    const since = notifier.count;
    notifier.notify();
    await notifier.wait(FOR_EVER, undefined, since);
  });

  it('ends a wait when the caller stops, and begins no wait afterwards', async () => {
    const notifier = new Notifier();
    const stopping = new AbortController();
    const waiting = notifier.wait(FOR_EVER, stopping.signal);
    stopping.abort();
    await waiting;
    await notifier.wait(FOR_EVER, stopping.signal);
  });

  it('keeps no listener of a wait that has ended, and causes no warning however many wait', async () => {
    const notifier = new Notifier();
    const stopping = new AbortController();
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    const waiting = Array.from({ length: 100 }, () => notifier.wait(FOR_EVER, stopping.signal));
    expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(100);
    notifier.notify();
    await Promise.all(waiting);
    await notifier.wait(1, stopping.signal);
    expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(0);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
});

describe('a repeated look that a notifier triggers', () => {
  const until = (timeoutMs: number, foundAt: number): Promise<readonly [string | undefined, number, number]> => {
    const world = new SimulatedWorld(1);
    let looks = 0;
    const look = (): string | undefined => {
      looks += 1;
      return world.now() >= foundAt ? 'found' : undefined;
    };
    const work = async () => {
      const found = await new Notifier(world).until(look, { timeoutMs, pollMs: 20 });
      return [found, world.now(), looks] as const;
    };
    return world.run(work());
  };

  it('happens once when there is no time to wait', async () => {
    expect(await until(0, 1)).toEqual([undefined, 0, 1]);
    expect(await until(0, 0)).toEqual(['found', 0, 1]);
  });

  it('happens at each interval, and a last time when the time is over', async () => {
    expect(await until(50, 51)).toEqual([undefined, 50, 4]);
    expect(await until(50, 50)).toEqual(['found', 50, 4]);
    expect(await until(50, 30)).toEqual(['found', 40, 3]);
  });

  it('happens again when the notification came during a look', async () => {
    const world = new SimulatedWorld(1);
    const notifier = new Notifier(world);
    let looks = 0;
    const look = async (): Promise<number | undefined> => {
      looks += 1;
      if (looks === 1) notifier.notify();
      return looks === 2 ? looks : undefined;
    };
    await world.run(notifier.until(look, { timeoutMs: FOR_EVER, pollMs: FOR_EVER }));
    expect(world.now()).toBe(0);
  });

  it('ends when the program stops', async () => {
    const world = new SimulatedWorld(1);
    const stopping = new AbortController();
    world.later(10, () => stopping.abort());
    const waiting = new Notifier(world).until(() => undefined, {
      timeoutMs: FOR_EVER,
      pollMs: FOR_EVER,
      stopping: stopping.signal,
    });
    expect(await world.run(waiting)).toBeUndefined();
    expect(world.now()).toBe(10);
  });
});
