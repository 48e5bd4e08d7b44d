import { count, dimension, fields, label, measure, note, type Field, type FieldType, type Meaning } from './field.js';
import { facilityFilter, headerColumns, headerMembers } from './header-fields.js';

const MONITORING = 'Regulation (EU) 2021/1173, Art. 12b(16)';
const COMPARED = ['categories', 'countries'];
const GROUPS = [...COMPARED, 'totals'];
const POPULATIONS = ['concentration', 'concentration.asSubmitted', 'concentration.applicants'];

const CATEGORY = dimension(
  label('Category of user', "Catégorie d'utilisateur", 'Nutzerkategorie'),
  'Category of the applicant when it submitted the request.',
  'string',
  { codes: 'categories', source: 'Commission Regulation (EU) No 651/2014, Annex I; Recommendation 2003/361/EC' },
);
const COUNTRY = dimension(
  label('Country', 'Pays', 'Land'),
  'Country in which the applicant is established, ISO 3166-1 alpha-2.',
  'string',
  { codes: 'countries' },
);
const REASONS = note(
  label('Reasons of missing figures', 'Motifs des valeurs manquantes', 'Gründe fehlender Werte'),
  'Why a figure is empty: its name, and a reason. In the table `field=reason`, separated by spaces.',
  'object',
  { codes: 'reasons' },
);

const counts = fields(
  { in: GROUPS, columns: true },
  {
    submitted: count(
      label('Requests submitted', 'Demandes déposées', 'Eingereichte Anträge'),
      'All requests. Always withdrawn + ineligible + pending + denied + granted.',
      'requests',
      { source: MONITORING },
    ),
    withdrawn: count(
      label('Requests withdrawn', 'Demandes retirées', 'Zurückgezogene Anträge'),
      'Withdrawn by the applicant before a decision.',
      'requests',
    ),
    ineligible: count(
      label('Requests not eligible', 'Demandes non éligibles', 'Nicht zulässige Anträge'),
      'Refused because the applicant or the request is not eligible.',
      'requests',
    ),
    pending: count(
      label('Requests pending', 'Demandes en attente', 'Offene Anträge'),
      'Neither withdrawn nor refused nor decided.',
      'requests',
    ),
    denied: count(label('Requests denied', 'Demandes refusées', 'Abgelehnte Anträge'), 'Decided: denied.', 'requests'),
    granted: count(
      label('Requests granted', 'Demandes accordées', 'Bewilligte Anträge'),
      'Decided: granted. Grants that were revoked later are included.',
      'requests',
      { source: MONITORING },
    ),
    grantedFree: count(
      label('Granted free of charge', 'Accordées à titre gratuit', 'Kostenlos bewilligt'),
      'Granted free of charge.',
      'requests',
      { source: 'Regulation (EU) 2021/1173, Art. 12b(15)(b)' },
    ),
    grantedPayPerUse: count(
      label('Granted with pay per use', "Accordées avec paiement à l'usage", 'Gegen Entgelt bewilligt'),
      'Granted against payment for use.',
      'requests',
    ),
    revoked: count(
      label('Grants revoked', 'Accès révoqués', 'Widerrufene Bewilligungen'),
      'Granted and later revoked.',
      'grants',
    ),
  },
);

const hours = fields(
  { in: GROUPS, columns: true },
  {
    chipHoursRequested: count(
      label('Chip-hours requested', 'Heures-puces demandées', 'Beantragte Chipstunden'),
      'Demand: chip-hours of all submitted requests, whatever their outcome.',
      'chip-hours',
      { source: MONITORING },
    ),
    chipHoursGranted: count(
      label('Chip-hours granted', 'Heures-puces accordées', 'Bewilligte Chipstunden'),
      'As decided, revoked grants included.',
      'chip-hours',
      { source: MONITORING },
    ),
    chipHoursGrantedFree: count(
      label(
        'Chip-hours granted free of charge',
        'Heures-puces accordées à titre gratuit',
        'Kostenlos bewilligte Chipstunden',
      ),
      'The part of the granted chip-hours that is free of charge.',
      'chip-hours',
      { source: 'Regulation (EU) 2021/1173, Art. 12b(15)(b)' },
    ),
    chipHoursGrantedPayPerUse: count(
      label(
        'Chip-hours granted with pay per use',
        "Heures-puces accordées avec paiement à l'usage",
        'Gegen Entgelt bewilligte Chipstunden',
      ),
      'The part of the granted chip-hours that is paid for.',
      'chip-hours',
    ),
    chipHoursRevoked: count(
      label(
        'Chip-hours of revoked grants',
        'Heures-puces des accès révoqués',
        'Chipstunden widerrufener Bewilligungen',
      ),
      'Of revoked grants, as granted.',
      'chip-hours',
    ),
    chipHoursAllocated: count(
      label('Chip-hours allocated', 'Heures-puces attribuées', 'Zugeteilte Chipstunden'),
      'Chips by the time for which they are allocated, releases taken off; rounded half up once, from an exact sum.',
      'chip-hours',
    ),
    chipHoursUsed: count(
      label('Chip-hours used', 'Heures-puces utilisées', 'Genutzte Chipstunden'),
      'As reported by the facilities.',
      'chip-hours',
    ),
    chipHoursUsedFlagged: count(
      label(
        'Chip-hours used outside the allocation',
        'Heures-puces utilisées hors attribution',
        'Außerhalb der Zuteilung genutzte Chipstunden',
      ),
      'The part of the used chip-hours beyond or outside their allocation.',
      'chip-hours',
    ),
  },
);

const measures = fields(
  { in: GROUPS, columns: true },
  {
    shareRequested: measure(
      label('Share of demand', 'Part de la demande', 'Anteil an der Nachfrage'),
      'Part of all requested chip-hours; 0.25 is 25 %.',
      'share',
      { source: MONITORING },
    ),
    shareGranted: measure(
      label('Share of granted time', 'Part du temps accordé', 'Anteil an der bewilligten Zeit'),
      'Part of all granted chip-hours; 0.25 is 25 %.',
      'share',
      { source: MONITORING },
    ),
    representation: measure(
      label('Representation', 'Représentation', 'Repräsentation'),
      'Share granted over share requested: 1 is in proportion to demand.',
      'ratio',
      { source: MONITORING },
    ),
    shareGap: measure(
      label('Gap between the shares', 'Écart entre les parts', 'Abstand der Anteile'),
      'Share granted less share requested; 0.05 is five percentage points. It is 0 over all groups.',
      'share-difference',
      { source: MONITORING },
    ),
    successRate: measure(
      label('Success rate', 'Taux de succès', 'Erfolgsquote'),
      'Granted among decided requests.',
      'share',
    ),
    fulfilment: measure(
      label('Fulfilment of demand', 'Satisfaction de la demande', 'Erfüllung der Nachfrage'),
      'Chip-hours granted over chip-hours requested.',
      'share',
    ),
    fulfilmentMedian: measure(
      label('Median fulfilment', 'Satisfaction médiane', 'Mittlere Erfüllung (Median)'),
      'Median of granted over requested among granted requests, in steps of 0.001.',
      'share',
    ),
    medianDecisionDays: measure(
      label('Median days to decision', 'Délai médian de décision', 'Tage bis zur Entscheidung (Median)'),
      'Working days from submission to decision, of decided requests.',
      'working-days',
    ),
    p90DecisionDays: measure(
      label(
        'Days to decision, 90th percentile',
        'Délai de décision, 90e centile',
        'Tage bis zur Entscheidung, 90. Perzentil',
      ),
      'Nine in ten decisions took no longer.',
      'working-days',
    ),
    medianDecisionDaysCensored: measure(
      label(
        'Median days to decision, pending included',
        'Délai médian, demandes en attente comprises',
        'Median der Tage, offene Anträge eingerechnet',
      ),
      'The median with pending requests as right-censored: what an applicant may expect.',
      'working-days',
      { source: 'Kaplan and Meier, JASA 53 (1958)' },
    ),
    decidedWithinLimit: measure(
      label('Decided in time', 'Décidées dans le délai', 'Fristgerecht entschieden'),
      'Decided within the limit of the mode of access, among decisions in modes that have one.',
      'share',
      { source: 'EuroHPC AI Factories access policy' },
    ),
  },
);

const impact = fields(
  { in: COMPARED, columns: true },
  {
    impactRatio: measure(
      label('Impact ratio', "Rapport d'impact", 'Wirkungsverhältnis'),
      'Success rate over that of the best group with enough decisions.',
      'ratio',
      { source: '29 CFR 1607.4(D)' },
    ),
    impactPValue: measure(
      label('p-value of the impact ratio', "Valeur p du rapport d'impact", 'p-Wert des Wirkungsverhältnisses'),
      "Fisher's exact test against that group, two-sided.",
      'probability',
    ),
    impactFlag: note(
      label('Impact flag', "Signal d'impact", 'Hinweis zur Wirkung'),
      'Whether the ratio is low by the policy `impact-ratio-minimum`; empty while there is no such policy.',
      'string',
      { codes: 'impact-flags' },
    ),
  },
);

const interval: readonly Field[] = (['Low', 'High'] as const).map((end) => ({
  column: `successRate${end}`,
  members: [],
  ...measure(
    end === 'Low'
      ? label('Success rate, lower bound', 'Taux de succès, borne inférieure', 'Erfolgsquote, untere Grenze')
      : label('Success rate, upper bound', 'Taux de succès, borne supérieure', 'Erfolgsquote, obere Grenze'),
    "Wilson's 95 % interval of the success rate.",
    'share',
    { source: 'Wilson, JASA 22 (1927)' },
  ),
}));

/** Requested chip-hours by outcome: other names in the table, because they stand beside the counts there. */
const outcome = (column: string, member: string, meaning: Meaning): Field => ({
  column,
  members: GROUPS.map((path) => `${path}.chipHoursRequestedBy.${member}`),
  ...meaning,
});
const requestedBy = [
  outcome(
    'chipHoursWithdrawn',
    'withdrawn',
    count(
      label(
        'Chip-hours of withdrawn requests',
        'Heures-puces des demandes retirées',
        'Chipstunden zurückgezogener Anträge',
      ),
      'Requested in requests that were withdrawn.',
      'chip-hours',
    ),
  ),
  outcome(
    'chipHoursIneligible',
    'ineligible',
    count(
      label(
        'Chip-hours of requests not eligible',
        'Heures-puces des demandes non éligibles',
        'Chipstunden nicht zulässiger Anträge',
      ),
      'Requested in requests that are not eligible.',
      'chip-hours',
    ),
  ),
  outcome(
    'chipHoursPending',
    'pending',
    count(
      label('Chip-hours of pending requests', 'Heures-puces des demandes en attente', 'Chipstunden offener Anträge'),
      'Requested in requests that are pending.',
      'chip-hours',
    ),
  ),
  outcome(
    'chipHoursDenied',
    'denied',
    count(
      label('Chip-hours of denied requests', 'Heures-puces des demandes refusées', 'Chipstunden abgelehnter Anträge'),
      'Requested in requests that were denied.',
      'chip-hours',
    ),
  ),
  outcome(
    'chipHoursAccepted',
    'granted',
    count(
      label(
        'Chip-hours requested in granted requests',
        'Heures-puces demandées dans les demandes accordées',
        'In bewilligten Anträgen beantragte Chipstunden',
      ),
      'Requested, not granted, in requests that were granted. The five outcomes add up to `chipHoursRequested`.',
      'chip-hours',
    ),
  ),
];

const concentration = fields(
  { in: POPULATIONS },
  {
    holders: {
      ...count(
        label('Ultimate parents', 'Sociétés mères ultimes', 'Oberste Muttergesellschaften'),
        'Ultimate parents counted.',
        'parents',
      ),
      aggregation: 'none',
    },
    gini: measure(
      label('Gini coefficient', 'Coefficient de Gini', 'Gini-Koeffizient'),
      '0: all have the same; towards 1: one has all.',
      'index',
    ),
    hhi: measure(
      label('Herfindahl-Hirschman index', 'Indice de Herfindahl-Hirschman', 'Herfindahl-Hirschman-Index'),
      'From 1/n to 1.',
      'index',
    ),
    jain: measure(label("Jain's index", 'Indice de Jain', 'Jain-Index'), '1 / (n HHI): 1 is equal shares.', 'index'),
    theil: measure(label("Theil's T", 'T de Theil', 'Theil-T'), 'The sum of the two parts below.', 'index'),
    theilBetween: measure(
      label("Theil's T between categories", 'T de Theil entre catégories', 'Theil-T zwischen Kategorien'),
      'A parent counts in the category in which most of its hours were granted.',
      'index',
    ),
    theilWithin: measure(
      label("Theil's T within categories", 'T de Theil au sein des catégories', 'Theil-T innerhalb der Kategorien'),
      'Within categories.',
      'index',
    ),
    reasons: REASONS,
  },
);

const structure = (texts: ReturnType<typeof label>, description: string, type: FieldType): Meaning =>
  note(texts, description, type);

export const accessFields: readonly Field[] = [
  {
    column: 'scope',
    members: [],
    ...dimension(
      label('Scope of the row', 'Portée de la ligne', 'Bezug der Zeile'),
      'What the row is about: a category, a country, or everything. Add up rows of one scope only: every request is in one row of each.',
      'string',
      { codes: 'scopes' },
    ),
  },
  { column: 'category', members: ['categories.category'], ...CATEGORY },
  { column: 'country', members: ['countries.country'], ...COUNTRY },
  ...counts,
  ...hours,
  ...measures,
  ...impact,
  ...interval,
  ...requestedBy,
  { column: 'reasons', members: GROUPS.map((path) => `${path}.reasons`), ...REASONS },
  ...headerColumns,
  ...headerMembers,
  ...facilityFilter,
  ...fields(
    { in: [''] },
    {
      mode: dimension(
        label('Mode of access', "Mode d'accès", 'Zugangsart'),
        'The mode of access that the report is narrowed to; null for all.',
        'string',
        { codes: 'modes' },
      ),
      categories: structure(
        label('Categories', 'Catégories', 'Kategorien'),
        'All seven, always, in the same order.',
        'list',
      ),
      countries: structure(label('Countries', 'Pays', 'Länder'), 'Every country with a request, by code.', 'list'),
      totals: structure(label('Totals', 'Totaux', 'Summen'), 'All requests together.', 'object'),
      concentration: structure(
        label('Concentration', 'Concentration', 'Konzentration'),
        'Inequality of granted chip-hours between the ultimate parents that hold a grant, as known at the position.',
        'object',
      ),
      reclassified: structure(
        label('Reclassified users', 'Utilisateurs reclassés', 'Umgestufte Nutzer'),
        'Grants under a category that their partner no longer has; they stay where they were counted.',
        'list',
      ),
      correctiveActions: note(
        label('Corrective actions', 'Mesures correctives', 'Abhilfemaßnahmen'),
        'Decided by the Governing Board where shares were out of balance with demand, over all facilities and modes.',
        'list',
        { source: MONITORING },
      ),
      corrections: structure(
        label('Corrections', 'Corrections', 'Berichtigungen'),
        'Corrections of published reports. None are recorded yet.',
        'list',
      ),
      withheld: structure(
        label('Figures withheld', 'Valeurs non publiées', 'Zurückgehaltene Werte'),
        'Figures kept back because they would disclose single applicants. This method keeps back none.',
        'list',
      ),
    },
  ),
  ...fields(
    { in: GROUPS },
    {
      chipHoursRequestedBy: structure(
        label(
          'Requested chip-hours by outcome',
          'Heures-puces demandées par issue',
          'Beantragte Chipstunden nach Ausgang',
        ),
        'They add up to `chipHoursRequested`.',
        'object',
      ),
      successRateInterval: note(
        label('Interval of the success rate', 'Intervalle du taux de succès', 'Intervall der Erfolgsquote'),
        "Wilson's 95 % interval: lower and upper bound.",
        'list',
        { unit: 'share' },
      ),
    },
  ),
  ...concentration,
  ...fields(
    { in: ['concentration'] },
    {
      lorenz: structure(
        label('Lorenz curve', 'Courbe de Lorenz', 'Lorenz-Kurve'),
        'In steps of 5 % of the parents; empty when nothing is granted.',
        'list',
      ),
      asSubmitted: structure(
        label(
          'With parents as of the submission',
          'Sociétés mères au dépôt de la demande',
          'Muttergesellschaften bei Einreichung',
        ),
        'With the parents that were known when each request was submitted.',
        'object',
      ),
      applicants: structure(
        label('All applicants', 'Tous les demandeurs', 'Alle Antragsteller'),
        'Over all parents that submitted a request, parents without a grant included.',
        'object',
      ),
    },
  ),
  ...fields(
    { in: ['concentration.lorenz'] },
    {
      holders: measure(
        label('Part of the parents', 'Part des sociétés mères', 'Anteil der Muttergesellschaften'),
        'The parents with the smallest amounts first.',
        'share',
      ),
      amount: measure(
        label('Part of the chip-hours', 'Part des heures-puces', 'Anteil der Chipstunden'),
        'Part of the chip-hours that they hold together.',
        'share',
      ),
    },
  ),
  ...fields(
    { in: ['reclassified'] },
    {
      from: dimension(
        label('From category', 'De la catégorie', 'Aus Kategorie'),
        'Category in which the grants were made.',
        'string',
        { codes: 'categories' },
      ),
      to: dimension(
        label('To category', 'Vers la catégorie', 'In Kategorie'),
        'Category of the partner now.',
        'string',
        { codes: 'categories' },
      ),
      partners: count(label('Partners', 'Partenaires', 'Partner'), 'Partners that changed.', 'partners'),
      grants: count(
        label('Grants', 'Accès accordés', 'Bewilligungen'),
        'Grants that were made under the earlier category.',
        'grants',
      ),
      chipHoursGranted: count(
        label('Chip-hours granted', 'Heures-puces accordées', 'Bewilligte Chipstunden'),
        'Of these grants.',
        'chip-hours',
      ),
    },
  ),
  ...fields(
    { in: ['correctiveActions'] },
    {
      actionId: dimension(label('Action', 'Mesure', 'Maßnahme'), 'Id of the action.'),
      reportId: dimension(
        label('Published report', 'Rapport publié', 'Veröffentlichter Bericht'),
        'The published report that shows the imbalance.',
      ),
      periodFrom: dimension(
        label('Begin of the period', 'Début de la période', 'Beginn des Zeitraums'),
        'First day of the period of that report, or its first instant.',
        'date',
      ),
      periodTo: dimension(
        label('End of the period', 'Fin de la période', 'Ende des Zeitraums'),
        'Last day of the period of that report, or its last instant.',
        'date',
      ),
      category: dimension(
        label('Category of user', "Catégorie d'utilisateur", 'Nutzerkategorie'),
        'The users that the measure is for; null for all.',
        'string',
        { codes: 'categories' },
      ),
      reason: note(
        label('Imbalance', 'Déséquilibre', 'Ungleichgewicht'),
        'The imbalance, in the words of the board.',
        'string',
      ),
      measure: note(
        label('Measure', 'Mesure prise', 'Abhilfe'),
        'The measure against it, in the words of the board.',
        'string',
      ),
      decidedAt: note(label('Decided at', 'Décidée le', 'Beschlossen am'), 'When the board decided.', 'date-time'),
    },
  ),
];
