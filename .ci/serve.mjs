import assert from 'node:assert/strict';
import { Service, endAll } from './service.mjs';

// node .ci/serve.mjs FOLDER COMMAND: runs a command until it serves and is ready, then asks it to stop.

const [folder, command] = process.argv.slice(2);
try {
  const service = await new Service(`exec ${command}`, { cwd: folder, env: { PORT: '0', LOG_LEVEL: 'warn' } }).ready();
  assert.equal(await service.end('SIGTERM'), 0, service.output);
} finally {
  endAll();
}
