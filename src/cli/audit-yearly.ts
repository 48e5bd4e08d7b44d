import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE, EXIT_UNCHECKED, EXIT_WRONG } from './exit-codes.js';
import { withSource } from './audit-source-call.js';
import { visible } from './visible-text.js';
import { AGGREGATES } from '../aggregates.js';
import { NotCheckable, ProvenWrong, UsageError } from '../audit/audit-finding.js';
import type { OpenedLog } from '../audit/audit-log.js';
import { readYear } from '../audit/yearly-reading.js';
import { LogError } from '../tlog/log-error.js';
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../tlog/note-key.js';
import { yearlyCsv, yearlyJson, type YearlyFile } from '../transparency/yearly-file.js';

const DEFAULT_SOURCE = 'http://127.0.0.1:3000';
const FORMATS = { csv: yearlyCsv, json: yearlyJson } as const;
const OPTIONS = {
  year: { type: 'string' },
  url: { type: 'string' },
  format: { type: 'string' },
  vkey: { type: 'string' },
  at: { type: 'string' },
} as const;

/** `ppp-ledger audit yearly`. Resolves with the exit code. */
export async function runYearly(args: readonly string[], { out, err }: Streams): Promise<number> {
  const options = optionsOf(args);
  try {
    return await withSource(options.source, async (source) => {
      const { file, log } = await readYear(source, { ...options, aggregates: AGGREGATES });
      out.write(FORMATS[options.format](file));
      err.write(summary(file, log));
      return EXIT_DONE;
    });
  } catch (error) {
    if (error instanceof ProvenWrong) {
      const { position, message, nextStep } = error.finding;
      err.write(
        `ppp-ledger: proven wrong${position === undefined ? '' : ` at position ${position}`}: ${visible(message)}\n${visible(nextStep)}\n`,
      );
      return EXIT_WRONG;
    }
    if (error instanceof NotCheckable) {
      err.write(`ppp-ledger: ${visible(error.message)}\n${visible(error.nextStep)}\n`);
      return EXIT_UNCHECKED;
    }
    throw error;
  }
}

function summary({ year, position }: YearlyFile, { key, keyIsAuditors, checkpoint }: OpenedLog): string {
  const signed = `signed with ${keyIsAuditors ? 'your key' : 'the key that the log itself publishes'}, ${formatVerifierKey(key)}`;
  return [
    `Use of access time in ${year}, from the events up to position ${position}.`,
    `Checked: every entry and tile against the checkpoint of size ${checkpoint.size}, ${signed}.`,
    `Not checked: ${keyIsAuditors ? '' : 'whose log it is (bring your own --vkey); '}whether the events keep the rules (run "ppp-ledger audit verify").`,
    '',
  ].join('\n');
}

function optionsOf(args: readonly string[]) {
  const { year = '', url = DEFAULT_SOURCE, format = 'csv', vkey, at } = readArguments(args, OPTIONS).values;
  if (!/^[0-9]{4}$/.test(year)) throw new UsageError('--year is a calendar year, such as 2026.');
  if (format !== 'csv' && format !== 'json') throw new UsageError('--format is csv or json.');
  if (at !== undefined && !/^[1-9][0-9]{0,14}$/.test(at)) throw new UsageError('--at is a position, from 1.');
  const trust = vkey === undefined ? {} : { key: keyOf(vkey) };
  return { year: Number(year), source: url, format, trust, ...(at !== undefined && { size: Number(at) }) } as const;
}

function keyOf(vkey: string): VerifierKey {
  try {
    return parseVerifierKey(vkey);
  } catch (error) {
    if (error instanceof LogError) throw new UsageError(`--vkey cannot be used: ${error.message}`, { cause: error });
    throw error;
  }
}
