import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { startServer, type ServerProcess } from './processes.js';

/**
 * Commands a second over HTTP, with key, idempotency and durability, beside the same stack when it only validates.
 * Rounds alternate, so that a noisy machine is noisy for all; the figures are medians.
 */
const CONNECTIONS = 64;
const ROUNDS = 3;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const OPERATOR_KEY = 'operator-key-of-the-benchmark-0123456789';
const HOUR_MS = 3_600_000;
const START = Date.parse('2027-01-01T00:00:00Z');

interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

interface Scenario {
  readonly name: string;
  readonly url: string;
  readonly path: string;
  body(sent: number): object;
}

async function round({ url, path, body }: Scenario): Promise<Round> {
  let sent = 0;
  const result = await autocannon({
    url: url + path,
    connections: CONNECTIONS,
    duration: SECONDS,
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
  return {
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: result.non2xx + result.errors + result.timeouts,
  };
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

/** A facility with a million chips and one grant that is never used up: every allocation goes to the same stream. */
async function hotFacility(url: string): Promise<{ facilityId: string; grantId: string }> {
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
    reasonCodes: ['bench'],
    validFrom: '2026-01-01T00:00:00Z',
    validTo: '2199-01-01T00:00:00Z',
  };
  await post(url, `/v1/access-requests/${grantId}/decision`, grant, key);
  return { facilityId, grantId };
}

const instant = (at: number): string => new Date(at).toISOString();
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function main(): Promise<void> {
  // Made by the service itself: below a folder of mode 0700 the database of root would be kept elsewhere.
  const dataDir = join(tmpdir(), `ppp-ledger-bench-${randomUUID()}`);
  const servers: ServerProcess[] = [];
  try {
    const env = {
      DATA_DIR: dataDir,
      PORT: '0',
      OPERATOR_KEY,
      LOG_LEVEL: 'warn',
      DATABASE_URL: process.env['DATABASE_URL'] ?? '',
    };
    const service = await startServer(['dist/cli.js', 'serve'], env);
    servers.push(service);
    const bare = await startServer(['--import', './test/support/typescript.mjs', 'test/bench/bare-server.ts'], {});
    servers.push(bare);
    const partner = () => ({ legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' });
    const { facilityId, grantId } = await hotFacility(service.url);
    const allocation = (sent: number) => {
      const from = START + (sent % 50_000) * HOUR_MS;
      return { grantId, chipModel: 'gb300', chips: 1, from: instant(from), to: instant(from + HOUR_MS) };
    };
    const scenarios: Scenario[] = [
      { name: 'bare validated POST, nothing stored', url: bare.url, path: '/v1/partners', body: partner },
      { name: 'command on distinct streams', url: service.url, path: '/v1/partners', body: partner },
      {
        name: 'allocation on one hot facility',
        url: service.url,
        path: `/v1/facilities/${facilityId}/allocations`,
        body: allocation,
      },
    ];
    const rounds = new Map<string, Round[]>(scenarios.map(({ name }) => [name, []]));
    for (let number = 0; number <= ROUNDS; number += 1) {
      for (const scenario of scenarios) {
        const measured = await round(scenario);
        // The first round warms up caches and compilers.
        if (number > 0) rounds.get(scenario.name)?.push(measured);
      }
    }
    await report(scenarios, rounds);
  } finally {
    for (const server of servers.reverse()) await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function report(scenarios: readonly Scenario[], rounds: ReadonlyMap<string, readonly Round[]>): Promise<void> {
  const rows = scenarios.map(({ name }) => {
    const measured = rounds.get(name) ?? [];
    const of = (key: keyof Round) => median(measured.map((one) => one[key]));
    return {
      name,
      perSecond: of('perSecond'),
      p50Ms: of('p50'),
      p99Ms: of('p99'),
      failed: measured.reduce((sum, one) => sum + one.failed, 0),
    };
  });
  const base = rows[0]?.perSecond ?? 1;
  const result = {
    what: 'HTTP commands',
    connections: CONNECTIONS,
    rounds: ROUNDS,
    seconds: SECONDS,
    node: process.version,
    cores: cpus().length,
    processor: cpus()[0]?.model,
    rows: rows.map((row) => ({ ...row, ratio: Number((row.perSecond / base).toFixed(3)) })),
  };
  process.stdout.write(
    `\n${'scenario'.padEnd(40)}${'per second'.padStart(12)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'failed'.padStart(8)}${'ratio'.padStart(8)}\n`,
  );
  for (const { name, perSecond, p50Ms, p99Ms, failed, ratio } of result.rows) {
    process.stdout.write(
      `${name.padEnd(40)}${perSecond.toFixed(0).padStart(12)}${String(p50Ms).padStart(9)}${String(p99Ms).padStart(9)}${String(failed).padStart(8)}${ratio.toFixed(2).padStart(8)}\n`,
    );
  }
  const file = process.argv[2];
  if (file !== undefined) await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}

await main();
