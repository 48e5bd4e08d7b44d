import type { Finding } from './audit-finding.js';
import { NotCheckable, UsageError } from './audit-finding.js';
import type { Replay } from './audit-replay.js';
import type { ReplayedReport } from './replay-folding.js';
import { METHODS, type MethodRegistry } from '../transparency/methods.js';
import type { ReportMethod } from '../transparency/report-method.js';
import { addressOf } from './audit-source-url.js';
import { HttpReader } from './http-reader.js';

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
 * @throws NotCheckable when the service does not answer with a whole report of the same method
 */
export async function compare(replayed: Replay, service: string): Promise<readonly ComparedReport[]> {
  const address = `${addressOf(service).replace(/log\/$/, '')}v1/transparency/`;
  const http = new HttpReader();
  const compared: ComparedReport[] = [];
  for (const report of [...replayed.reports, ...replayed.published]) {
    const { id, kind, position } = report;
    const url = address + (id === undefined ? `${kind}?asOfPosition=${position}` : `reports/${id}`);
    const answer = await http.get(url);
    if (!answer.found) throw new NotCheckable(`${url} publishes no report.`, 'Give the address of the service.');
    const isSame = Buffer.from(report.text).equals(answer.bytes);
    if (!isSame) {
      const found = Buffer.from(answer.bytes).toString('utf8');
      requireReport(url, found, report);
      replayed.findings.add(differenceOf(url, report, found));
    }
    compared.push({ ...report, url, isSame });
  }
  return compared;
}

/** An answer that was cut off, the page of a proxy, and a report of another method differ, and prove nothing. */
function requireReport(url: string, text: string, { methodVersion }: ReplayedReport): void {
  const found = methodOf(text);
  if (found === undefined)
    throw new NotCheckable(
      `${url} did not answer with a whole report.`,
      'Give the address of the service, or try again.',
    );
  if (found === methodVersion) return;
  throw new NotCheckable(
    `${url} makes its report by method ${found}, this program by ${methodVersion}: they cannot be compared.`,
    'Use the version of this program that the service runs.',
  );
}

function methodOf(text: string): string | undefined {
  try {
    const { methodVersion } = JSON.parse(text) as { readonly methodVersion?: unknown };
    return typeof methodVersion === 'string' ? methodVersion : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
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
    nextStep: 'Keep both, and ask the operator. Run "audit verify" first if you have not.',
  };
}
