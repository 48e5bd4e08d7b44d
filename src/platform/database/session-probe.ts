import type { ClientBase } from 'pg';
import { StartupError, reasonOf } from '../startup-error.js';

/** How often the two connections are compared. A pooler that hands out sessions in order, or the last one first, is found in the first round. */
const ROUNDS = 5;
/** A pooler that has no session for the second connection lets it wait. */
const ANSWER_MS_MAX = 5_000;

/**
 * Checks that a connection is one session of the server, as prepared statements, advisory locks and settings need it. A pooler in
 * transaction mode gives each transaction whichever session is free. Two connections show it: while the second one is inside a
 * transaction, it holds a session that the first one has had (the two are the same), or the first one gets a session that it did not have
 * before (its own changes). Only transactions are used, so nothing is left behind in the sessions of a pooler.
 * @param setting the setting that holds the address of both
 * @throws StartupError
 */
export async function requireOwnSessions(first: ClientBase, second: ClientBase, setting: string): Promise<void> {
  let isShared: boolean;
  try {
    isShared = await shareSessions(first, second);
  } catch (error) {
    // E.g. a pooler that takes no transactions at all, or has a single session to give.
    throw shared(setting, `does not give two sessions of PostgreSQL at a time (${reasonOf(error)})`, error);
  }
  if (isShared) {
    throw shared(
      setting,
      'leads to a connection pooler that gives every transaction another session of PostgreSQL ("transaction pooling")',
    );
  }
}

async function shareSessions(first: ClientBase, second: ClientBase): Promise<boolean> {
  const own = await sessionIn(first, '');
  for (let round = 0; round < ROUNDS; round += 1) {
    const seen = [await sessionIn(first, '')];
    const other = await sessionIn(second, 'begin; ');
    // The first one may wait for the session that the second one holds: it is not asked once they are known to be shared.
    if (other !== own) seen.push(await sessionIn(first, ''));
    await second.query('rollback');
    if (other === own || seen.some((session) => session !== own)) return true;
  }
  return false;
}

const shared = (setting: string, fault: string, cause?: unknown): StartupError =>
  new StartupError(
    `${setting} ${fault}: the ledger needs sessions of its own. Set pool_mode=session for it in the pooler, with at least 20 sessions, ` +
      `or set ${setting} to PostgreSQL itself.`,
    { cause },
  );

async function sessionIn(client: ClientBase, before: string): Promise<number> {
  // A simple query: a pooler may refuse or share prepared statements.
  const text = `${before}select pg_catalog.pg_backend_pid() as pid`;
  const answer: unknown = await client.query({ text, query_timeout: ANSWER_MS_MAX } as { text: string });
  const results = (Array.isArray(answer) ? answer : [answer]) as { rows: { pid: number }[] }[];
  const pid = results.at(-1)?.rows[0]?.pid;
  if (pid === undefined) throw new Error('The server did not say which session answers.');
  return pid;
}
