import { EventReader } from '../../src/ledger/event-reader.js';
import { Projector } from '../../src/ledger/projector/projector.js';
import type { SwitchOutcome } from '../../src/ledger/projector/projection-store.js';
import type { Projection } from '../../src/ledger/projector/projection.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { SimulatedLeadership } from '../support/simulated-leadership.js';
import { SOUND, connectionLost } from '../support/simulated-line.js';
import { SimulatedProcess } from '../support/simulated-process.js';
import { SimulatedRowStore, SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { accountsProjection } from './instance.js';

/** Outcome of a switch, by the number of the attempt. */
type Switching = (attempt: number, execute: () => Promise<SwitchOutcome>) => Promise<SwitchOutcome>;

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

describe('rebuilt rows', () => {
  const world = new SimulatedWorld(1);

  /** How often the rows of the second rebuild were compared with the served rows. */
  async function comparisonsOfTwo(switching: Switching, pauseMs: number): Promise<number> {
    const leadership = new SimulatedLeadership(world);
    const logged: string[] = [];
    const projector = new Projector(
      () => leadership.lead(new SimulatedProcess(world), SOUND),
      new SimulatedStore(new SimulatedLog()),
      new EventReader([account]),
      new UnreliableRowStore(switching),
      [accountsProjection],
      new Notifier(world),
      new Notifier(world),
      { info: (_fields, message) => void logged.push(message), error: () => undefined },
      { time: world },
    );
    const work = async (): Promise<void> => {
      await projector.start();
      // The first rebuild may fail for its caller.
      await projector.rebuild('accounts').catch(() => undefined);
      await world.sleep(pauseMs);
      logged.length = 0;
      await projector.rebuild('accounts');
      await projector.stop();
    };
    await world.run(work());
    return logged.filter((message) => message.endsWith('with the same rows.')).length;
  }

  it('are compared with the served rows, also after a switch whose answer was lost', async () => {
    const losing: Switching = async (attempt, execute) => {
      const isSwitched = await execute();
      if (attempt === 1) throw connectionLost();
      return isSwitched;
    };
    expect(await comparisonsOfTwo(losing, 0)).toBe(1);
  });

  it('are compared with the served rows, also after a switch that was executed late', async () => {
    const delaying: Switching = async (attempt, execute) => {
      if (attempt === 1) throw connectionLost();
      // Right before the second attempt, which finds no rows to switch to.
      if (attempt === 2) await execute();
      return execute();
    };
    expect(await comparisonsOfTwo(delaying, 5_000)).toBe(1);
  });
});
