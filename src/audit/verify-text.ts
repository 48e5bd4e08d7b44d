import type { Finding } from './audit-finding.js';
import type { CheckLine, Verification } from './verify.js';

const NAME_WIDTH = 24;

/** The report of a verification for people: what was checked, what was not, and the verdict last. */
export function verificationText(verification: Verification): string {
  const { origin, size, root, checked, notChecked, uncheckable, finding } = verification;
  const head = origin === undefined ? [] : [`Log      ${origin}`, `Size     ${size}`, `Root     ${root}`, ''];
  return [
    ...head,
    'Checked, and holds:',
    ...linesOf(checked),
    ...(uncheckable.length > 0 ? ['', 'Could not be checked:', ...linesOf(uncheckable)] : []),
    ...uncheckable.map(({ nextStep }) => `  Next: ${nextStep}`),
    '',
    'Not part of this check:',
    ...linesOf(notChecked),
    ...(finding ? ['', ...findingLines(finding, verification.findings)] : []),
    '',
    verdictOf(verification),
    '',
  ].join('\n');
}

/** The first thing that is wrong, line by line. */
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
    `WRONG: ${message}${more}`,
    ...lines.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(10)} ${value}`])),
  ];
}

const linesOf = (lines: readonly CheckLine[]): string[] =>
  lines.length === 0 ? ['  nothing'] : lines.map(({ check, what }) => `  ${check.padEnd(NAME_WIDTH)} ${what}`);

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
