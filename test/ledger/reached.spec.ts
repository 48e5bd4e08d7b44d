import { EventReader } from '../../src/ledger/event-reader.js';
import type { StoredEvent } from '../../src/ledger/event.js';
import { Projector } from '../../src/ledger/projector/projector.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { SimulatedLeadership } from '../support/simulated-leadership.js';
import { SOUND } from '../support/simulated-line.js';
import { SimulatedProcess } from '../support/simulated-process.js';
import { SimulatedRowStore, SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { batchOf, commandOf, idOf } from './batches.js';
import { accountsProjection } from './instance.js';

const STREAM = `account-${idOf('account')}`;

describe('a position that counts as reached', () => {
  it('is no position to which rows moved after the session of the leader had ended', async () => {
    const world = new SimulatedWorld(1);
    const log = new SimulatedLog();
    const leadership = new SimulatedLeadership(world);
    /** The leader loses its session while it reads the first events. */
    class EndingStore extends SimulatedStore {
      override async readAll(afterPosition: number, limit: number): Promise<readonly StoredEvent[]> {
        const events = await super.readAll(afterPosition, limit);
        if (events.length > 0) leadership.disconnect();
        return events;
      }
    }
    // No rows ever reach the disk.
    const rows = new SimulatedRows({ soon: () => undefined });
    const projector = new Projector(
      () => leadership.lead(new SimulatedProcess(world), SOUND),
      new EndingStore(log),
      new EventReader([account]),
      new SimulatedRowStore(rows),
      [accountsProjection],
      new Notifier(world),
      new Notifier(world),
      { info: () => undefined, error: () => undefined },
      { time: world },
    );
    const opened = commandOf('open', { events: [`${STREAM}@0`], type: 'account-opened', data: { amount: 1 } });
    log.append(batchOf({ [STREAM]: -1 }, opened), 0);
    const work = async (): Promise<unknown> => {
      await projector.start();
      while (rows.kept.get('accounts')?.position !== 1) await world.sleep(1);
      rows.crash({ integer: () => 0 });
      const outcome = await projector.reached('accounts', 1, 0).catch((error: unknown) => error);
      await projector.stop();
      return outcome;
    };
    expect(await world.run(work())).toMatchObject({ code: 'position-not-reached' });
  });
});
