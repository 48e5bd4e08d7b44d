/**
 * The container of an exported log: a plain POSIX ustar archive (IEEE Std 1003.1, "ustar Interchange Format"), which every
 * `tar` reads. It holds regular files with short names only, without owner and dated at the epoch, so that the same log
 * always becomes the same bytes.
 */
export const BLOCK_BYTES = 512;
/** `name` has room for 100 bytes; the longest path of a log has 40. */
const NAME_BYTES_MAX = 100;
/** Permissions of a member: everybody may read a log, which is public. */
const MODE = 0o644;
const NOBODY = '0000000';
const MAGIC = 'ustar\u000000';

const NAME_AT = 0;
const MODE_AT = 100;
const UID_AT = 108;
const GID_AT = 116;
const SIZE_AT = 124;
const MTIME_AT = 136;
const CHECKSUM_AT = 148;
const TYPE_AT = 156;
const MAGIC_AT = 257;
const PREFIX_AT = 345;
const CHECKSUM_BYTES = 8;

/**
 * Six digits, NUL, space, as every `tar` writes it. The sum covers all other bytes of the header, so that only this form is
 * accepted.
 */
const CHECKSUM = /^([0-7]{6})\u0000 $/;

const REGULAR_FILE = '0';
const FOLDER = '5';

/** Two blocks of zeros end an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK_BYTES);

/** Bytes that fill the last block of a member. */
export const paddingOf = (bytes: number): number => (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;

export interface TarHeader {
  readonly name: string;
  /** Bytes of its content; 0 for a folder. */
  readonly bytes: number;
  readonly isFolder: boolean;
}

/**
 * @param mode permissions of the file when it is unpacked
 * @throws RangeError for a name that does not fit
 */
export function tarHeader(name: string, bytes: number, mode = MODE): Buffer {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new RangeError(`"${name}" is too long for a ustar archive.`);
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, NAME_AT);
  header.write(mode.toString(8).padStart(7, '0'), MODE_AT);
  header.write(NOBODY, UID_AT);
  header.write(NOBODY, GID_AT);
  header.write(bytes.toString(8).padStart(11, '0'), SIZE_AT);
  header.write('0'.repeat(11), MTIME_AT);
  header.write(REGULAR_FILE, TYPE_AT);
  header.write(MAGIC, MAGIC_AT);
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\u0000 `, CHECKSUM_AT);
  return header;
}

/**
 * Reads the header of a member; undefined at the end of the archive.
 * @returns a sentence instead of a header if a log may not have such a header
 */
export function readTarHeader(header: Uint8Array): TarHeader | string | undefined {
  if (header.length < BLOCK_BYTES) return 'it ends within a header';
  if (header.every((byte) => byte === 0)) return undefined;
  const block = Buffer.from(header.buffer, header.byteOffset, BLOCK_BYTES);
  const [, checksum = ''] = CHECKSUM.exec(block.toString('latin1', CHECKSUM_AT, TYPE_AT)) ?? [];
  if (Number.parseInt(checksum, 8) !== checksumOf(block)) return 'the checksum of a header does not hold';
  if (!textAt(block, MAGIC_AT, 6).startsWith('ustar')) return 'a header is not that of a ustar archive';
  const prefix = textAt(block, PREFIX_AT, 155);
  const name = (prefix === '' ? '' : `${prefix}/`) + textAt(block, NAME_AT, NAME_BYTES_MAX);
  const type = textAt(block, TYPE_AT, 1) || REGULAR_FILE;
  const bytes = octalAt(block, SIZE_AT, 12);
  if (bytes === undefined) return `the size of ${name} is no octal number`;
  if (type === FOLDER) return { name, bytes: 0, isFolder: true };
  if (type !== REGULAR_FILE) return `${name} is of the type "${type}"; only files and folders belong into it`;
  return { name, bytes, isFolder: false };
}

/** Sum of the bytes of the header, with the bytes of the checksum taken as spaces. */
function checksumOf(header: Buffer): number {
  let sum = 0;
  for (const [at, byte] of header.entries()) {
    sum += at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_BYTES ? 0x20 : byte;
  }
  return sum;
}

function textAt(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? length : end);
}

function octalAt(header: Buffer, at: number, length: number): number | undefined {
  const text = textAt(header, at, length).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
