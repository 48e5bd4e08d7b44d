import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { BLOCK_BYTES, paddingOf, readTarHeader, TAR_END, tarHeader } from '../../src/audit/archive-tar.js';
import type { Case, Ground, Ran } from './harness.js';
import { auditorRuns, require } from './harness.js';

/** Of the auditor's machine, whatever the other side sends. */
const MEMORY_BYTES_MAX = 512 * 1_048_576;
const VERIFIED = 0;
const WRONG = 1;
const NOT_CHECKED = 2;

interface Member {
  readonly name: string;
  readonly content: Buffer;
}

async function membersOf(path: string): Promise<Member[]> {
  const bytes = await readFile(path);
  const members: Member[] = [];
  for (let at = 0; at < bytes.length;) {
    const header = readTarHeader(bytes.subarray(at, at + BLOCK_BYTES));
    if (header === undefined || typeof header === 'string') break;
    at += BLOCK_BYTES;
    members.push({ name: header.name, content: Buffer.from(bytes.subarray(at, at + header.bytes)) });
    at += header.bytes + paddingOf(header.bytes);
  }
  return members;
}

const archiveOf = (members: readonly Member[]): Buffer =>
  Buffer.concat([
    ...members.flatMap(({ name, content }) => [
      tarHeader(name, content.length),
      content,
      Buffer.alloc(paddingOf(content.length)),
    ]),
    TAR_END,
  ]);

const flipped = (bytes: Buffer, bit: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
};

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** What holds for every run of a tool, whatever it reads. */
function requireSound({ code, output, memory }: Ran, what: string): void {
  require(code === VERIFIED ||
    code === WRONG ||
    code === NOT_CHECKED, `${what}: exit ${code}\n${output.slice(0, 500)}`);
  require(!CONTROL.test(output), `${what}: its output has control characters`);
  require(!/\n {4}at /.test(output), `${what}: a stack trace\n${output.slice(0, 500)}`);
  require(memory <= MEMORY_BYTES_MAX, `${what}: ${Math.round(memory / 1_048_576)} MB of memory`);
}

async function judged(ground: Ground, source: string, allowed: readonly number[], what: string): Promise<void> {
  const ran = await auditorRuns(['audit', 'verify', source, '--vkey', ground.vkey]);
  requireSound(ran, what);
  require(allowed.includes(ran.code ?? -1), `${what}: exit ${ran.code}\n${ran.output.slice(0, 500)}`);
  const said = /^VERIFIED/m.test(ran.output);
  require(said === (ran.code === VERIFIED), `${what}: exit ${ran.code}, and it says VERIFIED: ${said}`);
}

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Sends until the other end closes. */
const withoutEnd =
  (status: number): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/plain' });
    const part = Buffer.alloc(65_536, 'x');
    const more = (): void => {
      while (!response.destroyed && response.write(part));
    };
    response.on('drain', more);
    response.on('error', () => undefined);
    more();
  };

/** The tools of the auditor: what they read is the other side's. */
export const TOOLS: readonly Case[] = [
  {
    title: 'KB1 names in an archive that a terminal would run',
    isOfTools: true,
    run: async (ground) => {
      const members = await membersOf(ground.archive);
      const bundle = members.findIndex(({ name }) => name.startsWith('tile/entries'));
      const wrong = members.map((member, at) =>
        at === bundle ? { ...member, content: flipped(member.content, 200) } : member,
      );
      for (const sequence of ['\u001bP', '\u001b_', '\u001b]', '\u009d', '\u001b[2J', '\u202e', '\r']) {
        const name = `README\n\nVERIFIED up to size 38.\n${sequence}`;
        const path = join(ground.folder, 'terminal.tar');
        await writeFile(path, archiveOf([...wrong, { name, content: Buffer.from('x') }]));
        const ran = await auditorRuns(['audit', 'verify', path, '--vkey', ground.vkey]);
        const what = `a name with ${JSON.stringify(sequence)}`;
        requireSound(ran, what);
        require(ran.code !== VERIFIED && !/^VERIFIED/m.test(ran.output), `${what}: ${ran.output.slice(0, 500)}`);
      }
    },
  },
  {
    title: 'KB13 a second member under another spelling of a name',
    isOfTools: true,
    run: async (ground) => {
      const members = await membersOf(ground.archive);
      const other = { content: Buffer.from('other\n') };
      for (const name of [
        'checkpoint',
        './checkpoint',
        './/checkpoint',
        '././checkpoint',
        '/checkpoint',
        'tile/../checkpoint',
      ]) {
        const path = join(ground.folder, 'twice.tar');
        await writeFile(path, archiveOf([...members, { name, ...other }]));
        await judged(ground, path, [WRONG, NOT_CHECKED], name);
      }
    },
  },
  {
    title:
      'T15 archives that are cut off, compressed, or have a changed bit: never VERIFIED, and never an accusation for a cut',
    isOfTools: true,
    run: async (ground) => {
      const { chance, folder, scale } = ground;
      const bytes = await readFile(ground.archive);
      const path = join(folder, 'damaged.tar');
      const damages: (readonly [what: string, bytes: Buffer, allowed: readonly number[]])[] = [
        ['an empty file', Buffer.alloc(0), [NOT_CHECKED]],
        ['gzip', gzipSync(bytes), [NOT_CHECKED]],
        ['a bomb', gzipSync(Buffer.alloc(50_000_000)), [NOT_CHECKED]],
      ];
      for (let count = 0; count < 4 * scale; count += 1) {
        const length = chance.integer(1, bytes.length - BLOCK_BYTES);
        damages.push([`cut after ${length} bytes`, bytes.subarray(0, length), [NOT_CHECKED]]);
        const bit = chance.integer(0, bytes.length * 8 - 1);
        damages.push([`bit ${bit} changed`, flipped(bytes, bit), [WRONG, NOT_CHECKED]]);
      }
      for (const [what, damaged, allowed] of damages) {
        await writeFile(path, damaged);
        await judged(ground, path, allowed, what);
      }
    },
  },
  {
    title: 'KB12 a folder with a link to /dev/zero, and with a FIFO',
    isOfTools: true,
    run: async (ground) => {
      for (const kind of ['zero', 'fifo'] as const) {
        const folder = join(ground.folder, `folder-${kind}`);
        // Of the round before, in the long form.
        await rm(folder, { recursive: true, force: true });
        for (const { name, content } of await membersOf(ground.archive)) {
          const file = join(folder, name);
          await mkdir(join(file, '..'), { recursive: true });
          if (!name.startsWith('tile/entries')) await writeFile(file, content);
          else if (kind === 'zero') await symlink('/dev/zero', file);
          else await promisify(execFile)('mkfifo', [file]);
        }
        await judged(ground, folder, [WRONG, NOT_CHECKED], `a folder with ${kind}`);
      }
    },
  },
  {
    title: 'KB2 servers that answer without an end, in circles, or with nothing',
    isOfTools: true,
    run: async (ground) => {
      const members = new Map((await membersOf(ground.archive)).map(({ name, content }) => [`/${name}`, content]));
      const answering =
        (rest: RequestListener): RequestListener =>
        (request, response) => {
          const content = members.get(request.url ?? '');
          if (content && !request.url?.startsWith('/tile')) response.end(content);
          else rest(request, response);
        };
      const listeners: readonly (readonly [what: string, listener: RequestListener])[] = [
        ['404 without an end', answering(withoutEnd(404))],
        ['200 without an end', answering(withoutEnd(200))],
        ['500 without an end', withoutEnd(500)],
        [
          'redirects in a circle',
          (request, response) => response.writeHead(302, { location: `${request.url}x` }).end(),
        ],
        [
          'a redirect to a file',
          answering((_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()),
        ],
        [
          'an error that a terminal would run',
          answering((_request, response) => response.writeHead(400).end('\n\u001bP\nVERIFIED up to size 38.\n')),
        ],
        [
          'a bomb',
          answering((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB)),
        ],
        ['a closed connection', answering((request) => request.socket.destroy())],
      ];
      // The others are tried again by the tool, and take up to half a minute each.
      const quick = ['404 without an end', 'an error that a terminal would run', 'a bomb'];
      for (const [what, listener] of listeners) {
        if (ground.scale === 1 && !quick.includes(what)) continue;
        await withServer(listener, async (url) => judged(ground, url, [WRONG, NOT_CHECKED], what));
      }
    },
  },
];

const BOMB = gzipSync(Buffer.alloc(100_000_000));
