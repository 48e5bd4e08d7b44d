import { findingLines } from './audit-text.js';
import type { Command, CommandTable, Streams } from './command.js';
import {
  EXIT_BUG,
  EXIT_CLOSED_PIPE,
  EXIT_DONE,
  EXIT_UNAVAILABLE,
  EXIT_UNCHECKED,
  EXIT_USAGE,
  EXIT_WRITE_FAULT,
  EXIT_WRONG,
} from './exit-codes.js';
import { isClosedPipe, isNoRoom } from './output.js';
import { programVersion } from './version.js';
import { visible, visibleLines } from './visible-text.js';
import { NotCheckable, ProvenWrong, UsageError } from '../audit/audit-finding.js';
import { ConfigError } from '../platform/config.js';
import { reasonOf, StartupError } from '../platform/startup-error.js';

/**
 * Runs the command that the first argument names. The help is made from the table alone and loads no command.
 * @returns the exit code; never rejects
 */
export async function dispatch(table: CommandTable, args: readonly string[], streams: Streams): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) return refused('Name a command.', listOf(table), streams);
  if (isHelp(name) || (name === 'help' && rest.length === 0)) return shown(listOf(table), streams);
  if (name === '--version' || name === '-V') return shown(`${await programVersion()}\n`, streams);
  if (name === 'help') return dispatch(table, [...rest, '--help'], streams);
  const command = table.commands.find((known) => known.name === name);
  if (command === undefined) {
    const what = name.startsWith('-') ? `Unknown option '${name}'` : `There is no "${table.program} ${name}"`;
    return refused(`${what}.`, listOf(table), streams);
  }
  if (command.isGroup) return command.run(rest, streams);
  const page = pageOf(table, command);
  if (rest.some(isHelp)) return shown(page, streams);
  const code = await reported(page, streams, () => command.run(rest, streams));
  return command.serves ? code : delivered(code, streams);
}

const isHelp = (arg: string): boolean => arg === '--help' || arg === '-h';

const indented = (lines: string): string => lines.replaceAll(/^(?=.)/gm, '  ');

const listOf = ({ program, commands, notes }: CommandTable): string =>
  `Usage: ${program} <command>\n\n${indented(commands.map(({ help }) => help.list).join('\n'))}\n\n${notes}`;

const pageOf = ({ program, notes }: CommandTable, { name, help }: Command): string =>
  help.page ?? `Usage: ${program} ${name}\n\n${indented(help.list)}\n\n${notes}`;

function shown(page: string, streams: Streams): Promise<number> {
  streams.out.write(page);
  return delivered(EXIT_DONE, streams);
}

/** The exit code of a command that ended, unless its output could not be written: nobody has read its result then. */
async function delivered(code: number, { out, err }: Streams): Promise<number> {
  const failure = await out.failure?.();
  if (failure === undefined) return code;
  if (isClosedPipe(failure)) return EXIT_CLOSED_PIPE;
  err.write(`ppp-ledger: the output cannot be written: ${visible(reasonOf(failure))}.\n`);
  return EXIT_WRITE_FAULT;
}

function refused(message: string, page: string, { err }: Streams): number {
  err.write(`ppp-ledger: ${visible(message)}\n\n${page}`);
  return EXIT_USAGE;
}

/** Converts an error to a message and an exit code. */
async function reported(page: string, streams: Streams, run: () => Promise<number>): Promise<number> {
  const { err } = streams;
  try {
    return await run();
  } catch (error) {
    const full = error instanceof UsageError ? error.cause : error;
    if (isNoRoom(full)) {
      err.write(`ppp-ledger: a file cannot be written: ${visible(reasonOf(full))}. Make room, then call it again.\n`);
      return EXIT_WRITE_FAULT;
    }
    if (error instanceof UsageError) return refused(error.message, page, streams);
    if (error instanceof ProvenWrong) {
      err.write(`${findingLines(error.finding).join('\n')}\n`);
      return EXIT_WRONG;
    }
    if (error instanceof NotCheckable) {
      err.write(
        `ppp-ledger: could not be checked: ${visible(error.message)}\n  next step  ${visible(error.nextStep)}\n`,
      );
      return EXIT_UNCHECKED;
    }
    if (error instanceof ConfigError) {
      err.write(`ppp-ledger: ${visibleLines(error.message)}\n`);
      return error.exitCode;
    }
    if (error instanceof StartupError) {
      err.write(`ppp-ledger: ${visibleLines(error.message)}\n`);
      return EXIT_UNAVAILABLE;
    }
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    err.write(`ppp-ledger: a bug: ${visibleLines(stack)}\n`);
    return EXIT_BUG;
  }
}
