import { isMemberState } from '../../domain/member-states.js';
import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf, type TypeOf } from './coverage.js';
import { Partitions } from './partitions.js';
import { dataOf, Facts, runCheck, only, type Rule } from './rule.js';
import { Timeline } from './timeline.js';

type PartnerRow = readonly [
  partnerId: string,
  position: number,
  stream: string,
  type: TypeOf<'partners'>,
  schema: number,
  decidedFromMs: number,
  ...members: unknown[],
];

interface Known {
  readonly country: string;
  readonly legalForm: string;
  readonly registeredOn: string | undefined;
  readonly categories: Timeline<string>;
}

/** Facts about a partner that events of other aggregates repeat must equal the recorded facts. */
export class PartnerRule implements Rule<'partners'> {
  readonly check = 'partners';
  readonly statement =
    'Every request carries the category of its applicant that was in force when it was submitted, and its country; every pledge ' +
    'the kind of its partner; every LEI has its check digits. No category contradicts the legal form or the age of its partner, or begins ' +
    'before the one in force; every hosting state is a Member State, and the one of the territory, and every access pool is of a partner ' +
    'that fits its owner.';
  private readonly rows = new Partitions<PartnerRow>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'partners'>, decidedFromMs: number): void {
    const { position, stream, type } = event;
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      const id = partnerOf(event, facts);
      if (id === undefined) return;
      this.rows.add(id, [
        id,
        position,
        stream,
        type,
        recordedSchema(event),
        decidedFromMs,
        ...only(facts.data, WANTED[type]),
      ]);
    });
  }

  finish(): void {
    for (const rows of this.rows) {
      const partners = new Map<string, Known>();
      for (const [id, position, stream, type, schema, decidedFromMs, ...members] of rows) {
        const facts = new Facts({ position, stream, type }, dataOf(WANTED[type], members));
        runCheck(this.check, this.findings, () => apply(partners, id, type, facts, { schema, decidedFromMs }));
      }
    }
  }

  close(): void {
    this.rows.close();
  }
}

const WANTED: Readonly<Record<TypeOf<'partners'>, readonly string[]>> = {
  'partner-registered': ['country', 'legalForm', 'lei', 'registeredOn'],
  'facility-registered': ['country'],
  'access-pool-defined': ['owner'],
  'partner-classified': ['category', 'effectiveFrom'],
  'access-request-submitted': ['category', 'country', 'submittedAt'],
  'commitment-pledged': ['partnerKind'],
};

/** The partner that the event names; undefined for a facility without a hosting state, and for a pool without a partner. */
function partnerOf({ type, stream }: EventOf<'partners'>, facts: Facts): string | undefined {
  if (stream.startsWith('partner-')) return idOf(stream, 'partner');
  if (type === 'facility-registered') return facts.optional('hostStatePartnerId');
  return type === 'access-pool-defined' ? facts.optional('partnerId') : facts.text('partnerId');
}

function apply(
  partners: Map<string, Known>,
  id: string,
  type: TypeOf<'partners'>,
  facts: Facts,
  { schema, decidedFromMs }: { readonly schema: number; readonly decidedFromMs: number },
): void {
  const isOld = schema < SINCE_SCHEMA;
  const partner = partners.get(id);
  if (type === 'partner-registered') {
    facts.require(partner === undefined, 'The partner is registered a second time.');
    const [country, legalForm] = [facts.text('country'), facts.text('legalForm')];
    const isState = legalForm !== 'member-state' || isMemberState(country);
    facts.require(isOld || isState, 'The partner is a Member State outside the Union.', undefined, country);
    const registeredOn = facts.optional('registeredOn');
    partners.set(id, { country, legalForm, registeredOn, categories: new Timeline() });
    const lei = facts.optional('lei');
    facts.require(lei === undefined || hasCheckDigits(lei), 'The LEI has wrong check digits.', undefined, lei);
    return;
  }
  facts.require(partner !== undefined, `The partner ${id} was never registered.`);
  if (partner === undefined) return;
  switch (type) {
    case 'partner-classified':
      return classify(partner, facts, decidedFromMs);
    case 'facility-registered':
      facts.requireSame(partner.legalForm, 'member-state', 'The hosting state is no Member State.');
      if (isOld) return;
      return facts.requireSame(
        facts.text('country'),
        partner.country,
        'The facility is in another territory than that of its hosting state (Art. 12b(4)).',
      );
    case 'access-pool-defined': {
      const owner = facts.text('owner');
      const isPublic = ['union', 'member-state'].includes(partner.legalForm);
      const isRight = owner === 'private' ? !isPublic : owner === partner.legalForm;
      return facts.require(
        isRight,
        'The owner of the pool does not fit the legal form of its partner.',
        owner,
        partner.legalForm,
      );
    }
    case 'commitment-pledged': {
      const kind = (isOld ? OLD_KINDS : KINDS)[partner.legalForm] ?? 'private';
      facts.requireSame(facts.text('partnerKind'), kind, 'The pledge names another kind of partner.');
      return;
    }
    case 'access-request-submitted': {
      const at = facts.instant('submittedAt');
      const category = partner.categories.at(at);
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

function classify({ legalForm, registeredOn, categories }: Known, facts: Facts, decidedFromMs: number): void {
  const [category, from] = [facts.text('category'), facts.date('effectiveFrom')];
  categories.decide(category, facts, 'effectiveFrom', decidedFromMs, 'The category begins before the one in force.');
  const isContradicted = ENTERPRISES.includes(category) && PUBLIC_FORMS.includes(legalForm);
  facts.require(!isContradicted, `A partner of the form ${legalForm} is no ${category}.`, undefined, category);
  if (category !== 'start-up' || registeredOn === undefined) return;
  const lastDay = `${Number(registeredOn.slice(0, YEAR_LENGTH)) + START_UP_YEARS_MAX}${registeredOn.slice(YEAR_LENGTH)}`;
  facts.require(from <= lastDay, 'The partner is too old to be a start-up.', `${lastDay} or earlier`, from);
}

/**
 * From this schema on of `partner-registered` a Member State is one of the Union, of `facility-registered` the facility is in the territory
 * of its host, and of `commitment-pledged` regions and other public bodies are public.
 */
const SINCE_SCHEMA = 2;
/** Kinds of partners by legal form; all others are private. */
const OLD_KINDS: Readonly<Record<string, string>> = {
  union: 'union',
  'member-state': 'member-state',
  'public-bank': 'public-bank',
};
const KINDS: Readonly<Record<string, string>> = {
  ...OLD_KINDS,
  region: 'regional',
  'public-body': 'public-other',
  university: 'public-other',
  'research-organisation': 'public-other',
};

/** GBER Art. 22(2): years from the registration. */
const START_UP_YEARS_MAX = 5;
const YEAR_LENGTH = 4;
/** Under public control, and so no enterprises (Recommendation 2003/361/EC, Annex, Art. 3(4)). */
const PUBLIC_FORMS: readonly string[] = ['union', 'member-state', 'public-bank', 'public-body', 'region'];
const ENTERPRISES: readonly string[] = ['start-up', 'sme', 'scale-up', 'tech-giant'];

/** ISO 17442: the identifier as a number, letters read as 10 to 35, leaves the remainder 1 modulo 97. */
function hasCheckDigits(lei: string): boolean {
  if (!/^[0-9A-Z]{18}[0-9]{2}$/.test(lei)) return false;
  const digits = Array.from(lei, (character) => Number.parseInt(character, 36)).join('');
  return BigInt(digits) % 97n === 1n;
}
