import { MODES, type Mode } from '../../domain/access-modes.js';
import { COUNTRY_CODES } from '../../domain/countries.js';
import { CURRENCY_CODES, minorDigitsOf } from '../../domain/currencies.js';
import { TRANCHE_KINDS, type TrancheKind } from '../../capital/fund.js';
import { FACILITY_KINDS, type FacilityKind } from '../../compute/facility-events.js';
import { POLICY_NAMES, type PolicyName } from '../../governance/policy-values.js';
import { CATEGORIES, type Category } from '../../partners/partner.js';
import { POOL_BASES, POOL_OWNERS, type PoolBasis, type PoolOwner } from '../../compute/pool-events.js';
import { FREE_REASONS, type FreeReason } from '../../domain/free-access.js';
import { DEMAND_BASES, type DemandBasis } from '../method-2/access-figures.js';
import { PARTNER_KINDS, type PartnerKind } from '../method-2/partner-kinds.js';
import { IMPACT_FLAGS, REASONS, type ImpactFlag, type Reason } from '../measures/measures.js';
import { RATIO_BASES } from '../method-1/capital-report.js';
import { AGGREGATIONS, LANGUAGES, UNIT_NAMES, label, type CodeListName, type Label, type UnitName } from './field.js';

export interface Code {
  readonly code: string;
  readonly label: Label;
  /** A currency: digits of its minor unit. 2: the amounts are hundredths. */
  readonly minorUnitDigits?: number;
}

/** The compiler finds a code without a label. */
const coded = <Name extends string>(names: readonly Name[], labels: Readonly<Record<Name, Label>>): Code[] =>
  names.map((code) => ({ code, label: labels[code] }));

const CATEGORY_LABELS: Readonly<Record<Category, Label>> = {
  'start-up': label('Start-up', 'Jeune pousse', 'Start-up'),
  sme: label('Small or medium-sized enterprise', 'Petite ou moyenne entreprise', 'Kleines oder mittleres Unternehmen'),
  'scale-up': label('Scale-up', 'Entreprise en expansion', 'Scale-up'),
  research: label('Research organisation', 'Organisme de recherche', 'Forschungseinrichtung'),
  'public-body': label('Public body', 'Organisme public', 'Öffentliche Einrichtung'),
  'large-enterprise': label('Large enterprise', 'Grande entreprise', 'Großes Unternehmen'),
  'tech-giant': label('Tech giant', 'Géant du numérique', 'Digitalkonzern'),
};
const MODE_LABELS: Readonly<Record<Mode, Label>> = {
  playground: label('Playground access', 'Accès « bac à sable »', 'Erprobungszugang'),
  'fast-lane': label('Fast-lane access', 'Accès accéléré', 'Schnellzugang'),
  'large-scale': label('Large-scale access', 'Accès à grande échelle', 'Zugang in großem Maßstab'),
  'ai-for-science': label('AI for science', 'IA pour la science', 'KI für die Wissenschaft'),
  regular: label('Regular access', 'Accès régulier', 'Regulärer Zugang'),
  'open-frontier': label('Open frontier models', 'Modèles de pointe ouverts', 'Offene Spitzenmodelle'),
};
const IMPACT_FLAG_LABELS: Readonly<Record<ImpactFlag, Label>> = {
  low: label('Low, and hardly by chance', 'Faible, et peu probablement dû au hasard', 'Niedrig, und kaum durch Zufall'),
  none: label('Not low', 'Non faible', 'Nicht niedrig'),
  'not-enough-data': label('Not enough decisions', 'Décisions trop peu nombreuses', 'Zu wenige Entscheidungen'),
};
const REASON_LABELS: Readonly<Record<Reason, Label>> = {
  'no-requests': label('No requests', 'Aucune demande', 'Keine Anträge'),
  'no-demand': label('Nothing was requested', "Rien n'a été demandé", 'Nichts wurde beantragt'),
  'nothing-granted': label('Nothing was granted', "Rien n'a été accordé", 'Nichts wurde bewilligt'),
  'no-decisions': label('No decisions yet', 'Aucune décision à ce jour', 'Noch keine Entscheidungen'),
  'no-decisions-with-a-limit': label(
    'No decisions in modes with a time limit',
    'Aucune décision dans un mode soumis à un délai',
    'Keine Entscheidungen in Zugangsarten mit Frist',
  ),
  'not-enough-data': label('Not enough decisions', 'Décisions trop peu nombreuses', 'Zu wenige Entscheidungen'),
  'no-policy': label('No policy was adopted', "Aucune décision n'a été adoptée", 'Keine Festlegung getroffen'),
  'median-not-reached': label(
    'Fewer than half are decided',
    'Moins de la moitié sont décidées',
    'Weniger als die Hälfte ist entschieden',
  ),
  'no-public-contribution': label(
    'No public contribution',
    'Aucune contribution publique',
    'Kein öffentlicher Beitrag',
  ),
  'nothing-committed': label('Nothing was committed', "Rien n'a été engagé", 'Nichts wurde gebunden'),
  'no-facility-with-capex': label(
    'No facility with recorded CAPEX',
    'Aucun site dont le CAPEX est enregistré',
    'Kein Standort mit erfasstem CAPEX',
  ),
  'not-recorded': label('The ledger has no such records', 'Non enregistré', 'Wird nicht erfasst'),
  'nothing-recorded-late': label(
    'Nothing was recorded late',
    "Rien n'a été enregistré en retard",
    'Nichts wurde verspätet erfasst',
  ),
  'no-entitlement': label('No access time was set', "Aucun temps d'accès fixé", 'Keine Zugangszeit festgelegt'),
};
const POLICY_LABELS: Readonly<Record<PolicyName, Label>> = {
  'entitlement-basis': label('Basis of access time', "Base du temps d'accès", 'Grundlage der Zugangszeit'),
  'associated-countries': label('Associated countries', 'Pays associés', 'Assoziierte Länder'),
  'scale-up-definition': label(
    'Definition of a scale-up',
    "Définition d'une entreprise en expansion",
    'Begriff des Scale-up',
  ),
  'impact-ratio-minimum': label(
    'Minimum of the impact ratio',
    "Minimum du rapport d'impact",
    'Mindestwert des Wirkungsverhältnisses',
  ),
  'matching-basis': label(
    'Basis of the match of the states',
    'Base de la contrepartie des États',
    'Grundlage des Beitrags der Staaten',
  ),
  'union-share-maximum': label('Maximum share of the Union', "Part maximale de l'Union", 'Höchstanteil der Union'),
  'union-in-kind': label(
    'Contributions of the Union in kind',
    "Contributions en nature de l'Union",
    'Sachbeiträge der Union',
  ),
  'capital-call-notice': label('Notice of capital calls', 'Préavis des appels de fonds', 'Frist für Kapitalabrufe'),
  'business-day-calendar': label(
    'Calendar of business days',
    'Calendrier des jours ouvrables',
    'Kalender der Werktage',
  ),
  'free-access-evidence': label(
    'Evidence for free access',
    "Preuves de l'accès gratuit",
    'Nachweise für den unentgeltlichen Zugang',
  ),
  'signature-acceptance': label(
    'Acceptance of signatures of partners',
    'Acceptation des signatures des partenaires',
    'Annahme der Unterschriften von Partnern',
  ),
  'open-requests-per-partner': label(
    'Open requests of a partner',
    "Demandes en cours d'un partenaire",
    'Offene Anträge eines Partners',
  ),
  'open-pledges-per-partner': label(
    'Open pledges of a partner',
    "Promesses en cours d'un partenaire",
    'Offene Zusagen eines Partners',
  ),
  'access-modes': label('Rules of the modes of access', "Règles des modes d'accès", 'Regeln der Zugangsarten'),
  'demand-basis': label('Basis of demand', 'Base de la demande', 'Grundlage der Nachfrage'),
  'chip-equivalence': label('Equivalence of chips', 'Équivalence des puces', 'Gleichwertigkeit der Chips'),
  'commercial-share-maximum': label(
    'Maximum of commercial use',
    "Maximum de l'utilisation commerciale",
    'Höchstanteil der kommerziellen Nutzung',
  ),
  'donated-time-primary-share': label(
    'Primary use of donated time',
    'Utilisation principale du temps offert',
    'Hauptnutzung der geschenkten Zeit',
  ),
};
const TRANCHE_LABELS: Readonly<Record<TrancheKind, Label>> = {
  'first-loss': label('First loss', 'Première perte', 'Erstverlust'),
  mezzanine: label('Mezzanine', 'Mezzanine', 'Mezzanine'),
  senior: label('Senior', 'Prioritaire', 'Vorrangig'),
};
const PARTNER_LABELS: Readonly<Record<PartnerKind | 'all', Label>> = {
  union: label('Union', 'Union', 'Union'),
  'member-state': label('Member States', 'États membres', 'Mitgliedstaaten'),
  regional: label('Regions', 'Régions', 'Regionen'),
  'public-other': label('Other public bodies', 'Autres organismes publics', 'Andere öffentliche Stellen'),
  'public-bank': label('Public banks', 'Banques publiques', 'Öffentliche Banken'),
  private: label('Private partners', 'Partenaires privés', 'Private Partner'),
  all: label('All partners', 'Tous les partenaires', 'Alle Partner'),
};
const FACILITY_LABELS: Readonly<Record<FacilityKind, Label>> = {
  'ai-gigafactory': label('AI gigafactory', "Gigafabrique d'IA", 'KI-Gigafabrik'),
  'ai-factory': label('AI factory', "Fabrique d'IA", 'KI-Fabrik'),
  supercomputer: label('Supercomputer', 'Supercalculateur', 'Supercomputer'),
};
const POOL_OWNER_LABELS: Readonly<Record<PoolOwner, Label>> = {
  union: label('Union', 'Union', 'Union'),
  'member-state': label('Member State', 'État membre', 'Mitgliedstaat'),
  private: label('Private partner', 'Partenaire privé', 'Privater Partner'),
  consortium: label('Consortium', 'Consortium', 'Konsortium'),
};
const POOL_BASIS_LABELS: Readonly<Record<PoolBasis, Label>> = {
  capex: label('Contribution to the CAPEX', 'Contribution au CAPEX', 'Beitrag zum CAPEX'),
  purchase: label('Purchase of access time', "Achat de temps d'accès", 'Kauf von Zugangszeit'),
  donation: label('Time given by states', 'Temps donné par les États', 'Zeit, die Staaten geben'),
  'residual-value': label('Residual value', 'Valeur résiduelle', 'Restwert'),
  preferential: label('Preferential access', 'Accès préférentiel', 'Bevorzugter Zugang'),
};
const FREE_REASON_LABELS: Readonly<Record<FreeReason | 'none', Label>> = {
  'public-law-entity': label(
    'Entity governed by public law',
    'Entité de droit public',
    'Einrichtung des öffentlichen Rechts',
  ),
  'sme-innovation': label(
    'Innovation of an SME or scale-up',
    "Innovation d'une PME",
    'Innovation eines KMU oder Scale-up',
  ),
  'eu-funded': label(
    'Funded by a Union programme',
    "Financé par un programme de l'Union",
    'Von einem Programm der Union gefördert',
  ),
  'seal-of-excellence': label('Seal of Excellence', "Label d'excellence", 'Exzellenzsiegel'),
  'open-frontier': label('Open frontier models', 'Modèles de pointe ouverts', 'Offene Spitzenmodelle'),
  none: label('No reason recorded', 'Aucun motif enregistré', 'Kein Grund erfasst'),
};
const DEMAND_LABELS: Readonly<Record<DemandBasis, Label>> = {
  all: label('All submitted requests', 'Toutes les demandes déposées', 'Alle eingereichten Anträge'),
  eligible: label(
    'Requests not refused as ineligible',
    'Demandes non jugées inéligibles',
    'Nicht als unzulässig abgelehnte Anträge',
  ),
  decided: label('Decided requests', 'Demandes décidées', 'Entschiedene Anträge'),
};
const SCOPES = ['category', 'total', 'country'] as const;

const NOT_IN_CLDR: Readonly<Record<string, Label>> = {
  XAD: label('Arab Accounting Dinar', 'dinar comptable arabe', 'Arabischer Rechnungsdinar'),
};

/**
 * Names of countries and currencies from the Unicode CLDR of Node (Unicode License v3), in the language of the label. A later Node may
 * spell a name otherwise.
 */
const named = (type: 'region' | 'currency', codes: readonly string[]): Code[] => {
  const [en, fr, de] = LANGUAGES.map((language) => new Intl.DisplayNames(language, { type, fallback: 'code' }));
  return codes.map((code) => ({
    code,
    label: NOT_IN_CLDR[code] ?? label(en?.of(code) ?? code, fr?.of(code) ?? code, de?.of(code) ?? code),
  }));
};

export const codeLists = (): Readonly<Record<CodeListName, readonly Code[]>> => ({
  scopes: coded(SCOPES, {
    category: label('One category of users', "Une catégorie d'utilisateurs", 'Eine Nutzerkategorie'),
    total: label('All users', 'Tous les utilisateurs', 'Alle Nutzer'),
    country: label('One country', 'Un pays', 'Ein Land'),
  }),
  categories: coded(CATEGORIES, CATEGORY_LABELS),
  countries: named('region', COUNTRY_CODES),
  currencies: named('currency', CURRENCY_CODES).map((currency) => ({
    ...currency,
    ...digitsOf(currency.code),
  })),
  modes: coded(MODES, MODE_LABELS),
  'impact-flags': coded(IMPACT_FLAGS, IMPACT_FLAG_LABELS),
  reasons: coded(REASONS, REASON_LABELS),
  policies: coded(POLICY_NAMES, POLICY_LABELS),
  'tranche-kinds': coded(TRANCHE_KINDS, TRANCHE_LABELS),
  'partner-kinds': coded([...PARTNER_KINDS, 'all'], PARTNER_LABELS),
  'facility-kinds': coded(FACILITY_KINDS, FACILITY_LABELS),
  'ratio-bases': coded(RATIO_BASES, {
    committed: label('Committed money', 'Fonds engagés', 'Gebundene Mittel'),
    paid: label('Paid money', 'Fonds versés', 'Gezahlte Mittel'),
  }),
  'demand-bases': coded(DEMAND_BASES, DEMAND_LABELS),
  'pool-owners': coded(POOL_OWNERS, POOL_OWNER_LABELS),
  'pool-bases': coded(POOL_BASES, POOL_BASIS_LABELS),
  'free-reasons': coded([...FREE_REASONS, 'none'], FREE_REASON_LABELS),
});

/** Of ISO 4217. `Intl` has the digits that people write, which are fewer for some currencies. */
function digitsOf(currency: string): Pick<Code, 'minorUnitDigits'> {
  const digits = minorDigitsOf(currency);
  return digits === undefined ? {} : { minorUnitDigits: digits };
}

const UNIT_LABELS: Readonly<Record<UnitName, Label>> = {
  requests: label('requests', 'demandes', 'Anträge'),
  grants: label('grants', 'accès accordés', 'Bewilligungen'),
  partners: label('partners', 'partenaires', 'Partner'),
  parents: label('ultimate parents', 'sociétés mères ultimes', 'oberste Muttergesellschaften'),
  commitments: label('commitments', 'engagements', 'Beiträge'),
  'chip-hours': label('chip-hours', 'heures-puces', 'Chipstunden'),
  'unit-hours': label('unit-hours', 'heures-unités', 'Einheitsstunden'),
  days: label('days', 'jours', 'Tage'),
  'working-days': label(
    'working days of the institutions',
    'jours ouvrables des institutions',
    'Arbeitstage der Organe',
  ),
  'minor-units': label(
    'minor units of the currency',
    'unités divisionnaires de la monnaie',
    'kleinste Einheiten der Währung',
  ),
  share: label('part of 1', 'part de 1', 'Anteil an 1'),
  'share-difference': label(
    'difference of two parts of 1',
    'différence de deux parts de 1',
    'Unterschied zweier Anteile an 1',
  ),
  ratio: label('ratio', 'rapport', 'Verhältnis'),
  index: label('index', 'indice', 'Index'),
  probability: label('probability', 'probabilité', 'Wahrscheinlichkeit'),
  events: label('events', 'événements', 'Ereignisse'),
  rank: label('rank', 'rang', 'Rang'),
};
export const UNITS: readonly Code[] = coded(UNIT_NAMES, UNIT_LABELS);

export const AGGREGATION_CODES: readonly Code[] = coded(AGGREGATIONS, {
  sum: label('Adds up', 'Additionnable', 'Summierbar'),
  'sum-in-one-currency': label(
    'Adds up in one currency',
    'Additionnable dans une même monnaie',
    'In einer Währung summierbar',
  ),
  none: label('Does not add up', 'Non additionnable', 'Nicht summierbar'),
});
