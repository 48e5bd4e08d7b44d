import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PAGES, blocksOf, titleOf } from './readme-blocks.mjs';
import { Service, endAll } from './service.mjs';

// node .ci/readme.mjs FOLDER: runs the commands of README.md, and of the pages that it names, in a clean clone.

const [folder] = process.argv.slice(2);
const OPERATOR_KEY = 'operator-key-of-the-readme-check-0123456789';
/** Installs, builds, and loads the demo programme. */
const SERVING_MS_MAX = 420_000;
const COMMANDS_MS_MAX = 120_000;
/** The first check of `.ci/run` has already run this block. */
const CHECKED_BEFORE = 'npm ci && npm test\n';
/** `.ci/package` runs this block. */
const CHECKED_WITH_THE_PACKAGE = 'install the package, with the versions that were tested';
/** Serves until Ctrl-C. */
const DEMO = 'npm ci && npm run demo\n';

const say = (text) => process.stdout.write(`  ${text}\n`);
const start = (command, env) => new Service(command, { cwd: folder, env: { PORT: '0', LOG_LEVEL: 'warn', ...env } });

const pages = await Promise.all(PAGES.map(async (page) => ({ page, blocks: await blocksOf(folder, page) })));
for (const known of [CHECKED_BEFORE, DEMO])
  assert.ok(pages[0].blocks.includes(known), `README.md does not hold: ${known}`);

try {
  await rm(join(folder, 'data'), { recursive: true, force: true });
  await demo(DEMO, /Loaded the demo programme/);
  say('npm ci && npm run demo: loads, shows its tables, serves until Ctrl-C');
  await demo('npm run demo', /nothing was loaded/);
  say('npm run demo once more: finds its data');

  const DATA_DIR = join(folder, 'data', 'readme');
  const service = await start('exec npm start', { OPERATOR_KEY, DATA_DIR }).ready();
  for (const { page, blocks } of pages) {
    for (const block of blocks.filter((text) => text !== CHECKED_BEFORE && text !== DEMO)) {
      if (titleOf(block) === CHECKED_WITH_THE_PACKAGE) continue;
      const run = start(`set -euo pipefail\n${block}`, { URL: service.url, OPERATOR_KEY, DATA_DIR });
      assert.equal(await run.ended(COMMANDS_MS_MAX), 0, `${page}: ${titleOf(block)}\n${run.output}`);
      say(`${page}: ${titleOf(block)}`);
    }
  }
  assert.equal(await service.end('SIGTERM'), 0, service.output);
} finally {
  endAll();
}

/** Runs the demo, then the command that it prints, and ends the demo with Ctrl-C. */
async function demo(command, expected) {
  const service = await start(command).ready(SERVING_MS_MAX);
  assert.match(service.output, expected);
  assert.match(service.output, /^Equal access: [^]*^Capital: /m);
  const [, curl] = /^Try:\n([^]*)/m.exec(service.output) ?? [];
  const tried = start(curl);
  assert.equal(await tried.ended(COMMANDS_MS_MAX), 0, tried.output);
  assert.ok(JSON.parse(tried.output.slice(tried.output.indexOf('{'))).data.length > 0, tried.output);
  await service.interrupted();
}
