import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Pool } from 'pg';
import { createApp } from '../../src/app.js';
import { Config, type ConnectionLimits } from '../../src/platform/config.js';
import type { EventStore } from '../../src/ledger/event-store.js';
import { AppendChecks } from '../../src/ledger/append-checks.js';
import { createLog } from '../../src/platform/logging.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import type { MethodRegistry } from '../../src/transparency/methods.js';
import { createTestDatabase } from './database.js';
import { requireDocumented } from './documented.js';

export const OPERATOR_KEY = 'operator-key-of-the-tests-0123456789';

/** The key of the check values of every test application. */
export const APPEND_KEY = Buffer.alloc(32, 5);

/** An answer that has been read, for assertions. */
export interface TestAnswer {
  readonly status: number;
  // The API is tested from the view of a client; its bodies have no type of the program.
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface SendOptions {
  /** Bearer credential; the operator key when left out, none when null. */
  readonly key?: string | null;
  readonly idempotencyKey?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Each command of a call is refused as its own route refuses it. */
function requireOutcomesDocumented(sent: any, { outcomes }: any): void {
  const { commands } = typeof sent === 'string' ? JSON.parse(sent) : sent;
  for (const [index, { status, body }] of outcomes.entries()) {
    if (status < 400 || body.code === 'unknown-route') continue;
    requireDocumented({ method: 'POST', path: commands[index].path, status, type: 'application/problem+json', body });
  }
}

/**
 * The real application on a database of its own, listening on a free port. Every refusal that a test gets from it must be in the OpenAPI
 * document, else the request throws.
 */
export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly databaseUrl: string;
  post(path: string, body?: unknown, options?: SendOptions): Promise<TestAnswer>;
  get(path: string, options?: SendOptions): Promise<TestAnswer>;
  /** Issues an API key and returns it. */
  keyFor(roles: readonly string[], partnerId?: string): Promise<string>;
  /** Fails the test, showing the answer, unless the command was recorded. */
  must(answer: Promise<TestAnswer>): Promise<TestAnswer>;
  stop(): Promise<void>;
}

export interface TestAppOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: () => number;
  /** Share the database of another application: two instances of one service. */
  readonly sharedWith?: TestApp;
  /** Times of the tests are shorter, and their numbers smaller. */
  readonly connections?: Partial<ConnectionLimits>;
  /** A migrated database, which the caller drops. */
  readonly databaseUrl?: string;
  /** Opens the engine that keeps the events, if the database does not keep them. */
  readonly engine?: (pool: Pool, checks: AppendChecks) => Promise<TestEngine>;
  /** The same commands at the same time make the same bytes: nothing in the history is random. */
  readonly isRepeatable?: boolean;
  /** The versions of the reports' method. */
  readonly methods?: MethodRegistry;
}

export interface TestEngine {
  readonly store: EventStore;
  close(): Promise<void>;
}

let sent = 0;

export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const given = options.databaseUrl ?? options.sharedWith?.databaseUrl;
  const database = given === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = given ?? database?.url ?? '';
  const { createPool } = await import('../../src/platform/database/database.js');
  const pool = createPool({ databaseUrl, log: { warn: () => undefined } });
  const dataDir = await mkdtemp(join(tmpdir(), 'ppp-ledger-app-'));
  const config = new Config({
    OPERATOR_KEY,
    DATA_DIR: dataDir,
    // A check in the background records an event of its own.
    ATTESTATION_HOURS: '0',
    // A clock of a test has nothing to do with the clock of the database.
    ...(options.clock && { CLOCK_AHEAD_SECONDS_MAX: '0' }),
    ...options.env,
    DATABASE_URL: databaseUrl,
  });
  const appendChecks = new AppendChecks(APPEND_KEY);
  const engine = await options.engine?.(pool, appendChecks);
  const runtime = {
    config: { ...config, connections: { ...config.connections, ...options.connections } },
    pool,
    readPool: pool,
    ...(engine && { eventStore: engine.store }),
    ...(options.isRepeatable && { newContentKey: (eventId: string) => createHash('sha256').update(eventId).digest() }),
    wrappingKey: Buffer.alloc(32, 7),
    appendChecks,
    logSigningKey: Buffer.alloc(32, 9),
    log: createLog(process.env['TEST_LOG'] === undefined ? 'silent' : 'warn'),
    clock: options.clock ?? Date.now,
  };
  const app = await createApp(runtime, options.methods);
  if (options.isRepeatable) {
    const server = app.getHttpAdapter().getInstance();
    server.setGenReqId(({ headers }) => derivedId('request', String(headers['idempotency-key'])));
  }
  await app.listen(0, '127.0.0.1');
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const url = `http://127.0.0.1:${address.port}`;

  const send = async (
    method: string,
    path: string,
    body: unknown,
    { key = OPERATOR_KEY, idempotencyKey, headers }: SendOptions,
  ): Promise<TestAnswer> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'POST' && idempotencyKey !== null
          ? { 'idempotency-key': idempotencyKey ?? `test-${(sent += 1)}` }
          : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json(;|$)/.test(response.headers.get('content-type') ?? '');
    const { status } = response;
    const answer = json ? JSON.parse(text) : undefined;
    if (status >= 400) {
      const type = response.headers.get('content-type')?.split(';', 1)[0] ?? '';
      requireDocumented({ method, path: new URL(url + path).pathname, status, type, body: answer });
    }
    if (path === '/v1/bulk' && status === 200) requireOutcomesDocumented(body, answer);
    return { status, text, body: answer, headers: Object.fromEntries(response.headers) };
  };
  const must = async (answer: Promise<TestAnswer>): Promise<TestAnswer> => {
    const settled = await answer;
    if (settled.status >= 300) throw new Error(`Not recorded: ${settled.status} ${settled.text}`);
    return settled;
  };
  const post = (path: string, body?: unknown, sendOptions: SendOptions = {}) => send('POST', path, body, sendOptions);
  return {
    app,
    url,
    databaseUrl,
    post,
    get: (path, sendOptions = {}) => send('GET', path, undefined, sendOptions),
    must,
    keyFor: async (roles, partnerId) => {
      const { body } = await must(
        post('/v1/api-keys', { name: `Key of ${roles.join(', ')}`, roles, ...(partnerId && { partnerId }) }),
      );
      return String(body.key);
    },
    stop: async () => {
      await app.close();
      await engine?.close();
      await pool.end();
      await database?.drop();
      await rm(dataDir, { recursive: true });
    },
  };
}
