import { readArguments } from './arguments.js';
import { readingProgress, withLog } from './audit-source-call.js';
import { findingLines, replayText, unknownMethodsText } from './audit-text.js';
import type { Streams } from './command.js';
import { EXIT_DONE, EXIT_UNCHECKED, EXIT_WRONG } from './exit-codes.js';
import { shownOn } from './visible-text.js';
import { AGGREGATES } from '../aggregates.js';
import { compare, requireComparable } from '../audit/audit-compare.js';
import { UsageError } from '../audit/audit-finding.js';
import { replay, type ReplayPoint } from '../audit/audit-replay.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';
import { METHODS } from '../transparency/methods.js';
import { REPORT_KINDS, type ReportKind } from '../transparency/events/publication.js';
import type { ReportMethod } from '../transparency/report-method.js';

const OPTIONS = {
  ...TRUST_OPTIONS,
  at: { type: 'string' },
  compare: { type: 'string' },
  report: { type: 'string' },
  method: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** `ppp-ledger audit replay SOURCE`. */
export async function runReplay(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS, ['one SOURCE']);
  const [name = ''] = positionals;
  const kind = reportKind(values.report);
  const point = pointOf(values.at);
  const method = methodOf(values.method);
  if (values.compare !== undefined) requireComparable(method);
  return withLog(name, await readTrust(values), streams, async (log) => {
    const replayed = await replay(log, point, { aggregates: AGGREGATES, method, progress: readingProgress(streams) });
    const compared = values.compare === undefined ? undefined : await compare(replayed, values.compare);
    if (kind !== undefined) {
      const text = replayed.reports.find((report) => report.kind === kind)?.text ?? '';
      streams.out.write(shownOn(streams.out, text));
    } else streams.out.write(replayText(replayed, compared, values.json === true));
    const { first, count } = replayed.findings;
    if (first !== undefined) {
      streams.err.write(`${findingLines(first, count).join('\n')}\n`);
      return EXIT_WRONG;
    }
    if (replayed.unknownMethods.length === 0) return EXIT_DONE;
    streams.err.write(`ppp-ledger: ${unknownMethodsText(replayed.unknownMethods)}\n`);
    return EXIT_UNCHECKED;
  });
}

function reportKind(value: string | undefined): ReportKind | undefined {
  if (value === undefined) return undefined;
  const kind = REPORT_KINDS.find((known) => known === value);
  if (kind === undefined) throw new UsageError(`--report is one of ${REPORT_KINDS.join(', ')}.`);
  return kind;
}

function methodOf(value: string | undefined): ReportMethod {
  const method = value === undefined ? METHODS.current : METHODS.of(value);
  if (method !== undefined) return method;
  throw new UsageError(`--method is one of ${METHODS.methods.map(({ version }) => version).join(', ')}.`);
}

function pointOf(value: string | undefined): ReplayPoint {
  if (value === undefined) return {};
  if (/^(0|[1-9][0-9]{0,14})$/.test(value)) return { position: Number(value) };
  const instantMs = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(instantMs))
    throw new UsageError('--at is a position, or an instant such as 2026-12-31T12:00:00Z, or a date.');
  return { instantMs };
}
