import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Service, endAll } from './service.mjs';

// node .ci/readme.mjs FOLDER: runs the commands of README.md in a clean clone.
//
// A block "```sh check" must end with 0; it finds a running service at $URL, and its operator key in $OPERATOR_KEY. A block
// "```sh serves" must become ready, and stop with 0 when it is asked to. Other blocks only show something.

const [folder] = process.argv.slice(2);
const OPERATOR_KEY = 'operator-key-of-the-readme-check-0123456789';
const BLOCK_MS_MAX = 300_000;
const BLOCK = /^```sh (check|serves)\n(.*?)^```$/gms;

const readme = await readFile(join(folder, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(BLOCK)].map(([, kind, text]) => ({ kind, text }));
assert.ok(blocks.length > 0, 'README.md has no block that is marked for checking.');

const start = (command, env) =>
  new Service(`set -eu\n${command}`, { cwd: folder, env: { PORT: '0', OPERATOR_KEY, LOG_LEVEL: 'warn', ...env } });

try {
  // On data of its own: what the blocks before it have left behind must not be needed.
  const service = start('exec npm start', { DATA_DIR: join(folder, 'data', 'readme') });
  await service.ready();
  for (const { kind, text } of blocks) {
    const title = text.split('\n', 1)[0];
    if (kind === 'serves') {
      const served = await start(text).ready();
      assert.equal(await served.endAll('SIGTERM'), 0, `${title}: SIGTERM\n${served.output}`);
    } else {
      const run = start(text, { URL: service.url });
      assert.equal(await run.ended(BLOCK_MS_MAX), 0, `${title}\n${run.output}`);
    }
    process.stdout.write(`  ${kind === 'serves' ? 'serves and stops' : 'runs'}: ${title}\n`);
  }
  assert.equal(await service.end('SIGTERM'), 0, service.output);
} finally {
  endAll();
}
