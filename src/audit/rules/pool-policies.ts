/** One version of a policy that hours depend on. */
export interface Version {
  readonly version: number;
  readonly value: unknown;
}
export type Versions = readonly (Version | undefined)[];
export const POLICIES = ['entitlement-basis', 'chip-equivalence', 'commercial-share-maximum'] as const;
export type PolicyName = (typeof POLICIES)[number];

export function numberIn(value: unknown, member: string, name: string): number | undefined {
  const numbers = (value as Readonly<Record<string, unknown>> | null | undefined)?.[member];
  if (typeof numbers !== 'object' || numbers === null || !Object.hasOwn(numbers, name)) return undefined;
  const number = (numbers as Readonly<Record<string, unknown>>)[name];
  return typeof number === 'number' ? number : undefined;
}
