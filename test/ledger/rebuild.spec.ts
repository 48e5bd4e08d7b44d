import { EventReader } from '../../src/ledger/event-reader.js';
import { Projector } from '../../src/ledger/projector.js';
import type { SwitchOutcome } from '../../src/ledger/projection-store.js';
import type { Projection } from '../../src/ledger/projection.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { SimulatedLeadership } from '../support/simulated-leadership.js';
import { SOUND, connectionLost } from '../support/simulated-line.js';
import { SimulatedProcess } from '../support/simulated-process.js';
import { SimulatedRowStore, SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { accountsProjection } from './instance.js';

/** What becomes of the request to switch, by the number of the attempt. */
type Switching = (attempt: number, carryOut: () => Promise<SwitchOutcome>) => Promise<SwitchOutcome>;

class UnreliableRowStore extends SimulatedRowStore {
  private attempts = 0;

  constructor(private readonly switching: Switching) {
    super(new SimulatedRows());
  }

  override switchToBuilt(projection: Projection, position: number, compared?: string): Promise<SwitchOutcome> {
    this.attempts += 1;
    return this.switching(this.attempts, () => super.switchToBuilt(projection, position, compared));
  }
}

describe('rows that are built anew', () => {
  const world = new SimulatedWorld(1);

  /** How often they were compared with those that are served. */
  async function comparisonsOfTwo(switching: Switching, pauseMs: number): Promise<number> {
    const leadership = new SimulatedLeadership(world);
    const said: string[] = [];
    const projector = new Projector(
      () => leadership.lead(new SimulatedProcess(world), SOUND),
      new SimulatedStore(new SimulatedLog()),
      new EventReader([account]),
      new UnreliableRowStore(switching),
      [accountsProjection],
      new Notifier(world),
      new Notifier(world),
      { info: (_fields, message) => void said.push(message), error: () => undefined },
      { time: world },
    );
    const work = async (): Promise<void> => {
      await projector.start();
      // Whoever asked may hear that something stood in the way.
      await projector.rebuild('accounts').catch(() => undefined);
      await world.sleep(pauseMs);
      said.length = 0;
      await projector.rebuild('accounts');
      await projector.stop();
    };
    await world.run(work());
    return said.filter((message) => message.endsWith('with the same rows.')).length;
  }

  it('are compared with those that are served, also after a switch whose answer was lost', async () => {
    const losing: Switching = async (attempt, carryOut) => {
      const isSwitched = await carryOut();
      if (attempt === 1) throw connectionLost();
      return isSwitched;
    };
    expect(await comparisonsOfTwo(losing, 0)).toBe(1);
  });

  it('are compared with those that are served, also after a switch that came through late', async () => {
    const delaying: Switching = async (attempt, carryOut) => {
      if (attempt === 1) throw connectionLost();
      // Just before the second attempt, which finds nothing left to switch to.
      if (attempt === 2) await carryOut();
      return carryOut();
    };
    expect(await comparisonsOfTwo(delaying, 5_000)).toBe(1);
  });
});
