import { BodyPlaces, senderOf } from '../../src/witness/body-places.js';

describe('the places for bodies', () => {
  it('are given up by the slowest body: of its sender at 8, of all senders at 64', () => {
    const places = new BodyPlaces();
    const given: string[] = [];
    const frees: (() => void)[] = [];
    const take = (sender: string, name: string): void => void frees.push(places.take(sender, () => given.push(name)));
    for (let n = 0; n < 8; n += 1) take('192.0.2.1', `first ${n}`);
    expect(given).toEqual([]);
    take('192.0.2.1', 'ninth');
    expect(given).toEqual(['first 0']);
    for (let n = 0; n < 56; n += 1) take(`198.51.100.${n}`, `other ${n}`);
    expect(given).toEqual(['first 0']);
    take('203.0.113.1', 'the 65th');
    expect(given).toEqual(['first 0', 'first 1']);
    for (const free of frees) free();
    take('203.0.113.2', 'later');
    expect(given).toHaveLength(2);
    frees.at(-1)?.();
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
  ])('count %s as the sender %s', (address, sender) => {
    expect(senderOf(address)).toBe(sender);
  });
});
