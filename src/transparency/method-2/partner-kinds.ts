import type { LegalForm } from '../../partners/partner.js';

/** Kinds of money in 2.0. All but the last are public. */
export const PARTNER_KINDS = ['union', 'member-state', 'regional', 'public-other', 'public-bank', 'private'] as const;
export type PartnerKind = (typeof PARTNER_KINDS)[number];

export const isPublic = (kind: PartnerKind): boolean => kind !== 'private';

/**
 * The kind of a partner's money. Events from before the kinds `regional` and `public-other` call the money of a body governed by public law
 * private; its legal form says better. The form does not say whose a university, a research organisation or a consortium is: their money
 * is what the event states.
 */
export function kindOf(stated: string, legalForm: LegalForm | undefined): PartnerKind {
  const kind = PARTNER_KINDS.find((known) => known === stated) ?? 'private';
  return kind === 'private' && legalForm === 'public-body' ? 'public-other' : kind;
}
