import { networkOf } from '../../src/platform/network.js';

describe('the network of an address', () => {
  it('is an IPv4 address itself, also in its IPv6 form', () => {
    expect(networkOf('10.0.0.1')).toBe('10.0.0.1');
    expect(networkOf('::ffff:10.0.0.1')).toBe('10.0.0.1');
  });

  it('is the first 64 bits of an IPv6 address, however the address is written', () => {
    const home = '2001:db8:0:7::/64';
    for (const address of ['2001:db8:0:7::1', '2001:db8:0:7:ffff:1:2:3', '2001:0db8:0000:0007::']) {
      expect([address, networkOf(address)]).toEqual([address, home]);
    }
    expect(networkOf('2001:db8:0:8::1')).not.toBe(home);
    expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  });

  it('is empty without an address', () => {
    expect(networkOf('')).toBe('');
  });
});
