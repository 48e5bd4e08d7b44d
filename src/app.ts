import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { docsExamples } from './docs-examples.js';
import { readEvent } from './ledger/event.js';
import { EVENT_STORE, type EventStore } from './ledger/event-store.js';
import { Ledger } from './ledger/ledger.js';
import { Projector } from './ledger/projector/projector.js';
import { Refusal } from './ledger/refusal.js';
import { parseInstant } from './ledger/time.js';
import { admitLargeCalls } from './http/bulk/bulk-admission.js';
import { serveCaches } from './http/answer/caching.js';
import { CommandRoutes } from './http/command-routes.js';
import { allowOrigins } from './http/answer/cors.js';
import { registerDocs } from './http/document/docs.js';
import { Drain } from './http/drain.js';
import { FrameworkErrors } from './http/framework-errors.js';
import { acceptJson } from './http/body/json-body.js';
import { requireJson } from './http/body/media-type.js';
import { answerOtherMethods } from './http/methods.js';
import { admitBeforeBody } from './identity/access.guard.js';
import { Authentication } from './identity/authentication.service.js';
import { NestLog } from './platform/logging.js';
import { Metrics } from './platform/metrics.js';
import { Readiness, viewsPart } from './platform/readiness.js';
import { ProblemFilter } from './http/problem.js';
import './http/request.js';
import { damageOf } from './platform/database/database.js';
import { RUNTIME, type Runtime } from './platform/runtime.js';
import { boundConnections } from './http/shares/connections.js';
import { CostlyReads } from './http/shares/costly-reads.js';
import { isTrusted } from './http/shares/proxies.js';
import { securityHeaders, STRICT_TRANSPORT } from './http/answer/security-headers.js';
import { RateLimit } from './http/shares/rate-limit.js';
import { EdgeValidationPipe } from './http/validation.pipe.js';
import { METHODS, type MethodRegistry } from './transparency/methods.js';

const BODY_BYTES_MAX = 1_048_576;
/** Longer than any part of a path of this API; a path with a longer part is answered 404 without a lookup. */
const PARAMETER_LENGTH_MAX = 200;
/** Marks a request for a list as CSV; the path of the request is then the path of the list. */
const CSV = Symbol('csv');

/**
 * The application, complete but not listening: the same for the program, the tests and the OpenAPI document.
 * @param methods the versions of the reports' method.
 */
export async function createApp(runtime: Runtime, methods: MethodRegistry = METHODS): Promise<NestFastifyApplication> {
  const { connections, trustedProxies } = runtime.config;
  const isProxy = isTrusted(trustedProxies);
  const headers = securityHeaders();
  const errors = new FrameworkErrors(headers);
  const adapter = new FastifyAdapter({
    http: { connectionsCheckingInterval: connections.checkMs, requireHostHeader: false },
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: isProxy,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    rewriteUrl: listBehindCsv,
    frameworkErrors: errors.inRouter,
    clientErrorHandler: errors.onConnection,
    // A request that comes during the stop is answered by `Drain`.
    return503OnClosing: false,
  });
  // Before the hooks of Nest, some of which answer.
  adapter.setOnRequestHook((request, reply, done) => {
    request.asCsv = CSV in request.raw;
    void reply.headers(headers).header('X-Request-Id', request.id);
    if (request.headers['x-forwarded-proto'] === 'https') void reply.headers(STRICT_TRANSPORT);
    done(hostOf(request.raw));
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(runtime, methods), adapter, {
    logger: new NestLog(runtime.log),
    abortOnError: false,
    bodyParser: false,
  });
  errors.watch(app.getHttpServer());
  boundConnections(app.getHttpServer(), connections, isProxy);
  await configure(app, runtime);
  return app;
}

const drains = new WeakMap<NestFastifyApplication, Drain>();

/** Stops the application from taking new requests. */
export function drainOf(app: NestFastifyApplication): Drain {
  const drain = drains.get(app);
  if (!drain) throw new Error('This application was not made by createApp().');
  return drain;
}

async function configure(app: NestFastifyApplication, runtime: Runtime): Promise<void> {
  const { log } = runtime;
  const server = app.getHttpAdapter().getInstance();
  acceptJson(server, runtime.wrappingKey);
  app.get(CommandRoutes).watch(server);
  drains.set(app, new Drain(app));
  const problems = new ProblemFilter(log);
  // @fastify/cors adds a route before Nest sets its handler of errors.
  server.addHook('onRoute', (route) => {
    if (route.method === 'OPTIONS') route.errorHandler = (...failed) => problems.answer(...failed);
  });
  await allowOrigins(server);
  serveCaches(server);
  const costlyReads = app.get(CostlyReads);
  // After the caches: an answer is made when it is compressed.
  costlyReads.watch(server);
  const rateLimit = app.get(RateLimit);
  await rateLimit.watch(server);
  admitBeforeBody(server, app.get(Authentication), rateLimit);
  answerOtherMethods(server);
  requireJson(server);
  admitLargeCalls(server);
  logRequests(app, runtime);
  app.useGlobalPipes(new EdgeValidationPipe());
  app.useGlobalFilters(problems);
  registerDocs(app, docsExamples(runtime.readPool), costlyReads);
  watch(app);
}

/**
 * A request with no `Host`, or with two, is refused (RFC 9112, 3.2): proxies and servers take different ones of two. Node would answer the
 * first case without a problem, and takes the second.
 */
function hostOf({ httpVersion, rawHeaders }: IncomingMessage): Refusal | undefined {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return undefined;
  return new Refusal('malformed', 'malformed-http', 'Send one Host header: the name of the server.');
}

/** `/v1/partners.csv` is `/v1/partners`, answered as CSV. A command has one address. */
function listBehindCsv(request: IncomingMessage): string {
  const url = request.url ?? '/';
  if (request.method !== 'GET' && request.method !== 'HEAD') return url;
  const list = /^(\/v1\/[^?]+)\.csv(\?.*)?$/.exec(url);
  if (!list) return url;
  Object.assign(request, { [CSV]: true });
  return `${list[1] ?? ''}${list[2] ?? ''}`;
}

/** One line a request, without query, headers or body, because these may hold private data. */
function logRequests(app: NestFastifyApplication, { log }: Runtime): void {
  const metrics = app.get(Metrics);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'none';
      if (request.method === 'POST') metrics.command(route, reply.statusCode);
      log.debug(
        {
          requestId: request.id,
          method: request.method,
          route,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
        },
        'request',
      );
      done();
    });
}

function watch(app: NestFastifyApplication): void {
  const metrics = app.get(Metrics);
  const ledger = app.get(Ledger);
  const projector = app.get(Projector);
  const store = app.get<EventStore>(EVENT_STORE);
  app.get(Readiness).register('projections', async (head) => viewsPart(await projector.status(), head));
  const { pool, readPool } = app.get<Runtime>(RUNTIME);
  app.get(Readiness).watch(() => damageOf(pool) ?? damageOf(readPool));
  app.get(Readiness).watch(async () => (await store.clocks?.())?.reason);
  metrics.gauge(
    'ppp_clock_ahead_seconds',
    'Clock of this machine less that of the database.',
    async () => ((await store.clocks?.())?.aheadMs ?? 0) / 1_000,
  );
  metrics.gauge(
    'ppp_history_ahead_seconds',
    'How far the stamp of the last event is ahead of both clocks.',
    async () => ((await store.clocks?.())?.historyAheadMs ?? 0) / 1_000,
  );
  const costlyReads = app.get(CostlyReads);
  metrics.gauge('ppp_reads_waiting', 'Lists and reports that wait for their turn.', () => costlyReads.waiting);
  metrics.gauge('ppp_commands_queued', 'Commands inside the ledger, waiting or being written.', () => ledger.queued);
  metrics.gauge('ppp_ledger_position', 'Last position of the history.', () => store.head());
  metrics.gaugeBy('ppp_projection_lag_events', 'Events that a view has not applied yet.', 'projection', async () => {
    const [head, projections] = await Promise.all([store.head(), projector.status()]);
    return new Map(projections.map(({ name, position }) => [name, Math.max(0, head - position)]));
  });
  metrics.gaugeBy(
    'ppp_projection_lag_seconds',
    'Age of the first event that a view lacks; 0: none.',
    'projection',
    async () => {
      const views = await projector.status();
      return new Map(
        await Promise.all(views.map(async ({ name, position }) => [name, await ageAfter(store, position)] as const)),
      );
    },
  );
  metrics.gaugeBy('ppp_projection_stopped', '1 for a view that cannot go on; see the log.', 'projection', async () => {
    const views = await projector.status();
    return new Map(views.map(({ name, failure }) => [name, failure === undefined ? 0 : 1]));
  });
  metrics.gauge(
    'ppp_sequencer_stopped',
    '1 when the log on KurrentDB cannot be copied any further; see the log.',
    () => (store.failure === undefined ? 0 : 1),
  );
}

async function ageAfter(store: EventStore, position: number): Promise<number> {
  const [next] = await store.readAll(position, 1);
  return next ? Math.max(0, (Date.now() - parseInstant(readEvent(next).recordedAt)) / 1_000) : 0;
}
