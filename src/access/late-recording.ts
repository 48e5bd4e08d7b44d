import type { Principal, Role } from '../ledger/command-context.js';
import { forbid, refuse } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';

/**
 * `effectiveAt`: the instant at which a fact took effect, if it is recorded later. Without it the fact takes effect
 * now.
 */
export interface LateRecording {
  readonly effectiveAt?: string;
}

/**
 * The instant at which a step takes effect. Only keys of the programme may set an earlier instant. A key that is bound
 * to a partner may not: an applicant could move its request into a closed call, or into a category that it has left.
 * @throws Refusal `late-recording-not-allowed` (403); `effective-in-future`, `effective-too-early` (409).
 */
export function effectiveInstant(input: LateRecording, actor: Principal, now: string, notBefore?: string): string {
  if (input.effectiveAt === undefined) return now;
  const mayRecordLate = actor.partnerId === undefined && actor.roles.some((role) => LATE_RECORDERS.has(role));
  if (!mayRecordLate) {
    throw forbid(
      'late-recording-not-allowed',
      'Only an operator or panel key that is bound to no partner may give effectiveAt. Leave it out: the step then takes effect now.',
    );
  }
  const effectiveAt = formatInstant(parseInstant(input.effectiveAt));
  if (parseInstant(effectiveAt) > parseInstant(now)) {
    throw refuse(
      'effective-in-future',
      `effectiveAt ${effectiveAt} is after now, ${now}. Record the step once it has happened.`,
      {
        effectiveAt,
        now,
      },
    );
  }
  if (notBefore !== undefined && parseInstant(effectiveAt) < parseInstant(notBefore)) {
    throw refuse(
      'effective-too-early',
      `effectiveAt ${effectiveAt} is before the last step of this request, which took effect at ${notBefore}. Give that instant or a later one.`,
      { effectiveAt, notBefore },
    );
  }
  return effectiveAt;
}

const LATE_RECORDERS: ReadonlySet<Role> = new Set<Role>(['operator', 'panel']);

/** The envelope contains an effective instant only if the step was recorded late. */
export const envelopeOf = (input: LateRecording, effectiveAt: string): { effectiveAt?: string } =>
  input.effectiveAt === undefined ? {} : { effectiveAt };
