import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('a history whose operator forges it, with all hashes and signatures right', () => {
  // In a process of its own: thousands of verifications take many times longer among the modules of Jest.
  it('is found at every change but those of fields-without-a-rule.json, and at none of those', async () => {
    const args = ['--import', './test/support/typescript.mjs', 'test/attack/attack.ts', '--forgeries'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(stdout).toMatch(/^\d{4,} forgeries of \d{4} fields: \d{4,} found/m);
  }, 600_000);
});
