import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from './harness.js';
import { require, send, socketTo } from './harness.js';

/** A connection that sent nothing must be closed within it: twice the longest time-out that a server should have. */
const SILENT_MS_MAX = 60_000;
const SILENT_SOCKETS = 1_000;
const READERS = 500;
const READERS_AT_ONCE = 20;
const GREEDY = 16;
/** How much the median of the commands may grow under greedy readers. Also beyond it: so long a difference is noise. */
const GREEDY_FACTOR_MAX = 2;
const GREEDY_NOISE_MS = 20;

const reader = async (url: string, key?: string): Promise<readonly [ClientRequest, IncomingMessage | undefined]> => {
  const sent = request(`${url}/v1/events/stream`, {
    agent: false,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  });
  sent.on('error', () => undefined);
  sent.end();
  const [response] = (await Promise.race([once(sent, 'response'), once(sent, 'close')])) as [IncomingMessage?];
  return [sent, response];
};

/** Connections that ask for much, or for nothing, and stay. */
export const CONNECTIONS: readonly Case[] = [
  {
    title: 'KA3 eight, and 64, bodies that begin and never go on',
    run: async ({ url, port, operatorKey }) => {
      const head = (path: string): string =>
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\nContent-Length: 1000\r\n\r\n{`;
      for (const count of [8, 64]) {
        const sockets = await Promise.all(Array.from({ length: count }, () => socketTo(port)));
        for (const [at, socket] of sockets.entries()) socket.write(head(at % 2 ? '/v1/bulk' : '/v1/usage'));
        try {
          // It has no command to send: any answer but "full" shows that there is a place.
          for (const [path, body] of [
            ['/v1/bulk', '{"commands":[]}'],
            ['/v1/usage', '{"records":[]}'],
          ] as const) {
            const { status, text } = await send(url + path, { body, key: operatorKey, withinMs: 10_000 });
            require(status === 422 ||
              status === 400 ||
              status === 200, `${count} slow bodies: ${status} ${text.slice(0, 120)}`);
          }
        } finally {
          for (const socket of sockets) socket.destroy();
        }
      }
    },
  },
  {
    title: 'KA3 64 slow bodies with one key leave the places of another',
    run: async ({ url, port, auditorKey, operatorKey }) => {
      const head = `POST /v1/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${auditorKey}\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\nContent-Length: 1000\r\n\r\n{`;
      const sockets = await Promise.all(Array.from({ length: 64 }, () => socketTo(port)));
      for (const socket of sockets) socket.write(head);
      const body = '{"commands":[]}';
      try {
        // Until the key has no place any more, so that all of the slow bodies have arrived.
        for (let tries = 0; tries < 100; tries += 1) {
          const { status } = await send(`${url}/v1/bulk`, { body, key: auditorKey, withinMs: 10_000 });
          if (status === 503 || status === 429) break;
          await sleep(20);
        }
        const { status, text } = await send(`${url}/v1/bulk`, { body, key: operatorKey, withinMs: 10_000 });
        require(status !== 503 && status !== 429, `${status} ${text.slice(0, 120)}`);
      } finally {
        for (const socket of sockets) socket.destroy();
      }
    },
  },
  {
    title: 'KA8 500 readers of the stream from one address leave places for those with a key',
    run: async ({ url, operatorKey }) => {
      // Not all in one moment: the case is about the places that they keep.
      const readers: (readonly [ClientRequest, IncomingMessage | undefined])[] = [];
      while (readers.length < READERS) {
        readers.push(...(await Promise.all(Array.from({ length: READERS_AT_ONCE }, () => reader(url)))));
      }
      try {
        const taken = readers.filter(([, response]) => response?.statusCode === 200).length;
        require(taken > 0 && taken < READERS, `${taken} of ${READERS} strangers of one address got a place`);
        const [own, response] = await reader(url, operatorKey);
        own.destroy();
        require(response?.statusCode === 200, `a key gets no place: ${response?.statusCode}`);
      } finally {
        for (const [sent] of readers) sent.destroy();
      }
    },
  },
  {
    title: 'T10 HEAD on the stream is answered, as often as it is asked, and keeps no place',
    run: async ({ url }) => {
      for (let count = 0; count < READERS / 10; count += 1) {
        const answers = await Promise.all(
          Array.from({ length: 10 }, () => send(`${url}/v1/events/stream`, { method: 'HEAD', withinMs: 10_000 })),
        );
        const other = answers.find(({ status }) => status !== 200);
        require(other === undefined, `HEAD was answered ${other?.status}`);
      }
      const [sent, response] = await reader(url);
      sent.destroy();
      require(response?.statusCode === 200, `then a reader gets ${response?.statusCode}`);
    },
  },
  {
    title: 'KA10 16 greedy readers of expensive public reads leave the commands of others as they are',
    run: async ({ url, measured, scale }) => {
      await sleep(2_000);
      const { commandMedian: before } = await measured();
      const paths = [
        '/openapi.json',
        '/v1/events.csv',
        '/v1/events?limit=200',
        '/v1/partners?q=a',
        '/v1/transparency/equal-access',
      ];
      let isOver = false;
      const greedy = Array.from({ length: GREEDY }, async (_, at) => {
        for (let asked = 0; !isOver; asked += 1) {
          const path = paths[(at + asked) % paths.length] ?? '/';
          // A position that nobody has asked for: nothing is cached for it.
          const query = path.endsWith('equal-access') ? `?asOfPosition=${(1 + at + asked * GREEDY) % 50}` : '';
          const { status } = await send(url + path + query);
          // Who is refused comes back later, as it was told.
          if (status === 429 || status === 503) await sleep(100);
        }
      });
      await sleep(4_000 * scale);
      const { commandMedian, refused } = await measured();
      isOver = true;
      await Promise.all(greedy);
      require(refused.length === 0, `commands were refused: ${refused.slice(0, 3).join(', ')}`);
      require(commandMedian <=
        Math.max(
          GREEDY_FACTOR_MAX * before,
          before + GREEDY_NOISE_MS,
        ), `the median of the commands was ${before.toFixed(0)} ms, and is ${commandMedian.toFixed(0)} ms`);
    },
  },
  {
    title: 'KA11 a partner cannot fill the disk: its open requests have a bound',
    run: async ({ url, partnerKey, partnerId, callId, scale }) => {
      const purpose = 'x'.repeat(3_000);
      const body = { callId, partnerId, chipHours: 1, sector: 'a', purpose };
      let recorded = 0;
      for (let round = 0; round < 3 * scale; round += 1) {
        const commands = Array.from({ length: 1_000 }, (_, at) => ({
          ...{ key: `fill-${round}-${at}`, method: 'POST', path: '/v1/access-requests', body },
        }));
        const { text } = await send(`${url}/v1/bulk`, { body: JSON.stringify({ commands }), key: partnerKey });
        recorded += text.match(/"status":201/g)?.length ?? 0;
      }
      require(recorded < 3_000 * scale, `all ${recorded} requests of 3 kB were recorded`);
    },
  },
  {
    title: 'KA5 T11 a rate limit is not passed by with another header, and counts guesses of keys',
    isOfTools: true,
    run: async ({ withService }) => {
      await withService({ RATE_LIMIT_PER_MINUTE: '60' }, async (url) => {
        const limited = async (path: string, headersOf: (at: number) => Record<string, string>): Promise<void> => {
          const statuses = [];
          for (let at = 0; at < 300; at += 1)
            statuses.push((await send(url + path, { headers: headersOf(at) })).status);
          require(statuses.includes(429), `300 of 300 requests to ${path} passed a limit of 60 a minute`);
        };
        await limited('/v1/transparency/equal-access', (at) => ({ authorization: `Bearer random${at}` }));
        await limited('/v1/partners', (at) => ({ authorization: `Bearer ppp_guess_${at}` }));
        await limited('/v1/nothing-here', (at) => ({ 'x-forwarded-for': `10.0.0.${at % 250}` }));
      });
    },
  },
];

/** Begins first and is judged last, because it takes the time of a time-out. */
export async function openSilentSockets(port: number): Promise<() => Promise<number>> {
  const sockets = await Promise.all(Array.from({ length: SILENT_SOCKETS }, () => socketTo(port)));
  let open = sockets.filter((socket) => !socket.destroyed).length;
  for (const socket of sockets) socket.once('close', () => (open -= 1)).resume();
  const until = performance.now() + SILENT_MS_MAX;
  return async () => {
    while (open > 0 && performance.now() < until) await sleep(100);
    const left = open;
    for (const socket of sockets) socket.destroy();
    return left;
  };
}

export const SILENT = `KA9 ${SILENT_SOCKETS} connections that never send a byte are closed within ${SILENT_MS_MAX / 1_000} s`;
