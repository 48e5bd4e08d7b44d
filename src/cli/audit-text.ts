import { visible, visibleJson } from './visible-text.js';
import type { ComparedReport } from '../audit/audit-compare.js';
import type { Explanation } from '../audit/audit-explain.js';
import { withNames } from '../audit/explain-names.js';
import type { Finding } from '../audit/audit-finding.js';
import type { Replay } from '../audit/audit-replay.js';
import type { ReplayedReport } from '../audit/replay-folding.js';
import type { CheckLine, Verification } from '../audit/verification.js';

/** Length of the longest name, an event type. */
const NAME_WIDTH = 25;

/**
 * The report of a verification as text: the checks that were made, the checks that were not, and the verdict at the
 * end.
 */
export function verificationText(verification: Verification): string {
  const { origin, size, root, checked, notChecked, uncheckable, finding } = verification;
  const head = origin === undefined ? [] : [`Log      ${visible(origin)}`, `Size     ${size}`, `Root     ${root}`, ''];
  return [
    ...head,
    'Checked, and holds:',
    ...linesOf(checked),
    ...(uncheckable.length > 0 ? ['', 'Could not be checked:', ...linesOf(uncheckable)] : []),
    ...uncheckable.map(({ nextStep }) => `  Next: ${visible(nextStep)}`),
    '',
    'Not part of this check:',
    ...linesOf(notChecked),
    ...(finding ? ['', ...findingLines(finding, verification.findings)] : []),
    '',
    verdictOf(verification),
    '',
  ].join('\n');
}

/** The first finding, line by line. */
export function findingLines(finding: Finding, count = 1): string[] {
  const { check, message, artefact, position, stream, type, expected, found, nextStep } = finding;
  const lines: readonly (readonly [string, string | number | undefined])[] = [
    ['check', check],
    ['artefact', artefact],
    ['position', position],
    ['stream', stream],
    ['type', type],
    ['expected', expected],
    ['found', found],
    ['next step', nextStep],
  ];
  const more = count > 1 ? ` It is the first of ${count}; later ones may follow from it.` : '';
  return [
    `WRONG: ${visible(message)}${more}`,
    ...lines.flatMap(([name, value]) =>
      value === undefined ? [] : [`  ${name.padEnd(10)} ${visible(String(value))}`],
    ),
  ];
}

export const linesOf = (lines: readonly CheckLine[]): string[] =>
  lines.length === 0
    ? ['  nothing']
    : lines.map(({ check, what }) => `  ${visible(check).padEnd(NAME_WIDTH)} ${visible(what)}`);

function verdictOf({ verdict, size, entries, seconds, entriesPerSecond, keyFrom }: Verification): string {
  const speed = `${entries} events in ${seconds} s, ${entriesPerSecond} a second`;
  switch (verdict) {
    case 'verified': {
      const whose = keyFrom === 'source' ? ', with the key that the log itself publishes' : '';
      return `VERIFIED up to size ${size}${whose} (${speed}).`;
    }
    case 'wrong':
      return `PROVEN WRONG (${speed}).`;
    case 'unchecked':
      return `NOT VERIFIED: something that was asked for could not be checked (${speed}).`;
  }
}

/** The result of a replay: a line for each report, or everything as JSON. */
export function replayText(
  { position, asOf, root, methodVersion, reports, published, unknownMethods, findings }: Replay,
  compared: readonly ComparedReport[] | undefined,
  asJson: boolean,
): string {
  const lines = compared ?? [...reports, ...published];
  if (asJson) {
    const finding = findings.first;
    const head = { position, asOf, root, methodVersion, unknownMethods };
    return `${visibleJson({ ...head, reports: lines, findings: findings.count, ...(finding && { finding }) })}\n`;
  }
  return [
    `Position ${position}, recorded at ${asOf ?? 'no time'}, method ${methodVersion}`,
    `Root     ${root}`,
    '',
    ...lines.map(reportLine),
    ...unknownMethods.map(
      (report) =>
        `report ${visible(report.id)} was published by method ${visible(report.methodVersion)}, which this program does not know: not checked`,
    ),
    '',
  ].join('\n');
}

/** States why a replay without findings is not a verification. */
export function unknownMethodsText(reports: Replay['unknownMethods']): string {
  const versions = [...new Set(reports.map(({ methodVersion }) => methodVersion))].join(', ');
  const count = reports.length === 1 ? 'A report was' : `${reports.length} reports were`;
  return `${count} published by a method that this program does not know (${visible(versions)}), and could not be checked. Use a newer version of the program.`;
}

function reportLine(report: ReplayedReport | ComparedReport): string {
  const { kind, sha256, text, position, methodVersion, id } = report;
  const what =
    id === undefined ? kind : `${kind}, published as ${visible(id)} at position ${position} by method ${methodVersion}`;
  const same = 'isSame' in report ? (report.isSame ? '  same as published' : '  DIFFERS from what is published') : '';
  return `${sha256}  ${String(Buffer.byteLength(text)).padStart(9)} bytes  ${what}${same}`;
}

/** An event, its proof and its effect; or the same as JSON. */
export function explanationText(explanation: Explanation, asJson: boolean): string {
  if (asJson) return `${visibleJson(explanation)}\n`;
  const { position, event, meaning, actor, names, leaf, path, root, size, before, changes, effectUnknown } =
    explanation;
  const named = (text: string): string => visible(withNames(text, names));
  return [
    `Position ${position}: ${event.type}`,
    named(meaning),
    `Recorded at ${visible(String(event.recordedAt))} by ${visible(actor)}.`,
    '',
    visibleJson(event, 2),
    '',
    `Leaf hash  ${leaf}`,
    ...path.map(({ side, hash }) => `  ${side.padEnd(6)}   ${hash}`),
    `Root       ${root} (size ${size})`,
    'The leaf and the hashes beside it, taken upwards, give the root that was signed.',
    '',
    `Stream ${named(event.stream)}: this is its event number ${event.revision}, counted from 0.`,
    ...before.map((one) => `  ${String(one.revision).padStart(6)}  ${one.type} (position ${one.position})`),
    ...(effectUnknown === undefined ? [] : [`Its effect is unknown: ${visible(effectUnknown)}`]),
    ...(changes.length > 0 ? ['It changed:'] : []),
    ...changes.map(({ what, before: old, after }) => `  ${named(what)}: ${named(old)} -> ${named(after)}`),
    '',
  ].join('\n');
}
