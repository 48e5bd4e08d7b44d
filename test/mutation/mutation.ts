import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SimulatedWorld } from '../support/simulated-world.js';
import { mutantsOf, mutated, type Mutant } from './mutators.js';

// Changes the code a little, again and again, and asks whether a test notices: `npm run test:mutation`. See README.md.

const SEED = Number(process.env['MUTATION_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const COUNT = Number(process.env['MUTATION_COUNT'] ?? 40);
/** Of the paths that `SCOPE` has. */
const FILES = new RegExp(process.env['MUTATION_FILES'] ?? '.');
/** Decisions, rules, folds, and the transparency log. Not the frame around them: modules, controllers, queries, DTOs. */
const SCOPE =
  /^src\/((access|capital|compute|partners|governance|domain|identity|erasure)\/[\w-]+(\.decisions)?|audit\/rules\/[\w-]+(\.rule)?|transparency\/method-1\/[\w-]+|transparency\/(measures|concentration|durations|publication|chip-time)|tlog\/[\w-]+)\.ts$/;
const FOUND_SHARE_MIN = 0.95;
/** A spec that runs for longer than it ever does has been stopped by the change: that is noticed too. */
const RUN_MS_MAX = 420_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ACCEPTED = new URL('accepted.json', import.meta.url);

/** A survivor that changes nothing that a test could see. */
interface Accepted extends Pick<Mutant, 'file' | 'text' | 'change'> {
  readonly reason: string;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** A copy of the repository, so that nobody ever finds a changed source. */
async function copyOfRepository(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-mutation-'));
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: ROOT,
    maxBuffer: 2 ** 26,
  });
  for (const path of stdout.trimEnd().split('\n')) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(ROOT, path), join(folder, path));
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const { jest } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { jest: Jest };
  // Jest finds the specs of a file only below its roots.
  const roots = ['<rootDir>/src', '<rootDir>/test'];
  // The compiler must not be the test: a change that it refuses would count as noticed.
  const transform = Object.fromEntries(
    Object.entries(jest.transform).map(([pattern, [name, options]]) => [
      pattern,
      [name, { ...options, diagnostics: false }],
    ]),
  );
  await writeFile(join(folder, 'jest.mutation.json'), JSON.stringify({ ...jest, rootDir: folder, roots, transform }));
  return folder;
}

interface Jest {
  readonly transform: Readonly<Record<string, readonly [string, object]>>;
}

async function jest(
  folder: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const command = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ];
  const child = spawn(process.execPath, [...command, '--config', 'jest.mutation.json', ...args], {
    cwd: folder,
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
  const timer = setTimeout(() => child.kill('SIGTERM'), RUN_MS_MAX);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, output };
}

/** The specs that load a file: those of its own folder first, then others without a service, then those that start one. */
async function specsFor(folder: string, file: string): Promise<string[][]> {
  const { output } = await jest(folder, ['--findRelatedTests', file, '--listTests']);
  const specs = output.split('\n').filter((line) => line.endsWith('.spec.ts'));
  const own = dirname(file).replace(/^src/, '/test');
  const rank = (spec: string): number =>
    spec.includes('.api.spec')
      ? 3
      : basename(spec).startsWith(basename(file).split('.')[0] ?? '')
        ? 0
        : spec.includes(own)
          ? 1
          : 2;
  return [0, 1, 2, 3]
    .map((wanted) => specs.filter((spec) => rank(spec) === wanted))
    .filter((group) => group.length > 0);
}

/**
 * @returns the first test that failed; undefined: no test noticed
 * @throws Error when there is no spec to ask
 */
async function noticedBy(folder: string, groups: readonly (readonly string[])[]): Promise<string | undefined> {
  if (groups.length === 0) throw new Error('No spec loads the file.');
  for (const group of groups) {
    const { code, output } = await jest(folder, ['--bail', '--runTestsByPath', ...group]);
    if (code !== 0)
      return (
        /^ *● (.*)$/m.exec(output)?.[1] ??
        (code === null ? 'it ran without an end' : `it could not be loaded: ${lastLine(output)}`)
      );
  }
  return undefined;
}

const lastLine = (output: string): string => /(\w*Error: .*)/.exec(output)?.[1] ?? 'no test has failed by name';

const isAccepted = (accepted: readonly Accepted[], { file, text, change }: Mutant): boolean =>
  accepted.some((one) => one.file === file && one.text === text && one.change === change);

async function main(): Promise<void> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', 'src'], { cwd: ROOT });
  const files = stdout
    .split('\n')
    .filter((path) => SCOPE.test(path) && FILES.test(path) && !path.includes('.refusals.'));
  const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), 'utf8')));
  print(`MUTATION_SEED=${SEED} MUTATION_COUNT=${COUNT}: ${all.length} mutants of ${files.length} files`);
  const chance = new SimulatedWorld(SEED);
  const sample = new Set<Mutant>();
  while (sample.size < Math.min(COUNT, all.length)) {
    const mutant = all[chance.integer(0, all.length - 1)];
    if (mutant) sample.add(mutant);
  }
  const accepted = JSON.parse(readFileSync(ACCEPTED, 'utf8')) as readonly Accepted[];
  const folder = await copyOfRepository();
  const survivors: Mutant[] = [];
  let [found, excused] = [0, 0];
  try {
    for (const mutant of sample) {
      const place = `${mutant.file}:${mutant.line}  ${mutant.change}`;
      if (isAccepted(accepted, mutant)) {
        excused += 1;
        print(`accepted  ${place}`);
        continue;
      }
      const path = join(folder, mutant.file);
      const source = await readFile(path, 'utf8');
      const groups = await specsFor(folder, mutant.file);
      await writeFile(path, mutated(source, mutant));
      const noticed = await noticedBy(folder, groups);
      await writeFile(path, source);
      if (noticed === undefined) survivors.push(mutant);
      else found += 1;
      print(
        `${noticed === undefined ? 'SURVIVED' : 'found   '}  ${place}${noticed === undefined ? `\n          ${mutant.text}` : `  (${noticed})`}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const judged = found + survivors.length;
  print(`\n${found} of ${judged} found, ${survivors.length} survived, ${excused} accepted survivors left out.`);
  for (const { file, line, change, text } of survivors) print(`  ${file}:${line}  ${change}: ${text}`);
  if (found < FOUND_SHARE_MIN * judged) process.exitCode = 1;
}

await main();
