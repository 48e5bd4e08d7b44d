import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fastify, type FastifyInstance } from 'fastify';
import { EventFeed } from '../../src/log/event-feed.js';
import { EventPages } from '../../src/log/events.queries.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const EVENTS = 4_000;
const EVENT_BYTES = 50_000;
/** Buffers of the system for both ends of a connection, and one page of the feed. */
const IN_FLIGHT_BYTES_MAX = 40 * 1_048_576;
/** FAULTS=long waits until a reader that takes nothing is dropped. */
const inTheLongForm = process.env['FAULTS'] === 'long' ? it : it.skip;

describe('the feed of events, to a reader that takes nothing', () => {
  let server: FastifyInstance;
  let feed: EventFeed;
  let read = 0;
  let port = 0;

  beforeEach(async () => {
    const log = new SimulatedLog();
    const envelope = JSON.stringify({ v: 1, type: 'partner-registered', data: { legalName: 'x'.repeat(EVENT_BYTES) } });
    for (let position = 1; position <= EVENTS; position += 1) log.events.push({ position, envelope, id: '', at: 0 });
    const store = new SimulatedStore(log, Date.now, {
      call: async (request) => {
        const answer = request();
        if (Array.isArray(answer)) read += answer.length;
        return answer;
      },
    });
    read = 0;
    feed = new EventFeed(store, new Notifier(), new EventPages({ readPool: undefined } as never, new EventReader([])));
    server = fastify();
    server.get('/', (request, reply) => feed.serve(request, reply, {}));
    await server.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = server.server.address() as AddressInfo);
  });
  afterEach(async () => {
    feed.beforeApplicationShutdown();
    await server.close();
  });

  /** Sends a request, reads the first bytes of the answer, and then nothing more. */
  async function stalled(): Promise<ReturnType<typeof connect>> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: ledger\r\n\r\n');
    await once(socket, 'readable');
    return socket;
  }

  it('reads no further than the reader takes, while other readers are served', async () => {
    const socket = await stalled();
    for (let last = -1; last !== read; await sleep(200)) last = read;
    expect(read * EVENT_BYTES).toBeLessThan(IN_FLIGHT_BYTES_MAX);
    const other = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: other.signal });
    let taken = 0;
    for await (const chunk of response.body ?? []) {
      taken += chunk.length;
      if (taken > 2 * IN_FLIGHT_BYTES_MAX) break;
    }
    expect(taken).toBeGreaterThan(2 * IN_FLIGHT_BYTES_MAX);
    socket.destroy();
  });

  inTheLongForm(
    'drops the reader after twenty seconds, and keeps nothing for it',
    async () => {
      const socket = await stalled();
      const startedAt = performance.now();
      const connections = (): Promise<number> =>
        new Promise((resolve, reject) =>
          server.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
        );
      // The time limit must survive garbage collection.
      while ((await connections()) > 0) {
        collectGarbage();
        await sleep(100);
      }
      const seconds = (performance.now() - startedAt) / 1_000;
      expect(seconds).toBeGreaterThan(19);
      expect(seconds).toBeLessThan(30);
      socket.destroy();
    },
    60_000,
  );
});
