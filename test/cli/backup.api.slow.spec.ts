import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { OPERATOR_KEY } from '../support/app.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = ['--import', join(ROOT, 'test/support/typescript.mjs'), join(ROOT, 'src/cli.ts')];
/** Each process compiles the whole program at its start. */
const MS_MAX = 600_000;
const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };

describe('a backup of the embedded database', () => {
  let folder: string;
  const running = new Set<ChildProcess>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-embedded-backup-'));
    // Under root the databases stay in this folder if their user can pass through it, and are deleted with it.
    await chmod(folder, 0o711);
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  function start(dataDir: string, ...args: readonly string[]) {
    const { DATABASE_URL: _, ...outer } = process.env;
    const env = { ...outer, DATA_DIR: dataDir, OPERATOR_KEY, PORT: '0', LOG_LEVEL: 'warn' };
    const child = spawn(process.execPath, [...CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const code = once(child, 'close').then(([status]) => {
      running.delete(child);
      return Number(status ?? -1);
    });
    return { child, code };
  }
  const run = async (dataDir: string, ...args: readonly string[]) => {
    const { child, code } = start(dataDir, ...args);
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await code, out, err };
  };
  const serve = async (dataDir: string) => {
    const { child, code } = start(dataDir, 'serve');
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /(http:\/\/[^\s/)]+:\d+)/.exec(line)?.[1];
      if (url === undefined) continue;
      const stop = (): Promise<number> => {
        child.kill('SIGTERM');
        return code;
      };
      return { url, stop };
    }
    throw new Error(`It ended without listening: ${await text(child.stderr)}`);
  };
  const get = async (url: string, path: string): Promise<string> => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${OPERATOR_KEY}` } });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  const register = async (url: string, key: string) => {
    const answer = await fetch(`${url}/v1/partners`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${OPERATOR_KEY}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(COMPANY),
    });
    return { status: answer.status, replayed: answer.headers.get('idempotency-replayed'), text: await answer.text() };
  };

  it(
    'is made while four writers write; restored into an empty folder, the ledger answers, replays and signs on',
    async () => {
      const [first, second] = [join(folder, 'first'), join(folder, 'second')];
      const file = join(folder, 'ledger.tar');
      const service = await serve(first);
      const early = await register(service.url, 'early');
      const writing = { ended: false };
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        const answered: { key: string; position: number; text: string }[] = [];
        for (let n = 0; !writing.ended; n += 1) {
          const key = `writer-${writer}-${n}`;
          const { status, text: body } = await register(service.url, key);
          if (status !== 201) throw new Error(body);
          answered.push({ key, text: body, position: JSON.parse(body).position });
        }
        return answered;
      });
      const made = await run(first, 'backup', file, '--with-keys').finally(() => (writing.ended = true));
      const answered = (await Promise.all(writers)).flat();
      expect(made).toMatchObject({ code: 0, err: expect.stringContaining('The keys of this installation are in') });
      const place = /^Position (\d+), root [0-9a-f]{64}$/m.exec(made.out);
      const position = Number(place?.[1]);
      expect(position).toBeGreaterThan(1);
      expect(Math.max(...answered.map((one) => one.position))).toBeGreaterThan(position);

      // Beside the running service there is no restore into its folder.
      const inUse = await run(first, 'restore', file);
      expect(inUse).toMatchObject({ code: 69, err: expect.stringContaining('is in use by') });
      const reports = ['/v1/transparency/equal-access', '/v1/transparency/capital', '/v1/transparency/capacity'];
      const before = await Promise.all(reports.map((path) => get(service.url, `${path}?asOfPosition=${position}`)));
      const events = await eventsOf(service.url, position);
      expect(await service.stop()).toBe(0);

      const restored = await run(second, 'restore', file);
      expect(restored).toMatchObject({ code: 0, out: expect.stringMatching(/^VERIFIED up to size \d+ /m) });
      expect(restored.out).toContain(place?.[0]);
      const keys = ['wrapping-key', 'log-signing-key', 'append-key'];
      for (const name of keys) {
        expect(await readFile(join(second, name), 'utf8')).toBe(await readFile(join(first, name), 'utf8'));
      }
      const again = await serve(second);
      expect(await Promise.all(reports.map((path) => get(again.url, `${path}?asOfPosition=${position}`)))).toEqual(
        before,
      );
      expect(await eventsOf(again.url, position)).toEqual(events);
      expect(await register(again.url, 'early')).toEqual({ ...early, replayed: 'true' });
      for (const { key, text: body } of answered.filter((one) => one.position <= position)) {
        expect(await register(again.url, key)).toEqual({ status: 201, replayed: 'true', text: body });
      }
      const next = await register(again.url, 'after-the-restore');
      expect([next.status, JSON.parse(next.text).position]).toEqual([201, position + 1]);
      expect(await again.stop()).toBe(0);
      expect(await run(second, 'audit', 'verify', '--database')).toMatchObject({ code: 0 });
    },
    MS_MAX,
  );

  it(
    'goes through a pipe, also without a running service; a pipe that is closed early ends it with 141, and it says so',
    async () => {
      const [first, third] = [join(folder, 'piped-from'), join(folder, 'piped-to')];
      expect(await run(first, 'operator-key')).toMatchObject({ code: 0 });
      const file = join(folder, 'piped.tar');
      const piped = start(first, 'backup', '-', '--with-keys');
      const said = text(piped.child.stderr);
      await pipeline(piped.child.stdout, createWriteStream(file));
      expect(await piped.code).toBe(0);
      const place = /^Position \d+, root [0-9a-f]{64}$/m.exec(await said)?.[0];
      expect(place).toBeDefined();
      const restored = await run(third, 'restore', file);
      expect(restored).toMatchObject({ code: 2, out: expect.stringContaining(place ?? '-') });
      // The command that made this ledger signs nothing: there is no checkpoint yet that could be verified.
      expect(restored.out).toMatch(/has no checkpoint[^]*^NOT VERIFIED/m);

      const closed = start(first, 'backup', '-');
      closed.child.stdout.destroy();
      const [err, code] = await Promise.all([text(closed.child.stderr), closed.code]);
      expect([code, err]).toEqual([141, expect.stringMatching(/^ppp-ledger: The backup cannot be written to .*$/m)]);
    },
    MS_MAX,
  );

  /** Every event up to a position, as the API shows it. */
  async function eventsOf(url: string, position: number): Promise<readonly unknown[]> {
    const events: { position: number }[] = [];
    for (let after = 0; after < position; after = events.at(-1)?.position ?? position) {
      events.push(...JSON.parse(await get(url, `/v1/events?after=${after}&limit=200`)).data);
    }
    return events.filter((event) => event.position <= position);
  }
});
