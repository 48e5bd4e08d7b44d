import { nobody, unknownType, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { refuse } from '../ledger/refusal.js';
import { either, instant, object, oneOf, text, whole, type Schema } from '../ledger/schema.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import type { Transaction } from '../ledger/transaction.js';
import { decided, inForceAt, type Timeline } from '../domain/timeline.js';
import { POLICY_NAMES, POLICY_VALUES, readPolicyValue, type PolicyName, type PolicyValues } from './policy-values.js';

/**
 * A question that the law leaves open and the governing board decides. A policy has versions with dates and reasons,
 * and is shown beside every figure that depends on it. A policy that was never adopted has no value, and the code has
 * no default for it.
 */
export type PolicyVersion<Name extends PolicyName = PolicyName> = {
  readonly [Each in Name]: {
    readonly policy: Each;
    /** Counted from 1. */
    readonly version: number;
    readonly value: PolicyValues[Each];
    /** Instant, RFC 3339, UTC. */
    readonly effectiveFrom: string;
    readonly reason: string;
  };
}[Name];

const versionOf = <Name extends PolicyName>(name: Name): Schema<PolicyVersion<Name>> =>
  object({
    policy: oneOf([name]),
    version: whole('Counted from 1.', 1),
    value: POLICY_VALUES[name],
    effectiveFrom: instant(),
    reason: text(),
  }) as Schema<PolicyVersion<Name>>;
const adopted: Schema<PolicyVersion> = either(POLICY_NAMES.map(versionOf));

export interface PolicyAdopted extends DomainEvent {
  readonly type: 'policy-adopted';
  readonly data: PolicyVersion;
}

export type PolicyEvent = PolicyAdopted;

export type Policy =
  | { readonly status: 'absent' }
  | {
      readonly status: 'adopted';
      readonly name: PolicyName;
      /** Number of the version adopted last. */
      readonly version: number;
      readonly versions: Timeline<PolicyVersion>;
    };

export const policy: Aggregate<Policy, PolicyEvent> = {
  name: 'policy',
  ids: POLICY_NAMES,
  initial: { status: 'absent' },
  events: {
    'policy-adopted': {
      schema: 1,
      data: adopted,
      concerns: nobody,
      says: ({ data }) =>
        `Version ${data.version} of the policy ${data.policy} was adopted. It holds from ${data.effectiveFrom} on. ` +
        `Reason: ${data.reason}`,
    },
  },
  evolve(state, event) {
    switch (event.type) {
      case 'policy-adopted':
        return {
          status: 'adopted',
          name: event.data.policy,
          version: event.data.version,
          versions: decided(state.status === 'absent' ? [] : state.versions, event.data),
        };
      default:
        return unknownType('policy', event.type);
    }
  },
  exists: (state) => state.status !== 'absent',
};

/** A board decides a few times a year, so this limit is never reached in practice. */
export const POLICY_VERSIONS_MAX = 1_000;

export interface AdoptPolicyInput {
  readonly policy: PolicyName;
  /** The JSON of the request, not validated yet. */
  readonly value: unknown;
  /** An instant, or a date, which means its first instant, UTC. */
  readonly effectiveFrom: string;
  readonly reason: string;
}

/**
 * Adopts the next version of a policy. It must not begin before the version in force, because that version's figures
 * are published. It replaces a version that is not in force yet and that would begin at the same time or later.
 * @throws Refusal `policy-value-invalid` (422); `policy-before-latest`, `too-many-policy-versions` (409).
 */
export function adoptPolicy(state: Policy, input: AdoptPolicyInput, now: string): [PolicyAdopted] {
  const effectiveFrom = formatInstant(parseInstant(input.effectiveFrom));
  const version = state.status === 'absent' ? 1 : state.version + 1;
  if (version > POLICY_VERSIONS_MAX) {
    throw refuse('too-many-policy-versions', `No more than ${POLICY_VERSIONS_MAX} versions of a policy are kept.`, {
      limit: POLICY_VERSIONS_MAX,
    });
  }
  const current = policyAt(state, now);
  if (current !== null && parseInstant(effectiveFrom) < parseInstant(current.effectiveFrom)) {
    throw refuse(
      'policy-before-latest',
      `Version ${current.version} is in force since ${current.effectiveFrom}; a new one cannot begin before that, on ${effectiveFrom}. Date it ${current.effectiveFrom} or later.`,
      { effectiveFrom, inForceSince: current.effectiveFrom, version: current.version },
    );
  }
  const read = readPolicyValue(input.policy, input.value);
  return [{ type: 'policy-adopted', data: { ...read, version, effectiveFrom, reason: input.reason } }];
}

/** The version in force at an instant; null if none is in force by then. */
export function policyAt(state: Policy, instant: string): PolicyVersion | null {
  return state.status === 'absent' ? null : (inForceAt(state.versions, instant) ?? null);
}

/**
 * As `policyAt`, with the type of the value, for a reader of one named policy.
 * @throws Error if the stream belongs to another policy, which is an error of the program.
 */
export function versionAt<Name extends PolicyName>(
  state: Policy,
  name: Name,
  instant: string,
): PolicyVersion<Name> | null {
  const version = policyAt(state, instant);
  if (version === null) return null;
  if (version.policy !== name) throw new Error(`Asked the policy ${version.policy} for ${name}.`);
  return version as PolicyVersion<Name>;
}

/** The version of a policy that a command depends on; null if none is in force at the instant. */
export const policyInForce = <Name extends PolicyName>(
  tx: Pick<Transaction, 'get'>,
  name: Name,
  instant: string,
): PolicyVersion<Name> | null => versionAt(tx.get(policy, name), name, instant);
