import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { secretKey } from '../../src/platform/secrets.js';
import { witnessKey } from '../../src/witness/witness-key.js';

describe('a folder with private keys', () => {
  let repository: string;
  beforeEach(async () => {
    repository = await mkdtemp(join(tmpdir(), 'ppp-ledger-secrets-'));
    await git('init', '--quiet');
  });
  afterEach(() => rm(repository, { recursive: true }));

  const git = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)('git', [...args], { cwd: repository })).stdout;
  /** What `git add .` would take. */
  const taken = async (): Promise<readonly string[]> =>
    (await git('add', '--all', '--dry-run')).split('\n').filter((line) => line !== '');

  it('is kept out of the repository that it is in, also beside files of the user', async () => {
    await writeFile(join(repository, 'policy'), '');
    await secretKey(join(repository, 'd1'), 'wrapping-key', 'sealed content is lost');
    await mkdir(join(repository, 'w1'));
    await witnessKey(join(repository, 'w1'), 'witness.example.eu');
    await writeFile(join(repository, 'w1', 'checkpoints'), '');
    expect(await taken()).toEqual(["add 'policy'"]);
  });

  it('keeps a .gitignore of the user as it is', async () => {
    await mkdir(join(repository, 'd1'));
    await writeFile(join(repository, 'd1', '.gitignore'), 'wrapping-key\n');
    await secretKey(join(repository, 'd1'), 'wrapping-key', 'sealed content is lost');
    expect(await readFile(join(repository, 'd1', '.gitignore'), 'utf8')).toBe('wrapping-key\n');
    expect(await taken()).toEqual(["add 'd1/.gitignore'"]);
  });
});
