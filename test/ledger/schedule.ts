import { SimulatedWorld } from '../support/simulated-world.js';
import { comeToRest } from './at-rest.js';
import { Clients } from './clients.js';
import { Disturbances } from './disturbances.js';
import { Readers } from './readers.js';
import { SimulatedService } from './simulated-service.js';

/** No served caller waits longer than this. */
const RUN_MS_MAX = 600_000;

/** One run of all faults and calls on the write side and the rows. Its seed decides the order. */
export class Schedule {
  private readonly world: SimulatedWorld;
  private readonly service: SimulatedService;
  private readonly clients: Clients;
  private readonly readers: Readers;
  private readonly disturbances: Disturbances;

  constructor(seed: number) {
    this.world = new SimulatedWorld(seed);
    this.service = new SimulatedService(this.world);
    this.clients = new Clients(this.service);
    this.readers = new Readers(this.service);
    this.disturbances = new Disturbances(this.service);
  }

  /** The faults found, in the order in which they were found. */
  get complaints(): readonly string[] {
    return this.service.complaints;
  }

  /** @throws Error when a call hangs, or a check fails. */
  async run(): Promise<void> {
    await this.world.run(this.load(), RUN_MS_MAX);
    await this.world.run(comeToRest(this.service, this.clients), RUN_MS_MAX);
    if (this.complaints.length > 0) throw new Error(this.complaints[0]);
  }

  private async load(): Promise<void> {
    const { world, service, clients, readers } = this;
    const busyMs = world.pick([5, 50, 500, 5_000]);
    const work = service.instances.map((instance) => service.startProjector(instance));
    const soon = (act: () => Promise<void>, times = 1): void => {
      for (let left = times; left > 0; left -= 1) work.push(this.soon(busyMs, act));
    };
    for (let left = world.integer(1, world.pick([6, 15, 40])); left > 0; left -= 1) {
      const sent = clients.compose(`command ${left}`);
      soon(() => clients.insist(() => clients.send(sent)), this.copies());
    }
    for (let left = world.integer(0, 3); left > 0; left -= 1) {
      const call = clients.composeCall(`call ${left}`);
      soon(() => clients.insist(() => clients.sendCall(call)), this.copies());
      for (const sent of call.alone) soon(() => clients.insist(() => clients.send(sent)));
    }
    soon(() => readers.readState(), world.integer(0, 15));
    soon(() => readers.waitForRows(), world.integer(0, 10));
    soon(() => readers.readRows(), world.integer(0, 6));
    soon(() => readers.rebuild(), world.chance(0.4) ? world.integer(1, 3) : 0);
    this.disturbances.plan(soon);
    await Promise.all(work);
  }

  private copies(): number {
    return this.world.chance(0.2) ? this.world.integer(2, 3) : 1;
  }

  private async soon(withinMs: number, act: () => Promise<void>): Promise<void> {
    await this.world.sleep(this.world.integer(0, withinMs));
    await act();
  }
}
