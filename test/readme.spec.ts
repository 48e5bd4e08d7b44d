import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { startTestApp, type TestApp } from './support/app.js';
import { SCRIPT_MS_MAX, runReadmeScript } from './support/readme.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

describe('the script of curls in the README', () => {
  it(
    'leads from an empty ledger to the report, unchanged',
    async () => {
      const printed = await runReadmeScript(app.url);
      const report = JSON.parse(answersIn(printed).at(-1) ?? '');
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

/** curl ends no answer with a line feed, so an answer ends at its last bracket. */
const answersIn = (output: string): readonly string[] => output.split(/(?<=\})\s*(?=\{)/);

/** Where a path in the README may begin; those of "a commitment, from decision to table" begin in `src` or in `src/capital`. */
const STARTS = ['', 'src/', 'src/capital/'];
const FILE_OR_FOLDER = /`([\w./-]+\/[\w./-]+|[\w-]+(?:\.[\w-]+)*\.(?:ts|md|cjs))`/g;

describe('the files that the README names', () => {
  it('exist', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const named = [...readme.matchAll(FILE_OR_FOLDER)].map(([, path = '']) => path);
    const files = named.filter((path) => !NO_FILES.has(path));
    expect(files.length).toBeGreaterThan(15);
    const exists = (path: string): boolean =>
      STARTS.some((start) => existsSync(new URL(`../${start}${path}`, import.meta.url)));
    expect(files.filter((path) => !exists(path))).toEqual([]);
  });
});

/** Made at the first start, a media type, a route, the default name of a log. */
const NO_FILES = new Set(['./data', 'application/problem+json', '/docs', 'localhost/log']);
