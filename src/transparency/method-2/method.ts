import { bound, reportText, type Bound } from '../method-1/report-header.js';
import type { CsvRow, ReportMethod, ReportRequest } from '../report-method.js';
import { isInScope, scopeOf } from './access-scope.js';
import { capacityReport, type CapacityReport } from './capacity-report.js';
import { capitalReport, type CapitalReport } from './capital-report.js';
import { capacityRows, capitalRows, equalAccessRows } from './csv-rows.js';
import { equalAccessReport, type EqualAccessReport } from './equal-access-report.js';
import {
  METHOD_VERSION,
  STATE_VERSION,
  entryCount,
  fold,
  foldEffective,
  initialFoldState,
  restore,
  serialisedParts,
  type FoldState,
} from './fold.js';
import type { Since } from './period.js';
import type { ReportHeader } from './report-header.js';

/**
 * Version 2.0 of the method. It differs from 1.0 in these points; `src/audit/README.md` describes them for readers of reports.
 * - Equal access is of the Union's time where there are access pools, of everybody's, or of one state's; it says its scope.
 * - A report may be of a period: the difference of two states.
 * - Demand has three bases. Figures of revoked grants, of pending requests past their limit and of late recordings stand apart.
 * - Money of regions and of bodies governed by public law is public, also in events that called it private.
 * - In a state of effective time money counts from its own date on.
 *
 * It is frozen like 1.0, see `method-1/method.ts`. While it is the current method, a new event type that no figure counts may get its
 * case in `fold.ts`.
 */
export const METHOD_2: ReportMethod<FoldState> = {
  version: METHOD_VERSION,
  stateVersion: STATE_VERSION,
  hasPeriods: true,
  initial: initialFoldState,
  fold,
  foldEffective,
  entryCount,
  serialisedParts,
  restore,
  text: (state, root, request, begin) => reportText(bound(reportOf(state, request, begin), root)),
  rows: (state, root, request, begin) => rowsOf(request.kind, bound(reportOf(state, request, begin), root)),
  rowsOfText: (text, kind) => rowsOf(kind, JSON.parse(text) as Bound<ReportHeader>),
  isEmpty(state, request) {
    switch (request.kind) {
      case 'equal-access': {
        const scope = scopeOf(state, request);
        return ![...state.equalAccess.cells.values()].some((cell) => isInScope(cell, request, scope));
      }
      case 'capital':
        return state.capital.cells.size === 0;
      case 'capacity':
        return ![...state.capacity.facilities].some(
          ([id, { chipModels, used }]) => (request.facilityId ?? id) === id && (chipModels.size > 0 || used.size > 0),
        );
    }
  },
};

function reportOf(state: FoldState, request: ReportRequest, begin?: Since): ReportHeader {
  switch (request.kind) {
    case 'equal-access':
      return equalAccessReport(state, request, begin);
    case 'capital':
      return capitalReport(state, begin);
    case 'capacity':
      return capacityReport(state, request.facilityId, begin?.period);
  }
}

/** @param report of the kind; the compiler cannot see it, because a report that was read from its bytes has no type. */
function rowsOf(kind: ReportRequest['kind'], report: Bound<ReportHeader>): CsvRow[] {
  const { treeSize, root } = report;
  return linesOf(kind, report).map((row) => ({ ...row, treeSize, root }));
}

function linesOf(kind: ReportRequest['kind'], report: ReportHeader): CsvRow[] {
  switch (kind) {
    case 'equal-access':
      return equalAccessRows(report as EqualAccessReport);
    case 'capital':
      return capitalRows(report as CapitalReport);
    case 'capacity':
      return capacityRows(report as CapacityReport);
  }
}
