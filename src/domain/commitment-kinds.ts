/** The kind of a commitment: money for CAPEX, a guaranteed purchase of access time (both Art. 12b(5)), or things and work. */
export const COMMITMENT_KINDS = ['capex', 'access-time-purchase', 'in-kind'] as const;
export type CommitmentKind = (typeof COMMITMENT_KINDS)[number];
