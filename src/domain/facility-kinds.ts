/** Which article of the law a facility falls under. */
export const FACILITY_KINDS = ['ai-gigafactory', 'ai-factory', 'supercomputer'] as const;
export type FacilityKind = (typeof FACILITY_KINDS)[number];
