import { readFileSync } from 'node:fs';
import { ConfigError } from '../platform/config.js';
import { reasonOf } from '../platform/startup-error.js';
import { textOfFile } from '../platform/text-file.js';
import { LogError, malformed } from '../tlog/log-error.js';
import { formatVerifierKey, type VerifierKey, wrapSameKey } from '../tlog/note-key.js';
import { formatPolicy, isQuorum, NO_QUORUM, parsePolicy, type Policy, type PolicyWitness } from '../tlog/policy.js';

/** A witness to which the log submits its checkpoints. */
export interface SubmissionWitness extends PolicyWitness {
  /** Submission prefix (C2SP tlog-witness), without a slash at its end. */
  readonly url: string;
  /** Verifier key as text: its identity in the database and in metrics. */
  readonly vkey: string;
}

/** The policy of this log: its key, its witnesses and their quorum. */
export class LogPolicy {
  readonly witnesses: readonly SubmissionWitness[];
  private readonly policy: Policy;

  /**
   * @param text the file as its operator wrote it, which is also published
   * @throws LogError for a policy that cannot be read, or that belongs to a log with another key
   */
  constructor(
    readonly text: string,
    readonly logKey: VerifierKey,
  ) {
    this.policy = parsePolicy(text);
    if (!this.policy.logs.some(({ key }) => key.name === logKey.name && wrapSameKey(key, logKey))) {
      const message = `It does not list this log. Add the line: log ${formatVerifierKey(logKey)}`;
      throw new LogError('origin-mismatch', message);
    }
    this.witnesses = this.policy.witnesses.map(submissionWitness);
  }

  /** Name of the quorum in the policy; `none` if the policy needs no witness. */
  get quorum(): string {
    return this.policy.quorum;
  }

  /** True if the policy needs witnesses, and the witnesses with these names are a quorum. */
  isWitnessedBy(names: ReadonlySet<string>): boolean {
    return this.quorum !== NO_QUORUM && isQuorum(this.policy, names);
  }
}

/**
 * Reads the policy from a file, once at start: the published policy does not change while the service runs.
 * @param path undefined: a policy without witnesses
 * @throws ConfigError whose message names the fault in the file
 */
export function readLogPolicy(path: string | undefined, logKey: VerifierKey): LogPolicy {
  if (path === undefined) {
    return new LogPolicy(
      formatPolicy({ logs: [{ key: logKey }], witnesses: [], groups: [], quorum: NO_QUORUM }),
      logKey,
    );
  }
  try {
    const text = textOfFile(readFileSync(path));
    if (text === undefined) throw malformed('policy', 'it is not text in UTF-8');
    return new LogPolicy(text, logKey);
  } catch (error) {
    throw new ConfigError([`LOG_POLICY names ${path}, which cannot be used: ${reasonOf(error)}`]);
  }
}

function submissionWitness(witness: PolicyWitness): SubmissionWitness {
  const { name, key, url = '' } = witness;
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    const message = `The witness ${name} has no http or https URL: the log could not submit its checkpoints to it.`;
    throw new LogError('malformed', message);
  }
  return { ...witness, url: url.replace(/\/+$/, ''), vkey: formatVerifierKey(key) };
}
