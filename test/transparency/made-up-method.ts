import { canonicalize } from '../../src/ledger/canonical.js';
import type { RecordedEvent } from '../../src/ledger/event.js';
import { fold, foldEffective, initialFoldState, type FoldState } from '../../src/transparency/method-2/fold.js';
import { METHOD_1 } from '../../src/transparency/method-1/method.js';
import { METHOD_2 } from '../../src/transparency/method-2/method.js';
import { MethodRegistry } from '../../src/transparency/methods.js';
import type { ReportMethod } from '../../src/transparency/report-method.js';
import { parseStateText, stateParts } from '../../src/transparency/state-text.js';

/** The state of method 2.0, and one more member. */
interface NextState extends FoldState {
  /** Requests submitted, by date of recording. */
  readonly requestsByDate: Map<string, number>;
}

/** A made-up version 9.1: its report on equal access has one figure more, for which its state holds more. */
const METHOD_9_1: ReportMethod<NextState> = {
  version: '9.1',
  stateVersion: 1,
  hasPeriods: true,
  initial: () => ({ ...initialFoldState(), requestsByDate: new Map() }),
  fold(state, event) {
    fold(state, event);
    return countRequest(state, event);
  },
  foldEffective(state, event) {
    foldEffective(state, event);
    return countRequest(state, event);
  },
  entryCount: (state) => METHOD_2.entryCount(state) + state.requestsByDate.size,
  serialisedParts: (state) => stateParts(state),
  restore: (text) => parseStateText(text) as NextState,
  text(state, root, request, begin) {
    const report = JSON.parse(METHOD_2.text(state, root, request, begin)) as object;
    const further = request.kind === 'equal-access' ? { daysWithRequests: state.requestsByDate.size } : {};
    return canonicalize({ ...report, ...further, methodVersion: '9.1' });
  },
  rows: (state, root, request, begin) =>
    METHOD_2.rows(state, root, request, begin).map((row) => ({ ...row, methodVersion: '9.1' })),
  rowsOfText: (text, kind) => METHOD_2.rowsOfText(text, kind),
  isEmpty: (state, request) => METHOD_2.isEmpty(state, request),
};

function countRequest(state: NextState, { type, recordedAt }: RecordedEvent): NextState {
  const date = recordedAt.slice(0, 10);
  if (type === 'access-request-submitted') {
    state.requestsByDate.set(date, (state.requestsByDate.get(date) ?? 0) + 1);
  }
  return state;
}

/** The methods of a program that publishes by 9.1. */
export const NEXT_METHODS = new MethodRegistry([METHOD_1, METHOD_2, METHOD_9_1]);
