import type { RecordedEvent } from '../../ledger/event.js';
import { CLOCKS_APART_MS_MAX } from './clocks.js';
import type { Facts } from './rule.js';
import { Timeline } from './timeline.js';

const POLICIES = ['entitlement-basis', 'chip-equivalence', 'commercial-share-maximum'] as const;
type PolicyName = (typeof POLICIES)[number];

interface Version {
  readonly version: number;
  readonly value: unknown;
}
/** The versions of a policy that may have been in force when an event was decided; undefined stands for no version. */
export type Versions = readonly (Version | undefined)[];
export type InForce = (name: PolicyName) => Versions;

/** The policies that the hours of pools depend on. */
export class PoolPolicies {
  private readonly policies = new Map<string, Timeline<Version>>(POLICIES.map((name) => [name, new Timeline()]));

  /** Takes a version of one of these policies; those of other policies are ignored. */
  adopt(facts: Facts): void {
    const version = { version: facts.count('version'), value: facts.data['value'] };
    this.policies.get(facts.text('policy'))?.add(version, facts.instant('effectiveFrom'));
  }

  /** @param decidedFromMs the earliest instant at which the event can have been decided, ms since the epoch */
  inForceAt({ recordedAt }: RecordedEvent, decidedFromMs: number): InForce {
    const toMs = Date.parse(recordedAt) + CLOCKS_APART_MS_MAX;
    return (name) => this.policies.get(name)?.within(decidedFromMs, toMs) ?? [];
  }
}

/**
 * The number of a name in a member of a policy's value, such as the factor of a chip model.
 * @returns undefined if there is none
 */
export function numberIn(value: unknown, member: string, name: string): number | undefined {
  const numbers = (value as Readonly<Record<string, unknown>> | null | undefined)?.[member];
  if (typeof numbers !== 'object' || numbers === null || !Object.hasOwn(numbers, name)) return undefined;
  const number = (numbers as Readonly<Record<string, unknown>>)[name];
  return typeof number === 'number' ? number : undefined;
}
