import { canonicalize } from '../../ledger/canonical.js';
import type { PolicyName } from '../../governance/policy-values.js';
import type { PolicyVersion } from '../../governance/policy.js';
import { METHOD_VERSION, policyInForce, type FoldState } from './fold.js';

/** A policy that was in force at the instant of a report, so that every figure can be read with the rules of its day. */
export interface PolicyLine {
  readonly policy: PolicyName;
  readonly version: number;
  readonly effectiveFrom: string;
  readonly value: PolicyVersion['value'];
}

/** Members of every report. */
export interface ReportHeader {
  readonly position: number;
  /** When the event at that position was recorded; null for an empty ledger. */
  readonly asOf: string | null;
  /** Events that took effect later are left out, and the report is read as of this instant; null when nothing is left out. */
  readonly effectiveAt: string | null;
  readonly methodVersion: string;
  /** True when any record that contributes is marked illustrative. */
  readonly illustrative: boolean;
  readonly policies: readonly PolicyLine[];
}

export const headerOf = (state: FoldState, illustrative: boolean): ReportHeader => ({
  position: state.position,
  asOf: state.recordedAt,
  effectiveAt: state.effectiveAt,
  methodVersion: METHOD_VERSION,
  illustrative,
  policies: [...state.policies.keys()].sort().flatMap((policy) => {
    const adopted = policyInForce(state, policy);
    if (!adopted) return [];
    const { version, effectiveFrom, value } = adopted;
    return [{ policy, version, effectiveFrom, value }];
  }),
});

/** The history that a report was made from, as a transparency log knows it. */
export interface Binding {
  /** Number of events that the history had: the position of the report. */
  readonly treeSize: number;
  /** Merkle root over exactly these events (RFC 9162), base64 as in a checkpoint: the figures are of this history and of no other. */
  readonly root: string;
}
export type Bound<Report extends ReportHeader = ReportHeader> = Report & Binding;

/** Binds a report to the history up to its position; `root` is that of the tree with as many leaves. */
export const bound = <Report extends ReportHeader>(report: Report, root: Uint8Array): Bound<Report> => ({
  ...report,
  treeSize: report.position,
  root: Buffer.from(root).toString('base64'),
});

/** The bytes of a report: canonical JSON (RFC 8785), so that the same report is the same text everywhere. */
export const reportText = (report: Bound): string => canonicalize(report);
