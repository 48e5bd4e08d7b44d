import type { FigurePeriod } from '../report-method.js';
import { asOfInstant, policyInForce } from '../method-1/fold.js';
import type { PolicyLine, ReportHeader as HeaderIn1 } from '../method-1/report-header.js';
import { METHOD_VERSION, type FoldState } from './fold.js';

/** Members of every report. */
export interface ReportHeader extends HeaderIn1 {
  /** Null: the figures are sums from the first event on. */
  readonly period: FigurePeriod | null;
}

/** No figure and no decision reads these policies: they explain nothing beside a figure. */
const READ_BY_NOTHING: ReadonlySet<string> = new Set(['scale-up-definition']);

export function headerOf(state: FoldState, illustrative: boolean, period: FigurePeriod | null): ReportHeader {
  const { position, recordedAt, effectiveAt, policies } = state;
  return {
    position,
    asOf: recordedAt,
    effectiveAt,
    methodVersion: METHOD_VERSION,
    illustrative,
    period,
    policies: [...policies.keys()]
      .filter((name) => !READ_BY_NOTHING.has(name))
      .sort()
      .flatMap((policy): PolicyLine[] => {
        const adopted = policyInForce(state, policy);
        if (!adopted) return [];
        const { version, effectiveFrom, value } = adopted;
        return [{ policy, version, effectiveFrom, value }];
      }),
  };
}

/** Date (UTC) for which a state is read: for waiting times. Null before the first event. */
export const asOfDate = (state: FoldState): string | null => asOfInstant(state)?.slice(0, 'YYYY-MM-DD'.length) ?? null;
