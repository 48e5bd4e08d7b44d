import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { leafHash, originHash } from '../../src/tlog/merkle.js';
import { parseNote } from '../../src/tlog/note.js';
import { cosignerKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { formatPolicy, openWithPolicy, parsePolicy, thresholdPolicy } from '../../src/tlog/policy.js';
import { parseProof, verifyProof } from '../../src/tlog/proof.js';
import { canonicalize } from '../../src/ledger/canonical.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { refused } from '../tlog/refused.js';
import { appLogKey, TestWitness, until, writePolicy } from '../witness/running-witness.js';

const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
const ANONYMOUS = { key: null };

interface LogState {
  readonly state: string;
  readonly treeSize: number | null;
  readonly witnesses: number;
  readonly of: number;
}

/** Records an event, and returns it as it is in the log. */
async function record(api: TestApp): Promise<{ id: string; position: number; leaf: Uint8Array }> {
  const { body } = await api.must(api.post('/v1/partners', COMPANY));
  const { body: page } = await api.get(`/v1/events?stream=partner-${body.id}`, ANONYMOUS);
  const { position, ...envelope } = page.data[0];
  return { id: envelope.id, position, leaf: leafHash(Buffer.from(canonicalize(envelope))) };
}

const logOf = async (api: TestApp, id: string): Promise<LogState> =>
  (await api.get(`/v1/events/${id}`, ANONYMOUS)).body.log;
const witnessed = (api: TestApp, id: string): Promise<LogState> =>
  until(
    () => logOf(api, id),
    ({ state }) => state === 'witnessed',
  );
const textOf = async (api: TestApp, path: string): Promise<string> => {
  const { status, text } = await api.get(path, ANONYMOUS);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return text;
};
const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).text).size;
const metric = async (url: string, line: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return Number(found?.slice(line.length) ?? Number.NaN);
};

describe('a log with three witnesses of which two are the quorum', () => {
  let one: TestWitness;
  let two: TestWitness;
  let three: TestWitness;
  let api: TestApp;

  beforeAll(async () => {
    one = await TestWitness.start('one.example.eu');
    two = await TestWitness.start('two.example.eu');
    three = await TestWitness.start('three.example.eu');
    api = await startTestApp({ env: { LOG_POLICY: await writePolicy([one, two, three], 2) } });
  });
  afterAll(async () => {
    await api.stop();
    await Promise.all([one, two, three].map((witness) => witness.end()));
  });

  it('shows an event as recorded, then integrated, then witnessed, and proves it', async () => {
    expect((await api.must(api.post('/v1/partners', COMPANY))).body.logState).toBe('recorded');
    const { id, position, leaf } = await record(api);
    const before = await logOf(api, id);
    expect(before.of).toBe(3);
    expect(before.treeSize === null).toBe(before.state === 'recorded');
    const { treeSize, witnesses } = await witnessed(api, id);
    expect(treeSize).toBeGreaterThanOrEqual(position);
    expect(witnesses).toBeGreaterThanOrEqual(2);
    const policy = parsePolicy(await textOf(api, '/log/policy'));
    const receipt = parseProof(await textOf(api, `/v1/events/${id}/proof`));
    const { cosigners, index, checkpoint } = verifyProof(receipt, leaf, policy);
    expect(cosigners.length).toBeGreaterThanOrEqual(2);
    expect(index).toBe(position - 1);
    expect(checkpoint.size).toBeGreaterThanOrEqual(treeSize ?? 0);
  });

  it('serves cosignatures that are valid for every k of n, and none of a witness that did not sign', async () => {
    await record(api);
    const all = [one, two, three].map(({ inPolicy }) => inPolicy);
    const note = await until(
      () => textOf(api, '/log/checkpoint'),
      (text) => parseNote(text).signatures.length === 4,
    );
    for (const k of [0, 1, 2, 3]) {
      const { cosigners } = openWithPolicy(parseNote(note), thresholdPolicy({ key: appLogKey }, all, k));
      expect(cosigners.map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    }
    const stranger = await TestWitness.start('stranger.example.eu');
    const withStranger = thresholdPolicy({ key: appLogKey }, [...all.slice(1), stranger.inPolicy], 3);
    expect(() => openWithPolicy(parseNote(note), withStranger)).toThrow(refused('quorum-missing'));
    await stranger.end();
  });

  it('serves the newest checkpoint without the signatures of witnesses that are down, and adds them later', async () => {
    const { id: earlier } = await record(api);
    await witnessed(api, earlier);
    await two.pause();
    await three.pause();
    const { id, position } = await record(api);
    const { state } = await until(
      () => logOf(api, id),
      (log) => log.state === 'integrated' && log.witnesses === 1,
    );
    expect(state).toBe('integrated');
    expect(sizeOf(await textOf(api, '/log/checkpoint'))).toBeGreaterThanOrEqual(position);
    expect(sizeOf(await textOf(api, '/log/checkpoint/witnessed'))).toBeLessThan(position);
    const readiness = await until(
      () => api.get('/readyz', ANONYMOUS),
      ({ body }) => body.witnesses.filter((witness: { state: string }) => witness.state === 'down').length === 2,
    );
    expect(readiness.status).toBe(200);
    expect(readiness.body.log.size).toBeGreaterThanOrEqual(position);
    expect(readiness.body.witnesses[0]).toMatchObject({ name: one.name, state: 'ok', lagEvents: 0 });
    expect(readiness.body.witnesses[1].failure).toMatch(/does not answer/);
    expect(await metric(api.url, `ppp_witness_failures_total{witness="${two.name}",state="down"}`)).toBeGreaterThan(0);
    expect(await metric(api.url, `ppp_witness_lag{witness="${two.name}"}`)).toBeGreaterThan(0);
    expect(await metric(api.url, `ppp_witness_lag{witness="${one.name}"}`)).toBe(0);
    await two.resume();
    await three.resume();
    await witnessed(api, id);
  });

  it('submits again to a witness that has lost its state', async () => {
    await three.pause();
    await rm(join(three.folder, 'data', 'checkpoints', originHash(appLogKey.name)));
    await three.resume();
    const { position } = await record(api);
    await until(
      async () => (await api.get('/readyz', ANONYMOUS)).body.witnesses[2],
      ({ state, size }) => state === 'ok' && size >= position,
    );
    expect(await metric(api.url, `ppp_log_fork_alarms_total{witness="${three.name}"}`)).toBe(0);
  });

  it('leaves out a stored cosignature that was changed, so that the checkpoint stays valid', async () => {
    const { id } = await record(api);
    await witnessed(api, id);
    const client = new Client(api.databaseUrl);
    await client.connect();
    try {
      await client.query(`update log_cosignatures set line = translate(line, 'ABCabc', 'BCAbca')
        where witness = (select witness from log_cosignatures order by size desc limit 1)`);
    } finally {
      await client.end();
    }
    const note = parseNote(await textOf(api, '/log/checkpoint'));
    const all = [one, two, three].map(({ inPolicy }) => inPolicy);
    expect(openWithPolicy(note, thresholdPolicy({ key: appLogKey }, all, 0)).cosigners.length).toBeLessThan(3);
  });

  it('keeps one history, and finds quorums, while two instances write and submit all the time', async () => {
    const env = { LOG_POLICY: join(one.folder, 'policy-2') };
    const second = await startTestApp({ sharedWith: api, env });
    try {
      const first = sizeOf(await textOf(api, '/log/checkpoint'));
      const seen = new Set<number>();
      let busy = true;
      const writers = [api, second].map(async (instance) => {
        while (busy) await instance.must(instance.post('/v1/partners', COMPANY));
      });
      await until(
        async () => sizeOf(await textOf(second, '/log/checkpoint/witnessed')),
        (size) => size > first && seen.add(size).size >= 3,
      );
      busy = false;
      await Promise.all(writers);
      const { id } = await record(second);
      await witnessed(second, id);
    } finally {
      await second.stop();
    }
    for (const witness of [one, two, three]) {
      expect(witness.alarms).toEqual([]);
      expect(await metric(witness.url, 'ppp_witness_requests_total{status="422"}')).toBeNaN();
    }
    expect(await metric(api.url, 'ppp_log_size')).toBeGreaterThan(0);
  });
});

describe('two ledgers that have one key, one origin, and different histories', () => {
  let witness: TestWitness;
  let honest: TestApp;
  let fork: TestApp;

  beforeAll(async () => {
    witness = await TestWitness.start('witness.example.eu');
    const env = { LOG_POLICY: await writePolicy([witness], 1) };
    honest = await startTestApp({ env });
    const { id } = await record(honest);
    await witnessed(honest, id);
    fork = await startTestApp({ env });
  });
  afterAll(async () => {
    await honest.stop();
    await fork.stop();
    await witness.end();
  });

  const alarmsOf = (api: TestApp): Promise<number> =>
    metric(api.url, `ppp_log_fork_alarms_total{witness="${witness.name}"}`);

  it('do not both get a cosignature: the witness refuses the second ledger, and both log an alarm', async () => {
    const { size } = (await honest.get('/readyz', ANONYMOUS)).body.witnesses[0];
    for (let made = 0; made < size; made += 1) await fork.must(fork.post('/v1/partners', COMPANY));
    const { id } = await record(fork);
    await until(
      () => alarmsOf(fork),
      (alarms) => alarms > 0,
    );
    const status = await until(
      async () => (await fork.get('/readyz', ANONYMOUS)).body.witnesses[0],
      ({ failure }) => /422/.test(failure ?? ''),
    );
    expect(status).toMatchObject({ state: 'fork', name: witness.name });
    // The proof of a larger tree shows its prefix only where the old size is no power of two; then the refusal is the only sign.
    const isShown = (size & (size - 1)) !== 0;
    if (isShown) expect(witness.alarms).toContainEqual(expect.objectContaining({ origin: appLogKey.name }));
    const counter = (kind: string): Promise<number> =>
      metric(witness.url, `ppp_witness_fork_alarms_total{origin="${appLogKey.name}",kind="${kind}"}`);
    expect((await counter('two-roots')) + (await counter('two-prefixes'))).toBe(witness.alarms.length);
    const log = await until(
      () => logOf(fork, id),
      ({ state }) => state !== 'recorded',
    );
    expect(log).toMatchObject({ state: 'integrated', witnesses: 0, of: 1 });
    expect((await fork.get('/log/checkpoint/witnessed', ANONYMOUS)).status).toBe(404);
    expect((await fork.get('/log/checkpoint', ANONYMOUS)).status).toBe(200);
  });

  it('leave the first ledger unchanged', async () => {
    const { id } = await record(honest);
    expect(await witnessed(honest, id)).toMatchObject({ witnesses: 1, of: 1 });
    expect(await alarmsOf(honest)).toBe(0);
  });

  it('log an alarm also when a log is behind the checkpoint that a witness has cosigned', async () => {
    const restored = await startTestApp({ env: { LOG_POLICY: join(witness.folder, 'policy-1') } });
    try {
      await record(restored);
      await until(
        () => alarmsOf(restored),
        (alarms) => alarms > 0,
      );
      const { failure } = (await restored.get('/readyz', ANONYMOUS)).body.witnesses[0];
      expect(failure).toMatch(/It has cosigned a tree of \d+ leaves/);
    } finally {
      await restored.stop();
    }
  });
});

describe('a log with one witness that hangs', () => {
  it('gets the signatures of the other witnesses, and their quorum', async () => {
    const asked = new Set<ServerResponse>();
    const hanging = createServer((_request, response) => asked.add(response)).listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    const witness = await TestWitness.start('witness.example.eu');
    const { port } = hanging.address() as AddressInfo;
    const key = cosignerKeyOf(signingKey('hanging.example.eu', new Uint8Array(32).fill(5)));
    const witnesses = [{ name: 'hanging', key, url: `http://127.0.0.1:${port}` }, witness.inPolicy];
    const policy = join(witness.folder, 'policy');
    await writeFile(policy, formatPolicy(thresholdPolicy({ key: appLogKey }, witnesses, 1)));
    const api = await startTestApp({ env: { LOG_POLICY: policy } });
    try {
      for (let round = 0; round < 3; round += 1) {
        const { id } = await record(api);
        expect(await witnessed(api, id)).toMatchObject({ witnesses: 1, of: 2 });
      }
      expect(asked.size).toBeGreaterThan(0);
    } finally {
      await api.stop();
      await witness.end();
      hanging.closeAllConnections();
      hanging.close();
    }
  });
});

describe('a log without witnesses', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(() => api.stop());

  it('publishes a policy that needs no witness, and counts no checkpoint as witnessed', async () => {
    const { id, leaf } = await record(api);
    const { treeSize } = await until(
      () => logOf(api, id),
      ({ state }) => state === 'integrated',
    );
    expect(await logOf(api, id)).toEqual({ state: 'integrated', treeSize, witnesses: 0, of: 0 });
    const policy = parsePolicy(await textOf(api, '/log/policy'));
    expect(policy.quorum).toBe('none');
    expect(verifyProof(parseProof(await textOf(api, `/v1/events/${id}/proof`)), leaf, policy).cosigners).toEqual([]);
    expect((await api.get('/log/checkpoint/witnessed', ANONYMOUS)).status).toBe(404);
    expect((await api.get('/readyz', ANONYMOUS)).body.witnesses).toEqual([]);
  });

  it('makes the service unready when it cannot be signed any more', async () => {
    const client = new Client(api.databaseUrl);
    await client.connect();
    try {
      await client.query(`update log_head set root = decode(repeat('00', 32), 'hex')`);
      await record(api);
      const { body } = await until(
        () => api.get('/readyz', ANONYMOUS),
        ({ status }) => status === 503,
      );
      expect(body.reason).toMatch(/The transparency log is not being signed: .*the log was changed/);
    } finally {
      await client.end();
    }
  });
});

describe('a policy of a log', () => {
  it('keeps the service from starting when its file is missing', async () => {
    await expect(startTestApp({ env: { LOG_POLICY: '/nowhere/policy' } })).rejects.toThrow(/LOG_POLICY names/);
  });
});
