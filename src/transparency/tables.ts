import { minorUnitDigits } from '../platform/reference/currencies.js';
import type { CapacityReport } from './capacity-report.js';
import type { CapitalReport } from './capital-report.js';
import type { EqualAccessReport } from './equal-access-report.js';
import type { ReportHeader } from './report-header.js';
import type { Column, TextTable } from './text-table.js';

/** A line of a CSV file: flat, so that every value is a cell of its own. */
export type CsvRow = Readonly<Record<string, string | number | boolean | null>>;

/** Where every figure stands; a line that is cut out of its file still says it. */
const standing = ({ position, asOf, methodVersion, illustrative }: ReportHeader): CsvRow => ({
  position,
  asOf,
  methodVersion,
  illustrative,
});

/** One line per category, one for the total, one per country. */
export function equalAccessRows(report: EqualAccessReport): CsvRow[] {
  const lines = [
    ...report.categories.map((line) => ({ scope: 'category', ...line })),
    { scope: 'total', ...report.totals },
    ...report.countries.map((line) => ({ scope: 'country', ...line })),
  ];
  return lines.map((line) => {
    const { scope, successRateInterval, chipHoursRequestedBy, reasons, ...figures } = line;
    const { category = null, country = null, ...rest } = { category: null, country: null, ...figures };
    return {
      scope,
      category,
      country,
      ...rest,
      successRateLow: successRateInterval?.[0] ?? null,
      successRateHigh: successRateInterval?.[1] ?? null,
      chipHoursWithdrawn: chipHoursRequestedBy.withdrawn,
      chipHoursIneligible: chipHoursRequestedBy.ineligible,
      chipHoursPending: chipHoursRequestedBy.pending,
      chipHoursDenied: chipHoursRequestedBy.denied,
      chipHoursAccepted: chipHoursRequestedBy.granted,
      reasons: reasonsText(reasons),
      ...standing(report),
    };
  });
}

/** `field=reason` for every figure that has none, sorted. */
const reasonsText = (reasons: Readonly<Partial<Record<string, string>>>): string =>
  Object.entries(reasons)
    .map(([field, reason]) => `${field}=${reason}`)
    .sort()
    .join(' ');

/** One line per tranche and kind of partner. */
export const capitalRows = (report: CapitalReport): CsvRow[] =>
  report.rows.map((row) => ({ ...row, ...standing(report) }));

/** One line per facility and month; the split by chip model is in the JSON. */
export const capacityRows = (report: CapacityReport): CsvRow[] =>
  report.rows.map(({ chipModels: _models, ...row }) => ({ ...row, ...standing(report) }));

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

function notesOf(report: ReportHeader): string[] {
  const policies = report.policies.map(({ policy, version }) => `${policy} v${version}`);
  return [
    `Position ${report.position}, as of ${report.asOf ?? 'the beginning'}, method ${report.methodVersion}.`,
    ...(policies.length > 0 ? [`Policies: ${policies.join(', ')}.`] : []),
    ...(report.illustrative ? ['ILLUSTRATIVE: at least one record behind these figures is generated, not real.'] : []),
  ];
}

/** Equal access for a terminal: demand beside what was granted. */
export function equalAccessTable(report: EqualAccessReport): TextTable {
  const { gini, jain, theilBetween, theil, holders } = report.concentration;
  return {
    title: 'Equal access: what was granted versus demand, by category',
    columns: [
      left('category'),
      ...['requests', 'pending', 'granted', 'success', '95 % interval', 'requested ch', 'granted ch', 'share req.'].map(
        right,
      ),
      ...['share gr.', 'represent.', 'gap, points', 'median days', 'in time'].map(right),
    ],
    rows: [...report.categories, { category: 'total', ...report.totals }].map((line) => [
      line.category,
      whole(line.submitted),
      whole(line.pending),
      whole(line.granted),
      percent(line.successRate),
      line.successRateInterval ? line.successRateInterval.map((bound) => percent(bound)).join(' - ') : MISSING,
      whole(line.chipHoursRequested),
      whole(line.chipHoursGranted),
      percent(line.shareRequested),
      percent(line.shareGranted),
      decimal(line.representation, 2),
      decimal(line.shareGap === null ? null : line.shareGap * 100, 1),
      decimal(line.medianDecisionDays, 1),
      percent(line.decidedWithinLimit),
    ]),
    notes: [
      `Between ${holders} ultimate parents: Gini ${decimal(gini, 3)}, Jain ${decimal(jain, 3)}, ` +
        `Theil ${decimal(theil, 3)} (${decimal(theilBetween, 3)} of it between categories).`,
      ...notesOf(report),
    ],
  };
}

const MONEY = [
  'pledgedMinor',
  'committedMinor',
  'calledMinor',
  'paidMinor',
  'distributedMinor',
  'unfundedMinor',
] as const;
const MONEY_TITLES = ['pledged', 'signed', 'called', 'paid', 'distributed', 'unfunded'];

/** Partner kind by tranche by status for a terminal, in millions, with totals and ratios below. */
export function capitalTable(report: CapitalReport): TextTable {
  const total = report.totals.map(({ partnerKind, ...line }) => ({
    ...line,
    fundName: 'total',
    trancheKind: '',
    partnerKind,
  }));
  return {
    title: 'Capital: whose money stands in which layer, in millions',
    columns: [left('fund'), left('tranche'), left('partner kind'), left('currency'), ...MONEY_TITLES.map(right)],
    rows: [...report.rows, ...total].map((line) => [
      line.fundName,
      line.trancheKind,
      line.partnerKind,
      line.currency,
      ...MONEY.map((amount) => millions(line[amount], line.currency)),
    ]),
    notes: [
      ...report.ratios.map(
        ({ currency, base, privatePerPublic, mobilisedPerPublic, unionShareOfCapex }) =>
          `${currency} ${base}: ${decimal(privatePerPublic, 2)} private per public, ${decimal(mobilisedPerPublic, 2)} mobilised per public, ` +
          `Union share of CAPEX ${percent(unionShareOfCapex)}.`,
      ),
      ...notesOf(report),
    ],
  };
}

/** The layers of every fund for a terminal: losses eat their way up from the bottom. */
export const layersTable = (report: CapitalReport): TextTable => ({
  title: 'Layers: the first loss is at the bottom; in millions',
  columns: [
    left('fund'),
    left('layer'),
    ...['from', 'to', 'cap', 'signed', 'union', 'member states', 'public banks', 'private'].map(right),
  ],
  rows: report.funds.flatMap(({ name, currency, layers }) =>
    layers.map((layer) => [
      name,
      layer.kind,
      percent(layer.attachmentPoint),
      percent(layer.detachmentPoint),
      millions(layer.capMinor, currency),
      millions(layer.committedMinor, currency),
      millions(layer.committedByPartnerKind.union, currency),
      millions(layer.committedByPartnerKind['member-state'], currency),
      millions(layer.committedByPartnerKind['public-bank'], currency),
      millions(layer.committedByPartnerKind.private, currency),
    ]),
  ),
  notes: notesOf(report),
});

/** Capacity for a terminal: all facilities by month. */
export const capacityTable = (report: CapacityReport): TextTable => ({
  title: 'Capacity: chip-hours by month, all facilities',
  columns: [left('month'), ...['installed', 'outage', 'allocated', 'used', 'free'].map(right)],
  rows: report.totals.map((line) => [
    line.month,
    whole(line.installedChipHours),
    whole(line.outageChipHours),
    whole(line.allocatedChipHours),
    whole(line.usedChipHours),
    whole(line.freeChipHours),
  ]),
  notes: notesOf(report),
});

/** Not defined: the reason is in the JSON. */
const MISSING = '-';

/** By hand and not by locale: the same text on every machine. */
const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');
const whole = (value: number): string => (value < 0 ? `-${grouped(String(-value))}` : grouped(String(value)));
const decimal = (value: number | null, digits: number): string => (value === null ? MISSING : value.toFixed(digits));
const percent = (value: number | null): string => (value === null ? MISSING : `${(value * 100).toFixed(1)} %`);

/** Millions of the major unit with one digit, rounded half away from zero. */
function millions(amountMinor: string, currency: string): string {
  const amount = BigInt(amountMinor);
  // One tenth of a million of the major unit, in minor units.
  const unit = 10n ** BigInt(minorUnitDigits(currency) + 5);
  const tenths = ((amount < 0n ? -amount : amount) * 2n + unit) / (2n * unit);
  const text = `${grouped((tenths / 10n).toString())}.${tenths % 10n}`;
  return amount < 0n && tenths > 0n ? `-${text}` : text;
}
