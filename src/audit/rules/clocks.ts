import { MS_PER_HOUR } from '../../ledger/time.js';

/** The clock that decided may be ahead of the one that stamped: by seconds where the ledger compares them, and never by an hour. */
export const CLOCKS_APART_MS_MAX = MS_PER_HOUR;
