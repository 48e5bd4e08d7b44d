import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../ledger/command-context.js';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { notReached } from '../ledger/projector/projection-progress.js';
import { Projector } from '../ledger/projector/projector.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

/** How long a command waits until the rows reach the end of the log. After that the answer is 503, and the sender tries again. */
const CATCH_UP_MS = 5_000;

/** Rows of a table that are open, and the projection that makes them. An index has exactly these rows, by their partner. */
export interface OpenRecords {
  readonly projection: string;
  readonly table: string;
  readonly status: string;
}

/** Counts the open records of partners for commands by their own keys. */
@Injectable()
export class OpenRecordCounts {
  constructor(
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'pool'>,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly projector: Projector,
  ) {}

  /**
   * What the partner has open at the end of the log. It reads as many index entries, which the quota bounds, and nothing of what is
   * closed. It asks the primary database, because a standby may be behind.
   * @throws Refusal (`unavailable`) when the rows do not catch up in time
   */
  async of(partnerId: string, { projection, table, status }: OpenRecords): Promise<number> {
    const head = await this.store.head();
    await this.projector.reached(projection, head, CATCH_UP_MS);
    const { rows } = await this.runtime.pool.query<{ position: number; open: number }>(
      `select p.position, (select count(*)::int from ${table} where partner_id = $1 and status = '${status}') as open
       from projections p where p.name = $2`,
      [partnerId, projection],
    );
    const [row] = rows;
    // A database that crashed may have lost its last rows.
    if (row === undefined || row.position < head) throw notReached(head, row?.position ?? 0);
    return row.open;
  }

  /** Prepares a decision of a command by any caller: with the count for a partner's own key, at once for all others. */
  forOwn<Result>(
    { partnerId }: Principal,
    records: OpenRecords,
    prepare: (open: number | undefined) => Result,
  ): Result | Promise<Result> {
    return partnerId === undefined ? prepare(undefined) : this.of(partnerId, records).then(prepare);
  }
}
