import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { formatVerifierKey, noteKeyOf, parseVerifierKey, SIGNATURE_TYPE } from '../../src/tlog/note-key.js';
import { addCheckpointBody, logKey } from '../tlog/signed-log.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START = ['--import', join(ROOT, 'test/support/typescript.mjs'), join(ROOT, 'src/cli.ts'), 'witness'];

describe('ppp-ledger witness', () => {
  let folder: string;
  const processes = new Set<ChildProcess>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-witness-'));
    await writeFile(join(folder, 'logs'), `log ${formatVerifierKey(noteKeyOf(logKey))}\n`);
  });
  afterEach(async () => {
    for (const child of processes) child.kill('SIGKILL');
    processes.clear();
    await rm(folder, { recursive: true });
  });

  const run = (...flags: readonly string[]): ChildProcessByStdio<null, Readable, Readable> => {
    const env = { ...process.env, PORT: '0', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'silent' };
    const child = spawn(process.execPath, [...START, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    processes.add(child);
    return child;
  };

  /** Resolves with the address and the key that the witness prints when it accepts requests. */
  const start = async (...flags: readonly string[]): Promise<{ child: ChildProcess; url: string; vkey: string }> => {
    const child = run('--logs', join(folder, 'logs'), ...flags);
    let url = '';
    for await (const line of createInterface({ input: child.stdout })) {
      url = /http:\/\/\S+[^.\s]/.exec(line)?.[0] ?? url;
      const vkey = /verifier key: (\S+)$/.exec(line)?.[1];
      if (vkey !== undefined) return { child, url, vkey };
    }
    throw new Error('It ended before it listened.');
  };
  const post = async (url: string, body: Promise<string>): Promise<Response> =>
    fetch(`${url}/add-checkpoint`, { method: 'POST', body: await body });

  it('keeps its answer when it is killed directly after the answer', async () => {
    const first = await start('--name', 'witness.example.eu');
    expect(parseVerifierKey(first.vkey)).toMatchObject({
      name: 'witness.example.eu',
      type: SIGNATURE_TYPE.cosignature,
    });
    expect((await post(first.url, addCheckpointBody({ oldSize: 0, size: 21 }))).status).toBe(200);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const again = await start();
    expect(again.vkey).toBe(first.vkey);
    const answer = await post(again.url, addCheckpointBody({ oldSize: 0, size: 40 }));
    expect([answer.status, await answer.text()]).toEqual([409, '21\n']);
    again.child.kill('SIGTERM');
    expect(await once(again.child, 'exit')).toEqual([0, null]);
  });

  it('ends with 78 and names the missing setting when it has no list of logs', async () => {
    const child = run('--name', 'witness.example.eu');
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect([code, said]).toEqual([78, expect.stringContaining('--logs is missing: set it to')]);
  });
});
