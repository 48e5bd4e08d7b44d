import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { OPERATOR_KEY } from './app.js';

const FIRST_LINE = '# from nothing to the report';
/** The script has some twenty commands, each with a curl and a node process. */
export const SCRIPT_MS_MAX = 120_000;

/**
 * Runs the README's script of curls, unchanged, on the service at `url`. The first command that fails ends it.
 * @returns its output
 */
export async function runReadmeScript(url: string): Promise<string> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);
  const script = blocks.find((text) => text.startsWith(`${FIRST_LINE}\n`));
  if (script === undefined) throw new Error(`README.md has no commands that begin with "${FIRST_LINE}".`);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    env: { PATH: process.env['PATH'], URL: url, OPERATOR_KEY },
    timeout: SCRIPT_MS_MAX,
  }).catch((error: { message: string; stdout: string }) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
  return stdout;
}
