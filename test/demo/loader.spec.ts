import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandList } from '../../src/demo/command-list.js';
import { Loader } from '../../src/demo/loader.js';

interface Received {
  readonly path: string;
  readonly key: string;
  readonly authorization: string;
  readonly body: unknown;
}
type Answer = { readonly status: number; readonly body: object; readonly headers?: Record<string, string> } | 'hang-up';

/** Replaces the API where a test needs answers that a healthy ledger does not give. */
class ScriptedApi {
  readonly received: Received[] = [];
  private readonly server: Server;

  constructor(
    private readonly script: (command: Received, tries: number) => Answer | undefined = () => undefined,
    private readonly partners: readonly object[] = [],
  ) {
    this.server = createServer((request, response) => {
      void this.answerTo(request).then((answer) => {
        if (answer === 'hang-up') request.socket.destroy();
        else response.writeHead(answer.status, answer.headers).end(JSON.stringify(answer.body));
        return undefined;
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get commands(): Received[] {
    return this.received;
  }

  private async answerTo(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'GET') return { status: 200, body: { data: this.partners } };
    const { headers, url = '' } = request;
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const key = String(headers['idempotency-key']);
    const received = { path: url, key, authorization: String(headers.authorization), body };
    this.received.push(received);
    const tries = this.received.filter((each) => each.key === key).length;
    const scripted = this.script(received, tries);
    if (scripted !== undefined) return scripted;
    return {
      status: 201,
      body: { id: `id-of-${key}`, callId: `call-of-${key}`, position: this.received.length },
    };
  }
}

const KEYS = { operator: 'operator-key', panel: 'panel-key', board: 'board-key' };
const started: ScriptedApi[] = [];
afterEach(() => started.splice(0).forEach((api) => api.close()));

async function load(api: ScriptedApi, list: CommandList) {
  started.push(api);
  const lines: string[] = [];
  const progress = { write: (text: string) => lines.push(text) };
  const loader = new Loader({ baseUrl: await api.listen(), keys: KEYS, progress });
  const summary = await loader.load({ keyPrefix: 'test', commands: list.inOrder() });
  return { summary, lines };
}

function threeSteps(): CommandList {
  const list = new CommandList();
  list.add({ name: 'commitment', path: '/v1/commitments', body: { amountMinor: '1' } });
  list.add({ name: 'call', path: '/v1/commitments/{commitment}/calls', body: {}, answerField: 'callId' });
  list.add({
    name: 'payment',
    path: '/v1/commitments/{commitment}/calls/{call}/payments',
    body: { records: [{ of: { ref: 'call' } }] },
    sender: 'panel',
  });
  return list;
}

describe('the loader of the demo', () => {
  it('replaces references in paths and bodies by the ids of earlier answers, and sends with the key of the sender', async () => {
    const api = new ScriptedApi();
    const { summary } = await load(api, threeSteps());
    expect(api.commands.map(({ path }) => path)).toEqual([
      '/v1/commitments',
      '/v1/commitments/id-of-test:commitment/calls',
      '/v1/commitments/id-of-test:commitment/calls/call-of-test:call/payments',
    ]);
    const [first, , last] = api.commands;
    expect(last?.body).toEqual({ records: [{ of: 'call-of-test:call' }] });
    expect(first?.authorization).toBe('Bearer operator-key');
    expect(last?.authorization).toBe(`Bearer ${KEYS.panel}`);
    expect(summary).toMatchObject({ loaded: true, commands: 3, refusals: [], position: 3 });
  });

  it('sends nothing when the ledger has the last partner already', async () => {
    const api = new ScriptedApi(undefined, [{ id: 'last' }]);
    const { summary } = await load(api, threeSteps());
    expect(summary.loaded).toBe(false);
    expect(api.received).toEqual([]);
  });

  it('tries again with the same key when the API is busy, the same command is running, or the connection breaks', async () => {
    const setbacks: Answer[] = [
      { status: 503, body: { code: 'queue-full' }, headers: { 'retry-after': '0' } },
      'hang-up',
      { status: 409, body: { code: 'command-in-progress' } },
    ];
    const api = new ScriptedApi(({ key }, tries) => (key === 'test:call' ? setbacks[tries - 1] : undefined));
    const { summary } = await load(api, threeSteps());
    expect(api.commands.filter(({ key }) => key === 'test:call')).toHaveLength(4);
    expect(summary.loaded).toBe(true);
  });

  it('stops with the problem when a command gets an unexpected refusal', async () => {
    const refusal = { status: 409, body: { code: 'no-financial-close', detail: 'The fund has not closed.' } };
    const api = new ScriptedApi(({ key }) => (key === 'test:call' ? refusal : undefined));
    await expect(load(api, threeSteps())).rejects.toThrow(
      'call (POST /v1/commitments/{commitment}/calls) was answered with 409 no-financial-close The fund has not closed.',
    );
    expect(api.commands.map(({ key }) => key)).toEqual(['test:commitment', 'test:call']);
  });

  it('counts an expected refusal, and stops when it does not come', async () => {
    const list = (): CommandList => {
      const commands = new CommandList();
      commands.add({ name: 'too-much', path: '/v1/allocations', body: {}, expectedStatus: 409 });
      return commands;
    };
    const refusal = { status: 409, body: { code: 'capacity-exceeded', detail: 'No chips are free.' } };
    const { summary } = await load(
      new ScriptedApi(({ key }) => (key === 'test:too-much' ? refusal : undefined)),
      list(),
    );
    expect(summary.refusals).toEqual([
      { name: 'too-much', status: 409, code: 'capacity-exceeded', detail: 'No chips are free.' },
    ]);
    await expect(load(new ScriptedApi(), list())).rejects.toThrow('(409 was expected)');
  });

  it('counts the commands that an interrupted load had executed', async () => {
    const replayed = { status: 201, body: { id: 'as-before' }, headers: { 'idempotency-replayed': 'true' } };
    const api = new ScriptedApi(({ key }) => (key === 'test:commitment' ? replayed : undefined));
    const { summary } = await load(api, threeSteps());
    expect(summary.replayed).toBe(1);
  });

  it('keeps at most 32 commands in flight', async () => {
    const list = new CommandList();
    for (let n = 0; n < 100; n += 1) list.add({ name: `partner:${n}`, path: '/v1/partners', body: { n } });
    let inFlight = 0;
    let most = 0;
    const api = new ScriptedApi(() => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      setImmediate(() => (inFlight -= 1));
      return undefined;
    });
    const { summary, lines } = await load(api, list);
    expect(summary.commands).toBe(100);
    expect(most).toBeLessThanOrEqual(32);
    expect(lines.join('').match(/^ *\d+ %/gm)).toHaveLength(10);
  });
});
