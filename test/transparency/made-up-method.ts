import { canonicalize } from '../../src/ledger/canonical.js';
import type { RecordedEvent } from '../../src/ledger/event.js';
import { fold, foldEffective, initialFoldState, type FoldState } from '../../src/transparency/method-1/fold.js';
import { METHOD_1 } from '../../src/transparency/method-1/method.js';
import { MethodRegistry } from '../../src/transparency/methods.js';
import type { ReportMethod } from '../../src/transparency/report-method.js';
import { parseStateText, stateParts } from '../../src/transparency/state-text.js';

/** The state of method 1.0, and one more member. */
interface NextState extends FoldState {
  /** Requests submitted, by date of recording. */
  readonly requestsByDate: Map<string, number>;
}

/** A made-up version 1.1: its report on equal access has one figure more, for which its state holds more. */
const METHOD_1_1: ReportMethod<NextState> = {
  version: '1.1',
  stateVersion: 1,
  hasPeriods: false,
  initial: () => ({ ...initialFoldState(), requestsByDate: new Map() }),
  fold(state, event) {
    fold(state, event);
    return countRequest(state, event);
  },
  foldEffective(state, event) {
    foldEffective(state, event);
    return countRequest(state, event);
  },
  entryCount: (state) => METHOD_1.entryCount(state) + state.requestsByDate.size,
  serialisedParts: (state) => stateParts(state),
  restore: (text) => parseStateText(text) as NextState,
  text(state, root, request) {
    const report = JSON.parse(METHOD_1.text(state, root, request)) as object;
    const further = request.kind === 'equal-access' ? { daysWithRequests: state.requestsByDate.size } : {};
    return canonicalize({ ...report, ...further, methodVersion: '1.1' });
  },
  rows: (state, root, request) => METHOD_1.rows(state, root, request).map((row) => ({ ...row, methodVersion: '1.1' })),
  rowsOfText: (text, kind) => METHOD_1.rowsOfText(text, kind),
  isEmpty: (state, request) => METHOD_1.isEmpty(state, request),
};

function countRequest(state: NextState, { type, recordedAt }: RecordedEvent): NextState {
  const date = recordedAt.slice(0, 10);
  if (type === 'access-request-submitted') {
    state.requestsByDate.set(date, (state.requestsByDate.get(date) ?? 0) + 1);
  }
  return state;
}

/** The methods of a program that publishes by 1.1. */
export const NEXT_METHODS = new MethodRegistry([METHOD_1, METHOD_1_1]);
