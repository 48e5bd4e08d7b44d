/**
 * Public facts about InvestAI and the bodies that take part in it. Everything else in the demo programme is generated
 * and marked `illustrative`.
 */
export const SOURCES = {
  /** Commission, 11 February 2025: EUR 20 billion, four gigafactories of around 100,000 chips, a layered fund. */
  investAi: 'https://ec.europa.eu/commission/presscorner/detail/en/ip_25_467',
  /** EIB Group and Commission, 4 December 2025: memorandum of understanding on the financing of AI gigafactories. */
  eibGroup:
    'https://www.eib.org/en/press/all/2025-491-eib-group-and-european-commission-join-forces-to-finance-ai-gigafactories',
  /** Article 12b: the financing of a gigafactory, the ceiling of the Union, and the conditions of access. */
  regulation: 'https://data.europa.eu/eli/reg/2026/150/oj',
  memberStates: 'https://european-union.europa.eu/principles-countries-history/eu-countries_en',
  aiFactories: {
    firstSeven: 'https://www.datacenterdynamics.com/en/news/eurohpc-ju-names-seven-ai-factory-hosting-sites',
    secondSix: 'https://www.techzine.eu/news/infrastructure/129602',
    map: 'https://github.com/Limes-Labs/european-ai-infrastructure-map (MAP.md)',
  },
  horizonEurope:
    'https://research-and-innovation.ec.europa.eu/strategy/strategy-research-and-innovation/europe-world/international-cooperation/association-horizon-europe_en',
} as const;

/** EUR 20 billion in cents: the fund for AI gigafactories inside InvestAI. */
export const FUND = {
  name: 'InvestAI fund for AI gigafactories',
  currency: 'EUR',
  targetMinor: '2000000000000',
  source: SOURCES.investAi,
} as const;

/** "Existing EU funding programmes which have a digital component" that feed InvestAI. */
export const UNION_PROGRAMMES = ['Digital Europe', 'Horizon Europe', 'InvestEU'] as const;

/** The Union acts through the EuroHPC Joint Undertaking, whose seat, and therefore its country here, is Luxembourg. */
export const UNION = {
  name: 'partner:union',
  legalName: 'European Union (EuroHPC Joint Undertaking)',
  country: 'LU',
  source: SOURCES.regulation,
} as const;

export const EIB_GROUP = [
  { name: 'partner:eib', legalName: 'European Investment Bank', country: 'LU', source: SOURCES.eibGroup },
  { name: 'partner:eif', legalName: 'European Investment Fund', country: 'LU', source: SOURCES.eibGroup },
] as const;

export interface MemberState {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly legalName: string;
}

export const MEMBER_STATES: readonly MemberState[] = [
  { country: 'AT', legalName: 'Republic of Austria' },
  { country: 'BE', legalName: 'Kingdom of Belgium' },
  { country: 'BG', legalName: 'Republic of Bulgaria' },
  { country: 'HR', legalName: 'Republic of Croatia' },
  { country: 'CY', legalName: 'Republic of Cyprus' },
  { country: 'CZ', legalName: 'Czech Republic' },
  { country: 'DK', legalName: 'Kingdom of Denmark' },
  { country: 'EE', legalName: 'Republic of Estonia' },
  { country: 'FI', legalName: 'Republic of Finland' },
  { country: 'FR', legalName: 'French Republic' },
  { country: 'DE', legalName: 'Federal Republic of Germany' },
  { country: 'GR', legalName: 'Hellenic Republic' },
  { country: 'HU', legalName: 'Hungary' },
  { country: 'IE', legalName: 'Ireland' },
  { country: 'IT', legalName: 'Italian Republic' },
  { country: 'LV', legalName: 'Republic of Latvia' },
  { country: 'LT', legalName: 'Republic of Lithuania' },
  { country: 'LU', legalName: 'Grand Duchy of Luxembourg' },
  { country: 'MT', legalName: 'Republic of Malta' },
  { country: 'NL', legalName: 'Kingdom of the Netherlands' },
  { country: 'PL', legalName: 'Republic of Poland' },
  { country: 'PT', legalName: 'Portuguese Republic' },
  { country: 'RO', legalName: 'Romania' },
  { country: 'SK', legalName: 'Slovak Republic' },
  { country: 'SI', legalName: 'Republic of Slovenia' },
  { country: 'ES', legalName: 'Kingdom of Spain' },
  { country: 'SE', legalName: 'Kingdom of Sweden' },
];

export const stateOf = (country: string): string => `partner:state-${country.toLowerCase()}`;

/**
 * Third countries associated to Horizon Europe or to the Digital Europe Programme (12b(15)(a)). This is a selection:
 * the Governing Board publishes which of them count, and from when.
 */
export const ASSOCIATED_COUNTRIES = [
  'AL',
  'BA',
  'CH',
  'GB',
  'IL',
  'IS',
  'LI',
  'MD',
  'ME',
  'MK',
  'NO',
  'RS',
  'TR',
  'UA',
];
