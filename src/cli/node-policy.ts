import type { Config } from '../platform/config.js';
import { createLog } from '../platform/logging.js';

/** Lines of Node.js that the program runs on and that have no security fixes any more, with the last day of support. */
const ENDED_LINES: Readonly<Record<string, string>> = { '20': '2026-04-30' };

/** The last day on which a version of Node.js got security fixes; undefined while it gets them. */
export const endOfSupport = (version: string): string | undefined => ENDED_LINES[version.split('.')[0] ?? ''];

/** Warns an operator whose Node.js gets no security fixes, in one line of the log. */
export function warnOfNode({ logLevel }: Pick<Config, 'logLevel'>): void {
  const { node } = process.versions;
  const day = endOfSupport(node);
  if (day === undefined) return;
  createLog(logLevel).warn(`Node ${node} has had no security fixes since ${day}: run the ledger on Node 22, 24 or 26.`);
}
