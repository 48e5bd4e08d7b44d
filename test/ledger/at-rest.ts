import { readEvent } from '../../src/ledger/event.js';
import { ANSWER_WAY_MS_MAX } from '../support/simulated-process.js';
import { account } from './accounts.js';
import type { Clients } from './clients.js';
import type { SimulatedInstance } from './simulated-instance.js';
import { CALM, LAG_MS_MAX, type SimulatedService } from './simulated-service.js';
import { UNLUCKY, VIEWS } from './views.js';

/** After this time no late request arrives, standbys have caught up, and every instance knows which sessions have ended. */
const REST_MS = 8_000;

/**
 * Ends the disturbances: sends each unanswered command once more, compares states and rows with the history, and closes all
 * instances.
 */
export async function comeToRest(service: SimulatedService, clients: Clients): Promise<void> {
  const { world, instances, standbys } = service;
  for (const line of instances.flatMap(({ lines }) => lines)) {
    line.faults = CALM;
    line.downUntil = 0;
  }
  if (standbys) standbys.lagMsMax = 0;
  await world.sleep(REST_MS);
  await checkStates(service);
  for (const sent of clients.sent) await clients.send(sent);
  for (const call of clients.calls) await clients.sendCall(call, service.anyInstance(), true);
  await checkRows(service);
  await Promise.all(instances.map((instance, index) => closeWithWork(service, clients, instance, index)));
  service.history().check(clients.sent, service.fail, clients.calls);
}

async function checkStates(service: SimulatedService): Promise<void> {
  const history = service.history();
  for (const { ledger } of service.instances) {
    for (const id of service.accounts) {
      history.checkState(id, await ledger.read(account, id, Infinity), service.fail);
      const fresh = await ledger.read(account, id);
      history.checkState(id, fresh, service.fail);
      const kept = await ledger.read(account, id, Infinity);
      if (fresh.revision !== service.revisionOf(id) || kept.revision !== fresh.revision) {
        service.fail(`A fresh read of ${id} is not up to date, or was forgotten.`);
      }
    }
  }
}

/** Every projection is at the head, except a projection that an event has stopped; that one reaches the head once it is mended. */
async function checkRows(service: SimulatedService): Promise<void> {
  const head = service.log.events.length;
  const unlucky = service.log.events.find((event) => (readEvent(event).data as { amount: number }).amount === UNLUCKY);
  const { projector } = service.anyInstance();
  for (const name of VIEWS) {
    await requireReached(service, name, name === 'cautious' && unlucky ? unlucky.position - 1 : head);
  }
  // The projector retries an event that the projection cannot apply once a second.
  await service.world.sleep(LAG_MS_MAX);
  for (const { name, position, failure } of await projector.status()) {
    const isStopped = name === 'cautious' && unlucky !== undefined;
    if (position !== (isStopped ? unlucky.position - 1 : head))
      service.fail(`${name} rests at ${position} of ${head}.`);
    if ((failure !== undefined) !== isStopped)
      service.fail(`${name} at ${position} is said to be: ${failure ?? 'well'}.`);
  }
  service.mending.isMended = true;
  for (const name of VIEWS) await checkRebuilt(service, name, head);
  for (const { name, version, position, failure } of service.rows.kept.values()) {
    if (position !== head || failure !== null) service.fail(`${name} ends at ${position} of ${head}: ${failure}`);
    if (name === 'accounts' && version !== service.version) service.fail(`${name} ends in version ${version}.`);
  }
}

async function checkRebuilt(service: SimulatedService, name: string, head: number): Promise<void> {
  await requireReached(service, name, head);
  const loggedBefore = service.logged.length;
  await service.anyInstance().projector.rebuild(name);
  const isSame = service.logged
    .slice(loggedBefore)
    .some(({ projection, message }) => projection === name && message.endsWith('with the same rows.'));
  if (!isSame) service.fail(`${name} was rebuilt, but nobody logged that its rows are the same.`);
}

async function requireReached(service: SimulatedService, name: string, position: number): Promise<void> {
  for (const { projector } of service.instances) {
    await projector
      .reached(name, position, LAG_MS_MAX)
      .catch((error: unknown) => service.fail(`${name}: ${String(error)}`));
  }
}

async function closeWithWork(
  service: SimulatedService,
  clients: Clients,
  instance: SimulatedInstance,
  index: number,
): Promise<void> {
  const { world } = service;
  let open = 0;
  const work = Array.from({ length: 3 }, async (_, copy) => {
    const sent = clients.compose(`last ${index} ${copy}`);
    open += 1;
    await clients.send(sent, instance);
    open -= 1;
  });
  await world.sleep(world.integer(0, 5));
  await instance.ledger.close();
  // Answers on their way arrive.
  await world.sleep(ANSWER_WAY_MS_MAX + 1);
  if (open > 0) service.fail(`close() left ${open} commands without an answer.`);
  await Promise.all(work);
  await instance.projector.stop();
}
