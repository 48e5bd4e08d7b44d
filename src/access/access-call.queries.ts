import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { formatInstant, parseInstant, type EpochMs } from '../ledger/time.js';
import {
  NAME_OF,
  ReadModel,
  duringDays,
  is,
  mapPage,
  type Columns,
  type Condition,
  type Page,
  type Reading,
} from '../http/read-model.js';
import { rowsForAll } from '../http/visibility.js';
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

/** Calls are visible to every credential, because a call invites all partners. */
const CALLS = rowsForAll('access_calls');

@QueryHandler(GetAccessCall)
class GetAccessCallHandler implements IQueryHandler<GetAccessCall> {
  constructor(
    private readonly rows: ReadModel,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  async execute({ id }: GetAccessCall): Promise<Reading<AccessCallDto>> {
    const now = this.runtime.clock();
    const { body, ...reading } = await this.rows.one({
      projection: 'access',
      what: 'access-call',
      rows: CALLS,
      columns: COLUMNS,
      id,
    });
    return { ...reading, body: toCall(body, now) };
  }
}

@QueryHandler(ListAccessCalls)
class ListAccessCallsHandler implements IQueryHandler<ListAccessCalls> {
  constructor(
    private readonly rows: ReadModel,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  async execute({ query }: ListAccessCalls): Promise<Reading<Page<AccessCallDto>>> {
    const { limit, cursor, facilityId, mode, status, from, to } = query;
    const now = this.runtime.clock();
    const page = await this.rows.list({
      projection: 'access',
      rows: CALLS,
      columns: COLUMNS,
      filters: { facilityId, mode, status, from, to },
      limit,
      cursor,
      where: (filters) => [
        is('facility_id', filters['facilityId']),
        is('mode', filters['mode']),
        ...statusConditions(filters['status'], now),
        ...duringDays('opens_at', 'closes_at', filters),
      ],
    });
    return mapPage(page, (row) => toCall(row, now));
  }
}

/**
 * The conditions for a status now. A call opens and closes by the clock, without an event, so no row keeps the status.
 */
function statusConditions(status: string | undefined, now: EpochMs): readonly Condition[] {
  // Instants have whole milliseconds: an instant before the next millisecond is now or earlier.
  const next = formatInstant(now + 1);
  const condition = (column: string, op: '<' | '>='): Condition => ({ column, op, value: next });
  switch (status) {
    case 'announced':
      return [condition('opens_at', '>=')];
    case 'open':
      return [condition('opens_at', '<'), condition('closes_at', '>=')];
    case 'closed':
      return [condition('closes_at', '<')];
    // The request names no status, or its cursor was changed by hand.
    default:
      return [];
  }
}

type CallRow = Omit<AccessCallDto, 'status'>;

const COLUMNS: Columns<CallRow> = {
  id: 'id',
  facilityId: 'facility_id',
  facilityName: NAME_OF.facility('access_calls.facility_id'),
  mode: 'mode',
  title: 'title',
  opensAt: 'opens_at',
  closesAt: 'closes_at',
  chipHours: 'chip_hours',
  chipHoursGranted: 'chip_hours_granted',
  revision: 'revision',
};

function toCall({ id, facilityId, facilityName, mode, title, ...call }: CallRow, now: EpochMs): AccessCallDto {
  return { id, facilityId, facilityName, mode, title, status: statusAt(call, now), ...call };
}

function statusAt({ opensAt, closesAt }: Pick<CallRow, 'opensAt' | 'closesAt'>, now: EpochMs): CallStatus {
  if (now < parseInstant(opensAt)) return 'announced';
  return now < parseInstant(closesAt) ? 'open' : 'closed';
}

export const accessCallQueryHandlers = [GetAccessCallHandler, ListAccessCallsHandler];
