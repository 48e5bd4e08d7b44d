import type { Config } from '../platform/config.js';
import { createLog } from '../platform/logging.js';

/** Versions of Node.js that run the program but get no security fixes any more, with the last day of support. */
const ENDED_LINES: Readonly<Record<string, string>> = { '20': '2026-04-30' };

/** The last day on which a version of Node.js got security fixes; undefined while it still gets them. */
export const endOfSupport = (version: string): string | undefined => ENDED_LINES[version.split('.')[0] ?? ''];

/** Logs one warning if the version of Node.js gets no security fixes. */
export function warnOfNode({ logLevel }: Pick<Config, 'logLevel'>): void {
  const { node } = process.versions;
  const day = endOfSupport(node);
  if (day === undefined) return;
  createLog(logLevel).warn(`Node ${node} has had no security fixes since ${day}: run the ledger on Node 22, 24 or 26.`);
}
