/**
 * Why access is free of charge: the headings of Art. 12b(15)(b), and the open-frontier projects of Art. 12b(11).
 * `public-law-entity`: users from entities governed by public law. `sme-innovation`: private innovation activities of SMEs and
 * scale-ups. `eu-funded`: research and innovation activities funded by one of `FUNDING_PROGRAMMES`. `seal-of-excellence`: those
 * awarded a Seal of Excellence. `open-frontier`: projects that an open competition selected.
 */
export const FREE_REASONS = [
  'public-law-entity',
  'sme-innovation',
  'eu-funded',
  'seal-of-excellence',
  'open-frontier',
] as const;
export type FreeReason = (typeof FREE_REASONS)[number];

/** Horizon Europe, the Digital Europe Programme, the Connecting Europe Facility: the programmes of Art. 12b(15). */
export const FUNDING_PROGRAMMES = ['HE', 'DEP', 'CEF'] as const;
export type FundingProgramme = (typeof FUNDING_PROGRAMMES)[number];

/** Art. 18: `commercial` is use for commercial purposes. Research and innovation, private innovation included, are `non-commercial`. */
export const ACCESS_USES = ['commercial', 'non-commercial'] as const;
export type AccessUse = (typeof ACCESS_USES)[number];

/** Art. 12b(14): `strategic` for activities of (b), `security` for those of (c). The Governing Board sets their conditions. */
export const ACCESS_CLASSES = ['general', 'strategic', 'security'] as const;
export type AccessClass = (typeof ACCESS_CLASSES)[number];
