import { MIN_POSITION_WAIT_MS } from '../../src/http/read-model.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { CALL_MS_MAX } from '../support/simulated-line.js';
import type { RowServer } from '../support/simulated-rows.js';
import { account } from './accounts.js';
import { readView, type Seen, type SimulatedAnswer } from './simulated-read.js';
import { LAG_MS_MAX, type SimulatedService } from './simulated-service.js';
import { VIEWS } from './views.js';

type View = (typeof VIEWS)[number];

/** A look that begins at the end of the wait, another look before it, and the statement. */
const READ_MS_MAX = MIN_POSITION_WAIT_MS + 3 * CALL_MS_MAX;

/** Readers of states and rows. */
export class Readers {
  /** The last position that a server has shown of a view. */
  private readonly shown = new Map<RowServer, Map<string, number>>();

  constructor(private readonly service: SimulatedService) {}

  /** Reads the state of a stream. */
  async readState(): Promise<void> {
    const { service } = this;
    const { world } = service;
    const { process, ledger } = service.anyInstance();
    const id = world.pick(service.accounts);
    const before = service.revisionOf(id);
    const maxAgeMs = world.pick([0, 0, 1, 5]);
    await world.sleep(maxAgeMs);
    const read = await process.serve(async () => {
      const found = await ledger.read(account, id, maxAgeMs).catch(() => undefined);
      return found && { ...found, last: service.revisionOf(id) };
    });
    if (!read) return;
    if (read.revision < before || read.revision > read.last) {
      service.fail(`A read answered revision ${read.revision}, which was not the last one at any time it may show.`);
    }
    service.history().checkState(id, read, service.fail);
  }

  /** A caller outside HTTP waits until rows reflect a position. */
  async waitForRows(): Promise<void> {
    const { service } = this;
    const { world, watch } = service;
    const { process, projector } = service.anyInstance();
    const name = world.pick(VIEWS);
    const position = world.integer(0, service.log.events.length);
    const timeoutMs = world.pick([20, 500, LAG_MS_MAX]);
    const { crashes } = watch;
    await process.serve(async () => {
      const error: unknown = await projector.reached(name, position, timeoutMs).catch((caught: unknown) => caught);
      // No standby is ahead of the database.
      const { position: served = 0 } = service.rows.kept.get(name) ?? {};
      if (error === undefined && served < position && watch.crashes === crashes) {
        service.fail(`${name} was said to have reached ${position}, but is at ${served}.`);
      }
      const isDue = service.isPrompt(name) && timeoutMs === LAG_MS_MAX;
      if (error !== undefined && isDue) service.fail(`${name} did not reach ${position}: ${String(error)}`);
    });
  }

  /** One reader that reads one view repeatedly, through one instance or another. */
  async readRows(): Promise<void> {
    const { world } = this.service;
    const view = world.pick(VIEWS);
    for (let left = world.integer(1, 5); left > 0; left -= 1) {
      await this.readOnce(view);
      await world.sleep(world.integer(0, 500));
    }
  }

  /** The caller of a rebuild may get a failure. The rows are rebuilt nevertheless. */
  async rebuild(): Promise<void> {
    const { world } = this.service;
    const { process, projector } = this.service.anyInstance();
    const name = world.pick(VIEWS);
    await process.serve(() => projector.rebuild(name).catch(() => undefined));
  }

  private async readOnce(view: View): Promise<void> {
    const { service } = this;
    const { world } = service;
    const instance = service.anyInstance();
    const head = service.log.events.length;
    const minPosition = world.pick([0, world.integer(0, head), head, head + world.integer(1, 3)]);
    await instance.process.serve(async () => {
      const askedAt = world.now();
      const outcome = await readView(instance, view, minPosition, (seen) => this.see(view, seen)).catch(
        (error: unknown) => error,
      );
      const tookMs = world.now() - askedAt;
      if (tookMs > READ_MS_MAX) service.fail(`${view} was read in ${tookMs} ms.`);
      if (outcome instanceof Error) this.checkRefused(view, { minPosition, head, tookMs }, outcome);
      else this.checkAnswer(view, minPosition, outcome as SimulatedAnswer);
    });
  }

  /** Runs at the moment at which a server answers: no server shows less than it did before, unless it crashed meanwhile. */
  private see(view: View, { server, copy }: Seen): void {
    if (server === this.service.rows) return;
    const ofServer = this.shown.get(server) ?? new Map<string, number>();
    this.shown.set(server, ofServer);
    const before = ofServer.get(view) ?? 0;
    const { position = 0 } = copy ?? {};
    if (position < before) this.service.note(`${server.name} showed ${view} at ${before}, and then at ${position}.`);
    ofServer.set(view, position);
  }

  private checkAnswer(view: View, minPosition: number, { position, copy }: SimulatedAnswer): void {
    const { service } = this;
    if (position < minPosition) service.fail(`${view} was to be at ${minPosition}, and was shown at ${position}.`);
    if (position !== (copy?.position ?? 0)) service.fail(`${view} at ${copy?.position} was said to be at ${position}.`);
    if (copy) service.watch.checkRows(copy);
  }

  private checkRefused(
    view: View,
    { minPosition, head, tookMs }: { minPosition: number; head: number; tookMs: number },
    error: Error,
  ): void {
    const { service } = this;
    const isOutOfReach = (error as { code?: unknown }).code === '08006';
    if (isOutOfReach && (!service.isCalm || service.isDisturbed)) return;
    if (!(error instanceof Refusal) || error.code !== 'position-not-reached') {
      service.fail(`${view} could not be read: ${String(error)}`);
    }
    if (tookMs >= MIN_POSITION_WAIT_MS) {
      if (minPosition <= head && service.isPrompt(view)) service.fail(`${view} did not reach ${minPosition}.`);
      return;
    }
    // The server that answers with the rows may be behind the server that answered with their position.
    const isOneServer = (service.standbys?.count ?? 1) === 1 && !service.isDisturbed;
    if (isOneServer) service.fail(`${view} was refused at ${minPosition} after ${tookMs} ms.`);
  }
}
