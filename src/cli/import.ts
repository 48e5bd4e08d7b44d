import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DemoFailure } from '../client/api-client.js';
import { Progress, type ProgressOutput } from '../client/progress.js';
import { Import, ImportFailure, check, type RecordedRow } from '../import/import-run.js';
import { MappingError, readMapping, type Mapping } from '../import/mapping.js';
import { FileError } from '../import/rows.js';
import { codeOf } from '../platform/startup-error.js';

const IMPORT_USAGE = `Usage: ppp-ledger import FILE --mapping MAPPING [--key KEY | --key-file FILE] [--url URL] [--dry-run]

  Sends the rows of a spreadsheet (.csv, or .ndjson with an object a line) to the ledger: partners, commitments,
  allocations or usage. A run can be repeated: a row that is in the ledger is not recorded again.

  --mapping MAPPING  JSON document that says which column is which field; examples are in src/import/examples
  --key KEY          credential whose roles allow the commands; --key-file reads it from a file
  --url URL          address of the ledger (http://127.0.0.1:3000)
  --dry-run          check every row, send nothing
  --skip-wrong       send the rows that are right when others are wrong; otherwise nothing is sent then

What is recorded is on stdout, as CSV (line, row, id, position); messages and progress are on stderr.
Exit codes: 0 all rows are recorded (dry run: right), 1 rows are wrong or were refused, 2 it could not be done, 64 usage.
`;

const EXIT_WRONG = 1;
const EXIT_NOT_DONE = 2;
/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;
const DEFAULT_URL = 'http://127.0.0.1:3000';
/** Faults that are written out; a wrong column makes one of every row. */
const FAULTS_SHOWN_MAX = 100;

/** Where the command writes to: data and messages apart. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: ProgressOutput;
}

/** `ppp-ledger import`. Resolves with the exit code. */
export async function runImport(args: readonly string[], streams: Streams): Promise<number> {
  const options = parse(args);
  if (options === 'help') {
    streams.out.write(IMPORT_USAGE);
    return 0;
  }
  if (typeof options === 'string') {
    streams.err.write(`ppp-ledger: ${options}\n\n${IMPORT_USAGE}`);
    return EXIT_USAGE;
  }
  try {
    const mapping = await readMapping(await textOf(options.mapping));
    return await carryOut(options, mapping, streams);
  } catch (error) {
    if (error instanceof MappingError) {
      streams.err.write(`${error.faults.map((fault) => `${options.mapping}: ${fault}`).join('\n')}\n`);
      return EXIT_NOT_DONE;
    }
    if (error instanceof FileError || error instanceof ImportFailure || error instanceof DemoFailure) {
      streams.err.write(`ppp-ledger: ${error.message}\n`);
      return EXIT_NOT_DONE;
    }
    throw error;
  }
}

interface Options {
  readonly file: string;
  readonly mapping: string;
  readonly url: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly dryRun: boolean;
  readonly skipWrong: boolean;
}

async function carryOut(options: Options, mapping: Mapping, { out, err }: Streams): Promise<number> {
  const { file, url, dryRun, skipWrong } = options;
  const faults = new FaultList(file, err);
  const { rows, wrong } = await check(file, mapping, faults);
  if (dryRun) {
    faults.end();
    err.write(dryRunSummary(rows, wrong, mapping));
    return wrong > 0 ? EXIT_WRONG : 0;
  }
  if (wrong > 0 && !skipWrong) {
    faults.end();
    err.write(
      `${wrong} of ${rows} rows are wrong, and nothing was sent. Mend them, or send the others with --skip-wrong.\n`,
    );
    return EXIT_WRONG;
  }
  const key = options.key ?? (await textOf(options.keyFile ?? '')).trim();
  const progress = new Progress(err, rows, Date.now, 'rows');
  out.write('line,row,id,position\n');
  const listener = {
    fault: (line: number, detail: string) => faults.fault(line, detail),
    recorded: (row: RecordedRow) => void out.write(`${row.line},${csvCell(row.rowId)},${row.id},${row.position}\n`),
    advance: () => progress.advance(),
  };
  const { recorded, known, refused } = await new Import(url, key, listener)
    .send(file, mapping)
    .finally(() => progress.end());
  faults.end();
  const before = known > 0 ? `, ${known} of them by an earlier run` : '';
  err.write(`${recorded} of ${rows} rows are recorded${before}; ${refused} were refused, ${wrong} are wrong.\n`);
  return refused + wrong > 0 ? EXIT_WRONG : 0;
}

const dryRunSummary = (rows: number, wrong: number, { target, targetName }: Mapping): string =>
  `${rows} rows of ${targetName}, ${wrong} of them wrong; nothing was sent.\n` +
  'Checked: that every row can be read, and that the API takes its content.\n' +
  `Not checked: ${target.unchecked}; what the key may do; whether rows were sent before.\n`;

/** Faults by line, up to a bound. */
class FaultList {
  private count = 0;

  constructor(
    private readonly file: string,
    private readonly err: ProgressOutput,
  ) {}

  fault(line: number, detail: string): void {
    this.count += 1;
    // Over a progress bar, should there be one.
    const clear = this.err.isTTY === true ? '\r\u001b[K' : '';
    if (this.count <= FAULTS_SHOWN_MAX) this.err.write(`${clear}${this.file}:${line}: ${detail}\n`);
  }

  end(): void {
    if (this.count > FAULTS_SHOWN_MAX) this.err.write(`... and ${this.count - FAULTS_SHOWN_MAX} more.\n`);
  }
}

const csvCell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new FileError(`${file} cannot be read (${codeOf(error) ?? String(error)}).`);
  }
}

/** A text says what is wrong with the call. */
function parse(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        mapping: { type: 'string' },
        url: { type: 'string', default: DEFAULT_URL },
        key: { type: 'string' },
        'key-file': { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        'skip-wrong': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { mapping, url, key, 'key-file': keyFile, 'dry-run': dryRun, 'skip-wrong': skipWrong } = values;
    if (values.help === true) return 'help';
    const [file, ...further] = positionals;
    if (file === undefined || further.length > 0) return 'Name one file.';
    if (mapping === undefined) return 'Name the mapping: --mapping MAPPING.';
    if (!URL.canParse(url)) return `${url} is no address.`;
    if (!dryRun && (key === undefined) === (keyFile === undefined))
      return 'Give the credential, with --key or with --key-file.';
    return {
      file,
      mapping,
      url,
      dryRun,
      skipWrong,
      ...(key === undefined ? {} : { key }),
      ...(keyFile === undefined ? {} : { keyFile }),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
