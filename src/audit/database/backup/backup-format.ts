import { BACKUP_TABLES, type BackupTableName } from './backup-tables.js';

/**
 * A backup is the archive of an exported log, as `audit export` writes it, with further members: so every command that reads
 * an archive reads a backup. The further members, all below `backup/`, are lines of JSON of at most about 1 MiB:
 *
 * - `backup/events/000000.ndjson`: the events after the last checkpoint, exactly as stored
 * - `backup/TABLE/000000.ndjson`: the rows of a table of `BACKUP_TABLES`, as PostgreSQL's `row_to_json` writes them
 * - `backup/keys/NAME`: the keys of the installation, only on request
 * - `backup/about.json`: see `BackupAbout`
 * - `backup/SHA256SUMS`: the last member; the SHA-256 of each member that is no tile, in the form that `sha256sum -c` reads
 */
export const BACKUP_FORMAT = 1;

export const ABOUT = 'backup/about.json';
export const SUMS = 'backup/SHA256SUMS';

/** The keys of an installation, as files of its DATA_DIR. */
export const KEY_NAMES = ['wrapping-key', 'log-signing-key', 'append-key'] as const;
export type KeyName = (typeof KEY_NAMES)[number];
export const keyPath = (name: KeyName): string => `backup/keys/${name}`;

export type PartName = BackupTableName | 'events';
export const PARTS: readonly PartName[] = ['events', ...BACKUP_TABLES.map(({ name }) => name)];
export const memberPath = (part: PartName, index: number): string =>
  `backup/${part}/${String(index).padStart(6, '0')}.ndjson`;

/** Number of lines of a part, and of the members that hold them. */
export interface PartCounts {
  readonly lines: number;
  readonly members: number;
}

export interface BackupAbout {
  readonly format: number;
  /** RFC 3339. */
  readonly madeAt: string;
  /** The last migration of the database, e.g. `0024_financial-close.sql`. */
  readonly migration: string;
  /** Number of events. */
  readonly position: number;
  /** When the last command was recorded, RFC 3339. */
  readonly recordedAt: string;
  /** Merkle root over all events, also those after the last checkpoint; hex. */
  readonly root: string;
  /** Size of the last checkpoint; 0 before the first. */
  readonly signedSize: number;
  /** Identifies the wrapping key without showing it; null if the backup was made without access to the key. */
  readonly wrappingKeyId: string | null;
  readonly hasKeys: boolean;
  /** The keys in the backup. */
  readonly keyNames: readonly KeyName[];
  /** Identifies the key of the check values, hex; null if no batch has one. */
  readonly appendKeyId: string | null;
  /** Name of the ledger on KurrentDB; null if the database has its events for its own. */
  readonly kurrentLedger: string | null;
  readonly parts: Readonly<Record<PartName, PartCounts>>;
}
