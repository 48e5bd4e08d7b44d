import type { Case, Ground, HttpAnswer } from './harness.js';
import { raw, require, send } from './harness.js';

const isRefused = ({ status }: HttpAnswer): boolean => (status >= 400 && status < 500) || status === 0;
const unknownFields = (count: number): string =>
  Array.from({ length: count }, (_, at) => `"k${at.toString(36)}":1`).join();
/** Several at once, as somebody would who wants to do harm. */
const several = <Done>(count: number, one: (at: number) => Promise<Done>): Promise<Done[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => one(at)));
const requireRefused = (answers: readonly HttpAnswer[], what: string): void => {
  const taken = answers.find((answer) => !isRefused(answer));
  require(taken === undefined, `${what} was answered ${taken?.status}: ${taken?.text.slice(0, 200)}`);
};

/** The service must refuse what it does not understand, cheaply, and never call it a bug. */
export const BODIES: readonly Case[] = [
  {
    title: 'KA1 a record of 300,000 unknown fields without a key',
    run: async ({ url, scale }) => {
      const body = `{"records":[{${unknownFields(300_000)}}]}`;
      requireRefused(await several(scale, () => send(`${url}/v1/usage`, { body })), 'it');
    },
  },
  {
    title: 'KA1 a record of 300,000 unknown fields with a key',
    run: async ({ url, scale, operatorKey }) => {
      const body = `{"records":[{${unknownFields(300_000)}}]}`;
      requireRefused(await several(scale, () => send(`${url}/v1/usage`, { body, key: operatorKey })), 'it');
    },
  },
  {
    title: 'KA2 15 MB of empty objects in a bulk without a key, eight at once',
    run: async ({ url, scale }) => {
      const body = `{"commands":[${'{},'.repeat(5_200_000)}{}]}`;
      requireRefused(await several(8 * scale, () => send(`${url}/v1/bulk`, { body })), 'it');
    },
  },
  {
    title: 'KA2 15 MB of empty objects, and of zeros, in a bulk with a key',
    run: async ({ url, partnerKey }) => {
      for (const item of ['{}', '0']) {
        const count = Math.floor(15_600_000 / (item.length + 1));
        const body = `{"commands":[${`${item},`.repeat(count)}${item}]}`;
        requireRefused([await send(`${url}/v1/bulk`, { body, key: partnerKey })], `a list of ${item}`);
      }
    },
  },
  {
    title: 'KA4 a bulk with one item of 250,000 unknown fields, with the key of a partner',
    run: async ({ url, partnerKey, scale }) => {
      const item = `{"key":"k","method":"POST","path":"/v1/access-requests","body":{${unknownFields(250_000)}}}`;
      const answers = await several(scale, () =>
        send(`${url}/v1/bulk`, { body: `{"commands":[${item}]}`, key: partnerKey }),
      );
      for (const { status, text } of answers)
        require(isRefused({ status } as HttpAnswer) || !/"status":20\d/.test(text), text);
    },
  },
  {
    title: 'KA4 1 MB of unknown fields on one route, with the key of a partner',
    run: async ({ url, partnerKey }) => {
      const body = `{${unknownFields(90_000)}}`;
      requireRefused([await send(`${url}/v1/access-requests`, { body, key: partnerKey })], 'it');
    },
  },
  {
    title: 'depth of 500,000 levels: objects, lists and both',
    run: async ({ url, operatorKey }) => {
      for (const [open, close] of [
        ['[', ']'],
        ['{"a":', '}'],
        ['[{"a":', '}]'],
      ] as const) {
        const levels = Math.floor(900_000 / (open.length + close.length));
        const body = `{"legalName":${open.repeat(levels)}1${close.repeat(levels)}}`;
        requireRefused([await send(`${url}/v1/partners`, { body, key: operatorKey })], `${levels} times ${open}`);
      }
    },
  },
  {
    title: 'T4 T18 T25 T27 KA20 bodies that say two things: bytes that are no UTF-8, repeated names, codings',
    run: async ({ url, operatorKey }) => {
      const company = (name: string | Uint8Array): Uint8Array =>
        Buffer.concat([
          Buffer.from('{"legalName":"'),
          Buffer.from(name),
          Buffer.from('","country":"SE","legalForm":"company"}'),
        ]);
      const post = (body: Uint8Array | string, headers = {}): Promise<HttpAnswer> =>
        send(`${url}/v1/partners`, { body, key: operatorKey, headers });
      const plain = company('Plain AB');
      const twice = '{"legalName":"First AB","legalName":"Second AB","country":"SE","legalForm":"company"}';
      const bodies: readonly (readonly [what: string, body: Uint8Array | string, headers?: object])[] = [
        ['a byte of Latin-1', company(Buffer.from('Caf\u00e9', 'latin1'))],
        ['an overlong form', company(Uint8Array.of(0xc0, 0xaf))],
        ['a surrogate in UTF-8', company(Uint8Array.of(0xed, 0xa0, 0x80))],
        ['a cut sequence', company(Uint8Array.of(0xe2, 0x82))],
        ['a lone surrogate', company('\\ud800')],
        ['NUL', company('\\u0000')],
        ['a name twice', twice],
        ['a name twice, once escaped', twice.replace('"legalName":"S', '"legal\\u004eame":"S')],
        ['a charset', plain, { 'content-type': 'application/json; charset=iso-8859-1' }],
        ['a coding', plain, { 'content-encoding': 'gzip' }],
        ['a number without a value', '{"chips":1e400}'],
        ['__proto__', '{"__proto__":{"roles":["operator"]},"legalName":"P AB","country":"SE","legalForm":"company"}'],
      ];
      for (const [what, body, headers] of bodies) requireRefused([await post(body, headers)], what);
    },
  },
  {
    title: 'KA16 KA17 T24 T26 addresses: cursors with NUL, broken escapes, commands at a second address',
    run: async ({ url, operatorKey, chance }) => {
      const cursorOf = (cursor: object): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');
      const paths = [
        `/v1/events?cursor=${cursorOf({ after: 0, limit: 1, filters: { stream: '\0' } })}`,
        `/v1/partners?cursor=${cursorOf({ after: '\0' })}`,
        '/v1/partners/%ff',
        '/v1/partners/%zz',
        '/v1/%E0%A4%A',
        `/v1/partners/${'a'.repeat(300)}`,
        `/v1/partners?q=${encodeURIComponent('\0')}`,
        `/v1/events?${'stream=a&'.repeat(100)}`,
        ...Array.from({ length: 100 }, () => `/v1/${hostileText(chance, 40)}`),
      ];
      for (const path of paths) {
        // The client itself resolves "..": what is left may be a page for everybody.
        if (!new URL(url + path).pathname.startsWith('/v1/')) continue;
        const { status, headers } = await send(url + path, { key: operatorKey });
        require(status >= 400 && status < 500, `${path} was answered ${status}`);
        const type = headers.get('content-type') ?? '';
        require(type.startsWith('application/problem+json'), `${path} was answered ${status} as ${type}`);
      }
      const body = '{"legalName":"Second address AB","country":"SE","legalForm":"company"}';
      const { status } = await send(`${url}/v1/partners.csv`, { body, key: operatorKey });
      require(status === 404 || status === 405, `POST /v1/partners.csv was answered ${status}`);
    },
  },
  {
    title: 'generated bodies: broken JSON, wrong kinds and lengths on every command',
    run: async ({ url, operatorKey, chance, scale }) => {
      const paths = [
        'partners',
        'facilities',
        'funds',
        'commitments',
        'access-calls',
        'access-requests',
        'usage',
        'bulk',
        'policies',
        'api-keys',
      ];
      for (let count = 0; count < 300 * scale; count += 1) {
        const path = `/v1/${chance.pick(paths as [string, ...string[]])}`;
        const body = hostileBody(chance);
        const { status, text } = await send(url + path, { body, key: operatorKey });
        const shown = `${path} ${Buffer.from(body).toString('latin1').slice(0, 300)}`;
        require(status >= 400 && status < 500, `${status} for ${shown}: ${text.slice(0, 200)}`);
      }
    },
  },
  {
    title: 'requests that two servers read in two ways, and bytes that are no request',
    run: async ({ port, chance, scale }) => {
      const body = '{"legalName":"Smuggled AB","country":"SE","legalForm":"company"}';
      const head = 'POST /v1/partners HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
      const requests = [
        `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
        `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${body}`,
        `${head}Content-Length: +5\r\n\r\n${body}`,
        `${head}Content-Length : 5\r\n\r\n${body}`,
        `${head} folded: 1\r\n\r\n`,
        'GET / HTTP/1.1\nHost: x\n\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(5_000)}\r\n`,
      ];
      for (let count = 0; count < 20 * scale; count += 1) {
        requests.push(Buffer.from(Array.from({ length: 200 }, () => chance.integer(0, 255))).toString('latin1'));
      }
      await Promise.all(
        requests.map(async (bytes) => {
          const answer = await raw(port, Buffer.from(bytes, 'latin1'));
          require(!/^HTTP\/1\.1 (2|5)/m.test(
            answer,
          ), `${JSON.stringify(bytes.slice(0, 120))}: ${answer.slice(0, 100)}`);
        }),
      );
    },
  },
  {
    title: 'KA14 names that a spreadsheet would run',
    run: async ({ url, operatorKey }) => {
      const names = [';=1+1;', '=1+1', '+1', '-1', '@x', '\t=1', '\uff1d1+1', 'a;=1+1'];
      for (const legalName of names) {
        const body = JSON.stringify({ legalName, country: 'SE', legalForm: 'company' });
        await send(`${url}/v1/partners`, { body, key: operatorKey });
      }
      const { position } = JSON.parse(
        (
          await send(`${url}/v1/partners`, {
            body: '{"legalName":"Last AB","country":"SE","legalForm":"company"}',
            key: operatorKey,
          })
        ).text,
      ) as { position: number };
      const { text } = await send(`${url}/v1/partners.csv?limit=200&minPosition=${position}`, { key: operatorKey });
      for (const separator of [',', ';', '\t']) {
        const cells = text.split(/\r?\n/).flatMap((line) => line.split(separator));
        const run = cells.find((cell) => /^"?[=+@\uff1d]/.test(cell));
        require(run === undefined, `with "${separator}" a spreadsheet runs the cell ${run}`);
      }
    },
  },
  {
    title: 'KA19 signs that make a table show another name',
    run: async ({ url, operatorKey }) => {
      for (const sign of ['\u200b', '\u200f', '\u061c', '\u202e', '\u{e0041}']) {
        const body = JSON.stringify({ legalName: `Alpha${sign}AB`, country: 'SE', legalForm: 'company' });
        const answer = await send(`${url}/v1/partners`, { body, key: operatorKey });
        requireRefused([answer], `U+${sign.codePointAt(0)?.toString(16)}`);
      }
    },
  },
  {
    title: 'KA6 a partner marks no request as made up: the mark colours public reports',
    run: async ({ url, partnerKey, partnerId, callId }) => {
      const application = { callId, partnerId, chipHours: 1, sector: 'a', purpose: 'b', illustrative: true };
      const { status } = await send(`${url}/v1/access-requests`, {
        body: JSON.stringify(application),
        key: partnerKey,
      });
      require(status >= 400 && status < 500, `it was answered ${status}`);
    },
  },
  {
    title: 'KA7 a key that may only read takes no idempotency key of the operator',
    run: async ({ url, auditorKey, operatorKey }) => {
      const body = { legalName: 'Registered AB', country: 'SE', legalForm: 'company' };
      const headers = { 'idempotency-key': 'register-2026' };
      const commands = [{ key: 'k', method: 'POST', path: '/v1/partners', body }];
      await send(`${url}/v1/bulk`, { body: JSON.stringify({ commands }), key: auditorKey, headers });
      const sent = { body: JSON.stringify(body), key: operatorKey, headers };
      const { status, text } = await send(`${url}/v1/partners`, sent);
      require(status === 201, `the operator's own key was taken: ${status} ${text.slice(0, 120)}`);
    },
  },
  {
    title: 'KA15 private answers are not stored, and no page of others may read them',
    run: async ({ url, partnerKey, partnerId }) => {
      const { status, headers } = await send(`${url}/v1/partners/${partnerId}`, { key: partnerKey });
      const kept = headers.get('cache-control') ?? 'nothing';
      require(status === 200 && kept.includes('no-store'), `${status} with Cache-Control: ${kept}`);
      require(headers.get('access-control-allow-origin') === null, 'any page may read it');
    },
  },
];

type Chance = Ground['chance'];

const SIGNS = [
  '%',
  '..',
  '/',
  '\\',
  '?',
  '&',
  '=',
  '#',
  '%00',
  '%2e',
  ';',
  "'",
  '"',
  '<',
  'a',
  '1',
  '-',
  '%F0%9F',
  '{',
  '[',
  '\u00e9',
] as const;
const hostileText = (chance: Chance, signs: number): string =>
  Array.from({ length: chance.integer(1, signs) }, () => chance.pick(SIGNS)).join('');

const VALUES = [
  'null',
  'true',
  '-1',
  '0',
  '1e308',
  '9007199254740993',
  '""',
  '"x"',
  '[]',
  '[[]]',
  '{}',
  '{"toString":1}',
  '"2026-13-45"',
  '"\\ud800"',
  '1e400',
  '-',
  '"unfinished',
  '{"a":1,"a":2}',
] as const;
const NAMES = [
  'legalName',
  'records',
  'commands',
  'chipHours',
  'amountMinor',
  '__proto__',
  'constructor',
  'illustrative',
  'id',
  'toJSON',
  '',
] as const;

/** Text that looks like the body of a command, and is none. */
function hostileBody(chance: Chance): Uint8Array {
  const members = Array.from(
    { length: chance.integer(0, 20) },
    () => `${JSON.stringify(chance.pick(NAMES))}:${nested(chance, chance.integer(0, 5))}`,
  );
  const text = chance.chance(0.2) ? chance.pick(VALUES) : `{${members.join()}}`;
  const bytes = Buffer.from(text);
  if (bytes.length > 0 && chance.chance(0.3)) bytes[chance.integer(0, bytes.length - 1)] = chance.integer(0, 255);
  return bytes;
}

const nested = (chance: Chance, depth: number): string =>
  depth === 0
    ? chance.pick(VALUES)
    : chance.chance(0.5)
      ? `[${nested(chance, depth - 1)}]`
      : `{${JSON.stringify(chance.pick(NAMES))}:${nested(chance, depth - 1)}}`;
