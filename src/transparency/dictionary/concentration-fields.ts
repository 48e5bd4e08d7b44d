import { REASONS } from './access-figures.js';
import { count, fields, label, measure, note, type Field } from './field.js';

/** The groups of parents whose inequality is measured. */
const POPULATIONS = ['concentration', 'concentration.asSubmitted', 'concentration.applicants'];

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

/** Inequality between the ultimate parents, in the report on equal access. */
export const concentrationFields: readonly Field[] = [
  ...concentration,
  ...fields(
    { in: ['concentration'] },
    {
      lorenz: note(
        label('Lorenz curve', 'Courbe de Lorenz', 'Lorenz-Kurve'),
        'In steps of 5 % of the parents; empty when nothing is granted.',
        'list',
      ),
      asSubmitted: note(
        label(
          'With parents as of the submission',
          'Sociétés mères au dépôt de la demande',
          'Muttergesellschaften bei Einreichung',
        ),
        'With the parents that were known when each request was submitted.',
        'object',
      ),
      applicants: note(
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
];
