import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AUDIT_COMMANDS } from '../../src/cli/audit-commands.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { endOfSupport } from '../../src/cli/node-policy.js';
import { REBUILDABLE } from '../../src/projections.js';
import { ppp } from '../support/command-line.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = ['--import', join(ROOT, 'test/support/typescript.mjs'), join(ROOT, 'src/cli.ts')];

describe('the command line of ppp-ledger', () => {
  it('lists every command and has a help page for each', async () => {
    for (const [table, prefix] of [
      [COMMANDS, []],
      [AUDIT_COMMANDS, ['audit']],
    ] as const) {
      const { code, out } = await ppp(...prefix, '--help');
      expect([code, out]).toEqual([0, expect.stringContaining(`Usage: ${table.program} <command>`)]);
      for (const { name } of table.commands) {
        expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
        const asked = await ppp(...prefix, name, '--help');
        expect([asked.code, asked.err]).toEqual([0, '']);
        expect(asked.out).toContain(`Usage: ${table.program} ${name}`);
        expect(await ppp('help', ...prefix, name)).toEqual(asked);
        expect(await ppp(...prefix, 'help', name)).toEqual(asked);
      }
    }
  });

  it.each([
    [[], 'Name a command.'],
    [['sevre'], 'There is no "ppp-ledger sevre".'],
    [['--fast'], "Unknown option '--fast'."],
    [['audit'], 'Name a command.'],
    [['audit', 'verfy'], 'There is no "ppp-ledger audit verfy".'],
    [['keys', 'hide'], 'There is no "ppp-ledger keys hide".'],
    [['help', 'sevre'], 'There is no "ppp-ledger sevre".'],
    [['serve', '--fast'], "Unknown option '--fast'"],
    [['serve', 'now'], "Unexpected argument 'now'."],
    [['demo', '--logs', 'x'], "Unknown option '--logs'"],
    [['migrate', '--fast'], "Unknown option '--fast'"],
    [['operator-key', '--name', 'x'], "Unknown option '--name'"],
    [['keys', 'show', '--fast'], "Unknown option '--fast'"],
    [['witness', '--policy', 'x'], "Unknown option '--policy'"],
    [['import', '--fast'], "Unknown option '--fast'"],
    [['audit', 'verify', '--fast'], "Unknown option '--fast'"],
    [['audit', 'verify'], 'Give one SOURCE.'],
    [['audit', 'verify', '--database', 'source'], "Unexpected argument 'source'."],
    [['audit', 'import', '--fast'], "Unknown option '--fast'"],
    [['backup', '--fast'], "Unknown option '--fast'"],
    [['backup'], 'Give one FILE, or - for standard output.'],
    [['backup', 'file', 'further'], "Unexpected argument 'further'."],
    [['restore', '--force', 'file'], "Unknown option '--force'"],
    [['restore'], 'Give one FILE.'],
    [['rebuild', '--fast'], "Unknown option '--fast'"],
    [['rebuild'], 'Give a NAME, or --all.'],
    [['rebuild', '--all', 'capital'], "Unexpected argument 'capital'."],
    [['rebuild', 'capitol'], 'There is no projection "capitol"; there are events, partners, capital'],
  ])('refuses %j with 64, and prints the fault before the help', async (args, what) => {
    const { code, out, err } = await ppp(...args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^ppp-ledger: .+\n\nUsage: ppp-ledger /);
    expect(err.split('\n')[0]).toContain(what);
  });

  it.each([['--version'], ['-V'], ['audit', '--version']])(
    'prints the version of the package for %s %s',
    async (...args) => {
      const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
      expect(await ppp(...args)).toEqual({ code: 0, out: `${version}\n`, err: '' });
    },
  );

  it('names every projection in the help page of rebuild', async () => {
    const { out } = await ppp('rebuild', '--help');
    expect(/a projection: (.*)/.exec(out)?.[1]?.split(', ')).toEqual(REBUILDABLE.map(({ name }) => name));
  });

  it('names the settings of a witness in its help page', async () => {
    const { out } = await ppp('witness', '--help');
    for (const name of ['PORT', 'HOST', 'DATA_DIR', 'LOG_LEVEL']) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(out).toContain('(3001)');
    expect(out).toContain('(./witness-data)');
  });

  it.each([['--help'], ['sevre'], ['help', 'serve'], ['help', 'audit', 'receipt']])(
    'does not load the application for %j %s %s',
    async (...args) => {
      const env = { ...process.env, NODE_DEBUG: 'esm' };
      const ran = await promisify(execFile)(process.execPath, [...CLI, ...args], { env }).catch(
        (error: { stdout: string; stderr: string }) => error,
      );
      expect(ran.stdout + ran.stderr).toContain('Usage: ppp-ledger');
      expect(ran.stderr).toContain('src/cli/dispatch');
      expect(ran.stderr).not.toMatch(/src\/service\.|@nestjs|node_modules\/pg\//);
    },
  );
});

describe('the policy on versions of Node', () => {
  it.each([
    ['20.19.0', '2026-04-30'],
    ['20.20.2', '2026-04-30'],
    ['22.23.3', undefined],
    ['24.21.0', undefined],
    ['26.10.0', undefined],
  ])('for %s: %s was the last day of security fixes', (version, day) => {
    expect(endOfSupport(version)).toBe(day);
  });
});
