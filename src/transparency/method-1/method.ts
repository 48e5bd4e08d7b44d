import type { CsvRow, ReportMethod, ReportRequest } from '../report-method.js';
import { capacityReport } from './capacity-report.js';
import { capitalReport } from './capital-report.js';
import { capacityRows, capitalRows, equalAccessRows } from './csv-rows.js';
import { equalAccessReport } from './equal-access-report.js';
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
import { bound, reportText, type ReportHeader } from './report-header.js';

/**
 * Version 1.0 of the method. It is frozen: reports were published by it, and their bytes must be made again from the events for ever.
 *
 * `test/transparency/corpus/1.0` holds a history and the bytes and hashes of its reports and states. `npm test` makes them again. Code
 * in this folder, and code outside of it that it uses, may be changed in every way that keeps these bytes: names, types, speed,
 * comments. While 1.0 is the current method, a new event type that no figure counts may get its case in `fold.ts`.
 *
 * A figure that changes, a new figure, or another form of the report or the CSV needs a new version:
 * 1. Make a folder `method-…` beside this one. Copy the files that differ; import the files that do not differ from here. A value of
 *    the domain that changes (kinds of partners, limits of modes, holidays) is copied into this folder before it changes outside of it.
 * 2. In `fold.ts` here, replace `LedgerEvent` by the events that 1.0 knows, so that later event types do not touch this folder.
 * 3. Add the method at the end of `METHODS`; the DTOs describe the current method.
 * 4. Freeze it with `test/transparency/freeze.ts`.
 */
export const METHOD_1: ReportMethod<FoldState> = {
  version: METHOD_VERSION,
  stateVersion: STATE_VERSION,
  initial: initialFoldState,
  fold,
  foldEffective,
  entryCount: ({ partners, equalAccess: { cells, holders } }) => partners.size + cells.size + holders.size,
  serialisedParts,
  restore,
  text: (state, root, request) => reportText(bound(reportOf(state, request).report, root)),
  rows(state, root, request) {
    const { report, rows } = reportOf(state, request);
    const { treeSize, root: rootText } = bound(report, root);
    return rows().map((row) => ({ ...row, treeSize, root: rootText }));
  },
};

function reportOf(
  state: FoldState,
  request: ReportRequest,
): { readonly report: ReportHeader; readonly rows: () => CsvRow[] } {
  switch (request.kind) {
    case 'equal-access': {
      const report = equalAccessReport(state, request);
      return { report, rows: () => equalAccessRows(report) };
    }
    case 'capital': {
      const report = capitalReport(state);
      return { report, rows: () => capitalRows(report) };
    }
    case 'capacity': {
      const report = capacityReport(state, request.facilityId);
      return { report, rows: () => capacityRows(report) };
    }
  }
}
