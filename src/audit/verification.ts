import { ProvenWrong, type Finding, type Findings, type NotCheckable } from './audit-finding.js';
import { uncoveredTypes } from './rules/coverage.js';
import { uncheckedRefusals } from './rules/refusal-coverage.js';

/** A check by its name, and one sentence: what holds, or why it was not made. */
export interface CheckLine {
  readonly check: string;
  readonly what: string;
}

/** The result of a verification. `unchecked`: nothing is proven wrong, but a requested check could not be made. */
export interface Verification {
  readonly verdict: 'verified' | 'wrong' | 'unchecked';
  readonly source: string;
  readonly origin?: string;
  readonly size?: number;
  /** Base64, as in the checkpoint. */
  readonly root?: string;
  readonly verifierKey?: string;
  readonly keyFrom?: 'auditor' | 'source';
  /** Checks that were made without a finding. */
  readonly checked: readonly CheckLine[];
  /** What this verification does not check, with reasons. */
  readonly notChecked: readonly CheckLine[];
  /** Requested checks that could not be made. */
  readonly uncheckable: readonly (CheckLine & { readonly nextStep: string })[];
  /** The finding with the lowest position. */
  readonly finding?: Finding;
  /** Number of findings; later ones may follow from the first. */
  readonly findings: number;
  readonly entries: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly entriesPerSecond: number;
}

/** The result for a source that could not be opened. */
export function notOpened(source: string, error: ProvenWrong | NotCheckable): Verification {
  const nothing = { source, checked: [], notChecked: [], entries: 0, bytes: 0, seconds: 0, entriesPerSecond: 0 };
  if (error instanceof ProvenWrong) {
    return { ...nothing, verdict: 'wrong', uncheckable: [], finding: error.finding, findings: 1 };
  }
  const uncheckable = [{ check: 'source', what: error.message, nextStep: error.nextStep }];
  return { ...nothing, verdict: 'unchecked', uncheckable, findings: 0 };
}

/** What was checked so far, what was not, and what could not be. */
export class CheckLines {
  readonly checked: CheckLine[] = [];
  readonly notChecked: CheckLine[] = [];
  readonly uncheckable: (CheckLine & { nextStep: string })[] = [];

  constructor(private readonly findings: Findings) {}

  /** Notes what holds. */
  noteHeld(check: string, what: string): void {
    this.checked.push({ check, what });
  }

  /** Notes the statement, unless the check has a finding. */
  unlessFound(check: string, what: string): void {
    if (!this.findings.has(check)) this.noteHeld(check, what);
  }

  /** Notes what is not checked, and why. The verdict does not depend on it. */
  skip(check: string, what: string): void {
    this.notChecked.push({ check, what });
  }

  /** Notes a check that was asked for and could not be made. The verdict is then `unchecked`, unless something is wrong. */
  cannot(check: string, what: string, nextStep: string): void {
    this.uncheckable.push({ check, what, nextStep });
  }
}

/** What a log cannot show, and what only the decisions check. */
const NOT_IN_A_LOG: readonly CheckLine[] = [
  { check: 'sealed content', what: 'It is kept outside the log; the events only commit to it.' },
  {
    check: 'idempotency records',
    what: 'They are not in the log: whether a command was answered twice alike cannot be seen in it.',
  },
  { check: 'published reports', what: 'Run "audit replay": it makes each of them again from the events.' },
  { check: 'views', what: 'The rows that the API serves; "audit verify --database" compares them with the events.' },
  { check: 'fold states', what: 'Kept by the service to answer sooner, and made again from the events.' },
  { check: 'permissions', what: 'Who held which key and role: the log names actors, not their credentials.' },
  {
    check: 'clocks',
    what: 'Whether the clock of the ledger was right. The times of cosignatures are those of others.',
  },
  { check: 'the world', what: 'Whether what was recorded is true.' },
];

/** Event types that no rule reads, with the reasons that the coverage states. */
const UNCOVERED: readonly CheckLine[] = uncoveredTypes().map(([check, what]) => ({ check, what }));

/** What the decisions forbid and no check computes a second time, with the codes of the refusals. */
const REFUSALS_NOT_CHECKED: readonly CheckLine[] = uncheckedRefusals().map(([reason, codes]) => ({
  check: 'refusals',
  what: `${reason} (${codes.join(', ')})`,
}));

/**
 * What no verification of a log checks, with reasons.
 * @param besides the names of the checks of data beside the log that were made: each takes the place of its line
 */
export const neverChecked = (besides: ReadonlySet<string>): readonly CheckLine[] => [
  ...UNCOVERED,
  ...REFUSALS_NOT_CHECKED,
  ...NOT_IN_A_LOG.filter(({ check }) => !besides.has(check)),
];
