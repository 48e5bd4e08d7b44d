import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADD_CHECKPOINT_BYTES_MAX, acceptCosignatures } from '../../src/tlog/add-checkpoint.js';
import { openCheckpoint } from '../../src/tlog/checkpoint.js';
import { originHash } from '../../src/tlog/merkle.js';
import { parseNote, withSignatures } from '../../src/tlog/note.js';
import { formatVerifierKey, noteKeyOf, parseVerifierKey, signingKey } from '../../src/tlog/note-key.js';
import { parseWitnessedLogs } from '../../src/witness/witness-logs.js';
import { type RunningWitness, startWitness } from '../../src/witness/witness-service.js';
import { WitnessConfig } from '../../src/platform/config.js';
import { refused } from '../tlog/refused.js';
import { addCheckpointBody, checkpointOf, forkOf, logKey, type Request } from '../tlog/signed-log.js';

const logVkey = formatVerifierKey(noteKeyOf(logKey));
/** Waits for a fact. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const CHECKPOINT_PATH = `/${originHash(logKey.name)}/checkpoint`;

describe('a witness over HTTP', () => {
  let folder: string;
  let witness: RunningWitness;
  let alarms: object[];
  const started: RunningWitness[] = [];

  const start = async (name?: string): Promise<RunningWitness> => {
    const flags = { logs: join(folder, 'logs'), ...(name !== undefined && { name }) };
    const config = new WitnessConfig({ PORT: '0', DATA_DIR: join(folder, 'data') }, flags);
    const running = await startWitness(config, { info: () => undefined, error: (fields) => alarms.push(fields) });
    started.push(running);
    return running;
  };

  beforeEach(async () => {
    alarms = [];
    folder = await mkdtemp(join(tmpdir(), 'ppp-witness-'));
    await writeFile(join(folder, 'logs'), `# the ledger\nlog ${logVkey} https://ledger.example.eu/log\n`);
    witness = await start('witness.example.eu');
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((running) => running.stop()));
    await rm(folder, { recursive: true });
  });

  const post = (body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
    fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
  const add = async (request: Request): Promise<Response> => post(await addCheckpointBody(request));
  const statusOf = async (request: Request): Promise<number> => (await add(request)).status;
  const get = (path: string): Promise<Response> => fetch(witness.url + path);
  const metric = async (line: string): Promise<number> => {
    const found = (await (await get('/metrics')).text()).split('\n').find((one) => one.startsWith(`${line} `));
    return Number(found?.slice(line.length) ?? Number.NaN);
  };
  const latestSize = async (): Promise<number> =>
    openCheckpoint(await (await get(CHECKPOINT_PATH)).text(), logKey.name, [parseVerifierKey(witness.vkey)]).checkpoint
      .size;

  it('cosigns a consistent history and shows its latest cosigned checkpoint', async () => {
    expect((await get(CHECKPOINT_PATH)).status).toBe(404);
    for (const [oldSize, size] of [
      [0, 3],
      [3, 3],
      [3, 300],
    ] as const) {
      const answer = await add({ oldSize, size });
      expect(answer.status).toBe(200);
      const key = parseVerifierKey(witness.vkey);
      const note = parseNote(checkpointOf(size));
      const cosigned = withSignatures(note, acceptCosignatures(note, await answer.text(), [key]));
      const [own, cosignature] = openCheckpoint(cosigned, logKey.name, [noteKeyOf(logKey), key]).note.verified;
      expect(own?.key.name).toBe(logKey.name);
      expect(Math.abs((cosignature?.timestampSeconds ?? 0) - Date.now() / 1_000)).toBeLessThan(60);
      expect(await latestSize()).toBe(size);
    }
  });

  it('answers 409 with its size as text/x.tlog.size to any other old size', async () => {
    await add({ oldSize: 0, size: 8 });
    const answer = await add({ oldSize: 3, size: 21 });
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toBe('text/x.tlog.size');
    expect(await answer.text()).toBe('8\n');
  });

  it('answers 400 to a malformed request and to an old size above the size', async () => {
    expect((await post('old 0\n')).status).toBe(400);
    expect((await post(Uint8Array.of(0xff))).status).toBe(400);
    const good = await addCheckpointBody({ oldSize: 0, size: 3 });
    expect((await post(good.replace('old 0', 'old 4'))).status).toBe(400);
  });

  it('answers 404 to a log that it does not follow and 403 to a key that is not the log’s', async () => {
    const stranger = signingKey('stranger.example/log', new Uint8Array(32).fill(3));
    expect(await statusOf({ oldSize: 0, size: 3, key: stranger })).toBe(404);
    expect(await statusOf({ oldSize: 0, size: 3, key: signingKey(logKey.name, new Uint8Array(32).fill(4)) })).toBe(403);
    expect(alarms).toEqual([]);
  });

  it('refuses a fork with 422, raises the alarm, and keeps both checkpoints as proof', async () => {
    await add({ oldSize: 0, size: 7 });
    expect(await statusOf({ oldSize: 7, size: 21, log: forkOf(21) })).toBe(422);
    await add({ oldSize: 7, size: 8 });
    expect(await statusOf({ oldSize: 8, size: 8, log: forkOf(8) })).toBe(422);
    expect(await latestSize()).toBe(8);
    expect(alarms).toMatchObject([
      { origin: logKey.name, kind: 'two-prefixes' },
      { origin: logKey.name, kind: 'two-roots' },
    ]);
    const counter = `ppp_witness_fork_alarms_total{origin="${logKey.name}",kind=`;
    expect(await metric(`${counter}"two-roots"}`)).toBe(1);
    expect(await metric(`${counter}"two-prefixes"}`)).toBe(1);
    expect(await metric('ppp_witness_requests_total{status="422"}')).toBe(2);
    const names = await readdir(join(folder, 'data', 'forks'));
    const larger = await readFile(
      join(folder, 'data', 'forks', names.find((one) => one.includes('-21-')) ?? ''),
      'utf8',
    );
    // The proof of consistency stands before the larger checkpoint: with both, anybody can repeat the check.
    const proof = (await addCheckpointBody({ oldSize: 7, size: 21, log: forkOf(21) })).split('\n\n')[0] ?? '';
    expect(larger).toContain(`\n\n${proof.split('\n').slice(1).join('\n')}\n${logKey.name}\n21\n`);
    const name = names.find((one) => one.includes('-8-')) ?? '';
    const kept = (await readFile(join(folder, 'data', 'forks', name), 'utf8')).split(`\n${logKey.name}\n`);
    expect(kept).toHaveLength(2);
    const two = [kept[0] ?? '', `${logKey.name}\n${kept[1] ?? ''}`];
    const roots = two.map((note) => openCheckpoint(note, logKey.name, [noteKeyOf(logKey)]).checkpoint);
    expect(roots.map(({ size }) => size)).toEqual([8, 8]);
    expect(roots[0]?.root).not.toEqual(roots[1]?.root);
  });

  it('raises no alarm for what strangers send: a public checkpoint with a bogus proof is answered 422', async () => {
    await add({ oldSize: 0, size: 7 });
    const right = await addCheckpointBody({ oldSize: 7, size: 21 });
    const [, first = ''] = right.split('\n');
    for (let byte = 0; byte < 50; byte += 1) {
      const answer = await post(right.replace(first, Buffer.alloc(32, byte).toString('base64')));
      expect(answer.status).toBe(422);
    }
    expect(alarms).toEqual([]);
    expect(await (await get('/metrics')).text()).not.toMatch(/ppp_witness_fork_alarms_total\{.*\} [1-9]/);
    expect((await post(right)).status).toBe(200);
  });

  it('cosigns while senders hold their bodies back, and closes their connections', async () => {
    const slow = Array.from({ length: 64 }, () => {
      const request = httpRequest(`${witness.url}/add-checkpoint`, { method: 'POST' });
      const ended = new Promise((resolve) => request.once('error', resolve));
      request.write('old ');
      return ended;
    });
    await until(async () => (await metric('ppp_witness_requests_total{status="408"}')) === 56);
    expect(await statusOf({ oldSize: 0, size: 8 })).toBe(200);
    // The place limit closed most of them, the time limit closes the rest.
    await Promise.all(slow);
    expect(await metric('ppp_witness_requests_total{status="408"}')).toBe(64);
  }, 30_000);

  it('keeps no more than a hundred connections of one sender', async () => {
    const sockets = Array.from({ length: 150 }, () => connect(Number(new URL(witness.url).port), '127.0.0.1'));
    let closed = 0;
    for (const socket of sockets) socket.on('error', () => undefined).once('close', () => (closed += 1));
    await until(() => Promise.resolve(closed === 50));
    sockets[0]?.destroy();
    for (const socket of sockets) socket.destroy();
    await until(async () => (await get('/livez').catch(() => undefined))?.status === 200);
  }, 30_000);

  it('answers 413 to an oversized body, 405 to a wrong method, and 404 to an unknown path', async () => {
    expect((await post('x'.repeat(ADD_CHECKPOINT_BYTES_MAX + 1))).status).toBe(413);
    const wrong = await get('/add-checkpoint');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await fetch(witness.url + CHECKPOINT_PATH, { method: 'DELETE' })).status).toBe(405);
    expect((await get('/')).status).toBe(404);
    expect((await get(`/${'0'.repeat(64)}/checkpoint`)).status).toBe(404);
    expect((await get('/livez')).status).toBe(200);
  });

  it('answers 413 also to a long body without a declared length', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${witness.url}/add-checkpoint`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject);
      request.write('x'.repeat(ADD_CHECKPOINT_BYTES_MAX));
      request.write('y');
    });
    expect(status).toBe(413);
  });

  it('cosigns one of many concurrent requests from the same size, and then has the size of that request', async () => {
    await add({ oldSize: 0, size: 8 });
    const sizes = [9, 12, 21, 33, 40];
    const answers = await Promise.all(sizes.map((size) => add({ oldSize: 8, size })));
    const cosigned = answers.flatMap(({ status }, at) => (status === 200 ? [sizes[at]] : []));
    expect(cosigned).toEqual([await latestSize()]);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(4);
  });

  it('keeps its cosigned checkpoint and its key after a restart', async () => {
    await add({ oldSize: 0, size: 21 });
    const { vkey } = witness;
    await witness.stop();
    started.splice(0);
    witness = await start();
    expect(witness.vkey).toBe(vkey);
    expect(await latestSize()).toBe(21);
    expect(await (await add({ oldSize: 0, size: 40 })).text()).toBe('21\n');
    expect(await statusOf({ oldSize: 21, size: 40 })).toBe(200);
  });

  it('does not start when its cosigned checkpoint was changed, and names the remedy', async () => {
    await add({ oldSize: 0, size: 21 });
    await witness.stop();
    started.splice(0);
    const path = join(folder, 'data', 'checkpoints', originHash(logKey.name));
    await writeFile(path, (await readFile(path, 'utf8')).replace('\n21\n', '\n20\n'));
    await expect(start()).rejects.toThrow(/restore the newest copy/);
  });

  it('answers 503 and keeps its state when it cannot write, and continues when it can', async () => {
    await add({ oldSize: 0, size: 8 });
    const path = join(folder, 'data', 'checkpoints');
    await rm(path, { recursive: true });
    const answer = await add({ oldSize: 8, size: 21 });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await latestSize()).toBe(8);
    await mkdir(path);
    expect(await statusOf({ oldSize: 8, size: 40 })).toBe(200);
  });

  it('has a key file of mode 0600, and a folder that only one witness can use', async () => {
    const { mode } = await stat(join(folder, 'data', 'witness-key'));
    expect(mode & 0o777).toBe(0o600);
    await expect(start()).rejects.toThrow(/stop the witness that uses it/);
  });

  it('refuses a name other than the name of its key, and refuses to start without a name', async () => {
    await witness.stop();
    started.splice(0);
    await expect(start('other.example.eu')).rejects.toThrow(/that of witness.example.eu/);
    await rm(join(folder, 'data'), { recursive: true });
    await expect(start()).rejects.toThrow(/set --name/);
  });
});

describe('the list of logs of a witness', () => {
  it('is read from log lines, bare verifier keys, or a whole policy', () => {
    for (const text of [
      `log ${logVkey}\n`,
      `\n# ours\n  ${logVkey}  \n`,
      `log ${logVkey} https://x.eu\nquorum none\n`,
    ]) {
      expect(parseWitnessedLogs(text)).toEqual(new Map([[logKey.name, [noteKeyOf(logKey)]]]));
    }
  });

  it.each(['', '# nothing\n', 'quorum none\n', 'log x\n', 'witness\n'])('is refused without a log: %j', (text) => {
    expect(() => parseWitnessedLogs(text)).toThrow(refused('malformed'));
  });
});
