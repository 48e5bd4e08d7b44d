import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/cli/commands.js';
import type { CommandTable, DataOutput } from '../../src/cli/command.js';
import { dispatch } from '../../src/cli/dispatch.js';
import { Output } from '../../src/cli/output.js';
import { EnvelopeWriter, LOG_VKEY, signedLog, writeLog } from '../audit/written-log.js';
import { programme } from '../audit/written-programme.js';
import { closedPipe } from '../support/closed-pipe.js';
import { ppp } from '../support/command-line.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = ['--import', join(ROOT, 'test/support/typescript.mjs'), join(ROOT, 'src/cli.ts')];
const FULL_DISK = '/dev/full';
/** A process compiles what it loads. */
const PROCESS_MS_MAX = 120_000;

describe('the output of the commands', () => {
  let folder: string;
  let log: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-output-'));
    log = join(folder, 'log');
    const writer = new EnvelopeWriter();
    await writeLog(signedLog(programme().flatMap((events) => writer.command(...events))), log);
    await writeFile(join(folder, 'log-signing-key'), Buffer.alloc(32, 9).toString('base64'));
    process.env['DATA_DIR'] = folder;
  });
  afterAll(async () => {
    delete process.env['DATA_DIR'];
    await rm(folder, { recursive: true });
  });

  /** Calls a command whose output goes to the stream. */
  async function run(out: DataOutput, args: readonly string[], table: CommandTable = COMMANDS) {
    let err = '';
    const code = await dispatch(table, args, { out, err: { write: (text) => void (err += text) } });
    return { code, err };
  }
  const audit = (command: string, ...more: readonly string[]): string[] => [
    'audit',
    command,
    log,
    '--vkey',
    LOG_VKEY,
    ...more,
  ];
  const commands = (): readonly (readonly string[])[] => [
    ['--help'],
    ['--version'],
    ['audit', '--help'],
    ['help', 'audit', 'receipt'],
    ['rebuild', '--help'],
    ['keys', 'show'],
    audit('verify'),
    audit('verify', '--json'),
    audit('checkpoint'),
    audit('replay'),
    audit('replay', '--report', 'capital'),
    audit('explain', '--position', '3'),
    ['audit', 'yearly', '--year', '2026', '--url', log, '--vkey', LOG_VKEY],
  ];

  it('ends with 141 and without a word where the reader of the pipe has gone', async () => {
    for (const args of commands()) {
      const { code, err } = await run(new Output(await closedPipe(folder)), args);
      expect({ args, code }).toEqual({ args, code: 141 });
      expect(err).not.toMatch(/EPIPE|a bug|\n {4}at /);
    }
  });

  it('ends with 74 and one sentence on a full disk', async () => {
    for (const args of commands()) {
      const out = (await open(FULL_DISK, 'w')).createWriteStream();
      const { code, err } = await run(new Output(out), args);
      expect({ args, code }).toEqual({ args, code: 74 });
      expect(err.trim().split('\n').at(-1)).toMatch(/^ppp-ledger: the output cannot be written: ENOSPC.*\.$/);
    }
  });

  it('has the exit code of the command for messages that nobody reads', async () => {
    const err = new Output(await closedPipe(folder));
    const out = { write: () => undefined };
    expect(await dispatch(COMMANDS, audit('verify'), { out, err })).toBe(0);
    expect(await dispatch(COMMANDS, ['audit', 'verify', join(folder, 'nowhere')], { out, err })).toBe(2);
    expect(await dispatch(COMMANDS, ['audit', 'verify'], { out, err })).toBe(64);
  });

  it('lets a service go on without a reader, and end with its own exit code', async () => {
    let served = false;
    const serve = async (_: readonly string[], { out }: { readonly out: DataOutput }): Promise<number> => {
      out.write('listening\n');
      await out.failure?.();
      out.write('more\n');
      served = true;
      return 0;
    };
    const command = { name: 'serve', help: { list: 'serve' }, run: serve };
    const table = (serves: boolean): CommandTable => ({
      program: 'x',
      notes: '',
      commands: [serves ? { ...command, serves } : command],
    });
    expect((await run(new Output(await closedPipe(folder)), ['serve'], table(true))).code).toBe(0);
    expect(served).toBe(true);
    expect((await run(new Output(await closedPipe(folder)), ['serve'], table(false))).code).toBe(141);
    const serving = COMMANDS.commands.filter(({ serves }) => serves).map(({ name }) => name);
    expect(serving).toEqual(['serve', 'demo', 'witness']);
  });

  it('exports the whole file although nobody reads the sentence about it', async () => {
    const out = new Output(await closedPipe(folder));
    expect((await run(out, ['audit', 'export', log, join(folder, 'a.tar'), '--vkey', LOG_VKEY])).code).toBe(141);
    expect((await ppp('audit', 'verify', join(folder, 'a.tar'), '--vkey', LOG_VKEY)).code).toBe(0);
  });

  it('ends with 74 for a file that finds no room, and leaves nothing of it', async () => {
    await symlink(FULL_DISK, join(folder, 'full.tar.part'));
    const { code, err } = await ppp('audit', 'export', log, join(folder, 'full.tar'), '--vkey', LOG_VKEY);
    expect([code, err]).toEqual([74, expect.stringMatching(/^ppp-ledger: a file cannot be written: ENOSPC.*\n$/)]);
    expect((await readdir(folder)).filter((name) => name.startsWith('full'))).toEqual([]);
  });

  it('goes to a terminal with the marks escaped that a terminal obeys, and to a file byte for byte', async () => {
    const text = await readFile(join(log, 'checkpoint'), 'utf8');
    const [signed = '', signatures = ''] = text.split('\n\n');
    const hostile = join(folder, 'hostile');
    const writer = new EnvelopeWriter();
    const forged = signedLog(programme().flatMap((events) => writer.command(...events)));
    // A line of another signer, whose name a terminal would obey.
    const line = `\u2014 x\u009b2J\u202e ${Buffer.alloc(68).toString('base64')}\n`;
    forged.files.set('checkpoint', Buffer.from(`${signed}\n\n${signatures}${line}`));
    await writeLog(forged, hostile);
    const written = async (isTTY: boolean): Promise<string> => {
      let out = '';
      const { code } = await run({ write: (part) => void (out += part), isTTY }, ['audit', 'checkpoint', hostile]);
      expect(code).toBe(0);
      return out;
    };
    expect(await written(false)).toBe(String(forged.files.get('checkpoint')));
    expect(await written(true)).toContain(String.raw`\u{9b}2J\u{202e}`);
    expect(await written(true)).not.toMatch(/[\u009b\u202e]/);
  });

  it.each([
    [['--help'], 141, ''],
    [['audit', 'verify', 'LOG', '--vkey', LOG_VKEY], 141, ''],
    [['--version'], 0, JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version],
  ] as const)(
    'of a process: %j',
    async (args, expected, text) => {
      // The shell waits for a line, so that the pipe is closed before the program begins.
      const call = [process.execPath, ...CLI, ...args.map((arg) => (arg === 'LOG' ? log : arg))];
      const child = spawn('sh', ['-c', 'read line; exec "$@"', 'sh', ...call], { stdio: 'pipe' });
      let [out, err] = ['', ''];
      child.stderr.on('data', (chunk) => void (err += String(chunk)));
      child.stdout.on('data', (chunk) => void (out += String(chunk)));
      if (expected === 141) {
        child.stdout.destroy();
        await once(child.stdout, 'close');
      }
      child.stdin.end('\n');
      const [code] = await once(child, 'close');
      expect([code, out.trim(), err]).toEqual([expected, text, '']);
    },
    PROCESS_MS_MAX,
  );
});
