/** Kinds of money in 1.0. */
export const PARTNER_KINDS = ['union', 'member-state', 'public-bank', 'private'] as const;
export type PartnerKind = (typeof PARTNER_KINDS)[number];

/** 1.0 counted the money of every other partner as private. So it does for kinds that came after it. */
export const kindIn1 = (stated: string): PartnerKind => PARTNER_KINDS.find((kind) => kind === stated) ?? 'private';
