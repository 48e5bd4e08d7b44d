import type { ProgressOutput } from '../client/progress.js';

/** Output for the data of a command. */
export interface DataOutput {
  write(text: string): unknown;
  /** True for a terminal. It obeys control characters, so that data of others must be escaped. */
  readonly isTTY?: boolean;
  /** Waits until everything is written. Resolves with the error of a write that failed. Left out where no write can fail. */
  failure?(): Promise<Error | undefined>;
}

/** Output of a command: data to `out`, messages and progress to `err`. */
export interface Streams {
  readonly out: DataOutput;
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
  /** True if the command serves until a signal. It goes on without a reader of its output, and ends with its own exit code. */
  readonly serves?: true;
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
