import type { Config } from '../platform/config.js';
import { createLog } from '../platform/logging.js';

/** Release lines of Node.js that the program runs on and that get no security fixes any more, with the last day of support. */
const ENDED_LINES: Readonly<Record<string, string>> = { '20': '2026-04-30' };

/** Warns an operator whose Node.js has no security fixes, in one line of the log. */
export function warnOfNode({ logLevel }: Pick<Config, 'logLevel'>, version = process.versions.node): void {
  const [line = ''] = version.split('.');
  const ended = ENDED_LINES[line];
  if (ended === undefined) return;
  createLog(logLevel).warn(
    `Node ${line} has had no security fixes since ${ended}: run the ledger on Node 22, 24 or 26.`,
  );
}
