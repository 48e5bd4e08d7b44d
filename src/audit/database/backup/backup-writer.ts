import { createHash } from 'node:crypto';
import { ArchiveWriter, type ArchiveOutput } from '../../archive-export.js';
import { ARTEFACT_BYTES_MAX } from '../../log-source.js';
import { ABOUT, memberPath, SUMS, type BackupAbout, type PartCounts, type PartName } from './backup-format.js';
import { BackupFailure } from './backup-failure.js';

/** Length of a member, unless one line is longer. */
const MEMBER_BYTES = 1_048_576;
/** File mode of members that are not in the public log (answers, sealed contents, keys): only the owner may read them. */
const PRIVATE = 0o600;

/** Writes the members of a backup, and the checksums at its end. */
export class BackupWriter {
  private readonly archive: ArchiveWriter;
  private readonly sums: string[] = [];

  constructor(output: ArchiveOutput) {
    this.archive = new ArchiveWriter(output);
  }

  /** A tile or bundle of the log. It needs no checksum: the signed root covers it. */
  tile(path: string, content: Uint8Array): Promise<void> {
    return this.archive.append(path, content);
  }

  async add(path: string, content: Uint8Array): Promise<void> {
    this.sums.push(`${sha256(content)}  ${path}\n`);
    await this.archive.append(path, content, PRIVATE);
  }

  /** Adds the lines of a part, in members of about 1 MiB. */
  async addPart(part: PartName, lines: AsyncIterable<string>): Promise<PartCounts> {
    const counts = { lines: 0, members: 0 };
    let gathered: Buffer[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (gathered.length === 0) return;
      await this.add(memberPath(part, counts.members), Buffer.concat(gathered));
      counts.members += 1;
      gathered = [];
      bytes = 0;
    };
    for await (const text of lines) {
      const line = Buffer.from(`${text}\n`);
      if (line.length > ARTEFACT_BYTES_MAX) {
        throw new BackupFailure(`A row of ${part} has ${line.length} bytes, more than a backup can hold.`);
      }
      if (bytes + line.length > MEMBER_BYTES) await flush();
      gathered.push(line);
      bytes += line.length;
      counts.lines += 1;
    }
    await flush();
    return counts;
  }

  /** Durable when it resolves. */
  async end(about: BackupAbout): Promise<void> {
    await this.add(ABOUT, Buffer.from(`${JSON.stringify(about, undefined, 2)}\n`));
    const sums = Buffer.from(this.sums.join(''));
    if (sums.length > ARTEFACT_BYTES_MAX) {
      throw new BackupFailure(`The ledger is too large for one backup: it has ${this.sums.length} members.`);
    }
    await this.archive.append(SUMS, sums, PRIVATE);
    await this.archive.end();
  }
}

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
