import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { Service, endAll } from './service.mjs';

// node .ci/start.mjs FOLDER [--uid N --gid N]: starts and stops the service of a clean clone in all ways that occur in practice.

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { uid: { type: 'string' }, gid: { type: 'string' } },
});
const [folder] = positionals;
const owner = values.uid === undefined ? undefined : { uid: Number(values.uid), gid: Number(values.gid) };
const OPERATOR_KEY = 'operator-key-of-the-start-check-0123456789';
const SERVE = 'exec node dist/cli.js serve';
const EXIT_UNAVAILABLE = 69;

const start = (command, env = {}) =>
  new Service(command, { cwd: folder, owner, env: { PORT: '0', OPERATOR_KEY, LOG_LEVEL: 'warn', ...env } });

const say = (text) => process.stdout.write(`  ${text}\n`);

try {
  await rm(join(folder, 'data'), { recursive: true, force: true });

  const first = await start('exec npm start').ready();
  say('npm start: ready');
  const document = JSON.parse(await readFile(join(folder, 'openapi', 'openapi.json'), 'utf8'));
  const served = await (await fetch(`${first.url}/openapi.json`)).json();
  assert.ok(isDeepStrictEqual(served, document), '/openapi.json is not the committed document: npm run openapi.');
  assert.match(await (await fetch(`${first.url}/docs/`)).text(), /swagger-ui/);
  const shown = await (await fetch(`${first.url}/docs/openapi.json`)).json();
  assert.deepEqual(Object.keys(shown.paths), Object.keys(document.paths), '/docs shows other routes.');
  say('/openapi.json is the committed document, /docs shows it');
  assert.equal(await first.end('SIGTERM'), 0, `SIGTERM to npm start:\n${first.output}`);
  say('SIGTERM: exit 0 within 10 s');

  const killed = await start(SERVE).ready();
  const partner = await register(killed.url);
  await killed.end('SIGKILL');
  const again = await start(SERVE).ready();
  assert.equal(await read(again.url, partner), 200, 'What was answered before a kill -9 is there after it.');
  say('kill -9 and started again: ready, and what was answered is there');

  const second = start(SERVE);
  assert.equal(await second.ended(60_000), EXIT_UNAVAILABLE, second.output);
  assert.match(second.output, /is in use by/);
  assert.equal(await read(again.url, partner), 200, 'The first instance goes on.');
  say('a second instance on the same data: refused, the first goes on');

  const other = start(SERVE, { PORT: new URL(again.url).port, DATA_DIR: join(folder, 'data', 'other') });
  assert.equal(await other.ended(60_000), EXIT_UNAVAILABLE, other.output);
  assert.match(other.output, /Port \d+ .* is taken\. Set PORT/);
  say('a port that is taken: says so, and which setting to change');

  const wrong = start(SERVE, { PORT: 'eighty', OPERATOR_KEY: 'short' });
  assert.equal(await wrong.ended(60_000), 78, wrong.output);
  assert.match(wrong.output, /PORT[^]*OPERATOR_KEY/);
  say('wrong settings: all of them named, exit 78');

  assert.equal(await again.end('SIGTERM'), 0, `SIGTERM to ppp-ledger serve:\n${again.output}`);
  say('ppp-ledger serve: SIGTERM, exit 0 within 10 s');
} finally {
  endAll();
}

async function register(url) {
  const answer = await fetch(`${url}/v1/partners`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${OPERATOR_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': 'start-check',
    },
    body: JSON.stringify({ legalName: 'Partner of the start check', country: 'SE', legalForm: 'company' }),
  });
  const body = await answer.json();
  assert.equal(answer.status, 201, JSON.stringify(body));
  return body;
}

async function read(url, { id, position }) {
  const answer = await fetch(`${url}/v1/partners/${id}?minPosition=${position}`, {
    headers: { authorization: `Bearer ${OPERATOR_KEY}` },
  });
  await answer.arrayBuffer();
  return answer.status;
}
