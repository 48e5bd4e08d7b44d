import { readArguments } from './arguments.js';
import { readingProgress } from './audit-source-call.js';
import { toPipe, writeWhole } from './backup-output.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { existingKey, verifierKeyOf } from './installation.js';
import { withDatabase } from './settings-database.js';
import { UsageError } from '../audit/audit-finding.js';
import type { ArchiveOutput } from '../audit/archive-export.js';
import { BackupFailure } from '../audit/database/backup/backup-failure.js';
import type { BackupAbout } from '../audit/database/backup/backup-format.js';
import { writeBackup, type BackupSource } from '../audit/database/backup/backup.queries.js';
import { loadConfig, type Config } from '../platform/config.js';
import { isDatabaseAway } from '../platform/database/database.js';
import { createLog } from '../platform/logging.js';
import { reasonOf, StartupError } from '../platform/startup-error.js';

const OPTIONS = { 'with-keys': { type: 'boolean' }, force: { type: 'boolean' } } as const;
const STANDARD_OUTPUT = '-';
const WITH_KEYS = `The keys of this installation are in the backup: whoever has the file can read all sealed texts in it, and sign
histories in the name of this ledger. Keep it as you keep the keys.
`;
const WITHOUT_KEYS = `The keys of this installation are not in it: keep copies of wrapping-key, log-signing-key and append-key in another place.
Without them sealed texts cannot be read, and the log cannot go on.
`;

/** `ppp-ledger backup FILE`: one file with everything that the ledger keeps. A running service may use the database meanwhile. */
export async function runBackup(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS, ['one FILE, or - for standard output']);
  const [file = ''] = positionals;
  const isPiped = file === STANDARD_OUTPUT;
  if (isPiped && process.stdout.isTTY)
    throw new UsageError('A backup is no text for a terminal: name a file, or a pipe.');
  const config = loadConfig();
  const source = await sourceOf(config, values['with-keys'] === true);
  const { sayTo } = await import('../service.js');
  // Standard output belongs to the backup.
  const log = sayTo(createLog('silent'));
  const write = (output: ArchiveOutput): Promise<BackupAbout> =>
    withDatabase(config, 'shared', log, ({ pool }) =>
      writeBackup({ ...source, pool }, output, readingProgress(streams)),
    );
  try {
    const about = await (isPiped ? write(toPipe(process.stdout)) : writeWhole(file, values.force === true, write));
    streams.err.write(about.hasKeys ? WITH_KEYS : WITHOUT_KEYS);
    (isPiped ? streams.err : streams.out).write(`${doneText(about, isPiped ? 'standard output' : file)}\n`);
    return EXIT_DONE;
  } catch (error) {
    if (error instanceof BackupFailure || isDatabaseAway(error)) {
      throw new StartupError(`No backup was made. ${reasonOf(error)}`, { cause: error });
    }
    throw error;
  }
}

async function sourceOf(config: Config, withKeys: boolean): Promise<Omit<BackupSource, 'pool'>> {
  const key = await verifierKeyOf(config);
  const wrappingKey = await existingKey(config.dataDir, 'wrapping-key', () => undefined);
  if (!withKeys) return { key, ...(wrappingKey && { wrappingKey }) };
  const signingKey = await existingKey(config.dataDir, 'log-signing-key', () => undefined);
  if (wrappingKey === undefined || signingKey === undefined) {
    throw new StartupError(`There is no wrapping-key in ${config.dataDir}: set DATA_DIR to the folder of the service.`);
  }
  const appendKey = await existingKey(config.dataDir, 'append-key', () => undefined);
  const keys = {
    'wrapping-key': wrappingKey,
    'log-signing-key': signingKey,
    ...(appendKey && { 'append-key': appendKey }),
  };
  return { key, wrappingKey, keys };
}

function doneText({ position, root, signedSize, parts }: BackupAbout, file: string): string {
  const beyond = position - signedSize;
  return (
    `${position} events, ${parts.commands.lines} answers and ${parts.sealed_contents.lines} sealed contents are in ${file}` +
    `${beyond > 0 ? ` (${beyond} of the events after the last checkpoint)` : ''}.\nPosition ${position}, root ${root}`
  );
}
