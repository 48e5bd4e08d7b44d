import { startEmbeddedDatabase } from '../../src/platform/database/embedded-database.js';

// A service as a process of its own, to be killed: starts the embedded database, says where it is, and stays.
const [dataDir = ''] = process.argv.slice(2);
try {
  const { url, stop } = await startEmbeddedDatabase({
    dataDir,
    log: { warn: () => undefined, debug: () => undefined },
  });
  process.stdout.write(`${url}\n`);
  process.stdin.resume().on('end', () => void stop());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
