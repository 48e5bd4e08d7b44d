import { idOf } from '../../ledger/aggregate.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf, type TypeOf } from './coverage.js';
import { Partitions } from './partitions.js';
import { dataOf, Facts, runCheck, only, type Rule } from './rule.js';

type PartnerRow = readonly [
  partnerId: string,
  position: number,
  stream: string,
  type: TypeOf<'partners'>,
  ...members: unknown[],
];

interface Known {
  readonly country: string;
  readonly legalForm: string;
  /** The classifications in the order in which they were recorded. */
  readonly classifications: { readonly category: string; readonly from: number }[];
}

/** Facts about a partner that events of other aggregates repeat must equal the recorded facts. */
export class PartnerRule implements Rule<'partners'> {
  readonly check = 'partners';
  readonly statement =
    'Every request carries the category of its applicant that was in force when it was submitted, and its country; every pledge ' +
    'the kind of its partner; every LEI has its check digits.';
  private readonly rows = new Partitions<PartnerRow>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'partners'>): void {
    const { position, stream, type } = event;
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      const id = stream.startsWith('partner-') ? idOf(stream, 'partner') : facts.text('partnerId');
      this.rows.add(id, [id, position, stream, type, ...only(facts.data, WANTED[type])]);
    });
  }

  finish(): void {
    for (const rows of this.rows) {
      const partners = new Map<string, Known>();
      for (const [id, position, stream, type, ...members] of rows) {
        const facts = new Facts({ position, stream, type }, dataOf(WANTED[type], members));
        runCheck(this.check, this.findings, () => apply(partners, id, type, facts));
      }
    }
  }

  close(): void {
    this.rows.close();
  }
}

const WANTED: Readonly<Record<TypeOf<'partners'>, readonly string[]>> = {
  'partner-registered': ['country', 'legalForm', 'lei'],
  'partner-classified': ['category', 'effectiveFrom'],
  'access-request-submitted': ['category', 'country', 'submittedAt'],
  'commitment-pledged': ['partnerKind'],
};

function apply(partners: Map<string, Known>, id: string, type: TypeOf<'partners'>, facts: Facts): void {
  const partner = partners.get(id);
  if (type === 'partner-registered') {
    facts.require(partner === undefined, 'The partner is registered a second time.');
    partners.set(id, { country: facts.text('country'), legalForm: facts.text('legalForm'), classifications: [] });
    const lei = facts.optional('lei');
    facts.require(lei === undefined || hasCheckDigits(lei), 'The LEI has wrong check digits.', undefined, lei);
    return;
  }
  facts.require(partner !== undefined, `The partner ${id} was never registered.`);
  if (partner === undefined) return;
  switch (type) {
    case 'partner-classified':
      partner.classifications.push({ category: facts.text('category'), from: facts.instant('effectiveFrom') });
      return;
    case 'commitment-pledged': {
      const isPublic = ['union', 'member-state', 'public-bank'].includes(partner.legalForm);
      const kind = isPublic ? partner.legalForm : 'private';
      facts.requireSame(facts.text('partnerKind'), kind, 'The pledge names another kind of partner.');
      return;
    }
    case 'access-request-submitted': {
      const at = facts.instant('submittedAt');
      // The decision that was recorded last is in force from its begin on: it replaces all decisions that would have begun later.
      const category = partner.classifications.findLast(({ from }) => from <= at)?.category;
      const [stated, country] = [facts.text('category'), facts.text('country')];
      facts.require(
        stated === category,
        'The request carries another category than was in force.',
        category ?? 'none',
        stated,
      );
      facts.requireSame(country, partner.country, 'The request carries another country.');
      return;
    }
    default:
      notCovered(type);
  }
}

/** ISO 17442: the identifier as a number, letters read as 10 to 35, leaves the remainder 1 modulo 97. */
function hasCheckDigits(lei: string): boolean {
  if (!/^[0-9A-Z]{18}[0-9]{2}$/.test(lei)) return false;
  const digits = Array.from(lei, (character) => Number.parseInt(character, 36)).join('');
  return BigInt(digits) % 97n === 1n;
}
