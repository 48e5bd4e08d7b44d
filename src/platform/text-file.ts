import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { decodeUtf8 } from '../tlog/strict-text.js';

/** The bytes are not read: there are more than their kind can have, or the path is that of a pipe or a device. */
export class NotReadable extends Error {
  override readonly name = 'NotReadable';
}

/** For `readInput`: standard input in place of a file. */
const STANDARD_INPUT = '-';

/**
 * Reads what the caller of a command names: a file, a pipe such as `<(curl ...)`, or `-` for standard input. Nothing without an
 * end fills the memory.
 * @throws NotReadable beyond `bytesMax`; the error of the system, with its `code`
 */
export async function readInput(name: string, bytesMax: number): Promise<Buffer> {
  if (name === STANDARD_INPUT) return collected(process.stdin, bytesMax);
  return collected((await open(name)).createReadStream({ end: bytesMax }), bytesMax);
}

/**
 * Reads a file that others may have put there. A pipe or a device is refused, because it may never answer or never end.
 * @throws NotReadable; the error of the system, with its `code`
 */
export async function readPlainFile(path: string, bytesMax: number): Promise<Buffer> {
  // Without O_NONBLOCK, opening a named pipe waits for a writer. The flag has no effect on files.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new NotReadable('it is not a file');
    return await collected(file.createReadStream({ autoClose: false, end: bytesMax }), bytesMax);
  } finally {
    await file.close();
  }
}

async function collected(input: Readable, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Uint8Array);
    chunks.push(bytes);
    length += bytes.length;
    if (length > bytesMax) throw new NotReadable(`it has more than ${bytesMax} bytes`);
  }
  return Buffer.concat(chunks);
}

const UTF_16_LE_MARK = Buffer.from([0xff, 0xfe]);
const BYTE_ORDER_MARK = '\ufeff';

/**
 * The text of a small file that people keep: a key, a policy, a checkpoint, a receipt. An editor or a copy may have added a byte
 * order mark, other ends of lines or blank lines at the end, or taken the last newline; PowerShell writes UTF-16. None of it is
 * part of what was kept. What was signed is checked afterwards, so that nothing is believed that was not written.
 * @returns lines that end in a line feed, the last one too; undefined if the bytes are no text
 */
export function textOfFile(bytes: Uint8Array): string | undefined {
  const isUtf16 = UTF_16_LE_MARK.equals(bytes.subarray(0, UTF_16_LE_MARK.length));
  const text = isUtf16 ? Buffer.from(bytes).toString('utf16le') : decodeUtf8(bytes);
  if (text === undefined) return undefined;
  const begin = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  return `${text.slice(begin, endOfText(text)).replaceAll('\r\n', '\n')}\n`;
}

/** Offset behind the last character that is neither a blank nor an end of line. */
function endOfText(text: string): number {
  let end = text.length;
  while (end > 0 && ' \t\r\n'.includes(text.charAt(end - 1))) end -= 1;
  return end;
}
