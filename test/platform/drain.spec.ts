import { once } from 'node:events';
import { connect } from 'node:net';
import { drainOf } from '../../src/app.js';
import { startTestApp } from '../support/app.js';

/** Below the ten seconds that a stop may take, far below the time for which an idle connection is kept. */
const STOP_MS_MAX = 8_000;

describe('a service that stops', () => {
  it.each([
    ['has sent nothing yet', ''],
    ['is in the middle of a request', 'POST /v1/partners HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{'],
    ['has had its answer and stays', 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('does not wait for a connection that %s', async (_what, sent) => {
    const api = await startTestApp();
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    if (sent !== '') socket.write(sent);
    if (sent.startsWith('GET')) await once(socket, 'data');
    const closed = once(socket.resume(), 'close');
    const startedAt = performance.now();
    await drainOf(api.app).finish();
    await api.stop();
    expect(performance.now() - startedAt).toBeLessThan(STOP_MS_MAX);
    await closed;
  });
});
