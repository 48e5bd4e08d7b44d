import { randomBytes } from 'node:crypto';
import { openApplication } from './application.js';
import { readArguments } from './arguments.js';
import { readingProgress } from './audit-source-call.js';
import { verificationText } from './audit-text.js';
import { exitOf } from './audit-verify.js';
import { verifyDatabase } from './audit-verify-database.js';
import type { Streams } from './command.js';
import { existingKey } from './installation.js';
import { withDatabase } from './settings-database.js';
import { visible } from './visible-text.js';
import { BackupFailure } from '../audit/database/backup/backup-failure.js';
import { BackupReader } from '../audit/database/backup/backup-reader.js';
import { KEY_NAMES, type KeyName } from '../audit/database/backup/backup-format.js';
import { wrappingKeyId } from '../audit/database/backup/backup.queries.js';
import { restoreBackup } from '../audit/database/backup/restore.queries.js';
import { AppendChecks } from '../ledger/append-checks.js';
import { Projector } from '../ledger/projector/projector.js';
import { KeptCheckpoint } from '../log/kept-checkpoint.js';
import { loadConfig, type Config } from '../platform/config.js';
import { isDatabaseAway } from '../platform/database/database.js';
import { migrate } from '../platform/database/migrate.js';
import { createLog } from '../platform/logging.js';
import { secretKey } from '../platform/secrets.js';
import { reasonOf, StartupError } from '../platform/startup-error.js';
import { REBUILDABLE } from '../projections.js';
import { formatVerifierKey, noteKeyOf, signingKey } from '../tlog/note-key.js';

/** A million events take some minutes. */
const VIEWS_MS_MAX = 24 * 3_600_000;

/** Of a key that is made for a backup from before there was one. */
const KEY_BYTES = 32;

type Keys = Readonly<Record<KeyName, Buffer>>;

/** `ppp-ledger restore FILE`: loads a backup into the database of the settings, which must be empty, and verifies the result. */
export async function runRestore(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, { older: { type: 'boolean' } }, ['one FILE']);
  const [file = ''] = positionals;
  const config = loadConfig();
  const backup = await orNothing(BackupReader.open(file));
  try {
    const keys = await orNothing(keysFor(backup, config));
    const { sayTo } = await import('../service.js');
    const log = sayTo(createLog('warn'));
    return await withDatabase(config, 'alone', log, async ({ url, pool }) => {
      await migrate(url, { log });
      await orNothing(load(backup, { config, keys, pool, acceptsOlder: values.older === true }, streams));
      const { position, root } = backup.about;
      streams.out.write(`Restored ${position} events from ${visible(file)}.\nPosition ${position}, root ${root}\n\n`);
      if (config.eventStoreUrl === undefined) await buildViews(config, position, streams);
      const verification = await verifyDatabase({}, readingProgress(streams));
      streams.out.write(verificationText(verification));
      return exitOf(verification);
    });
  } finally {
    await backup.archive.close();
  }
}

/** A failure up to here leaves the database empty. */
async function orNothing<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BackupFailure || isDatabaseAway(error)) {
      throw new StartupError(`${reasonOf(error)} Nothing was restored.`, { cause: error });
    }
    throw error;
  }
}

/**
 * The keys that the ledger goes on with: those of DATA_DIR, or those in the backup for a folder that has none.
 * @throws BackupFailure if they are missing, or are not the keys of the backup
 */
async function keysFor(backup: BackupReader, { dataDir, logOrigin }: Config): Promise<Keys> {
  const keys: Partial<Record<KeyName, Buffer>> = {};
  for (const name of KEY_NAMES) {
    const key = (await existingKey(dataDir, name, () => undefined)) ?? (await backup.key(name));
    if (key !== undefined) keys[name] = key;
  }
  const { 'wrapping-key': wrapping, 'log-signing-key': signing, 'append-key': append } = keys;
  const { appendKeyId, wrappingKeyId: id } = backup.about;
  const needsAppend = append === undefined && appendKeyId !== null;
  if (wrapping === undefined || signing === undefined || needsAppend) {
    const missing = KEY_NAMES.filter((name) => keys[name] === undefined && (name !== 'append-key' || needsAppend));
    throw new BackupFailure(
      `There is no ${missing.join(' and no ')} in ${dataDir}, and the backup was made without keys: copy what is missing there ` +
        'from its own backup.',
    );
  }
  const own = formatVerifierKey(noteKeyOf(signingKey(logOrigin, signing)));
  if (own !== backup.vkey) {
    throw new BackupFailure(
      `The log in the backup is signed with ${visible(backup.vkey)}; LOG_ORIGIN and the log-signing-key of ${dataDir} give ${own}. ` +
        'Set LOG_ORIGIN as it was, and restore the file log-signing-key. If that key is lost for good, "ppp-ledger audit import" ' +
        'begins a new log with the events of this file.',
    );
  }
  if (id !== null && id !== wrappingKeyId(wrapping)) {
    throw new BackupFailure(
      `The wrapping-key in ${dataDir} is not the one that the backup was made with: sealed texts would not open, and every ` +
        'repeated command would be refused. Restore the right file.',
    );
  }
  if (append && appendKeyId !== null && new AppendChecks(append).keyId.toString('hex') !== appendKeyId) {
    throw new BackupFailure(
      `The append-key in ${dataDir} is not the one that the batches in the backup are checked with: nothing more could be signed. ` +
        'Restore the right file.',
    );
  }
  return { 'wrapping-key': wrapping, 'log-signing-key': signing, 'append-key': append ?? randomBytes(KEY_BYTES) };
}

interface Target {
  readonly config: Config;
  readonly keys: Keys;
  readonly pool: Parameters<typeof restoreBackup>[1];
  readonly acceptsOlder: boolean;
}

async function load(backup: BackupReader, target: Target, streams: Streams): Promise<void> {
  const { config, keys, pool, acceptsOlder } = target;
  const { dataDir, logOrigin, eventStoreUrl } = config;
  const checkpoint = new KeptCheckpoint(dataDir, noteKeyOf(signingKey(logOrigin, keys['log-signing-key'])));
  const kept = await checkpoint.read().catch((error: unknown) => {
    throw new BackupFailure(reasonOf(error), { cause: error });
  });
  const isCopy = requireEngine(backup, eventStoreUrl !== undefined);
  const note = await restoreBackup(backup, pool, {
    ...(kept && { kept }),
    acceptsOlder,
    isCopy,
    checks: new AppendChecks(keys['append-key']),
    // Keys without a ledger do no harm; a ledger without its keys does.
    beforeCommit: async () => {
      for (const name of KEY_NAMES) await secretKey(dataDir, name, 'the backup holds it', () => keys[name]);
    },
    progress: readingProgress(streams),
  });
  if (kept === undefined && note !== undefined) await checkpoint.write(note);
}

/** @returns true if the database is to be the copy of a ledger on KurrentDB */
function requireEngine({ about: { kurrentLedger } }: BackupReader, isWanted: boolean): boolean {
  if (!isWanted || kurrentLedger !== null) return isWanted;
  throw new BackupFailure(
    'The backup is of a ledger on PostgreSQL: restore it without EVENT_STORE_URL, and move it with "ppp-ledger copy" then.',
  );
}

/** Builds the views, so that the service answers reads from its first second on. */
async function buildViews(config: Config, position: number, { err }: Streams): Promise<void> {
  err.write('Building the views.\n');
  const { app, close } = await openApplication(config, createLog('warn'));
  const projector = app.get(Projector);
  try {
    await projector.start();
    for (const { name } of REBUILDABLE) await projector.reached(name, position, VIEWS_MS_MAX);
  } finally {
    await projector.stop();
    await close();
  }
}
