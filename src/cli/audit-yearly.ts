import { parseArgs } from 'node:util';
import { NotCheckable, ProvenWrong } from '../audit/audit-finding.js';
import type { OpenedLog } from '../audit/audit-log.js';
import { openSource } from '../audit/audit-source.js';
import { LogError } from '../tlog/log-error.js';
import { formatVerifierKey, parseVerifierKey } from '../tlog/note-key.js';
import { yearlyCsv, yearlyJson, type YearlyFile } from '../transparency/yearly-file.js';
import { readYear } from '../audit/yearly-reading.js';
import { AGGREGATES } from '../aggregates.js';
import { codeOf } from '../platform/startup-error.js';

const YEARLY_USAGE = `Usage: ppp-ledger audit yearly --year YEAR [--url SOURCE] [--format csv|json] [--vkey KEY] [--at POSITION]

  Writes the use of access time in a year by facility, category of user and country, every figure with the positions of
  the events that it is made of (Article 12b(17)(l) of Regulation (EU) 2021/1173: by 31 January for the year before).

  --year YEAR       calendar year, UTC
  --url SOURCE      address of the ledger, or a folder or an archive of its log (http://127.0.0.1:3000)
  --format FORMAT   csv (one line a figure) or json (canonical; the same history gives the same bytes)
  --vkey KEY        your own copy of the log's verifier key; without it the log's own is believed
  --at POSITION     count the history up to here only: makes an earlier file again

Exit codes: 0 written, 1 the log is proven wrong, 2 it could not be read, 64 usage.
`;

const EXIT_WRONG = 1;
const EXIT_NOT_CHECKED = 2;
/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;
const DEFAULT_SOURCE = 'http://127.0.0.1:3000';
const FORMATS = { csv: yearlyCsv, json: yearlyJson } as const;

/** Where the command writes to: data and messages apart. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** `ppp-ledger audit yearly`. Resolves with the exit code. */
export async function runYearly(args: readonly string[], { out, err }: Streams): Promise<number> {
  const options = parse(args);
  if (options === 'help') {
    out.write(YEARLY_USAGE);
    return 0;
  }
  if (options === undefined) {
    err.write(YEARLY_USAGE);
    return EXIT_USAGE;
  }
  try {
    const source = await openSource(options.source);
    try {
      const { file, log } = await readYear(source, { ...options, aggregates: AGGREGATES });
      out.write(FORMATS[options.format](file));
      err.write(summary(file, log));
      return 0;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof ProvenWrong) {
      const { position, message, nextStep } = error.finding;
      err.write(
        `ppp-ledger: proven wrong${position === undefined ? '' : ` at position ${position}`}: ${message}\n${nextStep}\n`,
      );
      return EXIT_WRONG;
    }
    if (error instanceof NotCheckable) {
      err.write(`ppp-ledger: ${error.message}\n${error.nextStep}\n`);
      return EXIT_NOT_CHECKED;
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

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        year: { type: 'string' },
        url: { type: 'string', default: DEFAULT_SOURCE },
        format: { type: 'string', default: 'csv' },
        vkey: { type: 'string' },
        at: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { year = '', url: source, format, vkey, at, help } = values;
    if (help) return 'help';
    if (!/^[0-9]{4}$/.test(year) || (format !== 'csv' && format !== 'json')) return undefined;
    if (at !== undefined && !/^[1-9][0-9]{0,14}$/.test(at)) return undefined;
    const trust = vkey === undefined ? {} : { key: parseVerifierKey(vkey) };
    return {
      year: Number(year),
      source,
      format,
      trust,
      ...(at !== undefined && { size: Number(at) }),
    } as const;
  } catch (error) {
    if (error instanceof LogError || codeOf(error)?.startsWith('ERR_PARSE_ARGS_')) return undefined;
    throw error;
  }
}
