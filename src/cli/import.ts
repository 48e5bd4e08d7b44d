import { readFile } from 'node:fs/promises';
import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE, EXIT_UNCHECKED, EXIT_WRONG } from './exit-codes.js';
import { visible, visibleLines } from './visible-text.js';
import { UsageError } from '../audit/audit-finding.js';
import { ApiFailure } from '../client/api-client.js';
import { Progress, type ProgressOutput } from '../client/progress.js';
import { Import, ImportFailure, check, type Checked, type RecordedRow } from '../import/import-run.js';
import { MappingError, readMapping, type Mapping } from '../import/mapping.js';
import { FileError } from '../import/text-file.js';
import { codeOf } from '../platform/startup-error.js';

const OPTIONS = {
  mapping: { type: 'string' },
  url: { type: 'string' },
  key: { type: 'string' },
  'key-file': { type: 'string' },
  'dry-run': { type: 'boolean' },
  'skip-wrong': { type: 'boolean' },
} as const;
const DEFAULT_URL = 'http://127.0.0.1:3000';
/** Faults that are printed. A wrong column makes a fault in every row. */
const FAULTS_SHOWN_MAX = 100;

/** `ppp-ledger import`. Resolves with the exit code. */
export async function runImport(args: readonly string[], streams: Streams): Promise<number> {
  const options = optionsOf(args);
  try {
    const mapping = await readMapping(await textOf(options.mapping));
    return await importFile(options, mapping, streams);
  } catch (error) {
    if (error instanceof MappingError) {
      streams.err.write(`${error.faults.map((fault) => `${options.mapping}: ${visible(fault)}`).join('\n')}\n`);
      return EXIT_UNCHECKED;
    }
    if (error instanceof FileError || error instanceof ImportFailure || error instanceof ApiFailure) {
      streams.err.write(`ppp-ledger: ${visibleLines(error.message)}\n`);
      return EXIT_UNCHECKED;
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

async function importFile(options: Options, mapping: Mapping, { out, err }: Streams): Promise<number> {
  const { file, url, dryRun, skipWrong } = options;
  const faults = new FaultList(file, err);
  const checked = await check(file, mapping, faults);
  const { rows, wrong, empty, doubtfulColumns } = checked;
  if (empty > 0) err.write(`${empty} ${empty === 1 ? 'row' : 'rows'} of nothing but delimiters skipped.\n`);
  if (dryRun) {
    faults.end();
    err.write(dryRunSummary(checked, mapping));
    return wrong > 0 ? EXIT_WRONG : EXIT_DONE;
  }
  if (wrong > 0 && (!skipWrong || doubtfulColumns.length > 0)) {
    faults.end();
    err.write(`${wrong} of ${rows} rows are wrong, and nothing was sent. ${wayOut(checked)}\n`);
    return EXIT_WRONG;
  }
  const key = options.key ?? (await textOf(options.keyFile ?? '')).trim();
  const progress = new Progress(err, { what: 'rows', line: 'kept' });
  progress.begin(rows);
  out.write('line,row,id,position\n');
  const listener = {
    fault: (line: number, detail: string) => faults.fault(line, detail),
    recorded: (row: RecordedRow) => void out.write(`${row.line},${csvCell(row.rowId)},${row.id},${row.position}\n`),
    flagged: (line: number, detail: string) => faults.fault(line, `recorded with a flag: ${detail}`),
    advance: () => progress.advance(),
  };
  const { recorded, known, refused } = await new Import(url, key, listener)
    .send(file, mapping)
    .finally(() => progress.end());
  faults.end();
  const before = known > 0 ? `, ${known} of them by an earlier run` : '';
  err.write(`${recorded} of ${rows} rows are recorded${before}; ${refused} were refused, ${wrong} are wrong.\n`);
  return refused + wrong > 0 ? EXIT_WRONG : EXIT_DONE;
}

const wayOut = ({ doubtfulColumns }: Checked): string =>
  doubtfulColumns.length === 0
    ? 'Mend them, or send the others with --skip-wrong.'
    : `Mend them: --skip-wrong sends nothing either, because ${doubtfulColumns.map((column) => `"${visible(column)}"`).join(', ')} ` +
      'has cells in another notation than the mapping states, and the other cells of the column may be meant in it as well.';

const dryRunSummary = ({ rows, wrong }: Checked, { target, targetName }: Mapping): string =>
  `${rows} rows of ${targetName}, ${wrong} of them wrong; nothing was sent.\n` +
  'Checked: that every row can be read, and that the API takes its content.\n' +
  `Not checked: ${target.unchecked}; what the key may do; whether rows were sent before.\n`;

/** Prints faults by line, up to a limit. */
class FaultList {
  private count = 0;

  constructor(
    private readonly file: string,
    private readonly err: ProgressOutput,
  ) {}

  fault(line: number, detail: string): void {
    this.count += 1;
    // Erase a progress bar on a terminal.
    const clear = this.err.isTTY === true ? '\r\u001b[K' : '';
    if (this.count <= FAULTS_SHOWN_MAX) this.err.write(`${clear}${this.file}:${line}: ${visible(detail)}\n`);
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

/** @throws UsageError */
function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = readArguments(args, OPTIONS, ['one FILE']);
  const { mapping, url = DEFAULT_URL, key, 'key-file': keyFile, 'dry-run': dryRun, 'skip-wrong': skipWrong } = values;
  const [file = ''] = positionals;
  if (mapping === undefined) throw new UsageError('Name the mapping: --mapping MAPPING.');
  if (!URL.canParse(url)) throw new UsageError(`${url} is no address.`);
  if (dryRun !== true && (key === undefined) === (keyFile === undefined))
    throw new UsageError('Give the credential, with --key or with --key-file.');
  return {
    file,
    mapping,
    url,
    dryRun: dryRun === true,
    skipWrong: skipWrong === true,
    ...(key === undefined ? {} : { key }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
}
