import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { eventStoreContract } from './event-store.contract.js';

describe('the simulated event store', () => {
  eventStoreContract(async () => {
    const log = new SimulatedLog();
    return { open: (clock) => new SimulatedStore(log, clock), close: () => Promise.resolve() };
  });
});
