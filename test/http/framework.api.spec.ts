import { connect } from 'node:net';
import { OPERATOR_KEY, startTestApp, type TestApp } from '../support/app.js';

interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

describe('the edge of HTTP', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(() => api.stop());

  /** Writes the text to a connection and reads until the server closes it. */
  async function raw(text: string): Promise<RawAnswer> {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
    socket.on('error', () => undefined);
    socket.write(text, 'latin1');
    await new Promise((resolve) => socket.once('close', resolve));
    const [head = '', ...rest] = answer.split('\r\n\r\n');
    const [first = '', ...lines] = head.split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    return { status: Number(first.split(' ')[1]), headers, text: rest.join('\r\n\r\n') };
  }
  const send = (line: string, ...headers: readonly string[]): Promise<RawAnswer> =>
    raw([line, 'Host: ledger', 'Connection: close', ...headers, '', ''].join('\r\n'));

  async function method(name: string, path: string, headers: Record<string, string> = {}) {
    const response = await fetch(api.url + path, { method: name, headers });
    return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
  }

  function expectProblem({ status, headers, text }: RawAnswer, code: string): void {
    const problem = JSON.parse(text) as Record<string, unknown>;
    expect(problem).toMatchObject({ status, code, type: `/problems/${code}`, errors: [] });
    expect(headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/problem\+json/) as string,
      'x-request-id': problem['traceId'],
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("script-src 'self'") as string,
      'content-length': String(Buffer.byteLength(text)),
      'cache-control': 'no-store',
    });
    expect(String(problem['detail'])).toMatch(/^[A-Z/].{20,}\.$/);
    expect(text).not.toMatch(/FST_|Fastify|HPE_/);
  }

  it.each([
    ['a "%" that begins no character', 'GET /v1/partners/%zz HTTP/1.1', [], 400, 'malformed-url'],
    ['a byte that is no UTF-8', 'GET /v1/partners/%ff HTTP/1.1', [], 400, 'malformed-url'],
    ['an overlong form in the path of a command', 'POST /v1/partners/%E0%A4%A HTTP/1.1', [], 400, 'malformed-url'],
    ['a part of the path that is too long', `GET /v1/partners/${'x'.repeat(201)} HTTP/1.1`, [], 404, 'unknown-route'],
    ['no path of the API', 'GET /v1/nothing HTTP/1.1', [], 404, 'unknown-route'],
    ['a method that HTTP does not have', 'FETCH / HTTP/1.1', [], 400, 'malformed-http'],
    ['another protocol', 'HELLO', [], 400, 'malformed-http'],
    ['a header without a colon', 'GET / HTTP/1.1', ['no colon'], 400, 'malformed-http'],
    ['two lengths', 'POST /v1/partners HTTP/1.1', ['Content-Length: 1', 'Content-Length: 2'], 400, 'malformed-http'],
    ['headers that are too large', 'GET / HTTP/1.1', [`X-Large: ${'x'.repeat(20_000)}`], 431, 'headers-too-large'],
    ['a path that is too large', `GET /${'x'.repeat(20_000)} HTTP/1.1`, [], 431, 'headers-too-large'],
    ['two hosts', 'GET /livez HTTP/1.1', ['Host: other'], 400, 'malformed-http'],
    ['an expectation that nobody meets', 'GET /livez HTTP/1.1', ['Expect: a-miracle'], 417, 'unknown-expectation'],
    ['a tunnel', 'CONNECT ledger:443 HTTP/1.1', [], 405, 'method-not-allowed'],
    [
      'a body that is too large',
      'POST /v1/partners HTTP/1.1',
      ['Content-Length: 1048577', 'Content-Type: application/json', `Authorization: Bearer ${OPERATOR_KEY}`],
      413,
      'body-too-large',
    ],
  ])('answers %s with a problem', async (_what, line, headers, status, code) => {
    const answer = await send(line, ...headers);
    expect(answer.status).toBe(status);
    expectProblem(answer, code);
  });

  it('answers a chunk that is none, after the body has begun', async () => {
    const head =
      'POST /v1/partners HTTP/1.1\r\nHost: ledger\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked';
    const answer = await raw(`${head}\r\n\r\nxyz\r\n`);
    expect(answer.status).toBe(400);
    expectProblem(answer, 'malformed-http');
  });

  it('refuses a request without a host, apart from one of HTTP/1.0', async () => {
    const answer = await raw('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(answer.status).toBe(400);
    expectProblem(answer, 'malformed-http');
    expect((await raw('GET /livez HTTP/1.0\r\n\r\n')).status).toBe(200);
  });

  it('ends a request that does not arrive in time with 408', async () => {
    const server = api.app.getHttpServer() as { requestTimeout: number };
    const before = server.requestTimeout;
    server.requestTimeout = 1;
    try {
      const answer = await raw('GET /livez HTTP/1.1\r\nHost: led');
      expect(answer.status).toBe(408);
      expectProblem(answer, 'request-too-slow');
    } finally {
      server.requestTimeout = before;
    }
  });

  it('names the methods of a path with 405, and reads no body for it', async () => {
    for (const [name, path, allow] of [
      ['PUT', '/v1/funds', 'GET, HEAD, POST, OPTIONS'],
      ['DELETE', '/v1/partners/0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37', 'GET, HEAD, OPTIONS'],
      ['GET', '/v1/bulk?x=1', 'POST, OPTIONS'],
      ['PATCH', '/livez', 'GET, HEAD, OPTIONS'],
      ['POST', '/v1/partners.csv', 'GET, HEAD, OPTIONS'],
      ['POST', '/v1/events/stream', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await method(name, path);
      expect([path, answer.status, answer.headers['allow']]).toEqual([path, 405, allow]);
      expectProblem(answer, 'method-not-allowed');
    }
    const unread = await send('PUT /v1/funds HTTP/1.1', 'Content-Type: text/plain', 'Content-Length: 99999999999');
    expect(unread.status).toBe(405);
    for (const path of ['/v1/nothing', '/v1/nothing.csv', '/v1/api-keys/x/y/z']) {
      expectProblem(await method('PUT', path), 'unknown-route');
      expectProblem(await method('OPTIONS', path), 'unknown-route');
    }
  });

  it('records nothing under the address of a table', async () => {
    const company = { legalName: 'Table AB', country: 'SE', legalForm: 'company' };
    expect((await api.post('/v1/partners.csv', company)).status).toBe(405);
    expect((await api.get('/v1/partners?q=Table')).body.data).toEqual([]);
    expect((await api.get('/v1/partners.csv')).headers['content-type']).toContain('text/csv');
  });

  it('answers OPTIONS with the methods of the path, and a preflight as CORS asks', async () => {
    for (const [path, allow] of [
      ['/v1/funds', 'GET, HEAD, POST, OPTIONS'],
      ['/v1/transparency/capital', 'GET, HEAD, OPTIONS'],
      ['/v1/bulk', 'POST, OPTIONS'],
    ] as const) {
      const { status, headers, text } = await method('OPTIONS', path);
      expect([status, headers['allow'], text]).toEqual([204, allow, '']);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    expectProblem(await send('OPTIONS * HTTP/1.1'), 'unknown-route');
    const asks = { origin: 'https://page.example', 'access-control-request-method': 'GET' };
    const open = await method('OPTIONS', '/v1/transparency/capital', asks);
    expect([open.status, open.headers['access-control-allow-origin']]).toEqual([204, '*']);
    const closed = await method('OPTIONS', '/v1/partners', asks);
    expect([closed.status, closed.headers['access-control-allow-origin']]).toEqual([204, undefined]);
  });

  it('answers HEAD like GET without a body, and ends where GET goes on', async () => {
    const { body } = await api.must(
      api.post('/v1/partners', { legalName: 'Head AB', country: 'SE', legalForm: 'company' }),
    );
    const key = { authorization: `Bearer ${OPERATOR_KEY}` };
    for (const path of [
      `/v1/partners/${body.id}?minPosition=${body.position}`,
      '/v1/partners.csv',
      '/v1/events',
      '/livez',
    ]) {
      const [head, get] = [await method('HEAD', path, key), await method('GET', path, key)];
      expect([path, head.status, head.text]).toEqual([path, 200, '']);
      for (const name of ['content-type', 'content-length', 'etag', 'ledger-position']) {
        expect([path, name, head.headers[name]]).toEqual([path, name, get.headers[name]]);
      }
    }
    // Each would keep the place of a reader, and there are 500.
    const streams = await Promise.all(Array.from({ length: 20 }, () => method('HEAD', '/v1/events/stream')));
    for (const { status, headers } of streams) {
      expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    }
    expect((await method('HEAD', '/v1/bulk')).status).toBe(405);
    expect((await method('HEAD', '/v1/nothing')).status).toBe(404);
  });

  it.each([
    ['gzip', { 'content-encoding': 'gzip' }, 'unsupported-content-encoding', ['accept-encoding', 'identity']],
    [
      'gzip upon identity',
      { 'content-encoding': 'identity, GZIP' },
      'unsupported-content-encoding',
      ['accept-encoding', 'identity'],
    ],
    ['plain text', { 'content-type': 'text/plain' }, 'unsupported-media-type', ['accept', 'application/json']],
    [
      'a type that begins like JSON',
      { 'content-type': 'application/jsonl' },
      'unsupported-media-type',
      ['accept', 'application/json'],
    ],
    [
      'another type of JSON',
      { 'content-type': 'application/ld+json' },
      'unsupported-media-type',
      ['accept', 'application/json'],
    ],
    [
      'ISO 8859-1',
      { 'content-type': 'application/json; charset=ISO-8859-1' },
      'unsupported-charset',
      ['accept', 'application/json'],
    ],
    [
      'UTF-16',
      { 'content-type': 'application/json;charset="utf-16"' },
      'unsupported-charset',
      ['accept', 'application/json'],
    ],
    [
      'two charsets',
      { 'content-type': 'application/json; charset=utf-8; charset=utf-7' },
      'unsupported-charset',
      ['accept', 'application/json'],
    ],
  ])('refuses a body in %s, and says what is taken', async (_what, headers, code, [name = '', value]) => {
    for (const path of ['/v1/partners', '/v1/bulk', '/v1/usage']) {
      const answer = await api.post(path, {}, { headers });
      expect([path, answer.status, answer.headers[name]]).toEqual([path, 415, value]);
      expectProblem(answer, code);
    }
  });

  it('takes JSON in UTF-8 under all its names, and commands without a body under none', async () => {
    const company = (legalName: string) => ({ legalName, country: 'SE', legalForm: 'company' });
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON;charset="UTF-8"',
      'application/json ; a=b; charset=utf8',
    ]) {
      expect((await api.post('/v1/partners', company(type), { headers: { 'content-type': type } })).status).toBe(201);
    }
    expect(
      (await api.post('/v1/partners', company('identity'), { headers: { 'content-encoding': 'identity' } })).status,
    ).toBe(201);
    const { body } = await api.must(api.post('/v1/api-keys', { name: 'Auditor', roles: ['auditor'] }));
    expect((await api.post(`/v1/api-keys/${body.id}/revocation`)).status).toBe(200);
  });
});
