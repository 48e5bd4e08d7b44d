import { reasonOf } from '../../../platform/startup-error.js';
import { ArchiveSource } from '../../archive-source.js';
import { NotCheckable, ProvenWrong } from '../../audit-finding.js';
import { BackupFailure } from './backup-failure.js';
import { ABOUT, BACKUP_FORMAT, keyPath, memberPath, PARTS, SUMS } from './backup-format.js';
import type { BackupAbout, KeyName, PartName } from './backup-format.js';
import { newestMigration } from './backup-schema.js';
import { sha256 } from './backup-writer.js';

const SUM = /^([0-9a-f]{64}) {2}(.+)$/;

/** A backup whose members are all there and have their checksums. The log in it is not verified yet. */
export class BackupReader {
  private constructor(
    readonly archive: ArchiveSource,
    readonly about: BackupAbout,
    /** The published verifier key, as text. */
    readonly vkey: string,
  ) {}

  /**
   * Opens a file and checks it whole. Close the archive afterwards.
   * @throws BackupFailure if it is no backup, or damaged, or not complete, or of a newer program
   */
  static async open(name: string): Promise<BackupReader> {
    const archive = await openArchive(name);
    try {
      const sums = await readSums(archive);
      const about = await readAbout(archive, sums);
      await checkMembers(archive, about, sums);
      return new BackupReader(archive, about, (await textOf(archive, 'vkey')).trimEnd());
    } catch (error) {
      await archive.close();
      throw error;
    }
  }

  /** The lines of each member of a part, in order. */
  async *members(part: PartName): AsyncGenerator<readonly string[]> {
    for (let index = 0; index < this.about.parts[part].members; index += 1) {
      yield (await textOf(this.archive, memberPath(part, index))).split('\n').slice(0, -1);
    }
  }

  /** A key of the installation; undefined in a backup without keys. */
  async key(name: KeyName): Promise<Buffer | undefined> {
    return this.about.keyNames.includes(name)
      ? Buffer.from(await textOf(this.archive, keyPath(name)), 'base64')
      : undefined;
  }
}

async function openArchive(name: string): Promise<ArchiveSource> {
  try {
    return await ArchiveSource.open(name);
  } catch (error) {
    if (!(error instanceof NotCheckable || error instanceof ProvenWrong)) throw error;
    throw new BackupFailure(`${name} cannot be restored: ${reasonOf(error)}`, { cause: error });
  }
}

async function textOf(archive: ArchiveSource, path: string): Promise<string> {
  const bytes = await archive.read(path);
  if (bytes === undefined) throw new BackupFailure(`${archive.name} is not complete: it has no ${path}.`);
  return Buffer.from(bytes).toString('utf8');
}

async function readSums(archive: ArchiveSource): Promise<Map<string, string>> {
  const bytes = await archive.read(SUMS);
  if (bytes === undefined) {
    throw new BackupFailure(
      `${archive.name} is no backup: it has no ${SUMS}. "ppp-ledger audit import" loads an exported log.`,
    );
  }
  const lines = Buffer.from(bytes).toString('utf8').split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [, sum = '', path = ''] = SUM.exec(line) ?? [];
      return [path, sum];
    }),
  );
}

async function checkedBytes(archive: ArchiveSource, path: string, sums: Map<string, string>): Promise<Uint8Array> {
  const bytes = await archive.read(path);
  if (bytes === undefined) throw new BackupFailure(`${archive.name} is not complete: it has no ${path}.`);
  if (sums.get(path) !== sha256(bytes)) {
    throw new BackupFailure(`${archive.name} is damaged: ${path} does not have its checksum.`);
  }
  sums.delete(path);
  return bytes;
}

/** The checksum of this member is checked before its content is used. */
async function readAbout(archive: ArchiveSource, sums: Map<string, string>): Promise<BackupAbout> {
  const about = JSON.parse(Buffer.from(await checkedBytes(archive, ABOUT, sums)).toString('utf8')) as BackupAbout;
  if (about.format !== BACKUP_FORMAT) {
    throw new BackupFailure(
      `${archive.name} is a backup of format ${about.format}, and this program reads format ${BACKUP_FORMAT}: restore it with the ` +
        'version that made it, or a newer one.',
    );
  }
  const newest = await newestMigration();
  if (about.migration <= newest) return upToDate(about);
  throw new BackupFailure(
    `${archive.name} was made by a newer program: its database was at ${about.migration}, this program is at ${newest}. ` +
      'Restore it with that version.',
  );
}

/** A backup of a version before there were check values names nothing that came with them. */
function upToDate(about: BackupAbout | Omit<BackupAbout, 'keyNames' | 'appendKeyId'>): BackupAbout {
  if ('keyNames' in about) return about;
  const { hasKeys, parts } = about;
  return {
    ...about,
    keyNames: hasKeys ? ['wrapping-key', 'log-signing-key'] : [],
    appendKeyId: null,
    parts: { ...parts, batch_checks: { lines: 0, members: 0 } },
  };
}

/** Exactly the members that the backup counts are there, each with its checksum. */
async function checkMembers(archive: ArchiveSource, about: BackupAbout, sums: Map<string, string>): Promise<void> {
  for (const path of pathsOf(about)) await checkedBytes(archive, path, sums);
  const [further] = sums.keys();
  if (further !== undefined) throw new BackupFailure(`${archive.name} is damaged: ${ABOUT} does not count ${further}.`);
}

function* pathsOf({ parts, signedSize, keyNames }: BackupAbout): Generator<string> {
  yield 'vkey';
  if (signedSize > 0) yield 'checkpoint';
  yield* keyNames.map(keyPath);
  for (const part of PARTS) {
    for (let index = 0; index < parts[part].members; index += 1) yield memberPath(part, index);
  }
}
