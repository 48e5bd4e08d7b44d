import type { CsvRow, ReportMethod, ReportRequest } from '../report-method.js';
import { capacityReport, type CapacityReport } from './capacity-report.js';
import { capitalReport, type CapitalReport } from './capital-report.js';
import { capacityRows, capitalRows, equalAccessRows } from './csv-rows.js';
import { equalAccessReport, matches, type EqualAccessReport } from './equal-access-report.js';
import {
  METHOD_VERSION,
  STATE_VERSION,
  fold,
  foldEffective,
  initialFoldState,
  restore,
  serialisedParts,
  type FoldState,
} from './fold.js';
import { bound, reportText, type Bound, type ReportHeader } from './report-header.js';

/**
 * Version 1.0 of the method. It is frozen: reports were published by it, and their bytes must be made again from the events for ever.
 *
 * `test/transparency/corpus/1.0` holds a history and the bytes and hashes of its reports and states. `npm test` makes them again. Code
 * in this folder, and code outside of it that it uses, may be changed in every way that keeps these bytes: names, types, speed,
 * comments.
 *
 * A figure that changes, a new figure, or another form of the report or the CSV needs a new version:
 * 1. Make a folder `method-…` beside this one. Copy the files that differ; import the files that do not differ from here. A value of
 *    the domain that changes (kinds of partners, limits of modes, holidays) is copied into this folder before it changes outside of it.
 * 2. Close the events of the method before it, as `method-events.ts` does here: later event types then do not touch its folder.
 * 3. Add the method at the end of `METHODS`; the DTOs describe the current method.
 * 4. Freeze it with `test/transparency/freeze.ts`.
 */
export const METHOD_1: ReportMethod<FoldState> = {
  version: METHOD_VERSION,
  stateVersion: STATE_VERSION,
  hasPeriods: false,
  initial: initialFoldState,
  fold,
  foldEffective,
  entryCount: ({ partners, equalAccess: { cells, holders } }) => partners.size + cells.size + holders.size,
  serialisedParts,
  restore,
  text: (state, root, request) => reportText(bound(reportOf(state, request), root)),
  rows: (state, root, request) => rowsOf(request.kind, bound(reportOf(state, request), root)),
  rowsOfText: (text, kind) => rowsOf(kind, JSON.parse(text) as Bound),
  isEmpty(state, request) {
    switch (request.kind) {
      case 'equal-access':
        return ![...state.equalAccess.cells.values()].some((cell) => matches(cell, request));
      case 'capital':
        return state.capital.cells.size === 0;
      case 'capacity':
        return ![...state.capacity.facilities].some(
          ([id, { chipModels, used }]) => (request.facilityId ?? id) === id && (chipModels.size > 0 || used.size > 0),
        );
    }
  },
};

function reportOf(state: FoldState, request: ReportRequest): ReportHeader {
  switch (request.kind) {
    case 'equal-access':
      return equalAccessReport(state, request);
    case 'capital':
      return capitalReport(state);
    case 'capacity':
      return capacityReport(state, request.facilityId);
  }
}

/** @param report of the kind; the compiler cannot see it, because a report that was read from its bytes has no type. */
function rowsOf(kind: ReportRequest['kind'], report: Bound): CsvRow[] {
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
