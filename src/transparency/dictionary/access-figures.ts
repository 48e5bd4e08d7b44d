import { count, fields, label, measure, note, type Field, type Meaning } from './field.js';

export const MONITORING = 'Regulation (EU) 2021/1173, Art. 12b(16)';
const COMPARED = ['categories', 'countries'];
export const GROUPS = [...COMPARED, 'totals', 'atEnd'];
const DEMAND = GROUPS.flatMap((path) => ['all', 'eligible', 'decided'].map((basis) => `${path}.demand.${basis}`));

/** Stands beside the figures of a group that may be missing. */
export const REASONS = note(
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
      'All requests. Always withdrawn + ineligible + pending + denied + granted. With a period: what was added in it.',
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
    overdue: count(
      label('Requests past their limit', 'Demandes hors délai', 'Anträge über der Frist'),
      'Pending at the end, and past the limit of their mode of access.',
      'requests',
    ),
    recordedLate: count(
      label('Decisions recorded late', 'Décisions enregistrées tardivement', 'Verspätet erfasste Entscheidungen'),
      'Decisions that were recorded on a later day than that on which they took effect.',
      'requests',
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
    chipHoursGrantedNet: count(
      label('Chip-hours granted, net', 'Heures-puces accordées, nettes', 'Bewilligte Chipstunden, netto'),
      'Granted less revoked.',
      'chip-hours',
    ),
    chipHoursUnionFunded: count(
      label(
        'Chip-hours of Union-funded projects',
        "Heures-puces de projets financés par l'Union",
        'Chipstunden von der Union geförderter Vorhaben',
      ),
      'Granted to projects that a Union programme funds.',
      'chip-hours',
      { source: 'Regulation (EU) 2021/1173, Art. 12b(15)(c)' },
    ),
    chipHoursCommercial: count(
      label('Chip-hours for commercial use', 'Heures-puces à usage commercial', 'Chipstunden für kommerzielle Nutzung'),
      'Granted for commercial use.',
      'chip-hours',
      { source: 'Regulation (EU) 2021/1173, Arts. 17 and 18' },
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
      'Part of the demand of all, on the basis that `demandBasis` names; 0.25 is 25 %.',
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
    shareGrantedNet: measure(
      label('Share of granted time, net', 'Part du temps accordé, nette', 'Anteil an der bewilligten Zeit, netto'),
      'Part of all granted chip-hours, revoked grants taken off.',
      'share',
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
      'Median of granted over requested among decided requests, in steps of 0.001; 0 for a denial.',
      'share',
    ),
    grantedFulfilmentMedian: measure(
      label(
        'Median fulfilment of grants',
        'Satisfaction médiane des accès accordés',
        'Mittlere Erfüllung der Bewilligungen',
      ),
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
      'The median with requests that were not decided as right-censored: pending, withdrawn and not eligible ones.',
      'working-days',
      { source: 'Kaplan and Meier, JASA 53 (1958)' },
    ),
    medianAnswerDays: measure(
      label('Median days to an answer', 'Délai médian de réponse', 'Tage bis zur Antwort (Median)'),
      'Working days from submission to a decision or to the refusal of eligibility.',
      'working-days',
    ),
    p90AnswerDays: measure(
      label(
        'Days to an answer, 90th percentile',
        'Délai de réponse, 90e centile',
        'Tage bis zur Antwort, 90. Perzentil',
      ),
      'Nine in ten answers took no longer.',
      'working-days',
    ),
    medianAnswerDaysCensored: measure(
      label(
        'Median days to an answer, pending included',
        'Délai médian de réponse, en attente comprises',
        'Median der Tage bis zur Antwort, offene eingerechnet',
      ),
      'The median with pending and withdrawn requests as right-censored.',
      'working-days',
      { source: 'Kaplan and Meier, JASA 53 (1958)' },
    ),
    recordedLateMedianDays: measure(
      label(
        'Median delay of late recordings',
        'Retard médian des enregistrements tardifs',
        'Mittlerer Verzug verspäteter Erfassung',
      ),
      'Days from a decision to its recording, of those that were recorded late.',
      'days',
    ),
    decidedWithinLimit: measure(
      label('Decided in time', 'Décidées dans le délai', 'Fristgerecht entschieden'),
      'Decided within the limit of the mode of access, among decisions in modes that have one and pending requests past it.',
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

const demandMembers = fields(
  { in: DEMAND },
  {
    chipHours: count(label('Demand', 'Demande', 'Nachfrage'), 'Demand on this basis.', 'chip-hours'),
    share: measure(
      label('Share of demand', 'Part de la demande', 'Anteil an der Nachfrage'),
      'Part of the demand of all, on this basis.',
      'share',
    ),
    representation: measure(
      label('Representation', 'Représentation', 'Repräsentation'),
      'Share granted over share of the demand, on this basis.',
      'ratio',
      { source: MONITORING },
    ),
    shareGap: measure(
      label('Gap between the shares', 'Écart entre les parts', 'Abstand der Anteile'),
      'Share granted less share of the demand, on this basis.',
      'share-difference',
    ),
    reasons: REASONS,
  },
);
const demandBases = fields(
  { in: GROUPS.map((path) => `${path}.demand`) },
  {
    all: note(
      label('All requests', 'Toutes les demandes', 'Alle Anträge'),
      'Demand is every submitted request.',
      'object',
    ),
    eligible: note(
      label('Eligible requests', 'Demandes éligibles', 'Zulässige Anträge'),
      'Demand is every request that was not refused as not eligible.',
      'object',
    ),
    decided: note(
      label('Decided requests', 'Demandes décidées', 'Entschiedene Anträge'),
      'Demand is every denied and granted request.',
      'object',
    ),
  },
);
const demand = fields(
  { in: GROUPS },
  {
    demand: note(
      label('Demand by basis', 'Demande par base', 'Nachfrage nach Grundlage'),
      'The same figures on every basis of demand.',
      'object',
    ),
  },
);
const representationOn = (column: string, texts: ReturnType<typeof label>): Field => ({
  column,
  members: [],
  ...measure(texts, 'Share granted over share of the demand, on this basis of demand.', 'ratio', {
    source: MONITORING,
  }),
});
const representations = [
  representationOn(
    'representationAll',
    label('Representation, all requests', 'Représentation, toutes les demandes', 'Repräsentation, alle Anträge'),
  ),
  representationOn(
    'representationEligible',
    label(
      'Representation, eligible requests',
      'Représentation, demandes éligibles',
      'Repräsentation, zulässige Anträge',
    ),
  ),
  representationOn(
    'representationDecided',
    label(
      'Representation, decided requests',
      'Représentation, demandes décidées',
      'Repräsentation, entschiedene Anträge',
    ),
  ),
];

/** The figures of a row of the report on equal access, in the order of its columns. */
export const accessFigures: readonly Field[] = [
  ...counts,
  ...hours,
  ...measures,
  ...impact,
  ...interval,
  ...requestedBy,
  ...representations,
  ...demand,
  ...demandBases,
  ...demandMembers,
];
