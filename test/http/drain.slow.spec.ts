import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { drainOf } from '../../src/app.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { RUNTIME, type Runtime } from '../../src/platform/runtime.js';
import { startTestApp } from '../support/app.js';

/** Below the ten seconds that a stop may take, far below the time for which an idle connection is kept. */
const STOP_MS_MAX = 8_000;
/** Idle connections are closed by then; an append is not given up yet. */
const LONGER_THAN_IDLE_MS = 1_200;

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

  it('answers every accepted request, also a slow one, while it refuses new requests', async () => {
    const api = await startTestApp();
    const { pool } = api.app.get<Runtime>(RUNTIME);
    const head = await pool.connect();
    await head.query('begin; select from ledger_head for update');
    const answer = api.post('/v1/partners', { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' });
    while (api.app.get(Ledger).queued === 0) await sleep(10);
    const drained = drainOf(api.app).finish();
    expect((await api.get('/livez')).status).toBe(503);
    await drained;
    const stopped = api.stop();
    await sleep(LONGER_THAN_IDLE_MS);
    await head.query('commit');
    head.release();
    expect((await answer).status).toBe(201);
    await stopped;
  }, 30_000);
});
