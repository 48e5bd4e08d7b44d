import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createApp } from './app.js';
import { Config } from './platform/config.js';
import { AppendChecks } from './ledger/append-checks.js';
import { createPool } from './platform/database/database.js';
import { createLog } from './platform/logging.js';
import { openApiDocument } from './http/document/openapi-document.js';

/** Writes `openapi/openapi.json`. Nothing connects: a pool opens its first connection with its first query. */
const config = new Config({});
const log = createLog('silent');
const pool = createPool({ databaseUrl: 'postgres://localhost/none', log: { warn: () => undefined } });
const app = await createApp({
  config,
  pool,
  readPool: pool,
  wrappingKey: Buffer.alloc(32),
  appendChecks: new AppendChecks(Buffer.alloc(32)),
  logSigningKey: Buffer.alloc(32),
  log,
  clock: Date.now,
});
const file = fileURLToPath(new URL('../openapi/openapi.json', import.meta.url));
await mkdir(fileURLToPath(new URL('../openapi/', import.meta.url)), { recursive: true });
await writeFile(file, `${JSON.stringify(openApiDocument(app), null, 2)}\n`);
process.exit(0);
