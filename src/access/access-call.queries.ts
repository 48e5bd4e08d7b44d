import type { Mode } from '../domain/access-modes.js';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { formatInstant, parseInstant, type EpochMs } from '../ledger/time.js';
import { ReadModel, type Condition, type Page, type Reading, is } from '../http/read-model.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import type { AccessCallDto, CallStatus, ListAccessCallsDto } from './access-call.dto.js';

export class GetAccessCall extends Query<Reading<AccessCallDto>> {
  constructor(readonly id: string) {
    super();
  }
}

export class ListAccessCalls extends Query<Reading<Page<AccessCallDto>>> {
  constructor(readonly query: ListAccessCallsDto) {
    super();
  }
}

@QueryHandler(GetAccessCall)
export class GetAccessCallHandler implements IQueryHandler<GetAccessCall> {
  constructor(
    private readonly rows: ReadModel,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  execute({ id }: GetAccessCall): Promise<Reading<AccessCallDto>> {
    const now = this.runtime.clock();
    return this.rows.one({
      projection: 'access',
      what: 'access-call',
      from: 'access_calls',
      columns: '*',
      id,
      map: (record: object) => toCall(record as CallRow, now),
    });
  }
}

@QueryHandler(ListAccessCalls)
export class ListAccessCallsHandler implements IQueryHandler<ListAccessCalls> {
  constructor(
    private readonly rows: ReadModel,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  execute({ query }: ListAccessCalls): Promise<Reading<Page<AccessCallDto>>> {
    const { limit, cursor, facilityId, mode, status } = query;
    const now = this.runtime.clock();
    return this.rows.list({
      projection: 'access',
      from: 'access_calls',
      columns: '*',
      filters: { facilityId, mode, status },
      limit,
      cursor,
      where: (filters) => [
        is('facility_id', filters['facilityId']),
        is('mode', filters['mode']),
        ...standing(filters['status'], now),
      ],
      map: (record: object) => toCall(record as CallRow, now),
    });
  }
}

/** The calls that stand there now. A call opens and closes with the time, without an event that a row could keep. */
function standing(status: string | undefined, now: EpochMs): readonly Condition[] {
  // Instants have whole milliseconds: what is before the next one is now or earlier.
  const next = formatInstant(now + 1);
  const condition = (column: string, op: '<' | '>='): Condition => ({ column, op, value: next });
  switch (status) {
    case 'announced':
      return [condition('opens_at', '>=')];
    case 'open':
      return [condition('opens_at', '<'), condition('closes_at', '>=')];
    case 'closed':
      return [condition('closes_at', '<')];
    // None was asked for, or the cursor was changed by hand.
    default:
      return [];
  }
}

interface CallRow {
  readonly id: string;
  readonly revision: number;
  readonly facility_id: string;
  readonly mode: Mode;
  readonly title: string;
  readonly opens_at: string;
  readonly closes_at: string;
  readonly chip_hours: number;
}

function statusAt({ opens_at, closes_at }: CallRow, now: EpochMs): CallStatus {
  if (now < parseInstant(opens_at)) return 'announced';
  return now < parseInstant(closes_at) ? 'open' : 'closed';
}

function toCall(row: CallRow, now: EpochMs): AccessCallDto {
  return {
    id: row.id,
    facilityId: row.facility_id,
    mode: row.mode,
    title: row.title,
    status: statusAt(row, now),
    opensAt: row.opens_at,
    closesAt: row.closes_at,
    chipHours: row.chip_hours,
    revision: row.revision,
  };
}

export const accessCallQueryHandlers = [GetAccessCallHandler, ListAccessCallsHandler];
