import type { ProgressOutput } from '../client/progress.js';

/** Output of a command: data to `out`, messages and progress to `err`. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: ProgressOutput;
}

/** A command, or a group of commands with its own table. */
export interface Command {
  readonly name: string;
  readonly help: {
    /** Lines in the list of commands, in aligned columns: the call, then its effect. */
    readonly list: string;
    /** The help page of the command. Without it, the page is the lines of the list and the notes of the table. */
    readonly page?: string;
  };
  /** True if the command reads its own arguments, because it is a group. */
  readonly isGroup?: true;
  /** Executes the command. Its code is imported only by this call. Resolves with the exit code. */
  readonly run: (args: readonly string[], streams: Streams) => Promise<number>;
}

/** A table of commands, with the text before and after them in the help. */
export interface CommandTable {
  /** The call of the commands: `ppp-ledger` or `ppp-ledger audit`. */
  readonly program: string;
  readonly commands: readonly Command[];
  /** Text about all commands of the table: options, exit codes, settings. */
  readonly notes: string;
}
