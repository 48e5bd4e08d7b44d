import type { Finding } from './audit-finding.js';
import { NotCheckable, UsageError } from './audit-finding.js';
import type { Replay, ReplayedReport } from './audit-replay.js';
import { METHODS, type MethodRegistry } from '../transparency/methods.js';
import type { ReportMethod } from '../transparency/report-method.js';
import { addressOf, getBytes } from './audit-source-url.js';

/** A report, and whether the service publishes the same bytes. */
export interface ComparedReport extends ReplayedReport {
  readonly url: string;
  readonly isSame: boolean;
}

/**
 * A service makes its reports by the current method only: those of an older one would always differ.
 * @throws UsageError
 */
export function requireComparable({ version }: ReportMethod, { current }: MethodRegistry = METHODS): void {
  if (version === current.version) return;
  throw new UsageError(
    `A service makes its reports by method ${current.version}, so that those of method ${version} cannot be compared with them. ` +
      'Leave out --method or --compare; published reports are compared by the methods that they name.',
  );
}

/** Characters of the excerpt around the first difference of two texts. */
const EXCERPT = 60;

/**
 * Compares replayed reports byte for byte with the reports of a service: those as of the same position, and the published
 * ones. Differences are added to the findings of the replay.
 * @throws NotCheckable when the service does not answer
 */
export async function compare(replayed: Replay, service: string): Promise<readonly ComparedReport[]> {
  const address = `${addressOf(service).replace(/log\/$/, '')}v1/transparency/`;
  const compared: ComparedReport[] = [];
  for (const report of [...replayed.reports, ...replayed.published]) {
    const { id, kind, position } = report;
    const url = address + (id === undefined ? `${kind}?asOfPosition=${position}` : `reports/${id}`);
    const answer = await getBytes(url);
    if (!answer.found) throw new NotCheckable(`${url} publishes no report.`, 'Give the address of the service.');
    const isSame = Buffer.from(report.text).equals(answer.bytes);
    if (!isSame) replayed.findings.add(differenceOf(url, report, Buffer.from(answer.bytes).toString('utf8')));
    compared.push({ ...report, url, isSame });
  }
  return compared;
}

function differenceOf(artefact: string, { position, text: expected }: ReplayedReport, found: string): Finding {
  let at = 0;
  while (at < expected.length && expected[at] === found[at]) at += 1;
  const from = Math.max(0, at - EXCERPT / 2);
  return {
    check: 'reports',
    artefact,
    position,
    message: `The published report is not what the events give; it differs from character ${at} on.`,
    expected: expected.slice(from, from + EXCERPT),
    found: found.slice(from, from + EXCERPT),
    nextStep:
      'Compare methodVersion first: another version of the program computes by another method. If it is the same, keep both and ask ' +
      'the operator.',
  };
}
