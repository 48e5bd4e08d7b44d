import { accessFigures, GROUPS, MONITORING, REASONS } from './access-figures.js';
import { accessTimeFields } from './access-time-fields.js';
import { concentrationFields } from './concentration-fields.js';
import { count, dimension, fields, label, note, type Field } from './field.js';
import { facilityFilter, headerColumns, headerMembers } from './header-fields.js';

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
  {
    column: 'pool',
    members: ['scope.pool'],
    ...dimension(
      label('Whose time', 'Temps de qui', 'Wessen Zeit'),
      '`union`, `all`, or the id of the partner whose time is counted.',
    ),
  },
  {
    column: 'demandBasis',
    members: ['demandBasis'],
    ...dimension(
      label('Basis of demand', 'Base de la demande', 'Grundlage der Nachfrage'),
      'What counts as demand in `shareRequested`, `representation` and `shareGap`; the policy `demand-basis`, `all` without one.',
      'string',
      { codes: 'demand-bases', source: MONITORING },
    ),
  },
  ...accessFigures,
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
      categories: note(
        label('Categories', 'Catégories', 'Kategorien'),
        'All seven, always, in the same order.',
        'list',
      ),
      countries: note(label('Countries', 'Pays', 'Länder'), 'Every country with a request, by code.', 'list'),
      totals: note(label('Totals', 'Totaux', 'Summen'), 'All requests together.', 'object'),
      concentration: note(
        label('Concentration', 'Concentration', 'Konzentration'),
        'Inequality of granted chip-hours between the ultimate parents that hold a grant, as known at the position.',
        'object',
      ),
      reclassified: note(
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
      corrections: note(
        label('Corrections', 'Corrections', 'Berichtigungen'),
        'Corrections of published reports. None are recorded yet.',
        'list',
      ),
      withheld: note(
        label('Figures withheld', 'Valeurs non publiées', 'Zurückgehaltene Werte'),
        'Figures kept back because they would disclose single applicants. This method keeps back none.',
        'list',
      ),
    },
  ),
  ...fields(
    { in: GROUPS },
    {
      chipHoursRequestedBy: note(
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
  ...concentrationFields,
  ...accessTimeFields,
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
