import type { Streams } from './command.js';
import { visible } from './visible-text.js';
import { openTrusted, type OpenedLog, type Trust } from '../audit/audit-log.js';
import { openSource } from '../audit/audit-source.js';
import type { LogSource } from '../audit/log-source.js';
import { Progress, READING } from '../client/progress.js';
import { formatVerifierKey } from '../tlog/note-key.js';

/** Opens a source for one command, and closes it afterwards. */
export async function withSource<Result>(name: string, run: (source: LogSource) => Promise<Result>): Promise<Result> {
  const source = await openSource(name);
  try {
    return await run(source);
  } finally {
    await source.close();
  }
}

/** Opens a log for one command. Warns if only the log itself confirms its key. */
export const withLog = (
  name: string,
  trust: Trust,
  streams: Streams,
  run: (log: OpenedLog) => Promise<number>,
): Promise<number> =>
  withSource(name, async (source) => {
    const log = await openTrusted(source, trust);
    warnOfKey(log, streams);
    return run(log);
  });

export function warnOfKey({ key, keyIsAuditors }: OpenedLog, { err }: Streams): void {
  if (keyIsAuditors) return;
  err.write(
    `The key ${visible(formatVerifierKey(key))} came with the log itself: bring a copy of your own (--vkey) to know who signed.\n`,
  );
}

export const readingProgress = ({ err }: Streams): Progress => new Progress(err, READING);
