import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

// A process of its own beside the attack: an honest caller, who looks at the health of the service and sends commands, and measures how
// long each takes. It asks a bare server in this process's sibling at the same moments: what that takes is the noise of the machine.
// `bare`: be that server. Otherwise: node probe.ts URL KEY BARE_URL; a line on stdin begins a new measurement and returns the last one.

/** Milliseconds; an answer that did not come has the status 0. */
export interface Measured {
  /** The longest delays of each, and their medians. */
  readonly livezMax: number;
  readonly bareMax: number;
  readonly commandMax: number;
  readonly commandMedian: number;
  readonly looks: number;
  readonly commands: number;
  /** Answers to commands that were no 201, e.g. `503 queue-full`. */
  readonly refused: readonly string[];
  readonly livezFailed: number;
}

const LOOK_EVERY_MS = 20;
const COMMAND_EVERY_MS = 50;
const ANSWER_MS_MAX = 30_000;

interface Answered {
  readonly ms: number;
  readonly status: number;
  readonly text: string;
}

function ask(
  agent: Agent,
  url: string,
  body?: { readonly key: string; readonly idempotencyKey: string },
): Promise<Answered> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const done = (status: number, text: string): void => resolve({ ms: performance.now() - startedAt, status, text });
    const sent = request(url, {
      agent,
      timeout: ANSWER_MS_MAX,
      method: body ? 'POST' : 'GET',
      headers: body
        ? {
            authorization: `Bearer ${body.key}`,
            'content-type': 'application/json',
            'idempotency-key': body.idempotencyKey,
          }
        : {},
    });
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => done(response.statusCode ?? 0, text));
      response.on('error', () => done(0, 'broken'));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => done(0, error.message));
    sent.end(body && JSON.stringify({ legalName: 'Honest AB', country: 'SE', legalForm: 'company' }));
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
const longest = (values: readonly number[]): number => Math.max(0, ...values);

async function probe(url: string, key: string, bareUrl: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let livez: number[] = [];
  let bare: number[] = [];
  let commands: number[] = [];
  let refused: string[] = [];
  let failed = 0;
  let sent = 0;
  const look = async (): Promise<void> => {
    for (;;) {
      const [own, other] = await Promise.all([ask(agent, `${url}/livez`), ask(agent, bareUrl)]);
      livez.push(own.ms);
      bare.push(other.ms);
      if (own.status !== 200) failed += 1;
      await sleep(LOOK_EVERY_MS);
    }
  };
  const command = async (): Promise<void> => {
    for (;;) {
      const idempotencyKey = `honest-${process.pid}-${(sent += 1)}`;
      const { ms, status, text } = await ask(agent, `${url}/v1/partners`, { key, idempotencyKey });
      commands.push(ms);
      if (status !== 201) refused.push(`${status} ${/"code":"([^"]*)"/.exec(text)?.[1] ?? text.slice(0, 80)}`);
      await sleep(COMMAND_EVERY_MS);
    }
  };
  void look();
  void command();
  process.stdin.on('data', () => {
    const measured: Measured = {
      livezMax: longest(livez),
      bareMax: longest(bare),
      commandMax: longest(commands),
      commandMedian: median(commands),
      looks: livez.length,
      commands: commands.length,
      refused,
      livezFailed: failed,
    };
    [livez, bare, commands, refused, failed] = [[], [], [], [], 0];
    process.stdout.write(`${JSON.stringify(measured)}\n`);
  });
  process.stdin.on('end', () => process.exit(0));
}

const [what = '', key = '', bareUrl = ''] = process.argv.slice(2);
if (what === 'bare') {
  const server = createServer((_request, response) => response.end('{}'));
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`);
  });
  process.stdin.resume().on('end', () => process.exit(0));
} else if (what !== '') {
  await probe(what, key, bareUrl);
}
