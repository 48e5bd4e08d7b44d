import { BodyPlaces } from '../../src/witness/body-places.js';

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

  it('are counted by the network of the address: one sender has 2^64 IPv6 addresses', () => {
    const places = new BodyPlaces();
    const given: string[] = [];
    const frees = Array.from({ length: 9 }, (_, n) => places.take(`2001:db8:0:7::${n}`, () => given.push(`home ${n}`)));
    frees.push(places.take('2001:db8:0:8::1', () => given.push('other')));
    expect(given).toEqual(['home 0']);
    for (const free of frees) free();
  });
});
