import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { dateOf } from '../ledger/time.js';
import {
  NAME_OF,
  ReadModel,
  is,
  onDays,
  type Columns,
  type Condition,
  type Page,
  type Reading,
} from '../http/read-model.js';
import { rowsFor } from '../http/visibility.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import type { CapitalCallDto, CapitalCallPageDto, ListCapitalCallsDto } from './capital-call.dto.js';

export class ListCapitalCalls extends Query<Reading<CapitalCallPageDto>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListCapitalCallsDto,
  ) {
    super();
  }
}

const CALLS = {
  table: `(
    select c.*, m.fund_id, m.partner_id, m.facility_id, m.currency
    from capital_calls c join commitments m on m.id = c.commitment_id
  )`,
  name: 'calls',
  belongs: { owner: 'partner_id' },
} as const;

/** The status of a call depends on the day. */
type CallRow = Omit<CapitalCallDto, 'status'>;

const COLUMNS: Columns<CallRow> = {
  id: 'id',
  commitmentId: 'commitment_id',
  fundId: 'fund_id',
  fundName: NAME_OF.fund('calls.fund_id'),
  partnerId: 'partner_id',
  partnerName: NAME_OF.partner('calls.partner_id'),
  facilityId: 'facility_id',
  facilityName: NAME_OF.facility('calls.facility_id'),
  currency: 'currency',
  amountMinor: 'amount_minor',
  paidMinor: 'paid_minor',
  openMinor: 'amount_minor - paid_minor',
  issuedOn: 'issued_on',
  dueOn: 'due_on',
};

@QueryHandler(ListCapitalCalls)
class ListCapitalCallsHandler implements IQueryHandler<ListCapitalCalls> {
  constructor(
    private readonly rows: ReadModel,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  async execute({ reader, query }: ListCapitalCalls): Promise<Reading<CapitalCallPageDto>> {
    const { limit, cursor, partnerId, fundId, status, dueFrom, dueBefore, from, to } = query;
    let today = dateOf(this.runtime.clock());
    const { body, ...reading }: Reading<Page<CallRow>> = await this.rows.list({
      projection: 'capital',
      rows: rowsFor(reader, CALLS),
      columns: COLUMNS,
      // In the cursor, so that midnight between two pages changes nothing.
      filters: { partnerId, fundId, status, dueFrom, dueBefore, from, to, today },
      limit,
      cursor,
      where: (filters) => {
        today = filters['today'] ?? today;
        return [
          is('partner_id', filters['partnerId']),
          is('fund_id', filters['fundId']),
          ...statusConditions(filters['status'], today),
          filters['dueFrom'] ? { column: 'due_on', op: '>=', value: filters['dueFrom'] } : undefined,
          filters['dueBefore'] ? { column: 'due_on', op: '<', value: filters['dueBefore'] } : undefined,
          ...onDays('issued_on', filters, 'date'),
        ];
      },
    });
    return { ...reading, body: { ...body, data: body.data.map((row) => toCall(row, today)), today } };
  }
}

function statusConditions(status: string | undefined, today: string): readonly Condition[] {
  const isOpen = (value: boolean): Condition => ({ column: '(paid_minor < amount_minor)', value });
  switch (status) {
    case 'open':
      return [isOpen(true)];
    case 'overdue':
      return [isOpen(true), { column: 'due_on', op: '<', value: today }];
    case 'paid':
      return [isOpen(false)];
    // The request names no status, or its cursor was changed by hand.
    default:
      return [];
  }
}

function toCall(row: CallRow, today: string): CapitalCallDto {
  const { currency, amountMinor, paidMinor, openMinor, issuedOn, dueOn, ...names } = row;
  // Dates of this form have the order of their texts.
  const status = openMinor === '0' ? 'paid' : dueOn < today ? 'overdue' : 'open';
  return { ...names, status, currency, amountMinor, paidMinor, openMinor, issuedOn, dueOn };
}

export const capitalCallQueryHandlers = [ListCapitalCallsHandler];
