/** The kind of a commitment: money for CAPEX, a guaranteed purchase of access time (both Art. 12b(5)), or things and work. */
export const COMMITMENT_KINDS = ['capex', 'access-time-purchase', 'in-kind'] as const;
export type CommitmentKind = (typeof COMMITMENT_KINDS)[number];

/**
 * What a contribution in kind consists of. Nobody may contribute `access-time`: the word is known so that the refusal can say why
 * (Art. 12b(10)).
 */
export const IN_KIND_DESCRIPTIONS = [
  'equipment',
  'premises',
  'energy',
  'software',
  'staff',
  'services',
  'access-time',
] as const;
export type InKindDescription = (typeof IN_KIND_DESCRIPTIONS)[number];

/** Whether a contribution in kind counts as a part of a sum of money, by a policy. */
export const IN_KIND_TREATMENTS = ['counted', 'not-counted'] as const;
export type InKindTreatment = (typeof IN_KIND_TREATMENTS)[number];
