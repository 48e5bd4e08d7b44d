import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';

/** A file whose content does not match its extension, or that cannot be read. */
export class FileError extends Error {}

/** First bytes of files that people rename or export instead of CSV. */
const NO_TEXT: readonly (readonly [signature: string, what: string])[] = [
  ['504b0304', 'a spreadsheet (.xlsx, .ods, .numbers) or another ZIP archive'],
  ['d0cf11e0', 'a spreadsheet of an old Excel (.xls)'],
  ['1f8b', 'compressed'],
  ['25504446', 'a PDF document'],
];

/** Byte order marks. UTF-16 is what Excel calls "Unicode text". */
const ENCODINGS: readonly (readonly [mark: string, encoding: string])[] = [
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
];

/** @throws FileError for bytes that are no text of this file format */
function encodingOf(file: string, start: Buffer): string {
  const hex = start.subarray(0, 4).toString('hex');
  const what = NO_TEXT.find(([signature]) => hex.startsWith(signature))?.[1];
  if (what !== undefined)
    throw new FileError(`${file} is ${what}. Save the sheet as "CSV UTF-8", and import that file.`);
  const encoding = ENCODINGS.find(([mark]) => hex.startsWith(mark))?.[1];
  if (encoding === undefined && start.includes(0)) {
    throw new FileError(`${file} holds zero bytes, so that it is no UTF-8 text. Save it as "CSV UTF-8".`);
  }
  return encoding ?? 'utf-8';
}

/**
 * The text of a file in UTF-8, or in UTF-16 with a byte order mark. Ill-formed bytes become U+FFFD; the reader of the rows
 * refuses it. Only one chunk is in memory at any time.
 * @throws FileError
 */
export async function* textOf(file: string): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      decoder ??= new TextDecoder(encodingOf(file, chunk));
      yield decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    throw asFileError(file, error);
  }
  if (decoder) yield decoder.decode();
}

function asFileError(file: string, error: unknown): unknown {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ENOENT') return new FileError(`There is no file ${file}.`);
  return code?.startsWith('E') ? new FileError(`${file} cannot be read: ${message ?? code}`) : error;
}
