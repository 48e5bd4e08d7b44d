import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { blocksOf, titleOf } from './readme-blocks.mjs';
import { Service, endAll } from './service.mjs';

// node .ci/nodes.mjs [VERSION...]: tests the build with each supported Node. Each Node comes from the npm package `node`. The script
// starts the service on an empty folder, runs the README's commands from the empty ledger to the report and to "verified", stops the
// service, and runs a part of the specs. `.ci/run` does not include it: three versions take minutes and need a registry.

const SUPPORTED = ['22', '24', '26'];
/** Formats, validation, the write path, and PostgreSQL through the pool: here versions of Node have behaved differently. */
const SPECS = [
  'test/tlog',
  'test/http/body/streamed-body',
  'test/http/plain',
  'test/ledger/ledger',
  'test/platform/database/database',
];
const BLOCKS = ['from nothing to the report', 'from nothing to "verified"'];
const OPERATOR_KEY = 'operator-key-of-the-check-of-nodes-0123456789';
const COMMANDS_MS_MAX = 180_000;
const SPECS_MS_MAX = 600_000;
const DOWNLOAD_MS_MAX = 300_000;

const root = join(import.meta.dirname, '..');
const versions = process.argv.length > 2 ? process.argv.slice(2) : SUPPORTED;
const say = (text) => process.stdout.write(`  ${text}\n`);

try {
  for (const version of versions) await tryNode(version);
} finally {
  endAll();
}

async function tryNode(version) {
  const PATH = [dirname(binaryOf(version)), process.env.PATH].join(delimiter);
  const DATA_DIR = await mkdtemp(join(tmpdir(), `ppp-ledger-node-${version}-`));
  const start = (command, env) => new Service(command, { cwd: root, env: { PATH, OPERATOR_KEY, DATA_DIR, ...env } });
  const succeed = async (command, withinMs, env) => {
    const run = start(command, env);
    assert.equal(await run.ended(withinMs), 0, `Node ${version}: ${command}\n${run.output}`);
    return run.output.trim();
  };
  try {
    const found = await succeed('node --version', COMMANDS_MS_MAX);
    assert.ok(found.startsWith(`v${version}.`), `Node ${version} was asked for, and ${found} runs.`);
    const service = await start('exec node dist/cli.js serve', { PORT: '0', LOG_LEVEL: 'warn' }).ready();
    const blocks = new Map((await blocksOf(root)).map((block) => [titleOf(block), block]));
    for (const title of BLOCKS) {
      await succeed(`set -euo pipefail\n${blocks.get(title)}`, COMMANDS_MS_MAX, { URL: service.url });
      say(`Node ${found}: ${title}`);
    }
    assert.equal(await service.end('SIGTERM'), 0, service.output);
    const printed = await succeed(`npm test -- --maxWorkers=1 ${SPECS.join(' ')}`, SPECS_MS_MAX, { NO_COLOR: '1' });
    say(`Node ${found}: stops on SIGTERM with 0; specs: ${/^Tests: +(.*)$/m.exec(printed)?.[1]}`);
  } finally {
    await rm(DATA_DIR, { recursive: true, force: true });
  }
}

/** Path of the Node of this version, where npm has installed it. */
function binaryOf(version) {
  const npx = spawnSync('npx', ['-y', `node@${version}`, '-p', 'process.execPath'], {
    encoding: 'utf8',
    timeout: DOWNLOAD_MS_MAX,
  });
  if (npx.status === 0) return npx.stdout.trim();
  process.stderr.write(`Node ${version} was not tried: npx cannot get node@${version} here.\n${npx.stderr}`);
  process.exit(1);
}
