import type { Pool } from 'pg';
import type { ProgressListener } from '../../ledger/progress-listener.js';
import { Vault } from '../../ledger/vault.js';
import type { AggregateOutline } from '../../ledger/aggregate.js';
import { codeOf, reasonOf } from '../../platform/startup-error.js';
import { NotCheckable } from '../audit-finding.js';
import type { Trust } from '../audit-log.js';
import { LogStore } from '../../log/log-store.queries.js';
import type { VerifierKey } from '../../tlog/note-key.js';
import { AnswersCheck } from './stored-answers.queries.js';
import { ContentsCheck } from './stored-contents.queries.js';
import { CheckpointsCheck, EventRowsCheck, StoredLog, TilesCheck } from './stored-log.queries.js';
import { FoldStatesCheck, PublishedTextsCheck } from './stored-reports.queries.js';
import { ViewsCheck } from './stored-views.queries.js';
import { EventReader } from '../../ledger/event-reader.js';
import type { Projection } from '../../ledger/projector/projection.js';
import type { MethodRegistry } from '../../transparency/methods.js';
import { notOpened, type Verification } from '../verification.js';
import { verify } from '../verify.js';

export interface StoredLedger {
  readonly pool: Pool;
  /** The key of this installation, or the auditor's own copy. */
  readonly key: VerifierKey;
  /** Undefined without the wrapping key: sealed contents are then not opened. */
  readonly wrappingKey?: Buffer;
  /** All views that the API serves, with the projections that know the events. */
  readonly projections: readonly Projection[];
  /** The versions of the reports' method. */
  readonly methods?: MethodRegistry;
}

/**
 * Verifies all data that a ledger keeps in its database: the log, as an outsider verifies it, and the data beside the log,
 * against the log. Reads only. A service may use the database meanwhile; rows that it adds meanwhile are not checked.
 */
export async function verifyStored(
  { pool, key, wrappingKey, projections, methods }: StoredLedger,
  { kept }: Pick<Trust, 'kept'>,
  aggregates: readonly AggregateOutline[],
  progress?: ProgressListener,
): Promise<Verification> {
  const vault = wrappingKey && new Vault(wrappingKey);
  try {
    return await verify(new StoredLog(new LogStore(pool)), {
      trust: { key, ...(kept !== undefined && { kept }) },
      aggregates,
      ...(progress && { progress }),
      beside: (findings) => [
        new EventRowsCheck(findings, pool),
        new CheckpointsCheck(findings, pool, key),
        new TilesCheck(findings, pool),
        new FoldStatesCheck(findings, pool, methods),
        new PublishedTextsCheck(findings, pool, methods),
        new ContentsCheck(findings, pool, vault),
        new AnswersCheck(findings, pool),
        new ViewsCheck(findings, pool, new EventReader(aggregates), projections),
      ],
    });
  } catch (error) {
    if (!OTHER_SCHEMA.has(codeOf(error) ?? '')) throw error;
    const message = `The database is not one of this version of the program: ${reasonOf(error)}.`;
    return notOpened('the database', new NotCheckable(message, MIGRATE));
  }
}

const MIGRATE = 'Bring it up to date with "ppp-ledger migrate", or check it with the version that serves it.';
/** A table or column is missing (SQLSTATE). */
const OTHER_SCHEMA: ReadonlySet<string> = new Set(['42P01', '42703']);
