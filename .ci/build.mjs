import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// node .ci/build.mjs [--if-stale]: compiles src into dist. With --if-stale only if a source is newer than the last complete build.

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const COMPILER = 'node_modules/@nestjs/cli/bin/nest.js';
const PROGRAM = 'dist/cli.js';
/** Its time is that of the last complete build. A build that failed leaves files, but not this one. */
const STAMP = 'dist/.built';
const SETTINGS = ['package-lock.json', 'tsconfig.json', 'nest-cli.json'];

const isWanted = process.argv.includes('--if-stale') ? isStale() : true;
if (isWanted) process.exitCode = build();

/** A package has no sources: what it has is complete. */
function isStale() {
  const sources = filesBelow('src').filter((path) => path.endsWith('.ts'));
  if (sources.length === 0 && existsSync(PROGRAM)) return false;
  if (!existsSync(STAMP)) return true;
  const built = statSync(STAMP).mtimeMs;
  // A folder is newer when a file in it was added, renamed or deleted.
  return [...filesBelow('src'), ...SETTINGS].some((path) => statSync(path).mtimeMs > built);
}

function build() {
  if (!existsSync(COMPILER)) {
    process.stderr.write(
      'The program is not compiled, and the compiler is a development dependency: run "npm ci" without --omit=dev, or install the ' +
        'package, which is compiled (migrations/README.md, "Installation").\n',
    );
    return 1;
  }
  process.stderr.write('Compiling...\n');
  const { status } = spawnSync(process.execPath, [COMPILER, 'build'], { stdio: 'inherit' });
  if (status === 0) writeFileSync(STAMP, '');
  return status ?? 1;
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return [
    folder,
    ...readdirSync(folder, { recursive: true, withFileTypes: true }).map(({ parentPath, path, name }) =>
      join(parentPath ?? path, name),
    ),
  ];
}
