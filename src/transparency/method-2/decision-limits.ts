import type { Mode } from '../../domain/access-modes.js';
import { inForceAt, type Timeline } from '../../domain/timeline.js';
import type { PolicyName, PolicyValues } from '../../governance/policy-values.js';
import type { PolicyVersion } from '../../governance/policy.js';
import { DECISION_LIMITS } from '../method-1/decision-limits.js';

/** By when a request must be decided: within so many working days, counted from its submission or from the last day of its call. */
export type DecisionLimit = NonNullable<NonNullable<PolicyValues['access-modes'][Mode]>['decision']>;

/** The limit of a request of a mode that was submitted on a date (`YYYY-MM-DD`); undefined where there is none. */
export type LimitOf = (mode: Mode, submittedOn: string) => DecisionLimit | undefined;

/** The days of a request that a limit may be counted from, `YYYY-MM-DD`. */
export interface LimitDays {
  readonly submittedOn: string;
  /** Last day of the call; no request is submitted after it. */
  readonly callEndsOn: string;
}

/** The day from which a limit is counted. */
export const beginOf = ({ from }: DecisionLimit, { submittedOn, callEndsOn }: LimitDays): string =>
  from === 'cut-off' ? callEndsOn : submittedOn;

/** The limits of the access policy of mid 2026. */
function limitBeforePolicy(mode: Mode): DecisionLimit | undefined {
  const workingDaysMax = DECISION_LIMITS[mode];
  if (workingDaysMax === undefined) return undefined;
  return { workingDaysMax, from: mode === 'large-scale' ? 'cut-off' : 'submission' };
}

/**
 * The limits of the policy `access-modes` in force on the day of the submission: the applicant was told these. Where there was no such policy
 * on that day, the limits of the access policy of mid 2026.
 */
export function limitsOf(policies: ReadonlyMap<PolicyName, Timeline<PolicyVersion>>): LimitOf {
  const adopted = (policies.get('access-modes') ?? []) as Timeline<PolicyVersion<'access-modes'>>;
  return (mode, submittedOn) => {
    const version = inForceAt(adopted, submittedOn);
    return version === undefined ? limitBeforePolicy(mode) : version.value[mode]?.decision;
  };
}
