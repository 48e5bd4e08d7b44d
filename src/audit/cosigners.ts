import type { Cosigner, Policy } from '../tlog/policy.js';

// The sentences on cosignatures, which `audit verify` and `audit receipt` share.

/** The quorum of a policy is met, by whom, and at which times. */
export const quorumMet = ({ quorum }: Policy, cosigners: readonly Cosigner[]): string => {
  const names = cosigners.map(({ name, timestampSeconds }) => `${name} (${timeOf(timestampSeconds)})`);
  return `The quorum "${quorum}" of your policy is met: ${names.join(', ')}.`;
};

/** Why cosignatures are not part of a check. */
export function noCosignatures(policy: Policy | undefined): string {
  const why = policy === undefined ? 'You gave no policy of witnesses (--policy)' : 'Your policy asks for no witness';
  return `${why}, so that only the log itself says that everybody is shown the same history.`;
}

/** Signatures on a checkpoint beside those of the log and of the witnesses of the policy. */
export const furtherSignatures = (count: number, policy: Policy | undefined): string =>
  `The checkpoint carries ${count} more, by keys that ${policy === undefined ? 'you did not give' : 'your policy does not name'}: not checked.`;

/**
 * Cosignatures from before the last event that they sign.
 * @param earliestMs the earliest time that a cosignature can have, ms since the epoch
 * @returns undefined if there are none
 */
export function cosignedEarly(cosigners: readonly Cosigner[], earliestMs: number): string | undefined {
  const early = cosigners.filter(({ timestampSeconds }) => timestampSeconds * 1_000 < earliestMs);
  if (early.length === 0) return undefined;
  const names = early.map(({ name, timestampSeconds }) => `${name} (${timeOf(timestampSeconds)})`).join(', ');
  return `The times of these are before the last event that they sign was recorded, by more than a day: ${names}. A clock was wrong, or a time was made up.`;
}

/**
 * Cosignatures with times that have not come yet.
 * @param latestMs the latest time that a cosignature can have, ms since the epoch
 * @returns undefined if there are none
 */
export function cosignedLate(cosigners: readonly Cosigner[], latestMs: number): string | undefined {
  const late = cosigners.filter(({ timestampSeconds }) => timestampSeconds * 1_000 > latestMs);
  if (late.length === 0) return undefined;
  const names = late.map(({ name, timestampSeconds }) => `${name} (${timeOf(timestampSeconds)})`).join(', ');
  return `The times of these are after the time of this machine, by more than a day: ${names}. A clock is wrong, or a time was made up.`;
}

const timeOf = (seconds: number): string => {
  const at = new Date(seconds * 1_000);
  return Number.isNaN(at.getTime()) ? `POSIX second ${seconds}` : at.toISOString();
};
