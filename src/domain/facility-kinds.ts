/** Which article of the law a facility falls under. */
export const FACILITY_KINDS = ['ai-gigafactory', 'ai-factory', 'supercomputer'] as const;
export type FacilityKind = (typeof FACILITY_KINDS)[number];

/** Facilities whose ceiling for the Union is a policy. That of an AI gigafactory is in the law. */
export const FACILITY_KINDS_BY_POLICY = ['ai-factory', 'supercomputer'] as const satisfies readonly FacilityKind[];
