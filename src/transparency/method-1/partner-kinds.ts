import type { PartnerKind as LedgerPartnerKind } from '../../partners/partner.js';

/**
 * The kinds of money of method 1.0. The ledger has told regions and other public bodies from private partners since then; this method
 * goes on counting all of them as private, as it did when they had no kind of their own.
 */
export const PARTNER_KINDS = ['union', 'member-state', 'public-bank', 'private'] as const;
export type PartnerKind = (typeof PARTNER_KINDS)[number];

export function partnerKindIn1(kind: LedgerPartnerKind): PartnerKind {
  switch (kind) {
    case 'union':
    case 'member-state':
    case 'public-bank':
    case 'private':
      return kind;
    case 'regional':
    case 'public-other':
      return 'private';
  }
}
