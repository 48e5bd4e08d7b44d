import type { CapitalReport } from '../transparency/method-2/capital-report.js';
import type { EqualAccessReport } from '../transparency/method-2/equal-access-report.js';
import type { Column, TextTable } from './text-table.js';

/**
 * The reports with so few columns that they fit a terminal of 100 characters. The complete reports are at the address
 * of each report.
 */

const MILLION_EURO_MINOR = 100_000_000;
const MILLION = 1_000_000;
const NOT_DEFINED = '-';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

export function equalAccessOverview(report: EqualAccessReport): TextTable {
  const lines = [...report.categories, { category: 'total', ...report.totals }];
  return {
    title: 'Equal access: what was granted beside what was asked for (illustrative)',
    columns: [
      left('category'),
      ...['requests', 'pending', 'granted', 'success', 'Mh asked', 'Mh given', 'asked', 'given', 'ratio'].map(right),
    ],
    rows: lines.map((line) => [
      line.category,
      ...[line.submitted, line.pending, line.granted].map(grouped),
      percent(line.successRate),
      ...[line.chipHoursRequested, line.chipHoursGranted].map((hours) => (hours / MILLION).toFixed(1)),
      ...[line.shareRequested, line.shareGranted].map(percent),
      line.representation === null ? NOT_DEFINED : line.representation.toFixed(2),
    ]),
    notes: [
      'Mh: million chip-hours. Success: granted among decided.',
      'Ratio: share given over share asked; 1 is equal to demand.',
      `Position ${report.position}, method ${report.methodVersion}.`,
    ],
  };
}

export function capitalOverview(report: CapitalReport): TextTable {
  const totals = report.totals.map((line) => ({ ...line, fundName: '', trancheKind: 'all layers' }));
  const hasFunds = new Set(report.rows.map(({ fundId }) => fundId)).size > 1;
  return {
    title: 'Capital: whose money stands in which layer, in EUR million (amounts illustrative)',
    columns: [
      ...(hasFunds ? [left('fund')] : []),
      left('layer'),
      left('partner'),
      ...['pledged', 'committed', 'called', 'paid', 'distributed', 'unfunded'].map(right),
    ],
    rows: [...report.rows, ...totals]
      .filter(takesPart)
      .map((line) => [
        ...(hasFunds ? [shortened(line.fundName)] : []),
        line.trancheKind,
        line.partnerKind,
        millions(line.pledgedMinor),
        millions(line.committedMinor),
        millions(line.calledMinor),
        millions(line.paidMinor),
        millions(line.distributedMinor),
        millions(line.unfundedMinor),
      ]),
    notes: [
      'Committed: signed, plus amendments, less cancellations; what an amendment adds was never pledged.',
      `Position ${report.position}, method ${report.methodVersion}.`,
    ],
  };
}

/** With a longer name the table would not fit the terminal. */
const NAME_LENGTH_MAX = 18;
const shortened = (name: string): string =>
  name.length <= NAME_LENGTH_MAX ? name : `${name.slice(0, NAME_LENGTH_MAX - 1)}…`;

/** Most kinds of partner take part in some layers only, and the others are left out. */
const takesPart = ({ pledgedMinor, committedMinor }: { pledgedMinor: string; committedMinor: string }): boolean =>
  pledgedMinor !== '0' || committedMinor !== '0';

/** The format does not depend on the locale, so the text is the same on every machine. */
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
const percent = (value: number | null): string => (value === null ? NOT_DEFINED : `${(value * 100).toFixed(1)} %`);
const millions = (amountMinor: string): string => grouped(Math.round(Number(amountMinor) / MILLION_EURO_MINOR));
