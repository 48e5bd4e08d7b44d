/** The command is done. For a check: every requested check passed. */
export const EXIT_DONE = 0;
/** A check found a fault, or rows were refused. */
export const EXIT_WRONG = 1;
/** The check or the work was not possible. This proves nothing. */
export const EXIT_UNCHECKED = 2;
/** EX_USAGE of sysexits.h. */
export const EXIT_USAGE = 64;
/** EX_UNAVAILABLE of sysexits.h: a cause outside the program prevents the work, and the operator can change it. */
export const EXIT_UNAVAILABLE = 69;
/** EX_SOFTWARE of sysexits.h. */
export const EXIT_BUG = 70;
/** EX_IOERR of sysexits.h: the output or a file could not be written. */
export const EXIT_WRITE_FAULT = 74;
/**
 * The reader of the output has gone before everything was written. It is the status that a shell reports for `git` or `cat`, which
 * such a pipe ends by SIGPIPE (128 + 13). A verdict that nobody could read is neither 0 nor 1.
 */
export const EXIT_CLOSED_PIPE = 141;
