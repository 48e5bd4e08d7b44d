import type { ProgressOutput } from '../client/progress.js';

/** Where a command writes to: data to `out`, messages and progress to `err`. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: ProgressOutput;
}

/** A command, or a group of commands with a table of its own. */
export interface Command {
  readonly name: string;
  readonly help: {
    /** Lines of the list of commands: the call, then what it does, in aligned columns. */
    readonly list: string;
    /** The whole page of the command; without it, the page is the lines of the list and the notes of the table. */
    readonly page?: string;
  };
  /** Reads its own arguments, e.g. as it is a group. */
  readonly isGroup?: true;
  /** Imports the code of the command only when it is called. Resolves with the exit code. */
  readonly run: (args: readonly string[], streams: Streams) => Promise<number>;
}

/** A table of commands, and the help that stands in front of them and behind them. */
export interface CommandTable {
  /** How the commands are called: `ppp-ledger` or `ppp-ledger audit`. */
  readonly program: string;
  readonly commands: readonly Command[];
  /** Holds for all commands of the table: options, exit codes, settings. */
  readonly notes: string;
}
