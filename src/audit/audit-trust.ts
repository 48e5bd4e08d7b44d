import { reasonOf } from '../platform/startup-error.js';
import { readInput, textOfFile } from '../platform/text-file.js';
import { NotCheckable, UsageError } from './audit-finding.js';
import { KEPT_AS_PRINTED, type Trust } from './audit-log.js';
import { LogError, malformed } from '../tlog/log-error.js';
import { parseVerifierKey, type VerifierKey } from '../tlog/note-key.js';
import { parsePolicy, type Policy } from '../tlog/policy.js';

/** Options of a command for the auditor's own key, checkpoint and policy. */
export const TRUST_OPTIONS = {
  vkey: { type: 'string' },
  checkpoint: { type: 'string' },
  policy: { type: 'string' },
} as const;

export interface TrustValues {
  readonly vkey?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly policy?: string | undefined;
}

/**
 * @throws UsageError for an unreadable file, or for a malformed key or policy
 * @throws NotCheckable for a kept checkpoint that is no text. `openLog` checks the others, because it knows the log.
 */
export async function readTrust({ vkey, checkpoint, policy }: TrustValues): Promise<Trust> {
  return {
    ...(vkey !== undefined && { key: await readKey(vkey) }),
    ...(checkpoint !== undefined && { kept: await readKept(checkpoint) }),
    ...(policy !== undefined && { policy: await readPolicy(policy) }),
  };
}

/** Most bytes of a file that an auditor keeps. A policy and a checkpoint have at most 1,000,000, which UTF-16 doubles. */
const KEPT_BYTES_MAX = 2_000_002;

/** The key itself, or the file that holds it. */
async function readKey(value: string): Promise<VerifierKey> {
  const isKey = /^[^+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/.test(value);
  const text = isKey ? value : await readText('--vkey', value);
  return parsed('--vkey', () => parseVerifierKey(requireText(text, 'verifier key').trim()));
}

async function readPolicy(path: string): Promise<Policy> {
  const text = await readText('--policy', path);
  return parsed('--policy', () => parsePolicy(requireText(text, 'policy')));
}

async function readKept(path: string): Promise<string> {
  const text = await readText('--checkpoint', path);
  if (text !== undefined) return text;
  throw new NotCheckable('The checkpoint that you kept cannot be used: it is not text in UTF-8.', KEPT_AS_PRINTED);
}

function requireText(text: string | undefined, what: string): string {
  if (text === undefined) throw malformed(what, 'it is not text in UTF-8');
  return text;
}

function parsed<Value>(option: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof LogError) throw new UsageError(`${option} cannot be used: ${error.message}`, { cause: error });
    throw error;
  }
}

async function readText(option: string, path: string): Promise<string | undefined> {
  try {
    return textOfFile(await readInput(path, KEPT_BYTES_MAX));
  } catch (error) {
    throw new UsageError(`${option}: ${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}
