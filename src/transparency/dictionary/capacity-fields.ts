import { REASONS } from './access-figures.js';
import { count, dimension, fields, label, note, type Field, type Meaning } from './field.js';
import { facilityFilter, headerColumns, headerMembers } from './header-fields.js';

const MONTH = dimension(label('Month', 'Mois', 'Monat'), '`YYYY-MM`, UTC.', 'month');

const HOURS: Readonly<Record<string, Meaning>> = {
  installedChipHours: count(
    label('Chip-hours installed', 'Heures-puces installées', 'Installierte Chipstunden'),
    'Installed = allocated + free.',
    'chip-hours',
  ),
  outageChipHours: count(
    label('Chip-hours of outages', 'Heures-puces de pannes', 'Chipstunden der Ausfälle'),
    'Empty: the ledger has no record of outages, and 0 would say that there were none.',
    'chip-hours',
  ),
  allocatedChipHours: count(
    label('Chip-hours allocated', 'Heures-puces attribuées', 'Zugeteilte Chipstunden'),
    'Promised under grants.',
    'chip-hours',
  ),
  freeChipHours: count(
    label('Chip-hours free', 'Heures-puces libres', 'Freie Chipstunden'),
    'Installed and not promised to anyone; an outage is not taken off.',
    'chip-hours',
  ),
};
const USED = count(
  label('Chip-hours used', 'Heures-puces utilisées', 'Genutzte Chipstunden'),
  'Reported use, spread evenly over the interval of each report.',
  'chip-hours',
);

export const capacityFields: readonly Field[] = [
  ...fields(
    { in: ['rows'], columns: true },
    {
      facilityId: dimension(label('Facility', 'Site', 'Standort'), 'Id of the facility.'),
      facilityName: dimension(label('Name of the facility', 'Nom du site', 'Name des Standorts'), 'As registered.'),
      country: dimension(label('Country', 'Pays', 'Land'), 'Where it stands, ISO 3166-1 alpha-2.', 'string', {
        codes: 'countries',
      }),
    },
  ),
  ...fields({ in: ['rows', 'totals'], columns: true }, { month: MONTH }),
  ...fields(
    { columns: true },
    {
      planned: dimension(
        label('Planned', 'Prévu', 'Geplant'),
        'True for a month after that of `asOf`, or of `effectiveAt`: it holds what is planned, and no use. In the JSON compare `month` with `asOf`.',
        'boolean',
      ),
    },
  ),
  ...fields({ in: ['rows', 'totals', 'rows.chipModels'], columns: true }, HOURS),
  ...fields({ in: ['rows', 'totals'], columns: true }, { usedChipHours: USED }),
  ...fields({ in: ['rows', 'totals', 'rows.chipModels'], columns: true }, { reasons: REASONS }),
  ...headerColumns,
  ...headerMembers,
  ...facilityFilter,
  ...fields(
    { in: [''] },
    {
      rows: note(
        label('Rows', 'Lignes', 'Zeilen'),
        'By name of the facility, then by month: at most ten years, and at most two of them ahead.',
        'list',
      ),
      totals: note(label('Totals', 'Totaux', 'Summen'), 'All facilities together, by month.', 'list'),
    },
  ),
  ...fields(
    { in: ['rows'] },
    {
      chipModels: note(
        label('Chip models', 'Modèles de puces', 'Chipmodelle'),
        'The same by chip model; use is not reported by model.',
        'list',
      ),
    },
  ),
  ...fields(
    { in: ['rows.chipModels'] },
    { chipModel: dimension(label('Chip model', 'Modèle de puce', 'Chipmodell'), 'Name of the chip model.') },
  ),
];
