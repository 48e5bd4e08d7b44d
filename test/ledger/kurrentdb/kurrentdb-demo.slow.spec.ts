import { randomUUID } from 'node:crypto';
import { AnsweredIds } from '../../../src/demo/answered-ids.js';
import type { DemoCommand, Sender } from '../../../src/demo/command-list.js';
import { demoProgramme } from '../../../src/demo/programme.js';
import { EVENT_STORE, type EventStore } from '../../../src/ledger/event-store.js';
import { openKurrentEngine } from '../../../src/ledger/kurrentdb/kurrentdb-engine.js';
import { formatInstant, MS_PER_DAY } from '../../../src/ledger/time.js';
import { RUNTIME, type Runtime } from '../../../src/platform/runtime.js';
import { REPORT_KINDS } from '../../../src/transparency/events/publication.js';
import { OPERATOR_KEY, startTestApp, type TestApp, type TestAppOptions } from '../../support/app.js';
import { KurrentDouble } from '../../support/kurrentdb-double/kurrentdb-double.js';
import { AUDIENCE, Issuer, keyNamed } from '../../support/token-issuer.js';
import { silent, withLedger } from './kurrentdb-instance.js';

/**
 * With KURRENTDB_LONG: the whole demo programme, each command by itself. Without it: all kinds of command of the programme, few
 * requests, many commands in one call.
 */
const isWhole = process.env['KURRENTDB_LONG'] !== undefined;
const TOGETHER_MAX = isWhole ? 1 : 25;
const MS_MAX = isWhole ? 1_800_000 : 120_000;
/** The programme has ended before this instant. Its commands are recorded during the year that begins here. */
const YEAR_START = Date.parse('2026-11-01T00:00:00Z');
const QUARTERS = 4;
const QUARTER_MS = (365 / QUARTERS) * MS_PER_DAY;
const LOOK_MS = 10;
const TRIES_MAX = 20;

const { commands, keyPrefix } = demoProgramme({ scale: isWhole ? 1 : 0.01 });

type Keys = Readonly<Record<Sender, string>>;

/** Groups of commands that are sent in one call: one sender, and no command needs the answer to another command of the group. */
function groupsOf(due: readonly DemoCommand[]): readonly (readonly DemoCommand[])[] {
  const groups: DemoCommand[][] = [];
  for (const command of due) {
    const last = groups.at(-1);
    const first = last?.[0];
    const isLike = first?.wave === command.wave && first.sender === command.sender;
    const isRefused = command.expectedStatus !== undefined || first?.expectedStatus !== undefined;
    if (last && isLike && !isRefused && last.length < TOGETHER_MAX) last.push(command);
    else groups.push([command]);
  }
  return groups;
}

/** Sends the programme, one call after the other, each at its time, and publishes reports every quarter. */
class Year {
  now = YEAR_START;
  private readonly ids = new AnsweredIds();
  readonly published: string[] = [];

  async play(api: TestApp, keys: Keys): Promise<void> {
    const perQuarter = Math.ceil(commands.length / QUARTERS);
    for (let quarter = 1; quarter <= QUARTERS; quarter += 1) {
      for (const group of groupsOf(commands.slice((quarter - 1) * perQuarter, quarter * perQuarter))) {
        this.now += Math.floor((QUARTER_MS / perQuarter) * group.length);
        const [command] = group;
        if (group.length > 1) await this.sendTogether(api, keys, group);
        else if (command) await this.send(api, keys, command);
      }
      this.now = YEAR_START + quarter * QUARTER_MS;
      for (const kind of REPORT_KINDS) await this.publish(api, keys.board, kind);
    }
  }

  private async send(api: TestApp, keys: Keys, command: DemoCommand): Promise<void> {
    const { path, body, key } = this.requestOf(command);
    const send = () => api.post(path, body, { key: keys[command.sender], idempotencyKey: key });
    let answer = await send();
    // Retry like every client: a busy machine may be late, and a command is recorded once.
    for (let tries = 1; answer.status === 503 && tries < TRIES_MAX; tries += 1) answer = await send();
    this.hear(command, answer.status, answer.body);
  }

  private async sendTogether(api: TestApp, keys: Keys, group: readonly DemoCommand[]): Promise<void> {
    const requests = group.map((command) => ({ method: 'POST', ...this.requestOf(command) }));
    const [first] = group;
    const options = { key: keys[first?.sender ?? 'operator'], idempotencyKey: `together-with-${requests[0]?.key}` };
    const { body } = await api.must(api.post('/v1/bulk', { commands: requests, atomic: true }, options));
    for (const [index, command] of group.entries())
      this.hear(command, body.outcomes[index].status, body.outcomes[index].body);
  }

  private requestOf({ name, path, body }: DemoCommand) {
    return {
      path: this.ids.pathOf({ path }),
      body: this.ids.resolved(body),
      key: `${keyPrefix}:${name}`,
    };
  }

  private hear(
    { name, answerField, expectedStatus }: DemoCommand,
    status: number,
    body: Record<string, unknown>,
  ): void {
    if (expectedStatus === undefined ? status >= 300 : status !== expectedStatus)
      throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
    this.ids.note(name, String(body[answerField]));
  }

  private async publish(api: TestApp, key: string, kind: string): Promise<void> {
    const period = { periodFrom: formatInstant(YEAR_START), periodTo: formatInstant(this.now - 1) };
    const idempotencyKey = `${kind} up to ${this.now}`.replaceAll(' ', '-');
    const { body } = await api.must(api.post('/v1/transparency/reports', { kind, ...period }, { key, idempotencyKey }));
    this.published.push(String(body.id));
  }
}

/** Everything that a caller can read from a ledger, to the byte. */
async function everythingOf(api: TestApp, published: readonly string[]) {
  const store = api.app.get<EventStore>(EVENT_STORE);
  const head = await store.head();
  const { rows: outcomes } = await api.app
    .get<Runtime>(RUNTIME)
    .pool.query('select * from commands order by position, command_id');
  const text = async (path: string): Promise<string> => {
    const { status, text: body } = await api.get(path, { key: null });
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
    return body;
  };
  const texts = (paths: readonly string[]): Promise<readonly string[]> => Promise.all(paths.map(text));
  return {
    head,
    envelopes: (await store.readAll(0, head)).map(({ position, envelope }) => `${position} ${envelope}`),
    outcomes,
    checkpoint: await checkpointOf(head, () => text('/log/checkpoint')),
    reports: await texts(REPORT_KINDS.map((kind) => `/v1/transparency/${kind}?minPosition=${head}`)),
    published: await texts(published.map((id) => `/v1/transparency/reports/${id}`)),
    streams: await texts(published.map((id) => `/v1/transparency/reports/${id}/streams`)),
  };
}

/** Name, size, root and signature of the checkpoint, once the log is at the end of the history. */
async function checkpointOf(head: number, look: () => Promise<string>): Promise<string> {
  for (;;) {
    const note = await look();
    if (note.split('\n')[1] === String(head)) return note;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

describe(`the demo programme, ${isWhole ? 'whole' : 'with few requests'}, recorded in a year`, () => {
  const issuer = new Issuer();
  const doubles: KurrentDouble[] = [];
  let keys: Keys;
  beforeAll(async () => {
    await issuer.start();
    const key = await keyNamed('first');
    issuer.keys = [key];
    const tokenOf = (role: Sender): Promise<string> =>
      issuer.token({ sub: role, roles: [role], exp: Math.floor((Date.now() + MS_PER_DAY) / 1_000) }, key);
    keys = { operator: OPERATOR_KEY, panel: await tokenOf('panel'), board: await tokenOf('board') };
  });
  afterAll(async () => {
    await Promise.all(doubles.map((double) => double.stop()));
    await issuer.stop();
  });

  async function play(open?: (clock: () => number) => TestAppOptions['engine']) {
    const year = new Year();
    const clock = (): number => year.now;
    const engine = open?.(clock);
    const env = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE, LOG_ORIGIN: 'year.example.eu/log' };
    const api = await startTestApp({ clock, env, isRepeatable: true, ...(engine && { engine }) });
    try {
      const startedAt = performance.now();
      await year.play(api, keys);
      const everything = await everythingOf(api, year.published);
      return { everything, ms: Math.round(performance.now() - startedAt) };
    } finally {
      await api.stop();
    }
  }

  const onKurrent = (url: string) =>
    play((clock) => (pool, checks) => openKurrentEngine({ url, pool, checks, log: silent, clock }));
  let onPostgres: ReturnType<typeof play> | undefined;

  const double = async (offers: 'appendRecords' | 'appendSession'): Promise<string> => {
    const made = await KurrentDouble.start({ offers });
    doubles.push(made);
    return made.url('year');
  };
  const server = process.env['KURRENTDB_TEST_URL'];
  const engines: readonly (readonly [name: string, url: () => Promise<string>])[] = [
    ['the double of KurrentDB, by appendRecords', () => double('appendRecords')],
    ...(isWhole ? [['the double of KurrentDB, by appendSession', () => double('appendSession')] as const] : []),
    ...(server === undefined ? [] : [['KurrentDB', async () => withLedger(server, randomUUID())] as const]),
  ];

  it.each(engines)(
    'ends on PostgreSQL and on %s with the same positions, envelopes, answers, signed root and report bytes',
    async (name, url) => {
      const { everything: expected, ms } = await (onPostgres ??= play());
      const kurrent = await onKurrent(await url());
      expect(kurrent.everything.head).toBe(expected.head);
      expect(kurrent.everything).toEqual(expected);
      expect(expected.reports.join('').length).toBeGreaterThan(1_000);
      if (isWhole)
        console.info(
          `${commands.length} commands, ${expected.head} events. PostgreSQL: ${ms} ms; ${name}: ${kurrent.ms} ms\n` +
            expected.checkpoint,
        );
    },
    MS_MAX,
  );
});
