import { startEmbeddedDatabase } from '../../src/platform/database/embedded-database.js';

// A process that a test kills: starts the embedded database, prints its address, and keeps running.
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
