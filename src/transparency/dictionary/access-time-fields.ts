import { REASONS } from './access-figures.js';
import { count, dimension, fields, label, measure, money, note, type Field, type Meaning } from './field.js';

const LAW = 'Regulation (EU) 2021/1173, Art. 12b';
const FACILITY = dimension(label('Facility', 'Site', 'Standort'), 'Id of the facility.');
const FROM = dimension(
  label('Begin of the period', 'Début de la période', 'Beginn des Zeitraums'),
  'First instant; null for hours of no recorded period.',
  'date-time',
);
const TO = dimension(
  label('End of the period', 'Fin de la période', 'Ende des Zeitraums'),
  'First instant after the period.',
  'date-time',
);
const CONTRIBUTION = money(
  label('Contribution', 'Contribution', 'Beitrag'),
  'What the owner of the hours contributed.',
);
const CAPEX = money(label('CAPEX', 'CAPEX', 'CAPEX'), 'Of the computing infrastructure.');
const SHARE = measure(
  label('Share of CAPEX', 'Part du CAPEX', 'Anteil am CAPEX'),
  'Contribution over CAPEX.',
  'share',
  { source: `${LAW}(13)` },
);
const unitHours = (texts: ReturnType<typeof label>, description: string, clause?: string): Meaning =>
  count(texts, description, 'unit-hours', clause === undefined ? {} : { source: `${LAW}${clause}` });

const line: Readonly<Record<string, Meaning>> = {
  facilityId: FACILITY,
  facilityName: dimension(label('Name of the facility', 'Nom du site', 'Name des Standorts'), 'As registered.'),
  poolId: dimension(label('Access pool', "Réserve de temps d'accès", 'Zugangskontingent'), 'Id of the pool.'),
  owner: dimension(label('Owner', 'Titulaire', 'Inhaber'), 'Whose hours they are.', 'string', { codes: 'pool-owners' }),
  partnerId: dimension(label('Partner', 'Partenaire', 'Partner'), 'The state or the private partner; null for others.'),
  basis: dimension(label('Basis', 'Base', 'Grundlage'), 'Where the hours come from.', 'string', {
    codes: 'pool-bases',
  }),
  periodFrom: FROM,
  periodTo: TO,
  currency: dimension(label('Currency', 'Monnaie', 'Währung'), 'ISO 4217.', 'string', { codes: 'currencies' }),
  contributionMinor: CONTRIBUTION,
  capexMinor: CAPEX,
  shareOfCapex: SHARE,
  availableUnitHours: unitHours(
    label('Hours available', 'Heures disponibles', 'Verfügbare Stunden'),
    'All unit-hours of the facility in the period; the same in every line of the period.',
  ),
  entitledUnitHours: unitHours(
    label('Hours entitled', 'Heures attribuables', 'Zustehende Stunden'),
    'In proportion to the contribution.',
    '(13)',
  ),
  donatedInUnitHours: unitHours(
    label('Hours received', 'Heures reçues', 'Erhaltene Stunden'),
    'Given by states.',
    '(10)',
  ),
  donatedOutUnitHours: unitHours(
    label('Hours given', 'Heures données', 'Gegebene Stunden'),
    'Given to the Union.',
    '(10)',
  ),
  residualUnitHours: unitHours(
    label('Hours of residual value', 'Heures de valeur résiduelle', 'Stunden aus dem Restwert'),
    'From the residual value at the transfer of ownership.',
    '(12)',
  ),
  allocatedUnitHours: unitHours(label('Hours allocated', 'Heures allouées', 'Zugeteilte Stunden'), 'Rounded down.'),
  leftUnitHours: unitHours(
    label('Hours left', 'Heures restantes', 'Verbleibende Stunden'),
    'Entitled, received and residual hours, less those given and allocated; rounded down.',
  ),
  grantedChipHours: count(
    label('Chip-hours granted', 'Heures-puces accordées', 'Bewilligte Chipstunden'),
    'Of grants that begin in the period.',
    'chip-hours',
  ),
  revokedChipHours: count(
    label('Chip-hours revoked', 'Heures-puces révoquées', 'Widerrufene Chipstunden'),
    'Of grants that were revoked in the period.',
    'chip-hours',
  ),
  usedChipHours: count(
    label('Chip-hours used', 'Heures-puces utilisées', 'Genutzte Chipstunden'),
    'Of use that began in the period.',
    'chip-hours',
  ),
  commercialUnitHours: unitHours(
    label('Hours for commercial use', 'Heures à usage commercial', 'Stunden für kommerzielle Nutzung'),
    'Allocated for commercial use; rounded down.',
  ),
  commercialShare: measure(
    label('Commercial share', 'Part commerciale', 'Kommerzieller Anteil'),
    'Part of the hours of the pool that is allocated for commercial use.',
    'share',
  ),
  commercialShareMaximum: measure(
    label('Maximum of the commercial share', 'Maximum de la part commerciale', 'Höchstwert des kommerziellen Anteils'),
    "By the policy `commercial-share-maximum`; null without one, and for time that is not the Union's.",
    'share',
    { source: 'Regulation (EU) 2021/1173, Arts. 17 and 18' },
  ),
  reasons: REASONS,
};

/** Whose the access time is, and what became of it. */
export const accessTimeFields: readonly Field[] = [
  ...fields(
    { in: [''] },
    {
      scope: note(label('Scope', 'Périmètre', 'Bezug'), 'Whose access time the report counts.', 'object', {
        source: `${LAW}(16)`,
      }),
      atEnd: note(
        label('At the end', 'À la fin', 'Am Ende'),
        'With a period: the totals from the first event on, at its end. Else null.',
        'object',
      ),
      freeReasons: note(
        label('Reasons for free access', "Motifs d'accès gratuit", 'Gründe für kostenlosen Zugang'),
        'Chip-hours granted free of charge, by reason.',
        'list',
        { source: `${LAW}(15)(b)` },
      ),
      unassigned: note(
        label('Unassigned time', 'Temps non attribué', 'Nicht zugeordnete Zeit'),
        'Grants, allocations and use of everybody whose access pool is not recorded.',
        'object',
      ),
      accessTime: note(
        label('Access time', "Temps d'accès", 'Zugangszeit'),
        'From the euro to the hour, by facility, period and pool; as of the end, also with a period, and of every mode.',
        'list',
        { source: `${LAW}(13)` },
      ),
      donatedTime: note(
        label('Time given by states', 'Temps donné par les États', 'Zeit, die Staaten geben'),
        'Access time that Member States gave, and to whom it was granted.',
        'object',
        { source: `${LAW}(10)` },
      ),
      preferentialAccess: note(
        label('Preferential access', 'Accès préférentiel', 'Bevorzugter Zugang'),
        'The register of preferential access.',
        'list',
        { source: 'Commission Regulation (EU) No 651/2014, Art. 26(4)' },
      ),
    },
  ),
  ...fields(
    { in: ['scope'] },
    {
      poolIds: note(
        label('Pools', 'Réserves', 'Kontingente'),
        'Ids of the pools that count; empty for everybody.',
        'list',
      ),
      statement: note(
        label('Statement', 'Énoncé', 'Aussage'),
        'Whose time and which demand count, in a sentence.',
        'string',
      ),
    },
  ),
  ...fields(
    { in: ['freeReasons'] },
    {
      reason: dimension(label('Reason', 'Motif', 'Grund'), 'Why the access is free.', 'string', {
        codes: 'free-reasons',
      }),
      chipHoursGranted: count(
        label('Chip-hours granted', 'Heures-puces accordées', 'Bewilligte Chipstunden'),
        'For this reason.',
        'chip-hours',
      ),
    },
  ),
  ...fields(
    { in: ['unassigned'] },
    {
      granted: count(label('Grants', 'Accès accordés', 'Bewilligungen'), 'Without a pool.', 'grants'),
      chipHoursGranted: count(
        label('Chip-hours granted', 'Heures-puces accordées', 'Bewilligte Chipstunden'),
        'Without a pool.',
        'chip-hours',
      ),
      chipHoursAllocated: count(
        label('Chip-hours allocated', 'Heures-puces attribuées', 'Zugeteilte Chipstunden'),
        'Without a pool.',
        'chip-hours',
      ),
      chipHoursUsed: count(
        label('Chip-hours used', 'Heures-puces utilisées', 'Genutzte Chipstunden'),
        'Without a pool.',
        'chip-hours',
      ),
    },
  ),
  ...fields({ in: ['accessTime'] }, line),
  ...fields(
    { in: ['donatedTime'] },
    {
      donatedUnitHours: unitHours(
        label('Hours given', 'Heures données', 'Gegebene Stunden'),
        'By Member States.',
        '(10)',
      ),
      chipHoursGranted: count(
        label('Chip-hours granted', 'Heures-puces accordées', 'Bewilligte Chipstunden'),
        'From the pools that the time went to.',
        'chip-hours',
      ),
      chipHoursGrantedToStartUpsAndSmes: count(
        label('To start-ups and SMEs', 'Aux jeunes pousses et PME', 'An Start-ups und KMU'),
        'The part that was granted to start-ups and SMEs.',
        'chip-hours',
      ),
      primaryShare: measure(
        label('Primary share', 'Part prioritaire', 'Vorrangiger Anteil'),
        'Start-ups and SMEs over all.',
        'share',
        { source: `${LAW}(10)` },
      ),
      primaryShareMinimum: measure(
        label('Minimum of the primary share', 'Minimum de la part prioritaire', 'Mindestwert des vorrangigen Anteils'),
        'From which share on the use is primary, by the policy `donated-time-primary-share`.',
        'share',
      ),
      isPrimary: note(
        label('Used primarily so', 'Usage prioritaire', 'Vorrangig so genutzt'),
        'Null while the share or the policy is missing.',
        'boolean',
      ),
      reasons: REASONS,
    },
  ),
  ...fields(
    { in: ['preferentialAccess'] },
    {
      facilityId: FACILITY,
      partnerId: dimension(label('Partner', 'Partenaire', 'Partner'), 'Who has preferential access.'),
      periodFrom: FROM,
      periodTo: TO,
      contributionMinor: CONTRIBUTION,
      capexMinor: CAPEX,
      shareOfCapex: SHARE,
      unitHours: unitHours(label('Hours', 'Heures', 'Stunden'), 'At most in proportion to the share.'),
      conditionsRef: note(label('Conditions', 'Conditions', 'Bedingungen'), 'Where they are published.', 'string'),
    },
  ),
];
