import { connect, type Socket } from 'node:net';
import { OPERATOR_KEY, startTestApp, type TestApp } from '../../support/app.js';

const LARGE = ['/v1/bulk', '/v1/usage'];
/** Large bodies that are read or processed at a time. */
const LARGE_CALLS_MAX = 8;

describe('a hostile body', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(() => api.stop());

  /** Sends the headers of a request and the first byte of its body, and never the rest. */
  function beginOnly(path: string, authorization: string): Socket {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    const head = [`POST ${path} HTTP/1.1`, 'Host: ledger', 'Content-Type: application/json', 'Content-Length: 1000'];
    socket.write([...head, 'Idempotency-Key: never', ...(authorization ? [authorization] : []), '', '{'].join('\r\n'));
    return socket;
  }

  /** The same; resolves with the status. */
  function begin(path: string, authorization: string): Promise<number> {
    const socket = beginOnly(path, authorization);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', (answer) => {
        resolve(Number(answer.toString('latin1').split(' ')[1]));
        socket.destroy();
      });
    });
  }

  it('is not read before it is known who asks', async () => {
    const auditor = await api.keyFor(['auditor']);
    for (const path of ['/v1/partners', ...LARGE]) {
      expect([path, await begin(path, '')]).toEqual([path, 401]);
      expect([path, await begin(path, 'Authorization: Bearer nobody')]).toEqual([path, 401]);
      if (path === '/v1/bulk') continue;
      expect([path, await begin(path, `Authorization: Bearer ${auditor}`)]).toEqual([path, 403]);
    }
  });

  it('of a stranger takes no place of the large calls', async () => {
    const strangers = Array.from({ length: LARGE_CALLS_MAX * 4 }, (_, at) => begin(LARGE[at % 2] ?? '', ''));
    expect(new Set(await Promise.all(strangers))).toEqual(new Set([401]));
    expect((await api.post('/v1/bulk', { commands: [] })).status).toBe(422);
  });

  it('of one holder takes half of the places of the large calls, and leaves the others', async () => {
    const auditor = `Authorization: Bearer ${await api.keyFor(['auditor'])}`;
    const answered: string[] = [];
    const slow = Array.from({ length: LARGE_CALLS_MAX }, () =>
      beginOnly('/v1/bulk', auditor).once('data', (bytes: Buffer) => answered.push(bytes.toString())),
    );
    try {
      while (answered.length < LARGE_CALLS_MAX / 2) await new Promise(setImmediate);
      for (const answer of answered) expect(answer).toMatch(/^HTTP\/1.1 503 .*"code":"queue-full"/s);
      expect((await api.post('/v1/bulk', { commands: [] })).status).toBe(422);
      expect(answered).toHaveLength(LARGE_CALLS_MAX / 2);
    } finally {
      for (const socket of slow) socket.destroy();
    }
  });

  it.each([
    [
      '300,000 fields in a record',
      '/v1/usage',
      `{"records":[{${Array.from({ length: 300_000 }, (_, at) => `"k${at}":1`).join()}}]}`,
    ],
    [
      '300,000 fields in a command of a bulk',
      '/v1/bulk',
      `{"commands":[{"body":{${Array.from({ length: 300_000 }, (_, at) => `"k${at}":1`).join()}}}]}`,
    ],
    ['five million objects', '/v1/bulk', `{"commands":[${'{},'.repeat(5_000_000)}{}]}`],
    ['five million numbers', '/v1/bulk', `{"commands":[${'0,'.repeat(5_000_000)}0]}`],
    [
      '40,000 fields in a command',
      '/v1/partners',
      `{${Array.from({ length: 40_000 }, (_, at) => `"k${at}":1`).join()}}`,
    ],
    ['300,000 numbers in a command', '/v1/partners', `{"a":[${'0,'.repeat(300_000)}0]}`],
  ])('with %s is refused by its form', async (_what, path, body) => {
    const answer = await api.post(path, body, { key: OPERATOR_KEY });
    expect(answer.body).toMatchObject({ status: 422, code: 'json-too-many-values' });
  });
});
