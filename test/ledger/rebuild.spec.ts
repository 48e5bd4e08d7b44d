import { EventReader } from '../../src/ledger/event-reader.js';
import { Projector } from '../../src/ledger/projector.js';
import type { Projection } from '../../src/ledger/projection.js';
import { LedgerSignal } from '../../src/ledger/signal.js';
import { SimulatedLeadership } from '../support/simulated-leadership.js';
import { SOUND, connectionLost } from '../support/simulated-line.js';
import { SimulatedProcess } from '../support/simulated-process.js';
import { SimulatedRowStore, SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { accountsProjection } from './instance.js';

/** Switches, and the first answer to it is lost. */
class ForgetfulRowStore extends SimulatedRowStore {
  private isForgotten = false;

  override async switchToBuilt(projection: Projection, position: number): Promise<boolean> {
    const isSwitched = await super.switchToBuilt(projection, position);
    if (this.isForgotten) return isSwitched;
    this.isForgotten = true;
    throw connectionLost();
  }
}

describe('rows that are built anew', () => {
  it('are compared with those that are served each time, also after a switch whose answer was lost', async () => {
    const world = new SimulatedWorld(1);
    const leadership = new SimulatedLeadership(world);
    const said: string[] = [];
    const projector = new Projector(
      () => leadership.lead(new SimulatedProcess(world), SOUND),
      new SimulatedStore(new SimulatedLog()),
      new EventReader([account]),
      new ForgetfulRowStore(new SimulatedRows()),
      [accountsProjection],
      new LedgerSignal(world),
      new LedgerSignal(world),
      { info: (_fields, message) => void said.push(message), error: () => undefined },
      { time: world },
    );
    await world.run(projector.start());
    await world.run(projector.rebuild('accounts'));
    await world.run(projector.rebuild('accounts'));
    await world.run(projector.stop());
    const comparisons = said.filter((message) => message.endsWith('with the same rows.'));
    expect(comparisons).toHaveLength(2);
  });
});
