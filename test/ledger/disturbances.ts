import type { SimulatedService } from './simulated-service.js';

/** Longest time after which a killed instance is started again. */
const RESTART_MS_MAX = 5_000;
/** Longest time for which a kill waits until the instance writes something. */
const BUSY_MS_MAX = 1_000;
/** A request and its answer together take about that long. */
const MIDST_MS_MAX = 16;

/** Does something at random moments, so many times. */
type Soon = (act: () => Promise<void>, times?: number) => void;

/** All faults except the faults of the lines that lose requests and answers. */
export class Disturbances {
  constructor(private readonly service: SimulatedService) {}

  /**
   * Leaders lose their session, processes are killed, the database crashes or loses a standby, and another version of the program
   * replaces this one.
   */
  plan(soon: Soon): void {
    const { service } = this;
    const { world, leadership, standbys } = service;
    if (!service.isCalm && world.chance(0.3)) soon(() => this.breakDown());
    if (world.chance(0.4)) return;
    service.isDisturbed = true;
    soon(async () => leadership.end(), world.integer(0, 4));
    soon(async () => leadership.disconnect(), world.integer(0, 2));
    if (world.chance(0.6)) soon(() => this.kill(), world.integer(1, 4));
    if (world.chance(0.3)) soon(async () => this.crash(), world.integer(1, 2));
    if (world.chance(0.4)) soon(() => this.deploy());
    if (!standbys) return;
    soon(async () => standbys.hold(), world.integer(0, 2));
    soon(() => standbys.replace(), world.integer(0, 2));
  }

  /** No instance reaches the database, for less or for more time than clients and readers wait. */
  private async breakDown(): Promise<void> {
    const { world, instances } = this.service;
    const until = world.now() + world.pick([100, 3_000, 12_000, 30_000]);
    for (const { lines } of instances) for (const line of lines) line.downUntil = until;
  }

  /** The database crashes and is back immediately, with the whole history, but perhaps without the last rows. */
  private crash(): void {
    const { world, instances, leadership, rows } = this.service;
    for (const { lines } of instances) for (const line of lines) line.cut();
    leadership.crash();
    rows.crash(world);
  }

  /** Kills an instance, at any moment or while it writes, and starts it again after a while. */
  private async kill(): Promise<void> {
    const { service } = this;
    const { world } = service;
    const leader = service.instances.find(({ process }) => process === service.leadership.leader);
    const instance = leader && world.chance(0.5) ? leader : service.anyInstance();
    if (world.chance(0.8)) {
      const [toLog, toRows] = instance.lines;
      const line = world.pick([toLog, toRows]);
      await Promise.race([line.writing(world.integer(1, 3)), world.sleep(BUSY_MS_MAX)]);
      await world.sleep(world.integer(0, MIDST_MS_MAX));
    }
    if (!service.kill(instance)) return;
    await world.sleep(world.integer(0, RESTART_MS_MAX));
    const next = await service.start();
    const place = service.instances.indexOf(instance);
    if (place >= 0) service.instances[place] = next;
    else await service.stop(next);
  }

  /** Replaces one instance after the other by an instance that makes other rows of the same events. */
  private async deploy(): Promise<void> {
    const { service } = this;
    service.version = 2;
    for (const place of service.instances.keys()) {
      const next = await service.start();
      // Read the instance now: a killed instance may have been started again meanwhile.
      const old = service.instances[place];
      service.instances[place] = next;
      await service.world.sleep(service.world.integer(0, 500));
      if (old) await service.stop(old);
    }
  }
}
