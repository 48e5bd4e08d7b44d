import { Places } from '../../../src/http/shares/places.js';
import { inTurns } from '../../../src/http/shares/turn.js';

describe('places', () => {
  it('are bounded in all and for each holder, and one that is left can be taken again', () => {
    const places = new Places(4, 2);
    const leave = places.take('a');
    places.take('a');
    expect([places.obstacle('a'), places.obstacle('b')]).toEqual(['own', undefined]);
    places.take('b');
    places.take('b');
    expect([places.obstacle('b'), places.obstacle('c')]).toEqual(['own', 'all']);
    leave();
    leave();
    expect([places.obstacle('a'), places.obstacle('c')]).toEqual([undefined, undefined]);
    places.take('c');
    expect([places.obstacle('a'), places.obstacle('c')]).toEqual(['all', 'all']);
  });
});

describe('work in turns', () => {
  const busyFor = (ms: number): void => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };

  it('lets everything else run every few steps, and gives the results in order', async () => {
    let others = 0;
    let isDone = false;
    const other = (): void => {
      others += 1;
      if (!isDone) setImmediate(other);
    };
    setImmediate(other);
    const items = Array.from({ length: 100 }, (_, at) => at);
    const results = await inTurns(items, (item, index) => {
      busyFor(5);
      return index % 2 === 0 ? item : Promise.resolve(item);
    });
    isDone = true;
    expect(results).toEqual(items);
    // 500 ms of work in turns of 10 ms.
    expect(others).toBeGreaterThanOrEqual(45);
  });

  it('ends with the first step that fails', async () => {
    const done: number[] = [];
    const failing = inTurns([1, 2, 3], (item) => {
      if (item === 2) throw new RangeError('two');
      return done.push(item);
    });
    await expect(failing).rejects.toThrow('two');
    expect(done).toEqual([1]);
  });
});
