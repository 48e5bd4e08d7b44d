import type { Mode } from '../../domain/access-modes.js';
import { inForceAt, type Timeline } from '../../domain/timeline.js';
import type { PolicyVersion } from '../../governance/policy.js';
import { DECISION_LIMITS } from '../method-1/decision-limits.js';

/** Working days in which a request of a mode that was submitted on a date must be decided; undefined where there is no limit. */
export type LimitOf = (mode: Mode, submittedOn: string) => number | undefined;

/** Their limit runs from the last day of the call, all others from the submission. */
export const runsFromCutOff = (mode: Mode): boolean => mode === 'large-scale';

/** The part of the policy `access-modes` that the report reads. */
interface ModeRule {
  readonly decisionWorkingDaysMax?: number;
}

/**
 * The limits of the policy `access-modes` in force on the day of the submission: that is what the applicant was told. Before there is such
 * a policy, those of the access policy of mid 2026.
 */
export function limitsOf(policies: ReadonlyMap<string, Timeline<PolicyVersion>>): LimitOf {
  const adopted = policies.get('access-modes') ?? [];
  if (adopted.length === 0) return (mode) => DECISION_LIMITS[mode];
  return (mode, submittedOn) => {
    const version = inForceAt(adopted, submittedOn);
    if (version === undefined) return DECISION_LIMITS[mode];
    return (version.value as Readonly<Partial<Record<Mode, ModeRule>>>)[mode]?.decisionWorkingDaysMax;
  };
}
