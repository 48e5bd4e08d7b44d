import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { OPERATOR_KEY, startTestApp, type TestApp } from './support/app.js';

const FIRST_LINE = '# from nothing to the report';
/** Some twenty commands, each with a curl and a node of its own. */
const SCRIPT_MS_MAX = 120_000;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

describe('the script of curls in the README', () => {
  it(
    'takes a newcomer from nothing to the report, as it stands',
    async () => {
      const { stdout } = await run(await scriptOf('README.md'));
      const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
      expect(report.totals).toMatchObject({ submitted: 1, granted: 1, pending: 0, denied: 0 });
      expect(report.totals.chipHoursGranted).toBeGreaterThan(0);
      expect(report.totals.chipHoursAllocated).toBeGreaterThan(0);
      expect(report.totals.chipHoursUsed).toBeGreaterThan(0);
      const applicants = report.categories.filter(({ submitted }: { submitted: number }) => submitted > 0);
      expect(applicants).toMatchObject([{ category: 'start-up', granted: 1 }]);

      const [commitments, funds, facilities] = await Promise.all([
        app.get('/v1/commitments'),
        app.get('/v1/funds'),
        app.get('/v1/facilities'),
      ]);
      expect(commitments.body.data).toMatchObject([{ status: 'signed', calls: [expect.anything()] }]);
      const [{ calledMinor, paidMinor }] = commitments.body.data;
      expect([paidMinor, paidMinor === '0']).toEqual([calledMinor, false]);
      expect(funds.body.data).toMatchObject([{ status: 'closed' }]);
      expect(facilities.body.data).toHaveLength(1);
    },
    SCRIPT_MS_MAX,
  );
});

async function scriptOf(file: string): Promise<string> {
  const readme = await readFile(new URL(`../${file}`, import.meta.url), 'utf8');
  const scripts = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);
  const script = scripts.find((text) => text.startsWith(`${FIRST_LINE}\n`));
  if (script === undefined) throw new Error(`${file} has no block of commands that begins with "${FIRST_LINE}".`);
  return script;
}

/** Ends with the first command that fails, and shows what it answered. */
const run = (script: string) =>
  promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    env: { PATH: process.env['PATH'], URL: app.url, OPERATOR_KEY },
    timeout: SCRIPT_MS_MAX,
  }).catch((error: { message: string; stdout: string }) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
