import { readFile } from 'node:fs/promises';
import { reasonOf } from '../platform/startup-error.js';
import { UsageError } from './audit-finding.js';
import type { Trust } from './audit-log.js';
import { LogError } from '../tlog/log-error.js';
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

/** @throws UsageError for an unreadable file, or for a malformed key or policy */
export async function readTrust({ vkey, checkpoint, policy }: TrustValues): Promise<Trust> {
  return {
    ...(vkey !== undefined && { key: await readKey(vkey) }),
    ...(checkpoint !== undefined && { kept: await readText('--checkpoint', checkpoint) }),
    ...(policy !== undefined && { policy: await readPolicy(policy) }),
  };
}

/** The key itself, or the file that holds it. */
async function readKey(value: string): Promise<VerifierKey> {
  const isKey = /^[^+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/.test(value);
  const text = isKey ? value : await readText('--vkey', value);
  return parsed('--vkey', () => parseVerifierKey(text.trim()));
}

async function readPolicy(path: string): Promise<Policy> {
  const text = await readText('--policy', path);
  return parsed('--policy', () => parsePolicy(text));
}

function parsed<Value>(option: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof LogError) throw new UsageError(`${option} cannot be used: ${error.message}`, { cause: error });
    throw error;
  }
}

async function readText(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${option}: ${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}
