import { malformed } from '../tlog/log-error.js';
import type { VerifierKey } from '../tlog/note-key.js';
import { parsePolicy } from '../tlog/policy.js';
import type { Witness } from './witness.js';

/**
 * Reads the list of the logs that a witness follows: lines `log <verifier key> [<url>]`, or verifier keys alone. The
 * policy that a log publishes is valid as well; its witnesses and quorum have no meaning here.
 * @returns the keys of each log, by origin.
 * @throws LogError `malformed`, `unsupported-algorithm` or `limit-exceeded`.
 */
export function parseWitnessedLogs(text: string): Witness['logs'] {
  const lines = text.split('\n').map((line) => (/^\s*[^\s#]+\s*$/.test(line) ? `log ${line.trim()}` : line));
  const hasQuorum = lines.some((line) => /^\s*quorum\s/.test(line));
  const { logs } = parsePolicy([...lines, ...(hasQuorum ? [] : ['quorum none'])].join('\n'));
  if (logs.length === 0) throw malformed('list of logs', 'it has no line "log <verifier key>"');
  const byOrigin = new Map<string, VerifierKey[]>();
  for (const { key } of logs) byOrigin.set(key.name, [...(byOrigin.get(key.name) ?? []), key]);
  return byOrigin;
}
