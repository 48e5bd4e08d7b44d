import { parseArgs, type ParseArgsConfig } from 'node:util';
import { AGGREGATES } from '../aggregates.js';
import { REPORT_KINDS, type ReportKind } from '../transparency/publication.js';
import { codeOf, reasonOf } from '../platform/startup-error.js';
import { exportLog } from '../audit/archive-export.js';
import { compare } from '../audit/audit-compare.js';
import { explain, type AnyNoun, type ExplainTarget } from '../audit/audit-explain.js';
import { NotCheckable, ProvenWrong, UsageError } from '../audit/audit-finding.js';
import { noteText, openLog, requireGrowth, type OpenedLog, type Trust } from '../audit/audit-log.js';
import { AuditProgress, type ProgressOutput } from './audit-progress.js';
import { replay, type ReplayPoint } from '../audit/audit-replay.js';
import { openSource } from '../audit/audit-source.js';
import { explanationText, findingLines, replayText, verificationText } from './audit-text.js';
import { readTrust, TRUST_OPTIONS, type TrustValues } from '../audit/audit-trust.js';
import type { LogSource } from '../audit/log-source.js';
import { formatVerifierKey } from '../tlog/note-key.js';
import { notOpened, verify, type Verification } from '../audit/verify.js';

export const AUDIT_USAGE = `Usage: ppp-ledger audit <command>

  verify SOURCE       check a history from its first event to its signed checkpoint
  verify --database   the same on the database of the settings, and all that is kept there beside the log
  checkpoint SOURCE   print the verified checkpoint, to be kept
  replay SOURCE       compute the reports from the events
      --at N|TIME       as of a position, or of an instant (RFC 3339) or date; else of the whole history
      --compare URL     compare, byte for byte, with what this service publishes
      --report KIND     print one report, exactly its bytes: ${REPORT_KINDS.join(', ')}
  explain SOURCE      show an event, the path of hashes that proves it, and what it did
      --position N | --event ID
  export SOURCE FILE  write one file that holds the whole log, and needs no service to be checked
  import FILE         load an exported log into the empty database of the settings, and verify it there
  yearly              the file on the use of access time in a year (audit yearly --help)

SOURCE is the address of a service or a log, a folder with the same layout, or an exported file.

  --vkey FILE|KEY     your own copy of the log's verifier key; without it the log's own is believed
  --checkpoint FILE   a checkpoint that you kept: the history must have grown from it
  --policy FILE       whose cosignatures you insist on (C2SP tlog-policy)
  --json              the result as JSON (verify, replay, explain)

Exit codes: 0 verified, 1 proven wrong, 2 could not be checked, 64 usage. Results are on stdout, messages on stderr.
`;

export const EXIT_VERIFIED = 0;
export const EXIT_WRONG = 1;
export const EXIT_UNCHECKED = 2;
/** EX_USAGE of sysexits.h. */
export const EXIT_USAGE = 64;

/** Where a command writes to. */
export interface CommandStreams {
  readonly out: { write(text: string): unknown };
  readonly err: ProgressOutput;
}

interface Call {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly trust: Trust;
  readonly io: CommandStreams;
}

/** `ppp-ledger audit <verb>` for all that works without a database. Resolves with the exit code. */
export async function runAudit(args: readonly string[], io: CommandStreams): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === '--help' || verb === '-h') {
    io.out.write(AUDIT_USAGE);
    return EXIT_VERIFIED;
  }
  return reported(io, async () => {
    const command = COMMANDS[verb ?? ''];
    if (command === undefined)
      throw new UsageError(verb === undefined ? 'Say what to do.' : `There is no "audit ${verb}".`);
    const { positionals, values } = parse(rest, command.options);
    if (values['help'] === true) {
      io.out.write(AUDIT_USAGE);
      return EXIT_VERIFIED;
    }
    if (positionals.length !== command.positionals) throw new UsageError(`"audit ${verb}" takes ${command.takes}.`);
    return command.run({ positionals, values, trust: await readTrust(values as TrustValues), io });
  });
}

/** Turns what went wrong into messages and an exit code. */
export async function reported({ err }: CommandStreams, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ProvenWrong) {
      err.write(`${findingLines(error.finding).join('\n')}\n`);
      return EXIT_WRONG;
    }
    if (error instanceof NotCheckable) {
      err.write(`ppp-ledger: could not be checked: ${error.message}\n  next step  ${error.nextStep}\n`);
      return EXIT_UNCHECKED;
    }
    if (error instanceof UsageError) {
      err.write(`ppp-ledger: ${error.message}\n\n${AUDIT_USAGE}`);
      return EXIT_USAGE;
    }
    throw error;
  }
}

type Options = NonNullable<ParseArgsConfig['options']>;

const COMMANDS: Readonly<
  Record<
    string,
    {
      readonly positionals: number;
      readonly takes: string;
      readonly options: Options;
      readonly run: (call: Call) => Promise<number>;
    }
  >
> = {
  verify: { positionals: 1, takes: 'one SOURCE', options: { json: { type: 'boolean' } }, run: runVerify },
  checkpoint: { positionals: 1, takes: 'one SOURCE', options: {}, run: runCheckpoint },
  replay: {
    positionals: 1,
    takes: 'one SOURCE',
    options: {
      at: { type: 'string' },
      compare: { type: 'string' },
      report: { type: 'string' },
      json: { type: 'boolean' },
    },
    run: runReplay,
  },
  explain: {
    positionals: 1,
    takes: 'one SOURCE',
    options: { position: { type: 'string' }, event: { type: 'string' }, json: { type: 'boolean' } },
    run: runExplain,
  },
  export: { positionals: 2, takes: 'a SOURCE and a FILE', options: {}, run: runExport },
};

function parse(args: readonly string[], options: Options): Pick<Call, 'positionals' | 'values'> {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...TRUST_OPTIONS, ...options, help: { type: 'boolean', short: 'h' } },
    });
    return { positionals, values: values as Call['values'] };
  } catch (error) {
    if (codeOf(error)?.startsWith('ERR_PARSE_ARGS_')) throw new UsageError(reasonOf(error), { cause: error });
    throw error;
  }
}

async function runVerify({ positionals: [name = ''], values, trust, io }: Call): Promise<number> {
  return printed(await verifySource(name, trust, io), values['json'] === true, io);
}

function printed(verification: Verification, asJson: boolean, { out }: CommandStreams): number {
  out.write(asJson ? `${JSON.stringify(verification)}\n` : verificationText(verification));
  return exitOf(verification);
}

/** The result is told in the same form when there was nothing to open. */
async function verifySource(name: string, trust: Trust, { err }: CommandStreams): Promise<Verification> {
  try {
    return await withSource(name, (source) =>
      verify(source, { trust, aggregates: AGGREGATES, progress: new AuditProgress(err) }),
    );
  } catch (error) {
    if (error instanceof ProvenWrong || error instanceof NotCheckable) return notOpened(name, error);
    throw error;
  }
}

export const exitOf = ({ verdict }: Verification): number =>
  verdict === 'verified' ? EXIT_VERIFIED : verdict === 'wrong' ? EXIT_WRONG : EXIT_UNCHECKED;

async function runCheckpoint({ positionals: [name = ''], trust, io }: Call): Promise<number> {
  return withLog(name, trust, io, async (log) => {
    if (log.quorumMissing !== undefined) {
      throw new NotCheckable(log.quorumMissing, 'Witnesses may be late: try again in a minute.');
    }
    await requireGrowth(log);
    io.out.write(noteText(log));
    return EXIT_VERIFIED;
  });
}

async function runReplay({ positionals: [name = ''], values, trust, io }: Call): Promise<number> {
  const kind = reportKind(values['report']);
  const point = pointOf(values['at']);
  return withLog(name, trust, io, async (log) => {
    await requireGrowth(log);
    const replayed = await replay(log, point, { aggregates: AGGREGATES, progress: new AuditProgress(io.err) });
    const service = values['compare'];
    const compared = typeof service === 'string' ? await compare(replayed, service) : undefined;
    if (kind !== undefined) io.out.write(replayed.reports.find((report) => report.kind === kind)?.text ?? '');
    else io.out.write(replayText(replayed, compared, values['json'] === true));
    const { first, count } = replayed.findings;
    if (first === undefined) return EXIT_VERIFIED;
    io.err.write(`${findingLines(first, count).join('\n')}\n`);
    return EXIT_WRONG;
  });
}

function reportKind(value: unknown): ReportKind | undefined {
  if (value === undefined) return undefined;
  const kind = REPORT_KINDS.find((known) => known === value);
  if (kind === undefined) throw new UsageError(`--report is one of ${REPORT_KINDS.join(', ')}.`);
  return kind;
}

function pointOf(value: unknown): ReplayPoint {
  if (typeof value !== 'string') return {};
  if (/^(0|[1-9][0-9]{0,14})$/.test(value)) return { position: Number(value) };
  const instantMs = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(instantMs))
    throw new UsageError('--at is a position, or an instant such as 2026-12-31T12:00:00Z, or a date.');
  return { instantMs };
}

async function runExplain({ positionals: [name = ''], values, trust, io }: Call): Promise<number> {
  const target = targetOf(values);
  return withLog(name, trust, io, async (log) => {
    const aggregates = AGGREGATES as unknown as readonly AnyNoun[];
    const explanation = await explain(log, target, aggregates, new AuditProgress(io.err));
    io.out.write(explanationText(explanation, values['json'] === true));
    return EXIT_VERIFIED;
  });
}

function targetOf({ position, event }: Call['values']): ExplainTarget {
  if (typeof position === 'string' && event === undefined && /^[1-9][0-9]{0,14}$/.test(position)) {
    return { position: Number(position) };
  }
  if (typeof event === 'string' && position === undefined && /^[0-9a-f-]{36}$/.test(event)) return { eventId: event };
  throw new UsageError('Give either --position with a number from 1, or --event with the id of an event.');
}

async function runExport({ positionals: [name = '', file = ''], trust, io }: Call): Promise<number> {
  const log = await withSource(name, (source) => exportLog(source, trust, file, new AuditProgress(io.err)));
  warnOfKey(log, io);
  io.out.write(`${log.checkpoint.size} events of ${log.checkpoint.origin} are in ${file}.\n`);
  return EXIT_VERIFIED;
}

async function withLog(
  name: string,
  trust: Trust,
  io: CommandStreams,
  run: (log: OpenedLog) => Promise<number>,
): Promise<number> {
  return withSource(name, async (source) => {
    const log = await openLog(source, trust);
    warnOfKey(log, io);
    return run(log);
  });
}

/** Loads a log that was verified; says what came of it. */
export type LogLoader = (log: OpenedLog, progress: AuditProgress) => Promise<string>;

/** `ppp-ledger audit import FILE`. The caller brings the database: nothing else of these commands needs one. */
export async function runImport(args: readonly string[], io: CommandStreams, load: LogLoader): Promise<number> {
  return reported(io, async () => {
    const { positionals, values } = parse(args, {});
    const [name] = positionals;
    if (values['help'] === true) {
      io.out.write(AUDIT_USAGE);
      return EXIT_VERIFIED;
    }
    if (name === undefined || positionals.length > 1) throw new UsageError('"audit import" takes one FILE.');
    const trust = await readTrust(values as TrustValues);
    return withSource(name, async (source) => {
      const verification = await verify(source, { trust, aggregates: AGGREGATES, progress: new AuditProgress(io.err) });
      if (verification.verdict !== 'verified') {
        io.err.write(`${verificationText(verification)}Nothing was imported.\n`);
        return exitOf(verification);
      }
      io.out.write(`${await load(await openLog(source, trust), new AuditProgress(io.err))}\n`);
      return EXIT_VERIFIED;
    });
  });
}

/** Verifies what a database keeps, with the checkpoint and the key that were given, if any. */
export type DatabaseVerifier = (trust: Trust, progress: AuditProgress) => Promise<Verification>;

/** `ppp-ledger audit verify --database`, for whoever runs a ledger. The caller brings the database. */
export async function runVerifyDatabase(
  args: readonly string[],
  io: CommandStreams,
  verifyDatabase: DatabaseVerifier,
): Promise<number> {
  return reported(io, async () => {
    const { positionals, values } = parse(args, { database: { type: 'boolean' }, json: { type: 'boolean' } });
    if (values['help'] === true) {
      io.out.write(AUDIT_USAGE);
      return EXIT_VERIFIED;
    }
    if (positionals.length > 0) throw new UsageError('"audit verify --database" takes no SOURCE.');
    if (values['policy'] !== undefined) throw new UsageError('"audit verify --database" takes no --policy.');
    const verification = await verifyDatabase(await readTrust(values as TrustValues), new AuditProgress(io.err));
    return printed(verification, values['json'] === true, io);
  });
}

function warnOfKey({ key, keyIsAuditors }: OpenedLog, { err }: CommandStreams): void {
  if (keyIsAuditors) return;
  err.write(
    `The key ${formatVerifierKey(key)} came with the log itself: bring a copy of your own (--vkey) to know who signed.\n`,
  );
}

async function withSource<Result>(name: string, run: (source: LogSource) => Promise<Result>): Promise<Result> {
  const source = await openSource(name);
  try {
    return await run(source);
  } finally {
    await source.close();
  }
}
