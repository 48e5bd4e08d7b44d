import { BlockList, isIPv6 } from 'node:net';

/**
 * Whether an address is one of the proxies in front of the service. Also the IPv6 form of an IPv4 address is
 * found (`::ffff:10.0.0.7`), as connections have it where the service listens on both.
 * @param networks addresses, and networks with the length of their prefix
 */
export function isTrusted(networks: readonly string[]): (address: string) => boolean {
  const known = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) known.addAddress(address, family);
    else known.addSubnet(address, Number(bits), family);
  }
  return (address) => known.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
