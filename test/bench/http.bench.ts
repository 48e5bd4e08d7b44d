import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { startBenchDatabase } from './database.js';
import { alternate, compared, median, type BenchOptions, type BenchRow } from './measure.js';
import { SERVE, startServer, type ServerProcess } from './processes.js';

/**
 * Rows 4 and 5: commands over HTTP, with key, idempotency and durability, beside the same stack that only validates; and many commands
 * in one request beside one command.
 */
const SECONDS = 5;
const CONNECTIONS = 64;
const BULK_CONNECTIONS = 4;
const BULK_COMMANDS = 1_000;
const USAGE_RECORDS = 10_000;
const OPERATOR_KEY = 'operator-key-of-the-benchmark-0123456789';
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const START = Date.parse('2027-01-01T00:00:00Z');
const PARTNER = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };

interface Scenario {
  readonly url: string;
  readonly path: string;
  /** Body of the request number `sent`, from 1. */
  body(sent: number): object;
  readonly connections?: number;
  /** Commands in one request. */
  readonly commands?: number;
  /** Requests sent each second, whatever the answers. When left out, each answer starts the next request. */
  readonly perSecond?: number;
}

interface Load {
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** With a rate, the time of a request counts from its planned start: a stall then counts for all requests that it delays. */
async function load(scenario: Scenario): Promise<Load> {
  const { url, path, body, connections = CONNECTIONS, commands = 1, perSecond } = scenario;
  let sent = 0;
  const result = await autocannon({
    url: url + path,
    connections,
    duration: SECONDS,
    timeout: 60,
    ...(perSecond === undefined ? {} : { overallRate: perSecond }),
    requests: [
      {
        method: 'POST',
        path,
        setupRequest: (request) => ({
          ...request,
          headers: {
            authorization: `Bearer ${OPERATOR_KEY}`,
            'content-type': 'application/json',
            'idempotency-key': randomUUID(),
          },
          body: JSON.stringify(body((sent += 1))),
        }),
      },
    ],
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${path}: ${failed} of ${result.requests.total} requests failed.`);
  return { perSecond: (result['2xx'] / result.duration) * commands, p99Ms: result.latency.p99 };
}

async function post(url: string, path: string, body: object, key = OPERATOR_KEY): Promise<Record<string, string>> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text) as Record<string, string>;
}

interface Hot {
  readonly facilityId: string;
  readonly grantId: string;
  readonly allocationId: string;
}

/** A facility with a million chips and one grant that is never used up: every allocation goes to the same stream. */
async function hotFacility(url: string): Promise<Hot> {
  const id = async (path: string, body: object, key?: string): Promise<string> =>
    (await post(url, path, body, key))['id'] ?? '';
  const partnerId = await id('/v1/partners', { legalName: 'Bench', country: 'SE', legalForm: 'company' });
  await post(url, `/v1/partners/${partnerId}/classifications`, {
    category: 'sme',
    basis: 'bench',
    evidenceRef: 'bench',
    effectiveFrom: '2026-01-01',
  });
  const facilityId = await id('/v1/facilities', { name: 'Bench', country: 'SE', kind: 'ai-factory' });
  await post(url, `/v1/facilities/${facilityId}/capacity`, {
    chipModel: 'gb300',
    chips: 1_000_000,
    effectiveFrom: '2026-01-01',
  });
  const callId = await id('/v1/access-calls', {
    facilityId,
    mode: 'regular',
    title: 'Bench',
    opensAt: '2026-01-01T00:00:00Z',
    closesAt: '2199-01-01T00:00:00Z',
    chipHours: 1_000_000_000,
  });
  const grantId = await id('/v1/access-requests', {
    callId,
    partnerId,
    chipHours: 1_000_000_000,
    sector: 'bench',
    purpose: 'bench',
  });
  const { key = '' } = await post(url, '/v1/api-keys', { name: 'Bench panel', roles: ['panel'] });
  const grant = {
    outcome: 'granted',
    chipHours: 1_000_000_000,
    priceBasis: 'free',
    freeReason: 'sme-innovation',
    reasonCodes: ['bench'],
    validFrom: '2026-01-01T00:00:00Z',
    validTo: '2199-01-01T00:00:00Z',
  };
  await post(url, `/v1/access-requests/${grantId}/decision`, grant, key);
  const allocations = `/v1/facilities/${facilityId}/allocations`;
  const long = { grantId, chipModel: 'gb300', chips: 1, from: instant(START), to: instant(Date.parse('2099-01-01')) };
  const { allocationId = '' } = await post(url, allocations, long);
  return { facilityId, grantId, allocationId };
}

const instant = (at: number): string => new Date(at).toISOString();

const allocationOf =
  ({ grantId }: Hot) =>
  (sent: number): object => {
    const from = START + (sent % 50_000) * HOUR_MS;
    return { grantId, chipModel: 'gb300', chips: 1, from: instant(from), to: instant(from + HOUR_MS) };
  };

const bulkOf = (): object => ({
  commands: Array.from({ length: BULK_COMMANDS }, () => ({
    key: randomUUID(),
    method: 'POST',
    path: '/v1/partners',
    body: PARTNER,
  })),
});

/** Minute by minute, so that no report repeats the use of another, however many reports there are. */
function usageOf({ allocationId }: Hot): () => object {
  let minute = 0;
  return () => ({
    records: Array.from({ length: USAGE_RECORDS }, () => {
      const from = START + (minute += 1) * MINUTE_MS;
      return { allocationId, from: instant(from), to: instant(from + MINUTE_MS), chipHours: 0 };
    }),
  });
}

export async function run({ rounds, only }: BenchOptions): Promise<BenchRow[]> {
  const servers: ServerProcess[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-bench-'));
  const database = await startBenchDatabase();
  try {
    const env = { PORT: '0', OPERATOR_KEY, LOG_LEVEL: 'warn', DATABASE_URL: database.url, DATA_DIR: folder };
    const service = await startServer(SERVE, env);
    servers.push(service);
    const bare = await startServer(['--import', './test/support/typescript.mjs', 'test/bench/bare-server.ts'], {});
    servers.push(bare);
    const hot = await hotFacility(service.url);
    const many = { url: service.url, connections: BULK_CONNECTIONS };
    const single: Scenario = { url: service.url, path: '/v1/partners', body: () => PARTNER };
    const allocation = { ...single, path: `/v1/facilities/${hot.facilityId}/allocations`, body: allocationOf(hot) };
    const rate = async (scenario: Scenario): Promise<number> => (await load(scenario)).perSecond;
    const figures = await alternate(rounds, {
      bare: () => rate({ ...single, url: bare.url }),
      single: () => rate(single),
      hot: () => rate(allocation),
    });
    const unit = 'commands/s';
    const beside = 'bare validated POST that stores nothing';
    const details = { connections: CONNECTIONS, seconds: SECONDS };
    const row4 = { row: 4, beside, unit, aim: 0.5, details };
    const rows = [
      compared({ ...row4, what: 'POST of one command, distinct streams' }, figures.single, figures.bare),
      compared({ ...row4, what: 'POST of one allocation, one hot facility' }, figures.hot, figures.bare),
      await atHalfOf(median(figures.single), single),
    ];
    if (!only.has(5)) return rows;
    const usage = usageOf(hot);
    const bulk = await alternate(rounds, {
      single: () => rate(single),
      bulk: () => rate({ ...many, path: '/v1/bulk', body: bulkOf, commands: BULK_COMMANDS }),
      usage: () => rate({ ...many, path: '/v1/usage', body: usage, commands: USAGE_RECORDS }),
    });
    const row5 = { row: 5, beside: 'row 4, per command', unit, aim: 5, details: { connections: BULK_CONNECTIONS } };
    return [
      ...rows,
      compared({ ...row5, what: `POST /v1/bulk with ${BULK_COMMANDS} commands` }, bulk.bulk, bulk.single),
      compared({ ...row5, what: `POST /v1/usage with ${USAGE_RECORDS} records` }, bulk.usage, bulk.single),
    ];
  } finally {
    for (const server of servers.reverse()) await server.stop();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const P99_MS_MAX = 25;

async function atHalfOf(peak: number, scenario: Scenario): Promise<BenchRow> {
  const perSecond = Math.round(peak / 2);
  const { p99Ms } = await load({ ...scenario, perSecond });
  return {
    row: 4,
    what: `POST of one command at half of the peak (${perSecond}/s), p99`,
    beside: '',
    figure: p99Ms,
    base: null,
    unit: 'ms',
    ratio: null,
    aim: `<= ${P99_MS_MAX} ms`,
    met: p99Ms <= P99_MS_MAX,
    details: { connections: CONNECTIONS, seconds: SECONDS },
  };
}
