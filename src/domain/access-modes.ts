// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

/** The modes of access of the EuroHPC AI Factories access policy, mid 2026. */
export const MODES = ['playground', 'fast-lane', 'large-scale', 'ai-for-science', 'regular', 'open-frontier'] as const;
export type Mode = (typeof MODES)[number];

export interface ModeLimits {
  /**
   * The most that one request may ask for. Only fast-lane is bounded: its four working days leave no time to examine
   * more. Asking for little in a larger mode harms no other applicant, so no mode has a lower bound.
   */
  readonly chipHoursMax?: number;
  /** Working days in which a request must be decided; absent where the access policy sets none in days. */
  readonly decisionWorkingDaysMax?: number;
}

/** The limits by which method 1.0 counts decisions in time. Decisions are bound by the policy `access-modes` alone. */
export const MODE_LIMITS: Readonly<Record<Mode, ModeLimits>> = {
  playground: { decisionWorkingDaysMax: 2 },
  'fast-lane': { chipHoursMax: 50_000, decisionWorkingDaysMax: 4 },
  // Counted from the cut-off date of the call, not from the submission.
  'large-scale': { decisionWorkingDaysMax: 10 },
  'ai-for-science': {},
  // "About four months" is an expectation, not a limit.
  regular: {},
  'open-frontier': {},
};
