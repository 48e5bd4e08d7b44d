import { once } from 'node:events';
import { connect } from 'node:net';
import { CostlyReads } from '../../../src/http/shares/costly-reads.js';
import { startTestApp, OPERATOR_KEY, type TestApp } from '../../support/app.js';

const PER_MINUTE = 5;
const PROXY = '10.0.0.254';

let app: TestApp;
let limited: TestApp;
let auditor: string;
let keys = 0;
beforeAll(async () => {
  app = await startTestApp();
  auditor = await app.keyFor(['auditor']);
  limited = await startTestApp({
    sharedWith: app,
    connections: { headersMs: 200, checkMs: 20 },
    env: { RATE_LIMIT_PER_MINUTE: String(PER_MINUTE), TRUSTED_PROXIES: `192.0.2.0/24, ${PROXY}` },
  });
});
afterAll(async () => {
  await limited.stop();
  await app.stop();
});

interface Sent {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | 'PUT';
  /** Address of the connection. */
  readonly from: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** An answer to a request from any address, as the network would bring it. */
async function send({ url, method = 'GET', from, headers = {}, body }: Sent) {
  const answer = await limited.app
    .getHttpAdapter()
    .getInstance()
    .inject({
      method,
      url,
      remoteAddress: from,
      headers: { ...headers, ...(method === 'POST' && { 'idempotency-key': `sent-${(keys += 1)}` }) },
      ...(body && { payload: body }),
    });
  return { status: answer.statusCode, headers: answer.headers, body: answer.body };
}

async function statusesOf(times: number, sent: (at: number) => Sent): Promise<number[]> {
  const statuses: number[] = [];
  for (let at = 0; at < times; at += 1) statuses.push((await send(sent(at))).status);
  return statuses;
}

const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);
const bearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` });
const REPORT = '/v1/transparency/dictionary';

describe('the limit of requests in a minute', () => {
  it('counts strangers by their address, whatever they send as a credential', async () => {
    const from = '203.0.113.1';
    expect(await statusesOf(PER_MINUTE + 3, (at) => ({ url: REPORT, from, headers: bearer(`random${at}`) }))).toEqual([
      ...times(PER_MINUTE, 200),
      ...times(3, 429),
    ]);
    expect((await send({ url: REPORT, from: '203.0.113.2' })).status).toBe(200);
  });

  it('counts guesses of keys by their address, and answers 429 in place of 401', async () => {
    const from = '203.0.113.3';
    const guess = (at: number): Sent => ({ url: '/v1/me', from, headers: bearer(`guess${at}`) });
    expect(await statusesOf(PER_MINUTE + 2, guess)).toEqual([...times(PER_MINUTE, 401), ...times(2, 429)]);
    // Behind the same address there may be others, who hold a key.
    expect((await send({ url: '/v1/me', from, headers: bearer(OPERATOR_KEY) })).status).toBe(200);
  });

  it('counts paths and methods that do not exist', async () => {
    const from = '203.0.113.4';
    expect(await statusesOf(4, (at) => ({ url: `/nothing/${at}`, from }))).toEqual(times(4, 404));
    expect(await statusesOf(2, () => ({ url: REPORT, method: 'PUT', from }))).toEqual([405, 429]);
    expect(await statusesOf(1, () => ({ url: '/nothing', from }))).toEqual([429]);
  });

  it('counts a holder, however the header is written and wherever the requests come from', async () => {
    const schemes = ['Bearer', 'bearer', 'BEARER', 'beArer', 'BeareR', 'bEarer', 'beaRer'];
    expect(
      await statusesOf(schemes.length, (at) => ({
        url: '/v1/partners',
        from: `203.0.113.${100 + at}`,
        headers: { authorization: `${schemes[at] ?? ''} ${auditor}` },
      })),
    ).toEqual([...times(PER_MINUTE, 200), 429, 429]);
  });

  it('takes a forwarded address from the proxies of TRUSTED_PROXIES alone', async () => {
    const forwarded = (from: string) => (at: number) => ({
      url: REPORT,
      from,
      headers: { 'x-forwarded-for': `198.51.100.${at}` },
    });
    expect(await statusesOf(PER_MINUTE + 1, forwarded('203.0.113.5'))).toEqual([...times(PER_MINUTE, 200), 429]);
    for (const proxy of [PROXY, `::ffff:${PROXY}`, '192.0.2.77']) {
      expect(await statusesOf(PER_MINUTE + 1, (at) => forwarded(proxy)(at + Number(proxy.length)))).not.toContain(429);
    }
    // Only the last address was seen by the proxy; the ones before it are the caller's own words.
    const claimed = (at: number): Sent => ({
      url: REPORT,
      from: PROXY,
      headers: { 'x-forwarded-for': `198.51.100.${at}, 203.0.113.6` },
    });
    expect(await statusesOf(PER_MINUTE + 1, claimed)).toEqual([...times(PER_MINUTE, 200), 429]);
  });

  it('says what is left, and when to come again', async () => {
    const from = '203.0.113.7';
    const first = await send({ url: REPORT, from });
    expect(first.headers).toMatchObject({
      'ratelimit-limit': String(PER_MINUTE),
      'ratelimit-remaining': String(PER_MINUTE - 1),
    });
    await statusesOf(PER_MINUTE, () => ({ url: REPORT, from }));
    const { status, headers, body } = await send({ url: REPORT, from });
    expect(status).toBe(429);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(JSON.parse(body)).toMatchObject({ status: 429, code: 'rate-limited' });
  });

  it('counts the commands of a bulk one by one', async () => {
    const key = await app.keyFor(['operator']);
    const bulk = (commands: number): Sent => ({
      url: '/v1/bulk',
      method: 'POST',
      from: '203.0.113.8',
      headers: bearer(key),
      body: {
        commands: Array.from({ length: commands }, () => ({
          key: `bulk-${(keys += 1)}`,
          method: 'POST',
          path: '/v1/partners',
          body: { legalName: `Bulk ${keys} AB`, country: 'SE', legalForm: 'company' },
        })),
      },
    });
    const taken = await send(bulk(PER_MINUTE - 1));
    expect(taken.status).toBe(200);
    expect((await send(bulk(2))).status).toBe(429);

    const other = await app.keyFor(['operator']);
    const tooLarge = await send({ ...bulk(PER_MINUTE + 1), headers: bearer(other) });
    expect(tooLarge.status).toBe(429);
    expect(JSON.parse(tooLarge.body).detail).toContain(`at most ${PER_MINUTE} commands`);
    const { body } = await app.get(`/v1/partners?limit=200&minPosition=${String(taken.headers['ledger-position'])}`);
    expect(body.data).toHaveLength(PER_MINUTE - 1);
  });

  it('never refuses a probe', async () => {
    for (const url of ['/livez', '/readyz', '/metrics']) {
      const statuses = await statusesOf(PER_MINUTE + 2, () => ({ url, from: '203.0.113.9' }));
      expect([url, new Set(statuses)]).toEqual([url, new Set([200])]);
    }
  });
});

describe('a connection to the application', () => {
  it('that sends nothing is ended after some time, with a problem that says why', async () => {
    const socket = connect(Number(new URL(limited.url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await once(socket, 'close');
    expect(text).toContain('HTTP/1.1 408');
    expect(text).toContain('"code":"request-too-slow"');
  });
});

describe('reads that cost', () => {
  const read = (url: string, from: string) =>
    app.app.getHttpAdapter().getInstance().inject({ method: 'GET', url, remoteAddress: from });

  it('wait for their turn, and are refused where one caller asks for too many at a time; others are not', async () => {
    const places = app.app.get(CostlyReads);
    const leaves = [await places.enter('somebody'), await places.enter('somebody')];
    const paths = ['/v1/events?limit=200', '/v1/events.csv', '/v1/transparency/capital?asOfPosition=1'];
    const greedy = Array.from({ length: 100 }, (_, at) => read(paths[at % 3] ?? '', '203.0.113.20'));
    while (places.waiting < 100) await new Promise(setImmediate);
    for (const path of [...paths, '/openapi.json', '/docs/openapi.json']) {
      const { statusCode, headers, body } = await read(path, '203.0.113.20');
      expect([statusCode, headers['retry-after'], JSON.parse(body).code]).toEqual([503, '1', 'too-many-reads']);
    }
    // The report of the present comes from memory, and does not wait.
    expect((await read('/v1/transparency/capital', '203.0.113.20')).statusCode).toBe(200);
    const other = read('/v1/events.csv', '203.0.113.21');
    while (places.waiting < 101) await new Promise(setImmediate);
    for (const leave of leaves) leave();
    for (const { statusCode } of await Promise.all([...greedy, other])) expect(statusCode).toBe(200);
  });

  it('take no place while they wait for a position', async () => {
    const late = Array.from({ length: 10 }, () => read('/v1/events?minPosition=1000000', '203.0.113.22'));
    let isLate = false;
    const settled = Promise.race(late).then(() => (isLate = true));
    expect((await read('/v1/events', '203.0.113.23')).statusCode).toBe(200);
    expect(isLate).toBe(false);
    await settled;
  });

  it('give the place back when the caller has gone or the read is refused', async () => {
    for (let at = 0; at < 6; at += 1) expect((await read('/v1/events?cursor=x', '203.0.113.24')).statusCode).toBe(400);
    for (let at = 0; at < 6; at += 1) {
      const gone = new AbortController();
      const answer = fetch(`${app.url}/v1/events?limit=200`, { signal: gone.signal });
      gone.abort();
      await expect(answer).rejects.toThrow();
    }
    expect((await read('/v1/events', '203.0.113.24')).statusCode).toBe(200);
  });
});
