import type { Principal } from '../../ledger/command-context.js';
import { networkOf } from '../../platform/network.js';

/** Who holds a share of the service: the actor of the credential, else the network of the address. */
export const holderOf = (principal: Principal | undefined, address: string): string =>
  principal === undefined ? `address ${networkOf(address)}` : `actor ${principal.actorId}`;
