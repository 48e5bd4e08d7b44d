import { AI_FACTORIES } from './ai-factories.js';
import { CATEGORIES } from '../partners/partner.js';
import { InventedNames, PROFILES } from './categories.js';
import type { Category } from '../partners/partner.js';
import { addMonths } from './calendar.js';
import type { CommandList } from './command-list.js';
import { inventedLei } from './lei.js';
import { EIB_GROUP, MEMBER_STATES, stateOf, UNION, SOURCES } from './public-facts.js';
import type { Random } from './random.js';

/** Categories take effect before the first call, so that every request has a category. */
const CLASSIFIED_FROM = '2024-10-01';
const START_UP_YEARS_MAX = 5;
const FINANCIERS = 46;
const LEI_SHARE = 0.4;
/** The start-up that a tech giant acquires half-way through the programme. */
export const ACQUISITION = {
  partner: 'partner:start-up-1',
  acquirer: 'partner:tech-giant-3',
  on: '2025-11-03',
} as const;

export interface Applicant {
  /** Name of the command that registers the applicant. */
  readonly name: string;
  readonly country: string;
  /** In order of date. The first category takes effect before the programme. */
  readonly categories: readonly { readonly from: string; readonly category: Category }[];
  /** Weight of the applicant among the applicants of its category. */
  readonly activity: number;
  /** Commands that must be answered before a request of this applicant on or after the date. */
  readonly settled: readonly { readonly from: string; readonly command: string }[];
  /** False if the country is neither a Member State nor an associated country. Requests from it are ineligible. */
  readonly eligibleCountry: boolean;
}

export interface Partners {
  readonly applicants: readonly Applicant[];
  readonly financiers: readonly string[];
}

export const categoryOn = (applicant: Applicant, date: string): Category => {
  const current = applicant.categories.filter(({ from }) => from <= date).at(-1);
  if (current === undefined) throw new RangeError(`${applicant.name} has no category on ${date}.`);
  return current.category;
};

/** A quarter of the applicants is distributed by population; the others come from each Member State in turn. */
const LARGE_STATES = ['DE', 'FR', 'IT', 'ES', 'PL', 'NL', 'SE', 'RO', 'BE', 'AT', 'FI', 'IE', 'PT', 'CZ', 'DK', 'GR'];
const ASSOCIATED_HOMES = ['NO', 'CH', 'GB', 'IS', 'TR', 'UA', 'IL', 'RS'];
const THIRD_COUNTRY_HOMES = ['US', 'BR', 'IN', 'SG', 'AU'];

/** Registers and classifies all partners of the programme. */
export function addPartners(commands: CommandList, random: Random): Partners {
  addPublicPartners(commands);
  const factory = new PartnerFactory(commands, random);
  const applicants = CATEGORIES.flatMap((category) =>
    Array.from({ length: PROFILES[category].applicants }, (_, index) =>
      factory.applicant(category, `${category}-${index + 1}`, factory.memberState(), true),
    ),
  );
  const associated = ASSOCIATED_HOMES.map((country, index) =>
    factory.applicant(index % 2 === 0 ? 'sme' : 'research', `associated-${index + 1}`, country, true),
  );
  const thirdCountry = THIRD_COUNTRY_HOMES.map((country, index) =>
    factory.applicant(index === 0 ? 'tech-giant' : 'scale-up', `third-country-${index + 1}`, country, false),
  );
  const financiers = Array.from({ length: FINANCIERS }, (_, index) => factory.financier(index + 1));
  const all = [...applicants, ...associated, ...thirdCountry];
  factory.affiliate(all);
  return { applicants: all, financiers };
}

function addPublicPartners(commands: CommandList): void {
  const add = (name: string, legalName: string, country: string, legalForm: string, source: string): void => {
    commands.add({ name, path: '/v1/partners', body: { legalName, country, legalForm, source } });
  };
  add(UNION.name, UNION.legalName, UNION.country, 'union', UNION.source);
  for (const { name, legalName, country, source } of EIB_GROUP) add(name, legalName, country, 'public-bank', source);
  for (const { country, legalName } of MEMBER_STATES) {
    add(stateOf(country), legalName, country, 'member-state', SOURCES.memberStates);
  }
  for (const { key, country, host, source } of AI_FACTORIES) {
    if (host !== undefined) add(`partner:host-${key}`, host.name, country, host.legalForm, source);
  }
}

class PartnerFactory {
  private readonly names: InventedNames;
  private registered = 0;

  constructor(
    private readonly commands: CommandList,
    private readonly random: Random,
  ) {
    this.names = new InventedNames(random);
  }

  memberState(): string {
    const nextInTurn = MEMBER_STATES[this.registered % MEMBER_STATES.length]?.country ?? 'BE';
    return this.random.chance(0.25) ? this.random.weighted(LARGE_STATES, weightByRank) : nextInTurn;
  }

  applicant(category: Category, key: string, country: string, eligibleCountry: boolean): Applicant {
    const name = `partner:${key}`;
    const { trades, registered } = PROFILES[category];
    const registeredOn = this.date(registered.from, registered.to);
    this.register(name, this.names.next(trades), country, legalFormOf(category, trades, this.random), registeredOn);
    const categories = [{ from: CLASSIFIED_FROM, category }];
    const settled = [{ from: CLASSIFIED_FROM, command: this.classify(name, key, category, CLASSIFIED_FROM) }];
    if (name === ACQUISITION.partner) {
      // The new category is recorded with the acquisition, between the requests.
      categories.push({ from: ACQUISITION.on, category: 'tech-giant' });
    } else if (category === 'start-up') {
      const from = addMonths(registeredOn, START_UP_YEARS_MAX * 12);
      if (from < '2026-10-01') {
        categories.push({ from, category: 'sme' });
        settled.push({ from, command: this.classify(name, key, 'sme', from) });
      }
    }
    return { name, country, categories, settled, activity: this.random.magnitude(10, 100), eligibleCountry };
  }

  financier(number: number): string {
    const name = `partner:financier-${number}`;
    const trades = ['Capital Partners', 'Infrastructure Fund', 'Pension Fund', 'Ventures', 'Insurance Investments'];
    const registeredOn = this.date(1970, 2018);
    this.register(name, this.names.next(trades), this.memberState(), 'company', registeredOn);
    this.classify(name, `financier-${number}`, 'large-enterprise', CLASSIFIED_FROM);
    return name;
  }

  /** In the list, a holder comes before the partners that it holds, so no cycle can arise. */
  affiliate(applicants: readonly Applicant[]): void {
    const held = applicants.filter(({ categories }) => categories[0]?.category === 'scale-up').slice(0, 8);
    for (const [index, applicant] of held.entries()) {
      const holder = `partner:large-enterprise-${index + 1}`;
      this.recordAffiliation(applicant.name, holder, 'partner', this.random.integer(25, 49));
    }
    for (let index = 1; index <= 6; index += 1) {
      this.recordAffiliation(`partner:sme-${index * 7}`, `partner:sme-${index * 7 - 3}`, 'linked', 51 + index * 4);
      this.recordAffiliation(`partner:start-up-${index * 8}`, `partner:research-${index}`, 'partner', 24 + index);
    }
    this.recordAffiliation('partner:tech-giant-2', 'partner:third-country-1', 'linked', 100);
  }

  private recordAffiliation(partner: string, holder: string, kind: 'linked' | 'partner', percent: number): void {
    this.commands.add({
      name: `affiliation:${partner.slice('partner:'.length)}`,
      path: `/v1/partners/{${partner}}/affiliations`,
      body: { otherPartnerId: { ref: holder }, kind, percent, effectiveFrom: CLASSIFIED_FROM },
    });
  }

  private register(name: string, legalName: string, country: string, legalForm: string, registeredOn: string): void {
    this.registered += 1;
    const lei = this.random.chance(LEI_SHARE) ? { lei: inventedLei(this.registered) } : {};
    const body = { legalName, country, legalForm, ...lei, registeredOn, illustrative: true };
    this.commands.add({ name, path: '/v1/partners', body });
  }

  private classify(partner: string, key: string, category: Category, effectiveFrom: string): string {
    return addClassification(this.commands, partner, category, {
      basis: PROFILES[category].basis,
      evidenceRef: `demo/evidence/${key}/${category}`,
      effectiveFrom,
    });
  }

  private date(yearMin: number, yearMax: number): string {
    const [year, month, day] = [
      this.random.integer(yearMin, yearMax),
      this.random.integer(1, 9),
      this.random.integer(1, 28),
    ];
    return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  }
}

export interface Classification {
  readonly basis: string;
  readonly evidenceRef: string;
  readonly effectiveFrom: string;
}

/** Later categories of a partner are recorded after earlier ones. Returns the name of the command. */
export function addClassification(
  commands: CommandList,
  partner: string,
  category: Category,
  classification: Classification,
  after: readonly string[] = [],
): string {
  const first = `classification:${partner.slice('partner:'.length)}`;
  const isFirst = !commands.has(first);
  const name = isFirst ? first : `${first}:${category}`;
  commands.add({
    name,
    path: `/v1/partners/{${partner}}/classifications`,
    body: { category, ...classification },
    after: isFirst ? after : [first, ...after],
  });
  return name;
}

const weightByRank = (country: string): number => LARGE_STATES.length - LARGE_STATES.indexOf(country);

function legalFormOf(category: Category, trades: readonly string[], random: Random): string {
  if (category === 'research') return random.chance(trades.length / 10) ? 'university' : 'research-organisation';
  return category === 'public-body' ? 'public-body' : 'company';
}
