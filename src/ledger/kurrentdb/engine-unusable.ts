/** KurrentDB or the database beside it cannot keep this ledger. The message names the obstacle and what to do. */
export class EngineUnusable extends Error {}
