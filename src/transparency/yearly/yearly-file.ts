import { toCsv } from '../../http/answer/csv.js';
import { canonicalize } from '../../ledger/canonical.js';
import type { PoolOwner } from '../../compute/pool-events.js';
import type { Category } from '../../partners/partner.js';
import { positionsText, type PositionRange } from './positions.js';

/**
 * Version of the counting rules and of the form of the file. Only files of the same version can be compared. 2.0 splits by pools, and
 * shows what was withdrawn, ineligible, denied and revoked; what 1.1 called `grantsDecided` is `requestsGranted`.
 */
export const YEARLY_METHOD_VERSION = '2.0';

/**
 * Whether the year had begun, and was over, when the last event was recorded. The history alone decides it, so that the same
 * history makes the same file on any day. Only in the file of a year that is over, later events change nothing but late reports.
 */
export type YearState = 'not-begun' | 'running' | 'over';

interface FigureMeaning {
  readonly unit: 'requests' | 'grants' | 'chip-hours';
  readonly meaning: string;
}

/** Every figure of the file, with its meaning. Chip-hours are exact sums that are rounded half up once. */
export const YEARLY_FIGURES = {
  requestsSubmitted: { unit: 'requests', meaning: 'Requests for access that were submitted in the year.' },
  chipHoursRequested: { unit: 'chip-hours', meaning: 'What these requests asked for.' },
  requestsWithdrawn: { unit: 'requests', meaning: 'Requests that were withdrawn in the year.' },
  requestsIneligible: { unit: 'requests', meaning: 'Requests that were found not eligible in the year.' },
  requestsDenied: { unit: 'requests', meaning: 'Requests that were denied in the year.' },
  requestsGranted: { unit: 'requests', meaning: 'Requests that were granted in the year.' },
  chipHoursGranted: { unit: 'chip-hours', meaning: 'What these grants hold, for whatever time they are valid.' },
  chipHoursGrantedFree: { unit: 'chip-hours', meaning: 'Of it, granted free of charge (Art. 12b(15)(b)).' },
  grantsRevoked: { unit: 'grants', meaning: 'Grants that were revoked in the year.' },
  chipHoursRevoked: { unit: 'chip-hours', meaning: 'What these grants had held, whatever was used of it.' },
  chipHoursAllocated: {
    unit: 'chip-hours',
    meaning: 'Chips by the time within the year for which they were allocated; what was released is taken off.',
  },
  chipHoursUsed: {
    unit: 'chip-hours',
    meaning: 'Reported use. Where a report reaches beyond the year, the part of its time that lies within it.',
  },
  chipHoursUsedFlagged: { unit: 'chip-hours', meaning: 'Of it, beyond or outside the allocation.' },
} as const satisfies Record<string, FigureMeaning>;
export type YearlyFigureName = keyof typeof YEARLY_FIGURES;
export const YEARLY_FIGURE_NAMES = Object.keys(YEARLY_FIGURES) as YearlyFigureName[];

/** A figure, and the positions of all events that it is the sum of, in order. */
export interface YearlyFigure {
  readonly value: number;
  readonly positions: readonly PositionRange[];
}

/** A group of users. A null member stands for all values: the group is not split by it. */
export interface YearlyGroup {
  readonly facilityId: string | null;
  readonly facilityName: string | null;
  /** Whose hours they are. `none`: what has no pool, such as a request before its grant. */
  readonly poolOwner: PoolOwner | 'none' | null;
  readonly poolId: string | null;
  readonly category: Category | null;
  /** ISO 3166-1 alpha-2, where the users are established. */
  readonly country: string | null;
}
export type YearlyRow = YearlyGroup & { readonly figures: Readonly<Record<YearlyFigureName, YearlyFigure>> };

/** The data on the use of access time in one year: Art. 12b(17)(l) of Regulation (EU) 2021/1173. */
export interface YearlyFile {
  readonly year: number;
  /** The facility that the file is narrowed to; null for all of them. */
  readonly facilityId: string | null;
  readonly yearState: YearState;
  readonly methodVersion: string;
  /** The last event that the file reflects. A later report of use makes another file, with a later position. */
  readonly position: number;
  readonly treeSize: number;
  /** Merkle root over these events, base64 as in a checkpoint. */
  readonly root: string;
  /** When the event at the position was recorded; null for an empty ledger. */
  readonly asOf: string | null;
  readonly scope: string;
  readonly illustrative: boolean;
  readonly definitions: typeof YEARLY_FIGURES;
  /** Rows by facility, pool, category and country: only groups in which something happened in the year. */
  readonly rows: readonly YearlyRow[];
  readonly byFacility: readonly YearlyRow[];
  /** One row a pool of a facility. */
  readonly byPool: readonly YearlyRow[];
  /** The access time of the Union, of all its pools: the data that Art. 12b(17)(l) asks for, by category of user and as a whole. */
  readonly unionTime: readonly YearlyRow[];
  readonly byCategory: readonly YearlyRow[];
  readonly byCountry: readonly YearlyRow[];
  readonly total: YearlyRow;
}

/** The file as canonical JSON (RFC 8785): the same history makes the same bytes. */
export const yearlyJson = (file: YearlyFile): string => `${canonicalize(file)}\n`;

/** The file as CSV (RFC 4180): one line a figure, so that each figure has its own positions beside it. */
export function yearlyCsv(file: YearlyFile): string {
  const { year, yearState, position, root, asOf, methodVersion, illustrative } = file;
  const levels = [
    ['facility-pool-category-country', file.rows],
    ['facility', file.byFacility],
    ['pool', file.byPool],
    ['union', file.unionTime],
    ['category', file.byCategory],
    ['country', file.byCountry],
    ['total', [file.total]],
  ] as const;
  const lines = levels.flatMap(([level, rows]) =>
    rows.flatMap(({ figures, ...group }) =>
      YEARLY_FIGURE_NAMES.map((figure) => ({
        year,
        level,
        ...group,
        figure,
        unit: YEARLY_FIGURES[figure].unit,
        value: figures[figure].value,
        positions: positionsText(figures[figure].positions),
        asOfPosition: position,
        asOf,
        root,
        methodVersion,
        illustrative,
        yearState,
      })),
    ),
  );
  return toCsv(lines);
}
