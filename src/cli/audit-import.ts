import { readArguments } from './arguments.js';
import { readingProgress, withSource } from './audit-source-call.js';
import { verificationText } from './audit-text.js';
import { exitOf } from './audit-verify.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { visible } from './visible-text.js';
import { AGGREGATES } from '../aggregates.js';
import { openLog, type OpenedLog } from '../audit/audit-log.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';
import { importLog } from '../audit/database/archive-import.queries.js';
import { verify } from '../audit/verify.js';
import { loadConfig } from '../platform/config.js';
import { createLog } from '../platform/logging.js';
import { noteKeyOf, signingKey } from '../tlog/note-key.js';

/** `ppp-ledger audit import FILE`: loads an exported log into the empty database of the settings. */
export async function runAuditImport(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, TRUST_OPTIONS, ['one FILE']);
  const [name = ''] = positionals;
  const trust = await readTrust(values);
  return withSource(name, async (source) => {
    const verification = await verify(source, { trust, aggregates: AGGREGATES, progress: readingProgress(streams) });
    if (verification.verdict !== 'verified') {
      streams.err.write(`${verificationText(verification)}Nothing was imported.\n`);
      return exitOf(verification);
    }
    streams.out.write(`${await load(await openLog(source, trust), streams)}\n`);
    return EXIT_DONE;
  });
}

async function load(log: OpenedLog, streams: Streams): Promise<string> {
  const config = loadConfig();
  const { openRuntime } = await import('../service.js');
  const { runtime, close } = await openRuntime(config, createLog(config.logLevel));
  try {
    const ownKey = noteKeyOf(signingKey(config.logOrigin, runtime.logSigningKey));
    const { events, continuesLog } = await importLog(
      log,
      runtime.pool,
      ownKey,
      runtime.appendChecks,
      readingProgress(streams),
    );
    const whose = continuesLog
      ? 'The log goes on: its key is the one of this installation.'
      : `This installation has another key or LOG_ORIGIN: it will publish the same history under ${config.logOrigin}.`;
    return `${events} events of ${visible(log.checkpoint.origin)} were imported; read back, they have the same root. ${whose}`;
  } finally {
    await close();
  }
}
