/** KurrentDB or the database beside it cannot keep this ledger. The message says what was found and what to do. */
export class EngineUnusable extends Error {}
