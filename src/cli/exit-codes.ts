/** It was done; of a check: everything that was asked for holds. */
export const EXIT_DONE = 0;
/** A check found something wrong, or rows were refused. */
export const EXIT_WRONG = 1;
/** It could not be checked or done, which proves nothing. */
export const EXIT_UNCHECKED = 2;
/** EX_USAGE of sysexits.h. */
export const EXIT_USAGE = 64;
/** EX_UNAVAILABLE of sysexits.h: something outside the program prevents it, and the operator can change that. */
export const EXIT_UNAVAILABLE = 69;
/** EX_SOFTWARE of sysexits.h. */
export const EXIT_BUG = 70;
