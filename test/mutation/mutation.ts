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
/** 0: only the specs that start no service, for a quick look at a machine that is busy. */
const WITH_SERVICES = process.env['MUTATION_SERVICES'] !== '0';
/** A busy machine must not look like a test that noticed. */
const TEST_MS_MAX = 300_000;
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
  await writeFile(
    join(folder, 'jest.mutation.json'),
    JSON.stringify({ ...jest, rootDir: folder, roots, transform, testTimeout: TEST_MS_MAX }),
  );
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

/** A spec that starts a service, or opens a database: it takes many times longer than all others. */
const STARTS_A_SERVICE = /support\/(app|database|partner-service|cluster|standby)\.js/;

/** The specs that load a file: those of its name first, then those of its folder, then others, and those with a service last. */
async function specsFor(folder: string, file: string): Promise<string[][]> {
  const { output } = await jest(folder, ['--findRelatedTests', file, '--listTests']);
  const specs = output.split('\n').filter((line) => line.endsWith('.spec.ts'));
  const own = dirname(file).replace(/^src/, '/test');
  const ranks = new Map<string, number>();
  for (const spec of specs) {
    const isOfName = basename(spec).startsWith(basename(file).split('.')[0] ?? '');
    const startsOne = STARTS_A_SERVICE.test(await readFile(spec, 'utf8'));
    ranks.set(spec, startsOne ? 3 : isOfName ? 0 : spec.includes(own) ? 1 : 2);
  }
  const last = WITH_SERVICES ? 3 : 2;
  return Array.from({ length: last + 1 }, (_, rank) => specs.filter((spec) => ranks.get(spec) === rank)).filter(
    (group) => group.length > 0,
  );
}

interface Verdict {
  readonly isNoticed: boolean;
  /** The test that noticed. */
  readonly by: string;
}

/** Asks the specs of a copy whether they notice. */
class Witnesses {
  /** Whether a spec passes on the unchanged source: else it is no witness. */
  private readonly sound = new Map<string, boolean>();

  constructor(private readonly folder: string) {}

  async judge(mutant: Mutant): Promise<Verdict> {
    const path = join(this.folder, mutant.file);
    const source = await readFile(path, 'utf8');
    const groups = await specsFor(this.folder, mutant.file);
    if (groups.length === 0) throw new Error(`No spec loads ${mutant.file}.`);
    for (const group of groups) {
      let left = group.filter((spec) => this.sound.get(spec) !== false);
      while (left.length > 0) {
        await writeFile(path, mutated(source, mutant));
        const { code, output } = await jest(this.folder, ['--bail', '--runTestsByPath', ...left]);
        await writeFile(path, source);
        if (code === 0) break;
        const failed = left.find((spec) => output.includes(`FAIL ${spec.slice(this.folder.length + 1)}`));
        if (failed === undefined) return { isNoticed: true, by: 'it ran without an end' };
        if (await this.isSound(failed)) return { isNoticed: true, by: /^ *● (.*)$/m.exec(output)?.[1] ?? failed };
        left = left.filter((spec) => spec !== failed);
      }
    }
    return { isNoticed: false, by: '' };
  }

  private async isSound(spec: string): Promise<boolean> {
    const known = this.sound.get(spec);
    if (known !== undefined) return known;
    const { code } = await jest(this.folder, ['--runTestsByPath', spec]);
    this.sound.set(spec, code === 0);
    if (code !== 0) print(`no witness  ${spec.slice(this.folder.length + 1)} fails without any change`);
    return code === 0;
  }
}

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
  const witnesses = new Witnesses(folder);
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
      const { isNoticed, by } = await witnesses.judge(mutant);
      if (isNoticed) found += 1;
      else survivors.push(mutant);
      print(isNoticed ? `found     ${place}  (${by})` : `SURVIVED  ${place}\n          ${mutant.text}`);
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
