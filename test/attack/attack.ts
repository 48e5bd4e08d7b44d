import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { OPERATOR_KEY, Service } from '../crash/victims.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { BODIES } from './bodies.js';
import { CONNECTIONS, openSilentSockets, SILENT } from './connections.js';
import { forgeDemo, forgeShortHistory } from './forgeries.js';
import { CLI, Probe, send, underBudget, type Case, type Ground } from './harness.js';
import { TOOLS } from './tools.js';

// Attacks a running service, and the tools of the auditor, as `attacks.md` tells: `npm run test:attack`. See README.md.

const SEED = Number(process.env['ATTACK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Seconds of the long form; in the short form every case runs once. */
const SECONDS = Number(process.env['ATTACK_SECONDS'] ?? 0);
/** How many times larger the attacks of the long form are. */
const LONG_SCALE = 4;
const FORGE_SECONDS = 3;

const { values } = parseArgs({
  options: { only: { type: 'string' }, forgeries: { type: 'boolean' }, write: { type: 'boolean' } },
});
const print = (text: string): void => void process.stdout.write(`${text}\n`);

interface Result {
  readonly title: string;
  readonly open: string | undefined;
  readonly failure: string | undefined;
}

class Run {
  readonly results: Result[] = [];

  async one(title: string, open: string | undefined, work: () => Promise<string>): Promise<void> {
    const startedAt = performance.now();
    let seen = '';
    let failure: string | undefined;
    try {
      seen = await work();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const verdict =
      failure === undefined ? (open === undefined ? 'held  ' : 'held*  ') : open === undefined ? 'FAILED' : 'open  ';
    print(
      `${verdict} ${title} (${seconds} s)${seen === '' ? '' : `\n         ${seen}`}${failure === undefined ? '' : `\n         ${failure}`}`,
    );
    this.results.push({ title, open, failure });
  }

  /** True unless a case failed that should hold. */
  report(): boolean {
    const failed = this.results.filter(({ failure, open }) => failure !== undefined && open === undefined);
    const open = this.results.filter(({ failure, open: reason }) => failure !== undefined && reason !== undefined);
    const byNow = this.results.filter(({ failure, open: reason }) => failure === undefined && reason !== undefined);
    print(
      `\n${this.results.length} cases: ${this.results.length - failed.length - open.length} held, ${open.length} open, ${failed.length} failed.`,
    );
    for (const { title, open: reason } of open) print(`open: ${title}: ${reason}`);
    for (const { title } of byNow) print(`held by now, take its mark off: ${title}`);
    for (const { title, failure } of failed) print(`FAILED: ${title}: ${failure}`);
    return failed.length === 0;
  }
}

async function main(): Promise<void> {
  print(`ATTACK_SEED=${SEED} ATTACK_SECONDS=${SECONDS}`);
  if (values.forgeries) return forgeShortHistory(values.write === true);
  const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-attack-'));
  // For root the database runs as another user, who must be able to enter the folder.
  await chmod(folder, 0o755);
  const service = await startService(folder, 'service');
  let probe: Probe | undefined;
  let isRight = false;
  try {
    const vkey = await verifierKeyOf(folder);
    probe = await Probe.start(service.url);
    const ground = await prepare(service, probe, folder, vkey);
    isRight = await attack(ground, service);
  } finally {
    await probe?.stop();
    await service.stop();
    if (isRight) await rm(folder, { recursive: true });
    else process.stderr.write(`What is left of it is in ${folder}.\n`);
  }
  if (!isRight) process.exitCode = 1;
}

async function attack(ground: Ground, service: Service): Promise<boolean> {
  const run = new Run();
  const isWanted = ({ title }: Pick<Case, 'title'>): boolean =>
    values.only === undefined || title.includes(values.only);
  const cases = [...TOOLS, ...BODIES, ...CONNECTIONS].filter(isWanted);
  const until = performance.now() + SECONDS * 1_000;
  const silent = isWanted({ title: SILENT }) ? await openSilentSockets(ground.port) : undefined;
  do {
    for (const each of cases) await run.one(each.title, each.open, () => underBudget(each, ground, service));
    const forged = 'KB3 KB5 KB6 KB8 KB10 KB14 fields of the history of the demo, forged with valid signatures';
    if (isWanted({ title: forged })) {
      const seed = ground.chance.integer(0, 2 ** 31 - 1);
      await run.one(forged, undefined, () => forgeDemo(seed, FORGE_SECONDS * ground.scale));
    }
  } while (performance.now() < until);
  if (silent) {
    await run.one(SILENT, undefined, async () => {
      const left = await silent();
      if (left > 0) throw new Error(`${left} are still open`);
      return '';
    });
  }
  return run.report();
}

async function startService(
  folder: string,
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const dataDir = join(folder, name);
  await mkdir(dataDir);
  const service = await Service.at(
    { DATA_DIR: dataDir, LOG_ORIGIN: 'attack.example.eu/log', ...env },
    join(folder, `${name}.log`),
  );
  await service.start();
  return service;
}

async function verifierKeyOf(folder: string): Promise<string> {
  const env = { ...process.env, DATA_DIR: join(folder, 'service'), LOG_ORIGIN: 'attack.example.eu/log', OPERATOR_KEY };
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'keys', 'show'], { env });
  return stdout.trim();
}

/** Records what the attacks need, and exports the log. */
async function prepare(service: Service, probe: Probe, folder: string, vkey: string): Promise<Ground> {
  const { url } = service;
  const post = async (path: string, body: object): Promise<Record<string, string>> => {
    const { status, text } = await send(url + path, { body: JSON.stringify(body), key: OPERATOR_KEY });
    if (status >= 300) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text) as Record<string, string>;
  };
  const { id: partnerId = '' } = await post('/v1/partners', {
    legalName: 'Partner AB',
    country: 'SE',
    legalForm: 'company',
  });
  const proof = { category: 'sme', basis: 'b', evidenceRef: 'e', effectiveFrom: '2026-01-01' };
  await post(`/v1/partners/${partnerId}/classifications`, proof);
  const { id: facilityId = '' } = await post('/v1/facilities', { name: 'Site', country: 'SE', kind: 'ai-factory' });
  const opening = { opensAt: '2026-01-01T00:00:00Z', closesAt: '2199-01-01T00:00:00Z', chipHours: 1_000_000 };
  const { id: callId = '' } = await post('/v1/access-calls', { facilityId, mode: 'regular', title: 't', ...opening });
  const { key: partnerKey = '' } = await post('/v1/api-keys', { name: 'partner', roles: ['partner'], partnerId });
  const { key: auditorKey = '' } = await post('/v1/api-keys', { name: 'auditor', roles: ['auditor'] });
  for (let count = 0; count < 40; count += 1) {
    await post('/v1/partners', { legalName: `Company ${count}`, country: 'SE', legalForm: 'company' });
  }
  const { position } = await post('/v1/partners', { legalName: 'Last AB', country: 'SE', legalForm: 'company' });
  await send(`${url}/v1/partners?minPosition=${position}`, { key: OPERATOR_KEY });
  const archive = join(folder, 'log.tar');
  await promisify(execFile)(process.execPath, [CLI, 'audit', 'export', url, archive, '--vkey', vkey]);
  let services = 0;
  return {
    url,
    port: Number(new URL(url).port),
    operatorKey: OPERATOR_KEY,
    partnerKey,
    partnerId,
    callId,
    facilityId,
    auditorKey,
    archive,
    vkey,
    folder,
    chance: new SimulatedWorld(SEED),
    scale: SECONDS > 0 ? LONG_SCALE : 1,
    measured: () => probe.measured(),
    withService: async (env, use) => {
      const other = await startService(folder, `service-${(services += 1)}`, env);
      try {
        await use(other.url);
      } finally {
        await other.stop();
      }
    },
  };
}

await main();
