import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { NotCheckable } from '../../src/audit/audit-finding.js';
import { HTTP_LIMITS, HttpReader, type HttpLimits } from '../../src/audit/http-reader.js';
import { ARTEFACT_BYTES_MAX } from '../../src/audit/log-source.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Short enough for a test; every other limit is that of the program. */
const QUICK: HttpLimits = { ...HTTP_LIMITS, attemptsMax: 3, waitMsMin: 1, waitMsMax: 2 };
const CHUNK = Buffer.alloc(65_536, 'x');

describe('a server that an auditor reads', () => {
  let server: Server;
  let url: string;
  let handle: Handler;
  let requests: string[];
  /** Bytes that the server could hand over before the reader closed the connection. */
  let sent: number;

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request.url ?? '');
      handle(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    requests = [];
    sent = 0;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const get = (limits: Partial<HttpLimits> = {}, path = '/checkpoint') =>
    new HttpReader({ ...QUICK, ...limits }).get(url + path);
  async function refusalOf(limits: Partial<HttpLimits> = {}, path?: string): Promise<string> {
    const outcome = await get(limits, path).then(String, (error: unknown) => error);
    expect(outcome).toBeInstanceOf(NotCheckable);
    return (outcome as NotCheckable).message;
  }

  /** A body without an end, as fast as the reader takes it. */
  const endless =
    (status: number): Handler =>
    (_, response) => {
      response.writeHead(status);
      const more = (): void => {
        while (!response.destroyed && response.write(CHUNK)) sent += CHUNK.length;
        sent += CHUNK.length;
      };
      response.on('drain', more);
      more();
    };

  it.each([404, 410, 500, 503, 302])('is not read beyond the first bytes of a body with status %d', async (status) => {
    handle = endless(status);
    const outcome = await get().then(
      (answer) => ('why' in answer ? answer.why.length : 0),
      (error: unknown) => (error as NotCheckable).message.length,
    );
    expect(outcome).toBeLessThanOrEqual(1_200);
    // What the kernel buffers is sent without being read.
    expect(sent / QUICK.attemptsMax).toBeLessThan(16 * 1_048_576);
  });

  it('is read up to the longest artefact of a log, and not a byte further', async () => {
    const body =
      (length: number): Handler =>
      (_, response) =>
        response.end(Buffer.alloc(length));
    handle = body(ARTEFACT_BYTES_MAX);
    expect(await get()).toMatchObject({ found: true, bytes: { length: ARTEFACT_BYTES_MAX } });
    handle = body(ARTEFACT_BYTES_MAX + 1);
    expect(await refusalOf()).toMatch(/longer than/);
    handle = endless(200);
    expect(await refusalOf()).toMatch(/longer than/);
  });

  it('may redirect on its own host, five times', async () => {
    const redirects =
      (times: number): Handler =>
      ({ url: path = '' }, response) => {
        const at = Number(path.slice(1));
        if (at < times) response.writeHead(302, { Location: `/${at + 1}` }).end();
        else response.end('here');
      };
    handle = redirects(5);
    expect(await get({}, '/0')).toMatchObject({ found: true, bytes: Buffer.from('here') });
    handle = redirects(6);
    expect(await refusalOf({}, '/0')).toMatch(/redirected more than 5 times/);
    expect(requests).not.toContain('/7');
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://localhost:1/internal',
    'file:///etc/passwd',
    'ftp://127.0.0.1/x',
    '//',
  ])('may not send the auditor to %j', async (location) => {
    handle = (_, response) => response.writeHead(302, { Location: location }).end();
    expect(await refusalOf()).toMatch(/is redirected to/);
    expect(requests).toHaveLength(1);
  });

  it('is asked again while it is busy, and for a body that was cut off', async () => {
    handle = (_, response) => {
      if (requests.length === 1) response.writeHead(503, { 'Retry-After': '-5' }).end('later');
      else if (requests.length === 2) {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('half', () => response.destroy());
      } else response.end('whole');
    };
    expect(await get()).toMatchObject({ found: true, bytes: Buffer.from('whole') });
    handle = (_, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => response.destroy());
    };
    expect(await refusalOf()).toMatch(/could not be read in 3 tries/);
  });

  it('cannot make the auditor wait longer than all limits allow, over all addresses', async () => {
    handle = (_, response) => response.writeHead(503, { 'Retry-After': '2' }).end();
    expect(await refusalOf({ patienceMs: 1_000 })).toMatch(/too slow: 2 s of waiting/);
    // The waits of several addresses are added up.
    const reader = new HttpReader({ ...QUICK, waitMsMin: 20, waitMsMax: 20, patienceMs: 200 });
    handle = (_, response) => response.writeHead(503).end();
    const messages: string[] = [];
    for (let at = 0; at < 6; at += 1)
      await reader.get(`${url}/${at}`).catch((error: unknown) => messages.push((error as Error).message));
    expect(messages[0]).toMatch(/in 3 tries/);
    expect(messages.at(-1)).toMatch(/too slow/);
    // A byte now and then does not keep an attempt alive.
    handle = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    };
    expect(await refusalOf({ attemptMs: 100 })).toMatch(/could not be read in 3 tries/);
  });
});
