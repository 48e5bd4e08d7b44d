import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { LogError, malformed, tooLarge } from './log-error.js';
import { type SignedNote, type VerifiedNote, verifyNote } from './note.js';
import { formatVerifierKey, parseVerifierKey, SIGNATURE_TYPE, type VerifierKey, wrapSameKey } from './note-key.js';
import { decodeDecimal, decodeUtf8 } from './strict-text.js';

/** A reader should accept at least 32 items of each kind (C2SP tlog-policy, "Implementation limits"). */
export const POLICY_ITEMS_MAX = 256;
const POLICY_BYTES_MAX = 1_000_000;
/** The quorum of a policy without cosignatures; no witness or group may have this name. */
export const NO_QUORUM = 'none';

export interface PolicyLog {
  /** Its name is the origin of the log. */
  readonly key: VerifierKey;
  readonly url?: string;
}

export interface PolicyWitness {
  /** Name within the policy only. */
  readonly name: string;
  readonly key: VerifierKey;
  /** Submission prefix (C2SP tlog-witness). */
  readonly url?: string;
}

/** The group has witnessed a checkpoint when at least `threshold` of its members have. */
export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  /** Names of witnesses and of groups defined before. */
  readonly members: readonly string[];
}

/** Which logs and which sets of witnesses make a checkpoint trustworthy (C2SP tlog-policy). */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** Name of a witness or group, or `none`. */
  readonly quorum: string;
}

export interface Cosigner {
  /** Name of the witness in the policy. */
  readonly name: string;
  /** Its latest cosignature on the checkpoint, POSIX seconds. */
  readonly timestampSeconds: number;
}

/** A checkpoint that satisfies a policy. */
export interface PolicyVerdict {
  readonly checkpoint: Checkpoint;
  readonly log: VerifierKey;
  /** The cosigners in the order of the policy. */
  readonly cosigners: readonly Cosigner[];
}

/** The policy "signed by this log and cosigned by k of these n witnesses"; with k = 0 no cosignature is required. */
export function thresholdPolicy(log: PolicyLog, witnesses: readonly PolicyWitness[], threshold: number): Policy {
  const group = { name: 'witnesses', threshold, members: witnesses.map(({ name }) => name) };
  if (threshold === 0) return { logs: [log], witnesses, groups: [], quorum: NO_QUORUM };
  return { logs: [log], witnesses, groups: [group], quorum: group.name };
}

/**
 * Verifies a signed checkpoint under a policy: signed by a listed log whose key is named like the origin, cosigned by the
 * quorum.
 * @throws LogError `malformed`, `origin-mismatch`, `signature-invalid`, `no-trusted-signature` or `quorum-missing`.
 */
export function openWithPolicy(note: SignedNote, policy: Policy): PolicyVerdict {
  const checkpoint = parseCheckpoint(note.text);
  const logs = policy.logs.map(({ key }) => key).filter(({ name }) => name === checkpoint.origin);
  if (logs.length === 0) {
    const message = `The policy lists no log with the origin ${checkpoint.origin}.`;
    throw new LogError('origin-mismatch', message, { found: checkpoint.origin });
  }
  const verified = verifyNote(note, [...logs, ...policy.witnesses.map(({ key }) => key)]);
  const log = logs.find((key) => signedBy(verified, key));
  if (log === undefined) {
    const message = `The log ${checkpoint.origin} has not signed the checkpoint; only witnesses have.`;
    throw new LogError('no-trusted-signature', message, { origin: checkpoint.origin });
  }
  const cosigners = cosignersOf(policy, verified);
  if (!isQuorum(policy, new Set(cosigners.map(({ name }) => name)))) {
    const message = `The cosignatures of ${cosigners.length} witnesses do not make the quorum "${policy.quorum}".`;
    throw new LogError('quorum-missing', message, { quorum: policy.quorum, cosigners: cosigners.length });
  }
  return { checkpoint, log, cosigners };
}

/** The witnesses of the policy whose cosignature on the note was verified, whether or not they make its quorum. */
export function cosignersOf(policy: Policy, note: VerifiedNote): Cosigner[] {
  return policy.witnesses.flatMap(({ name, key }) => {
    const times = note.verified.filter((by) => isSameKey(by.key, key)).map((by) => by.timestampSeconds ?? 0);
    return times.length === 0 ? [] : [{ name, timestampSeconds: Math.max(...times) }];
  });
}

/** True if the witnesses with these names are enough (C2SP tlog-policy, "Defining a witness group"). */
export function isQuorum(policy: Policy, cosigned: ReadonlySet<string>): boolean {
  if (policy.quorum === NO_QUORUM) return true;
  const satisfied = new Set(policy.witnesses.map(({ name }) => name).filter((name) => cosigned.has(name)));
  for (const { name, threshold, members } of policy.groups) {
    // A file cannot hold a group without members or a threshold of 0. In a policy that was built in code, neither counts as
    // met.
    if (threshold >= 1 && members.filter((member) => satisfied.has(member)).length >= threshold) satisfied.add(name);
  }
  return satisfied.has(policy.quorum);
}

/**
 * Text of a policy file.
 * @throws LogError `malformed` for a policy whose text could not be read back.
 */
export function formatPolicy({ logs, witnesses, groups, quorum }: Policy): string {
  const withUrl = (url?: string): string => (url === undefined ? '' : ` ${url}`);
  const lines = [
    ...logs.map(({ key, url }) => `log ${formatVerifierKey(key)}${withUrl(url)}`),
    ...witnesses.map(({ name, key, url }) => `witness ${name} ${formatVerifierKey(key)}${withUrl(url)}`),
    ...groups.map(({ name, threshold, members }) => `group ${name} ${threshold} ${members.join(' ')}`),
    `quorum ${quorum}`,
  ];
  const text = lines.map((line) => `${line}\n`).join('');
  parsePolicy(text);
  return text;
}

/**
 * Reads a policy file. Stricter than the format in one thing: it has to be UTF-8. Names are compared as they are, without
 * any Unicode normalisation.
 * @throws LogError `malformed`, `unsupported-algorithm` or `limit-exceeded`.
 */
export function parsePolicy(policy: Uint8Array | string): Policy {
  if (policy.length > POLICY_BYTES_MAX) throw tooLarge('The length of the policy', policy.length, POLICY_BYTES_MAX);
  const text = typeof policy === 'string' ? policy : decodeUtf8(policy);
  if (text === undefined) throw malformed('policy', 'it is not UTF-8');
  if (/[^\t\n\u0020-\u007e\u0080-\u{10ffff}]/u.test(text)) throw malformed('policy', 'it has a control character');
  const read = new PolicyFile();
  for (const [number, line] of text.split('\n').entries()) {
    const items = line.split(/[ \t]+/).filter((item) => item !== '');
    if (items[0] !== undefined && !items[0].startsWith('#')) read.line(items, number + 1);
  }
  return read.policy();
}

/** A policy while it is read: names can be used only below the line that defines them. */
class PolicyFile {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  readonly #defined = new Set<string>();
  readonly #members = new Set<string>();
  #quorum: string | undefined;

  line([keyword = '', ...items]: readonly string[], number: number): void {
    const refuse = (what: string): LogError => malformed('policy', `line ${number}: ${what}`);
    if (keyword === 'log') this.#log(items, refuse);
    else if (keyword === 'witness') this.#witness(items, refuse);
    else if (keyword === 'group') this.#group(items, refuse);
    else if (keyword === 'quorum') this.#setQuorum(items, refuse);
    else throw refuse(`"${keyword}" is not log, witness, group or quorum`);
    for (const { length } of [this.#logs, this.#witnesses, this.#groups]) {
      if (length > POLICY_ITEMS_MAX) throw tooLarge('The number of items of a kind', length, POLICY_ITEMS_MAX);
    }
  }

  policy(): Policy {
    if (this.#quorum === undefined) throw malformed('policy', 'it has no quorum line');
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum };
  }

  #log([vkey, url, ...more]: readonly string[], refuse: Refuse): void {
    if (vkey === undefined || more.length > 0) throw refuse('a log is: log <vkey> [<url>]');
    const key = parseVerifierKey(vkey);
    if (key.type !== SIGNATURE_TYPE.ed25519) throw refuse('the key of a log has the type 0x01');
    if (this.#logs.some((other) => wrapSameKey(other.key, key))) throw refuse('a log with this key is there already');
    this.#logs.push({ key, ...(url !== undefined && { url }) });
  }

  #witness([name, vkey, url, ...more]: readonly string[], refuse: Refuse): void {
    if (name === undefined || vkey === undefined || more.length > 0) {
      throw refuse('a witness is: witness <name> <vkey> [<url>]');
    }
    const key = parseVerifierKey(vkey);
    if (key.type !== SIGNATURE_TYPE.cosignature) throw refuse('the key of a witness has the type 0x04');
    if (this.#witnesses.some((other) => wrapSameKey(other.key, key))) {
      throw refuse('a witness with this key is there already');
    }
    this.#define(name, refuse);
    this.#witnesses.push({ name, key, ...(url !== undefined && { url }) });
  }

  #group([name, count, ...members]: readonly string[], refuse: Refuse): void {
    if (name === undefined || count === undefined) throw refuse('a group is: group <name> <k|any|all> <name>...');
    const threshold = count === 'any' ? 1 : count === 'all' ? members.length : decodeDecimal(count);
    if (threshold === undefined || threshold < 1 || threshold > members.length) {
      throw refuse(`"${count}" of ${members.length} members is no threshold`);
    }
    for (const member of members) {
      if (!this.#defined.has(member)) throw refuse(`"${member}" is not defined above`);
      // Otherwise one witness could count twice towards the quorum.
      if (this.#members.has(member)) throw refuse(`"${member}" is a member already`);
      this.#members.add(member);
    }
    this.#define(name, refuse);
    this.#groups.push({ name, threshold, members });
  }

  #setQuorum([name, ...more]: readonly string[], refuse: Refuse): void {
    if (name === undefined || more.length > 0) throw refuse('the quorum is: quorum <name>');
    if (this.#quorum !== undefined) throw refuse('there is a quorum already');
    if (name !== NO_QUORUM && !this.#defined.has(name)) throw refuse(`"${name}" is not defined above`);
    this.#quorum = name;
  }

  #define(name: string, refuse: Refuse): void {
    if (name === NO_QUORUM) throw refuse(`"${NO_QUORUM}" cannot be defined`);
    if (this.#defined.has(name)) throw refuse(`"${name}" is defined already`);
    this.#defined.add(name);
  }
}

type Refuse = (what: string) => LogError;

const isSameKey = (one: VerifierKey, other: VerifierKey): boolean =>
  one.name === other.name && one.keyId === other.keyId && wrapSameKey(one, other);

const signedBy = (note: VerifiedNote, key: VerifierKey): boolean => note.verified.some((by) => isSameKey(by.key, key));
