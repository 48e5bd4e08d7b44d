// The advisory locks of a ledger's database. Each number is arbitrary but different. Instances of several versions share the locks while
// one replaces the other, so a number is never changed.

/** The instance that moves the projections. */
export const PROJECTOR_LOCK = 7_236_001;
/** The instance that sequences the log of KurrentDB. */
export const SEQUENCER_LOCK = 7_236_002;
/** The command that asks for rebuilds. */
export const REBUILD_LOCK = 7_236_003;
/** The instance that checks the history and the views. */
export const CHECK_LOCK = 7_236_004;
/** The instance that migrates the database. */
export const MIGRATION_LOCK = 7_265_001;
