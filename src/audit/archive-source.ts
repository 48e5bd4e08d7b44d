import { open, type FileHandle } from 'node:fs/promises';
import { reasonOf } from '../platform/startup-error.js';
import { BLOCK_BYTES, paddingOf, readTarHeader, type TarHeader } from './archive-tar.js';
import { NotCheckable, ProvenWrong } from './audit-finding.js';
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

  /**
   * @throws NotCheckable if the file is no archive of a log
   * @throws ProvenWrong if the file is a damaged archive
   */
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
    let at = 0;
    // The padding of the member before is read with the next header, so that a changed bit in it is found too.
    let padding = 0;
    while (at < size) {
      const block = await this.bytesAt(at, Math.min(padding + BLOCK_BYTES, size - at));
      const header = readTarHeader(block.subarray(padding));
      if (at === 0 && (header === undefined || typeof header === 'string')) throw noArchive(this.name);
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

  /** After the first block of zeros all bytes are zeros. */
  private async checkEnd(from: number, size: number): Promise<void> {
    for (let at = from; at < size; at += ARTEFACT_BYTES_MAX) {
      const rest = await this.bytesAt(at, Math.min(ARTEFACT_BYTES_MAX, size - at));
      if (rest.some((byte) => byte !== 0)) throw damaged(this.name, at, 'it has bytes after its end');
    }
  }

  private keep({ name, bytes, isFolder }: TarHeader, offset: number): void {
    const path = name.replace(/^\.\//, '');
    if (isFolder) return;
    if (bytes > ARTEFACT_BYTES_MAX) throw damaged(this.name, offset, `${path} is longer than anything of a log`);
    // Two members of one name: another program may read the other member.
    if (this.named.has(path) || this.placeOf(path) !== undefined) {
      throw damaged(this.name, offset, `${path} is in it twice`);
    }
    const address = tileAddress(path);
    if (address === undefined) {
      const isOther = path !== 'checkpoint' && path !== 'vkey';
      if (isOther && this.others.length < OTHERS_MAX) this.others.push(path);
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

const noArchive = (name: string): NotCheckable =>
  new NotCheckable(
    `${name} is no archive of a log.`,
    'Give a file that "audit export" wrote, a folder, or the address of a log.',
  );

const damaged = (name: string, at: number, what: string): ProvenWrong =>
  new ProvenWrong({
    check: 'archive',
    artefact: name,
    message: `The archive is damaged near byte ${at}: ${what}.`,
    nextStep: 'Copy or export it again.',
  });
