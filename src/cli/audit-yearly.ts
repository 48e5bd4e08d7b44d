import { createHash } from 'node:crypto';
import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { withSource } from './audit-source-call.js';
import { shownOn, visible } from './visible-text.js';
import { AGGREGATES } from '../aggregates.js';
import { UsageError } from '../audit/audit-finding.js';
import type { OpenedLog } from '../audit/audit-log.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';
import { readYear } from '../audit/yearly-reading.js';
import type { YearlySubmissionFacts } from '../compute/yearly-events.js';
import { formatVerifierKey } from '../tlog/note-key.js';
import { yearlyCsv, yearlyJson, type YearlyFile } from '../transparency/yearly/yearly-file.js';

const DEFAULT_SOURCE = 'http://127.0.0.1:3000';
const FORMATS = { csv: yearlyCsv, json: yearlyJson } as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const OPTIONS = {
  ...TRUST_OPTIONS,
  year: { type: 'string' },
  facility: { type: 'string' },
  url: { type: 'string' },
  format: { type: 'string' },
  at: { type: 'string' },
} as const;

/** `ppp-ledger audit yearly`. Resolves with the exit code. */
export async function runYearly(args: readonly string[], { out, err }: Streams): Promise<number> {
  const { source: name, format, trust: values, ...options } = optionsOf(args);
  const trust = await readTrust(values);
  return withSource(name, async (source) => {
    const { file, log, submitted } = await readYear(source, { ...options, trust, aggregates: AGGREGATES });
    out.write(shownOn(out, FORMATS[format](file)));
    err.write(summary(file, log));
    for (const one of submitted) err.write(comparison(file, one));
    return EXIT_DONE;
  });
}

function summary(file: YearlyFile, { key, keyIsAuditors, checkpoint }: OpenedLog): string {
  const { year, position } = file;
  const whose = keyIsAuditors ? 'your key' : 'the key that the log itself publishes';
  const signed = `signed with ${whose}, ${visible(formatVerifierKey(key))}`;
  return [
    `Use of access time in ${year}, from the events up to position ${position}.`,
    ...stateOf(file),
    `Checked: every entry and tile against the checkpoint of size ${checkpoint.size}, ${signed}.`,
    `Not checked: ${keyIsAuditors ? '' : 'whose log it is (bring your own --vkey); '}whether the events keep the rules (run "ppp-ledger audit verify").`,
    '',
  ].join('\n');
}

/** Whether the data that a facility submitted are this file. */
function comparison(file: YearlyFile, submitted: YearlySubmissionFacts): string {
  const { version, submittedOn, isLate, dataPosition, dataMethodVersion, dataSha256 } = submitted;
  const what = `Version ${version}, submitted on ${submittedOn}${isLate ? ', late' : ''}`;
  if (dataMethodVersion !== file.methodVersion)
    return `${what}: of the counting rules ${visible(dataMethodVersion)}, these are ${file.methodVersion}. Not compared.\n`;
  if (dataPosition !== file.position)
    return `${what}: data up to position ${dataPosition}. To compare them: --at ${dataPosition}.\n`;
  const sha256 = createHash('sha256').update(yearlyJson(file)).digest('hex');
  if (sha256 === dataSha256) return `${what}: the same data as this file (SHA-256 ${sha256} of its JSON).\n`;
  return `${what}: OTHER DATA than the events give: SHA-256 ${dataSha256}, and the JSON of this file has ${sha256}.\n`;
}

function stateOf({ year, yearState, asOf }: YearlyFile): readonly string[] {
  const last = asOf === null ? 'nothing is recorded' : `the last event was recorded at ${asOf}`;
  switch (yearState) {
    case 'not-begun':
      return [`The year ${year} has not begun in this history: ${last}.`];
    case 'running':
      return [`The year ${year} is not over in this history: ${last}. Later events change the figures.`];
    case 'over':
      return [];
  }
}

/** @throws UsageError whose message names the wrong option */
function optionsOf(args: readonly string[]) {
  const { year, facility, url = DEFAULT_SOURCE, format = 'csv', at, ...trust } = readArguments(args, OPTIONS).values;
  if (year === undefined) throw new UsageError('Give the calendar year: --year 2026.');
  // `Date.UTC` takes a year below 100 for one of the 20th century.
  if (!/^[1-9][0-9]{3}$/.test(year)) throw new UsageError(`--year is a calendar year such as 2026, not "${year}".`);
  if (format !== 'csv' && format !== 'json') throw new UsageError(`--format is csv or json, not "${format}".`);
  if (at !== undefined && !/^[1-9][0-9]{0,14}$/.test(at))
    throw new UsageError(`--at is a position, from 1, not "${at}".`);
  if (facility !== undefined && !UUID.test(facility))
    throw new UsageError(`--facility is the id of a facility, not "${facility}".`);
  return {
    year: Number(year),
    source: url,
    format,
    trust,
    ...(facility !== undefined && { facilityId: facility }),
    ...(at !== undefined && { size: Number(at) }),
  } as const;
}
