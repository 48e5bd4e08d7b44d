import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { boundConnections } from '../../../src/http/shares/connections.js';
import { isTrusted } from '../../../src/http/shares/proxies.js';
import { loadConfig } from '../../../src/platform/config.js';

const LIMITS = {
  max: 8,
  perNetwork: 3,
  headersMs: 150,
  requestMs: 300,
  silentMs: 150,
  keepAliveMs: 100,
  checkMs: 20,
};

let server: Server | undefined;
let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server?.close();
});

async function serve(limits: Partial<typeof LIMITS> = {}, proxies: readonly string[] = []): Promise<Server> {
  server = createServer({ connectionsCheckingInterval: LIMITS.checkMs }, (request, response) => {
    if (request.url === '/hangs') return;
    request.resume().once('end', () => response.end(request.url === '/long' ? 'x'.repeat(64_000_000) : 'ok'));
  });
  boundConnections(server, { ...LIMITS, ...limits }, isTrusted(proxies));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A connection that the system has made; whether the server keeps it is another question. */
async function open(to: Server, text = '', localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port: (to.address() as AddressInfo).port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

/** What the server sent until it closed the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  if (!socket.closed) await once(socket, 'close');
  return text;
}

async function connections(of: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    of.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

async function untilThereAre(count: number, of: Server): Promise<void> {
  while ((await connections(of)) !== count) await sleep(5);
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

describe('a connection', () => {
  it('is closed when it sends nothing, or its headers or its body too slowly', async () => {
    const to = await serve({ silentMs: 60_000 });
    const body = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{';
    const slow = await Promise.all(['', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', body].map((text) => open(to, text)));
    const timer = setInterval(() => slow.slice(1).forEach((socket) => socket.write('x')), 20);
    try {
      for (const answer of await Promise.all(slow.map(untilClosed))) expect(answer).toContain('HTTP/1.1 408');
    } finally {
      clearInterval(timer);
    }
  });

  it('is closed when it is idle after an answer', async () => {
    const to = await serve({ silentMs: 60_000 });
    expect(await untilClosed(await open(to, GET))).toContain('HTTP/1.1 200');
  });

  it('is closed when the caller takes nothing of an answer', async () => {
    const to = await serve();
    const socket = await open(to, GET.replace('/', '/long'));
    socket.pause();
    await untilThereAre(1, to);
    await untilThereAre(0, to);
  });

  it('is kept while it is used, and while it waits for an answer', async () => {
    const to = await serve({ silentMs: 60_000, keepAliveMs: 60_000 });
    const waiting = await open(to, GET.replace('/', '/hangs'));
    const used = await open(to);
    const started = performance.now();
    while (performance.now() - started < 2 * LIMITS.requestMs) {
      used.write(GET);
      await once(used, 'data');
    }
    expect([waiting.closed, used.closed]).toEqual([false, false]);
  });
});

describe('the connections of a server', () => {
  it('are bounded for each network, and a place that is left can be taken again', async () => {
    const to = await serve({ headersMs: 0, requestMs: 0, silentMs: 0 });
    const own = await Promise.all([1, 2, 3].map(() => open(to)));
    await untilThereAre(LIMITS.perNetwork, to);
    expect(await untilClosed(await open(to, GET))).toBe('');
    own[0]?.destroy();
    await untilThereAre(LIMITS.perNetwork - 1, to);
    const again = await open(to, GET);
    expect(String(await once(again, 'data'))).toContain('HTTP/1.1 200');
  });

  it('are not bounded for the network of a trusted proxy, and are in all', async () => {
    const to = await serve({ headersMs: 0, requestMs: 0, silentMs: 0 }, ['127.0.0.0/8']);
    await Promise.all(Array.from({ length: LIMITS.max }, () => open(to)));
    await untilThereAre(LIMITS.max, to);
    expect(await untilClosed(await open(to, GET))).toBe('');
  });

  it('give the place of one that is idle to the next that comes', async () => {
    const to = await serve({ headersMs: 0, requestMs: 0, silentMs: 0, keepAliveMs: 60_000 }, ['127.0.0.1']);
    const idle = await Promise.all(Array.from({ length: LIMITS.max }, () => open(to, GET)));
    await Promise.all(idle.map((socket) => once(socket, 'data')));
    expect(await untilClosed(await open(to, GET))).toBe('');
    await untilThereAre(0, to);
    expect(String(await once(await open(to, GET), 'data'))).toContain('HTTP/1.1 200');
  });

  it('are closed after seconds by the settings that nobody has set', () => {
    const { connections: limits } = loadConfig({});
    for (const ms of [limits.headersMs, limits.requestMs, limits.keepAliveMs]) {
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(30_000);
    }
  });
});
