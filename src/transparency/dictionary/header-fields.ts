import { dimension, fields, label, note, provenance, type Field } from './field.js';

/** Columns at the end of every table, and members of every report: which history the figures reflect. */
export const headerColumns: readonly Field[] = fields(
  { in: ['period'], columns: true },
  {
    periodFrom: provenance(
      label('Begin of the period', 'Début de la période', 'Beginn des Zeitraums'),
      'The figures are of what happened from then on; empty when they are sums from the first event on.',
      'string',
    ),
    periodTo: provenance(
      label('End of the period', 'Fin de la période', 'Ende des Zeitraums'),
      'A date or a month stands for the whole of it.',
      'string',
    ),
  },
).concat(
  fields(
    { in: [''], columns: true },
    {
      position: provenance(
        label('Position', 'Position', 'Position'),
        'Position of the history that the report reflects. The same position and method give the same figures for ever.',
        'integer',
        { unit: 'events' },
      ),
      asOf: provenance(
        label('As of', 'Situation au', 'Stand'),
        'When the event at that position was recorded, UTC; empty before the first event.',
        'date-time',
      ),
      effectiveAt: provenance(
        label('In effect at', 'En vigueur au', 'Wirksam am'),
        'Only events that had taken effect by this instant count; empty when no event is left out.',
        'date-time',
      ),
      methodVersion: provenance(
        label('Method', 'Méthode', 'Methode'),
        'Version of the method: the events that count and every formula. Only reports of the same version can be compared.',
        'string',
      ),
      illustrative: provenance(
        label('Illustrative data', 'Données fictives', 'Beispieldaten'),
        'True when any record that contributes is made up and marked so.',
        'boolean',
      ),
      treeSize: provenance(
        label('Number of events', "Nombre d'événements", 'Zahl der Ereignisse'),
        'Number of events in that history; the same as the position.',
        'integer',
        { unit: 'events' },
      ),
      root: provenance(
        label('Merkle root', 'Racine de Merkle', 'Merkle-Wurzel'),
        'Merkle root over exactly these events, base64 as in a checkpoint of the log: proves which history was counted.',
        'string',
        { source: 'RFC 9162' },
      ),
    },
  ),
);

export const headerMembers: readonly Field[] = [
  ...fields(
    { in: [''] },
    {
      period: note(
        label('Period', 'Période', 'Zeitraum'),
        'The period of the figures; null when they are sums from the first event on.',
        'object',
      ),
      policies: note(
        label('Policies in force', 'Décisions en vigueur', 'Geltende Festlegungen'),
        'Policies of the Governing Board in force at `asOf` that a figure or a decision reads, in the order of their names.',
        'list',
      ),
    },
  ),
  ...fields(
    { in: ['period'] },
    {
      fromPosition: provenance(
        label('Position before the period', 'Position avant la période', 'Position vor dem Zeitraum'),
        'The figures are of the events after it. For a period of effective time it is the position of the report.',
        'integer',
        { unit: 'events' },
      ),
    },
  ),
  ...fields(
    { in: ['policies'] },
    {
      policy: dimension(label('Policy', 'Décision', 'Festlegung'), 'Name of the policy.', 'string', {
        codes: 'policies',
      }),
      version: note(label('Version', 'Version', 'Fassung'), 'Number of the version of the policy, from 1.', 'integer'),
      effectiveFrom: note(
        label('In force from', 'En vigueur depuis', 'In Kraft seit'),
        'When the version came into force.',
        'date-time',
      ),
      value: note(label('Value', 'Valeur', 'Wert'), 'As adopted; its form depends on the policy.', 'any'),
    },
  ),
];

/** A report that is narrowed to a facility says so. */
export const facilityFilter: readonly Field[] = fields(
  { in: [''] },
  {
    facilityId: dimension(
      label('Facility', 'Site', 'Standort'),
      'The facility that the report is narrowed to; null for all.',
    ),
  },
);
