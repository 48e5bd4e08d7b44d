import { open, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { reasonOf } from '../platform/startup-error.js';
import { BLOCK_BYTES, paddingOf, readTarHeader, type TarHeader } from './archive-tar.js';
import { NOT_WHOLE, NotCheckable } from './audit-finding.js';
import { LogError } from '../tlog/log-error.js';
import { ARTEFACT_BYTES_MAX, type LogSource } from './log-source.js';
import { parseTilePath, TILE_WIDTH } from '../tlog/tile.js';

const READS_MAX = 4;
/** Most names of other files that a report lists. */
const OTHERS_MAX = 20;

interface Place {
  /** Offset of the content from the start of the archive. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * An exported log in one file. Opening it reads the headers alone and keeps 16 bytes for each full bundle or tile, so that
 * an archive of any length can be read in any order.
 */
export class ArchiveSource implements LogSource {
  readonly readsMax = READS_MAX;
  readonly others: string[] = [];
  private readonly full = new Map<number | 'entries', Places>();
  private readonly named = new Map<string, Place>();

  private constructor(
    readonly name: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws NotCheckable if the file is no archive of a log, or is damaged or cut off */
  static async open(name: string): Promise<ArchiveSource> {
    const file = await open(name, 'r').catch((error: unknown) => {
      throw new NotCheckable(`${name} cannot be read: ${reasonOf(error)}.`, 'Make it readable.', { cause: error });
    });
    const archive = new ArchiveSource(name, file);
    try {
      await archive.index();
      return archive;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const place = this.named.get(path) ?? this.placeOf(path);
    return place && this.bytesAt(place.offset, place.bytes);
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async index(): Promise<void> {
    const { size } = await this.file.stat();
    if (size === 0) throw noArchive(this.name, new Uint8Array());
    let at = 0;
    // The padding of the member before is read with the next header, so that a changed bit in it is found too.
    let padding = 0;
    while (at < size) {
      const block = await this.bytesAt(at, Math.min(padding + BLOCK_BYTES, size - at));
      const header = readTarHeader(block.subarray(padding));
      if (at === 0 && (header === undefined || typeof header === 'string')) throw noArchive(this.name, block);
      if (typeof header === 'string') throw damaged(this.name, at, header);
      if (block.subarray(0, padding).some((byte) => byte !== 0))
        throw damaged(this.name, at, 'it has bytes between two files');
      at += padding + BLOCK_BYTES;
      if (header === undefined) return this.checkEnd(at, size);
      if (at + header.bytes > size) throw damaged(this.name, at, `${header.name} runs past its end`);
      this.keep(header, at);
      at += header.bytes;
      padding = paddingOf(header.bytes);
    }
    throw damaged(this.name, at, 'its end is missing');
  }

  /** Two blocks of zeros end an archive, and all bytes after them are zeros. */
  private async checkEnd(from: number, size: number): Promise<void> {
    if (size - from < BLOCK_BYTES) throw damaged(this.name, from, 'its end is cut off');
    for (let at = from; at < size; at += ARTEFACT_BYTES_MAX) {
      const rest = await this.bytesAt(at, Math.min(ARTEFACT_BYTES_MAX, size - at));
      if (rest.some((byte) => byte !== 0)) throw damaged(this.name, at, 'it has bytes after its end');
    }
  }

  private keep({ name, bytes, isFolder }: TarHeader, offset: number): void {
    if (isFolder) return;
    // As `tar` extracts it: `./checkpoint`, `.//checkpoint`, `/checkpoint` and `tile/../checkpoint` are one file.
    const path = posix.normalize(`/${name}`).slice(1);
    if (bytes > ARTEFACT_BYTES_MAX) throw damaged(this.name, offset, `${path} is longer than anything of a log`);
    // Two members of one name: another program may read the other member.
    if (this.named.has(path) || this.placeOf(path) !== undefined) {
      throw damaged(this.name, offset, `${path} is in it twice`);
    }
    const address = tileAddress(path);
    if (address === undefined) {
      const isOther = path !== 'checkpoint' && path !== 'vkey';
      if (isOther && this.others.length < OTHERS_MAX) this.others.push(name);
      this.named.set(path, { offset, bytes });
    } else if (address.width < TILE_WIDTH || address.index * BLOCK_BYTES > offset) {
      // A tile number that is too high for this offset is forged. It must not make the list of offsets long.
      this.named.set(path, { offset, bytes });
    } else {
      const places = this.full.get(address.level) ?? new Places();
      this.full.set(address.level, places.set(address.index, { offset, bytes }));
    }
  }

  private placeOf(path: string): Place | undefined {
    const address = tileAddress(path);
    return address?.width === TILE_WIDTH ? this.full.get(address.level)?.get(address.index) : undefined;
  }

  private async bytesAt(offset: number, bytes: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(bytes);
    const { bytesRead } = await this.file.read(buffer, 0, bytes, offset);
    if (bytesRead !== bytes) throw new NotCheckable(`${this.name} was changed while it was read.`, 'Read it again.');
    return buffer;
  }
}

/** Offsets by tile number in flat arrays. A map of a million paths would take a hundred times the memory. */
class Places {
  private numbers = new Float64Array(64);

  set(index: number, { offset, bytes }: Place): this {
    if (2 * index + 2 > this.numbers.length) {
      const grown = new Float64Array(Math.max(2 * this.numbers.length, 2 * index + 2));
      grown.set(this.numbers);
      this.numbers = grown;
    }
    this.numbers[2 * index] = offset;
    this.numbers[2 * index + 1] = bytes;
    return this;
  }

  get(index: number): Place | undefined {
    const offset = this.numbers[2 * index];
    const bytes = this.numbers[2 * index + 1];
    // No content begins at offset 0, where the first header is.
    return offset === undefined || offset === 0 || bytes === undefined ? undefined : { offset, bytes };
  }
}

function tileAddress(path: string): ReturnType<typeof parseTilePath> | undefined {
  if (!path.startsWith('tile/')) return undefined;
  try {
    return parseTilePath(path);
  } catch (error) {
    if (error instanceof LogError) return undefined;
    throw error;
  }
}

/** What the first bytes of other files tell of them. */
const OTHER_FILES: readonly (readonly [start: string, what: string, nextStep: string])[] = [
  [
    'c2sp.org/tlog-proof@',
    'is the receipt of one event',
    'Check it with "audit receipt FILE --event FILE --vkey KEY|FILE".',
  ],
  ['\u001f\u008b', 'is compressed with gzip', 'Unpack it with gunzip.'],
  ['PK\u0003\u0004', 'is a zip file', 'Unpack it with unzip.'],
  ['\u00fd7zXZ', 'is compressed with xz', 'Unpack it with unxz.'],
  ['(\u00b5/\u00fd', 'is compressed with zstd', 'Unpack it with unzstd.'],
];

function noArchive(name: string, start: Uint8Array): NotCheckable {
  const text = Buffer.from(start).toString('latin1');
  const other = OTHER_FILES.find(([beginning]) => text.startsWith(beginning));
  const [, what, nextStep] = other ?? [
    '',
    text === '' ? 'is empty' : 'is no archive of a log',
    'Give a file that "audit export" wrote, a folder, or the address of a log.',
  ];
  return new NotCheckable(`${name} ${what}.`, nextStep);
}

/** The container is not signed: a fault in it proves nothing against the log. */
const damaged = (name: string, at: number, what: string): NotCheckable =>
  new NotCheckable(`The archive ${name} is damaged near byte ${at}: ${what}.`, NOT_WHOLE);
