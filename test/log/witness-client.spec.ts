import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cosign } from '../../src/tlog/cosignature.js';
import { parseNote } from '../../src/tlog/note.js';
import { cosignerKeyOf, formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { formatSignature } from '../../src/tlog/note-signature.js';
import { formatPolicy } from '../../src/tlog/policy.js';
import { submitCheckpoint, type Submission } from '../../src/log/witness-client.js';
import { LogPolicy } from '../../src/log/witness-policy.js';
import { refused } from '../tlog/refused.js';
import { checkpointOf, logKey } from '../tlog/signed-log.js';

const witnessKey = signingKey('witness.example.eu', new Uint8Array(32).fill(2));
const note = parseNote(checkpointOf(8));
const lineBy = (key = witnessKey, size = 8): string =>
  formatSignature(cosign(key, parseNote(checkpointOf(size)).text, 1_900_000_000));

describe('a log that submits a checkpoint to a witness', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const submitTo = async (answer: RequestListener, stopping = new AbortController().signal): Promise<Submission> => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const key = cosignerKeyOf(witnessKey);
    return submitCheckpoint({ name: 'w', key, url, vkey: '' }, { oldSize: 8, proof: [], note }, stopping);
  };
  const submitted = (status: number, body: string, contentType = 'text/plain'): Promise<Submission> =>
    submitTo((_request, response) => response.writeHead(status, { 'content-type': contentType }).end(body));

  it('takes the cosignature of the witness, and no other signature', async () => {
    const stranger = signingKey('stranger.example.eu', new Uint8Array(32).fill(3));
    expect(await submitted(200, lineBy(stranger) + lineBy())).toEqual({ kind: 'cosigned', line: lineBy() });
  });

  it.each([
    ['somebody else', lineBy(signingKey('stranger.example.eu', new Uint8Array(32).fill(3)))],
    ['an impostor of the same name', lineBy(signingKey(witnessKey.name, new Uint8Array(32).fill(4)))],
    ['the witness, but on another checkpoint', lineBy(witnessKey, 7)],
    ['nobody', 'OK\n'],
  ])('accepts no signature by %s', async (_, body) => {
    expect(await submitted(200, body)).toMatchObject({ kind: 'failed', state: 'refusing' });
  });

  it('learns from a 409 the last cosigned size of the witness', async () => {
    expect(await submitted(409, '5\n', 'text/x.tlog.size')).toEqual({ kind: 'elsewhere', size: 5 });
    for (const [body, type] of [
      ['5', 'text/x.tlog.size'],
      ['05\n', 'text/x.tlog.size'],
      ['5\n', 'text/plain'],
    ] as const) {
      expect(await submitted(409, body, type)).toMatchObject({ kind: 'failed', state: 'refusing' });
    }
  });

  it('reports a fork when the witness has another root of this size, by 409 or 422, or rejects the proof', async () => {
    expect(await submitted(409, '8\n', 'text/x.tlog.size')).toMatchObject({ kind: 'failed', state: 'fork' });
    expect(await submitted(422, 'two roots\n')).toEqual({
      kind: 'failed',
      state: 'fork',
      reason: 'It answered 422: two roots',
    });
  });

  it.each([
    [400, 'refusing'],
    [403, 'refusing'],
    [404, 'refusing'],
    [204, 'refusing'],
    [429, 'down'],
    [500, 'down'],
    [503, 'down'],
  ])('reads status %d as %s', async (status, state) => {
    expect(await submitted(status, '')).toMatchObject({ kind: 'failed', state });
  });

  it('follows no redirect, and stops reading an endless answer', async () => {
    expect(
      await submitTo((_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
    ).toMatchObject({ kind: 'failed', state: 'down' });
    expect(
      await submitTo((_request, response) => {
        response.writeHead(200);
        const more = (): void => {
          while (response.write('x'.repeat(16_384)));
          response.once('drain', more);
        };
        more();
      }),
    ).toMatchObject({ kind: 'failed', state: 'down', reason: expect.stringContaining('longer than 65536 bytes') });
  });

  it('shortens the refusal of a witness, and removes line breaks and control characters', async () => {
    const said = await submitted(403, `no\n\u001b[31m${'x'.repeat(1_000)}`);
    expect(said).toMatchObject({ reason: expect.stringMatching(/^It answered 403: no \[31mx{100,200}$/) });
  });

  it('ends when it is stopped, and reports a witness that does not listen', async () => {
    const stopping = new AbortController();
    const hanging = submitTo(() => stopping.abort(), stopping.signal);
    expect(await hanging).toMatchObject({ kind: 'failed', state: 'down' });
    // A stop that came before the submission ends it too, and asks nobody: such a signal fires no more.
    let asked = 0;
    const begun = submitTo((_request, response) => {
      asked += 1;
      response.end(lineBy());
    }, AbortSignal.abort());
    expect(await begun).toMatchObject({ kind: 'failed', state: 'down' });
    expect(asked).toBe(0);
    const key = cosignerKeyOf(witnessKey);
    const nobody = { name: 'w', key, url: 'http://127.0.0.1:1', vkey: '' };
    const request = { oldSize: 0, proof: [], note };
    expect(await submitCheckpoint(nobody, request, new AbortController().signal)).toMatchObject({ state: 'down' });
  });
});

describe('the policy of a log', () => {
  const ownKey = noteKeyOf(logKey);
  const own = { key: ownKey };
  const witness = { name: 'w', key: cosignerKeyOf(witnessKey), url: 'https://witness.example.eu/a/' };

  it('names the URLs to which the log submits', () => {
    const policy = new LogPolicy(formatPolicy({ logs: [own], witnesses: [witness], groups: [], quorum: 'w' }), ownKey);
    expect(policy.witnesses).toEqual([
      { ...witness, url: 'https://witness.example.eu/a', vkey: formatVerifierKey(witness.key) },
    ]);
    expect(policy.isWitnessedBy(new Set())).toBe(false);
    expect(policy.isWitnessedBy(new Set(['w']))).toBe(true);
  });

  it('counts no checkpoint as witnessed when it needs no witness', () => {
    const text = formatPolicy({ logs: [own], witnesses: [witness], groups: [], quorum: 'none' });
    expect(new LogPolicy(text, ownKey).isWitnessedBy(new Set(['w']))).toBe(false);
  });

  it('is refused unless it lists the log itself and the URLs of its witnesses', () => {
    const other = { key: noteKeyOf(signingKey(logKey.name, new Uint8Array(32).fill(9))) };
    const foreign = formatPolicy({ logs: [other], witnesses: [], groups: [], quorum: 'none' });
    expect(() => new LogPolicy(foreign, ownKey)).toThrow(refused('origin-mismatch'));
    for (const url of [undefined, 'ftp://witness.example.eu', 'witness.example.eu']) {
      const { url: _url, ...rest } = witness;
      const witnesses = [{ ...rest, ...(url !== undefined && { url }) }];
      const text = formatPolicy({ logs: [own], witnesses, groups: [], quorum: 'w' });
      expect(() => new LogPolicy(text, ownKey)).toThrow(refused('malformed'));
    }
  });
});
