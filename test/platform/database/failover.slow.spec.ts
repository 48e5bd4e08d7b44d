import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCheckpoint } from '../../../src/tlog/checkpoint.js';
import { leafHash } from '../../../src/tlog/merkle.js';
import { parseVerifierKey } from '../../../src/tlog/note-key.js';
import { TileBuilder } from '../../../src/tlog/tile-builder.js';
import { migrate } from '../../../src/platform/database/migrate.js';
import { Config } from '../../../src/platform/config.js';
import { readEvent } from '../../../src/ledger/event.js';
import { startService, type Service } from '../../../src/service.js';
import { OPERATOR_KEY } from '../../support/app.js';
import { startPrimary, startStandby, untilTrue, type TestServer } from '../../support/standby.js';

/** Set it to 10 or more for the long form. */
const FAILOVERS = Number(process.env['FAILOVERS'] ?? 1);
const CLIENTS = 16;
/** Answered before the primary is killed. */
const ANSWERS_BEFORE = 150;
const ANSWERS_AFTER = 50;
const WRITABLE_MS_MAX = 10_000;

interface Answered {
  readonly id: string;
  readonly position: number;
}

describe('a PostgreSQL with a synchronous standby', () => {
  let folder: string;
  let servers: TestServer[] = [];
  let service: Service | undefined;

  /** A pair of servers and a service on them; reads go to the standby, and to the primary while there is none. */
  const open = async (): Promise<void> => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-failover-'));
    // Under root PostgreSQL runs as another user, who must be able to enter the folder.
    await chmod(folder, 0o755);
    const primary = await startPrimary(join(folder, 'one'));
    servers = [primary];
    const standby = await startStandby(primary, join(folder, 'one'), join(folder, 'two'));
    servers = [primary, standby];
    // The standby alone is no database to start on.
    await expect(migrate(standby.url, { log: { info: () => undefined } })).rejects.toThrow(
      /it is a standby, which takes no writes\): set DATABASE_URL to the server that takes writes/,
    );
    service = await startService(
      new Config({
        PORT: '0',
        LOG_LEVEL: 'silent',
        OPERATOR_KEY,
        DATA_DIR: join(folder, 'keys'),
        DATABASE_URL: bothOf(primary, standby, 'read-write'),
        DATABASE_READ_URL: bothOf(primary, standby, 'prefer-standby'),
      }),
    );
  };

  const close = async (): Promise<void> => {
    await service?.stop();
    service = undefined;
    for (const server of servers.toReversed()) await server.stop();
    servers = [];
    await rm(folder, { recursive: true });
  };

  beforeAll(open, 60_000);
  afterAll(close, 30_000);

  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${service?.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json', ...init.headers },
    });

  /** Sends one command until it is answered, as a client does after 503 with Retry-After. */
  const insist = async (key: string): Promise<Answered> => {
    const body = JSON.stringify({ legalName: `Partner of ${key}`, country: 'DE', legalForm: 'university' });
    for (;;) {
      const answer = await send('/v1/partners', { method: 'POST', body, headers: { 'idempotency-key': key } });
      if (answer.ok) return (await answer.json()) as Answered;
      if (answer.status !== 503 && answer.status !== 409) throw new Error(`${answer.status} ${await answer.text()}`);
      await sleep(50);
    }
  };

  it('serves reads at DATABASE_READ_URL, where they wait for minPosition and report the position that they reflect', async () => {
    const [, standby] = servers as [TestServer, TestServer];
    const first = await insist('first');
    const read = async (query = ''): Promise<{ status: number; position: number; names: string[] }> => {
      const answer = await send(`/v1/partners${query}`);
      const { data = [] } = (await answer.json()) as { data?: { id: string }[] };
      return {
        status: answer.status,
        position: Number(answer.headers.get('ledger-position')),
        names: data.map(({ id }) => id),
      };
    };
    expect((await read(`?minPosition=${first.position}`)).names).toEqual([first.id]);
    await standby.query('select pg_wal_replay_pause()');
    await untilTrue(standby, `select pg_get_wal_replay_pause_state() = 'paused' as done`);
    const second = await insist('second');
    expect(await read()).toEqual({ status: 200, position: expect.any(Number), names: [first.id] });
    expect((await read()).position).toBeLessThan(second.position);
    let hasWaited = false;
    const waiting = read(`?minPosition=${second.position}`).finally(() => (hasWaited = true));
    await sleep(300);
    expect(hasWaited).toBe(false);
    await standby.query('select pg_wal_replay_resume()');
    const reading = await waiting;
    expect(reading.names).toEqual([first.id, second.id]);
    expect(reading.position).toBeGreaterThanOrEqual(second.position);
  }, 30_000);

  it('answers, shows and signs only events that the standby has', async () => {
    const [primary, standby] = servers as [TestServer, TestServer];
    const { position } = await insist('before');
    const receiver = Number((await standby.query('select pid from pg_stat_wal_receiver'))[0]?.['pid']);
    process.kill(receiver, 'SIGSTOP');
    let isAnswered = false;
    const waiting = insist('while-it-is-away').finally(() => (isAnswered = true));
    try {
      await sleep(500);
      expect(isAnswered).toBe(false);
      expect(await primary.query('select max(position)::int as position from events')).toEqual([{ position }]);
    } finally {
      process.kill(receiver, 'SIGCONT');
    }
    expect((await waiting).position).toBeGreaterThan(position);
  }, 30_000);

  it.each(Array.from({ length: FAILOVERS }, (_, index) => index + 1))(
    'takes over from a primary that is killed under load: nothing answered is lost, nothing is there twice (%i)',
    async (failover) => {
      if (failover > 1) {
        await close();
        await open();
      }
      const [primary, standby] = servers as [TestServer, TestServer];
      const earlier = Number((await primary.query('select position from ledger_head'))[0]?.['position']);
      const answered = new Map<string, Answered>();
      const published = new Set<string>();
      let promotedAt = Infinity;
      // Ends with the first answer to a command that was sent after the order to promote.
      let writableMs = Infinity;
      let wanted = Infinity;
      const client = async (): Promise<void> => {
        while (answered.size < wanted) {
          const key = randomUUID();
          const isLate = promotedAt < Infinity;
          answered.set(key, await insist(key));
          if (isLate) writableMs = Math.min(writableMs, performance.now() - promotedAt);
        }
      };
      const watcher = async (): Promise<void> => {
        while (answered.size < wanted) {
          const answer = await send('/log/checkpoint');
          if (answer.ok) published.add(await answer.text());
          await sleep(20);
        }
      };
      const working = Promise.all([watcher(), ...Array.from({ length: CLIENTS }, client)]);
      while (answered.size < ANSWERS_BEFORE) await sleep(5);
      await primary.kill();
      const before = answered.size;
      promotedAt = performance.now();
      await standby.query('select pg_promote()');
      const promotionMs = performance.now() - promotedAt;
      while (writableMs === Infinity && performance.now() - promotedAt < WRITABLE_MS_MAX) await sleep(20);
      wanted = answered.size + ANSWERS_AFTER;
      await working;
      expect(writableMs).toBeLessThan(WRITABLE_MS_MAX);
      const roots = await check(standby, earlier, answered, published);
      if (FAILOVERS > 1) {
        process.stdout.write(
          `failover: ${before} answered before, ${answered.size} in all; promoted in ${Math.round(promotionMs)} ms, ` +
            `writable ${Math.round(writableMs)} ms after the order; ${roots} checkpoints seen, all of one history\n`,
        );
      }
    },
    60_000,
  );

  /** Checks that each checkpoint that was seen is a beginning of the present history, and returns their number. */
  async function check(
    server: TestServer,
    earlier: number,
    answered: ReadonlyMap<string, Answered>,
    published: ReadonlySet<string>,
  ): Promise<number> {
    const last = Math.max(...[...answered.values()].map(({ position }) => position));
    await untilTrue(server, `select size >= ${last} as done from log_head`);
    const final = await (await send('/log/checkpoint')).text();
    const rows = await server.query('select position, envelope from events order by position');
    const events = rows.map(({ position, envelope }) =>
      readEvent({ position: Number(position), envelope: String(envelope) }),
    );
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
    const registered = events.filter(({ type, position }) => type === 'partner-registered' && position > earlier);
    const byId = new Map(registered.map((event) => [event.stream.slice('partner-'.length), event.position]));
    expect(byId.size).toBe(registered.length);
    // Every key was sent until it was answered, so the recorded and the answered commands are the same.
    expect(byId).toEqual(new Map([...answered.values()].map(({ id, position }) => [id, position])));

    const key = parseVerifierKey((await (await send('/log/vkey')).text()).trim());
    const roots = new Map<number, string>();
    const builder = new TileBuilder();
    for (const { envelope } of rows) {
      builder.append(leafHash(Buffer.from(String(envelope))));
      roots.set(builder.size, Buffer.from(builder.root()).toString('base64'));
    }
    const notes = new Set([...published, final]);
    for (const note of notes) {
      const { checkpoint } = openCheckpoint(note, key.name, [key]);
      expect(Buffer.from(checkpoint.root).toString('base64')).toBe(roots.get(checkpoint.size));
    }
    return notes.size;
  }
});

const bothOf = (one: TestServer, two: TestServer, session: string): string => {
  const url = new URL(one.url);
  url.searchParams.set('host', `${one.socketFolder},${two.socketFolder}`);
  url.searchParams.set('target_session_attrs', session);
  return url.href;
};
