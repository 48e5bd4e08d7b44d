import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { Refusal, unknown } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import { NAME_OF, type Reading } from '../http/read-model.js';
import { branchesOf, rowsFor } from '../http/visibility.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import type { AccessPoolDto, AccessPoolsDto, AccessPoolsQueryDto, PoolPeriodDto } from './access-pool-read.dto.js';
import { leftPartsOf } from './hour-account.js';
import { unitHoursOf } from './hour-booking.js';

/** Periods of pools in one answer: 4 MB of JSON. A client that needs more reads the years in parts. */
const POOL_PERIODS_MAX = 10_000;

export class GetAccessPools extends Query<Reading<AccessPoolsDto>> {
  constructor(
    readonly reader: Principal,
    readonly id: string,
    readonly query: AccessPoolsQueryDto,
  ) {
    super();
  }
}

const FACILITIES = {
  table: 'pool_facilities',
  name: 'facilities',
  belongs: { operator: 'operator_partner_id', hostState: 'host_state_partner_id' },
} as const;

/**
 * The facility, if the reader may see it, with a row for each pool and period. What is allocated in a period is the sum of the changes
 * before its end, each from its instant, or from the start of the period, until the end: an allocation that ended before adds up to 0.
 */
const poolsOf = (from: string, visible: string): string => `
  select p.position as reflected, f.id as "facilityId", f.operations_started_on as "operationsStartedOn",
    f.ownership_transferred_on as "ownershipTransferredOn", a.*
  from (select position from projections where name = 'access-pools') p
  left join (select * from ${from} where id = $1 and (${visible})) f on true
  left join lateral (
    select pool.id, pool.created_position, pool.owner, pool.partner_id as "partnerId", ${NAME_OF.partner('pool.partner_id')} as "partnerName",
      pool.basis, account.period_from as "periodFrom", account.period_to as "periodTo", account.unit,
      account.contribution_minor as "contributionMinor", account.entitled, account.donated_in as "donatedIn",
      account.donated_out as "donatedOut", account.residual, trunc(coalesce(used.parts, 0)) as "allocatedParts"
    from access_pools pool
    left join pool_accounts account on account.pool_id = pool.id
      and ($2::timestamptz is null or account.period_to > $2) and ($3::timestamptz is null or account.period_from < $3)
    left join lateral (
      select sum(thousandths_delta * 1000
        * extract(epoch from account.period_to - greatest(changes_at, account.period_from))) as parts
      from pool_changes where pool_id = pool.id and changes_at < account.period_to
    ) used on account.id is not null
    where pool.facility_id = f.id
    order by pool.created_position, account.period_from
    limit $4
  ) a on true
  order by a.created_position, a."periodFrom"`;

@QueryHandler(GetAccessPools)
class GetAccessPoolsHandler implements IQueryHandler<GetAccessPools> {
  constructor(@Inject(RUNTIME) private readonly runtime: Runtime) {}

  async execute({ reader, id, query }: GetAccessPools): Promise<Reading<AccessPoolsDto>> {
    const values: unknown[] = [id, instantOf(query.from), instantOf(query.to), POOL_PERIODS_MAX + 1];
    const facilities = rowsFor(reader, FACILITIES);
    const statement = poolsOf(facilities.from, branchesOf(facilities, values).join(' or '));
    const { rows } = await this.runtime.readPool.query<PoolRow>(statement, values);
    const [first] = rows;
    if (!first?.facilityId) throw unknown('facility', id);
    if (rows.length > POOL_PERIODS_MAX) throw tooManyPeriods();
    const { operationsStartedOn, ownershipTransferredOn } = first;
    const pools = new Map<string, AccessPoolDto>();
    for (const row of rows) {
      if (row.id === null) continue;
      const { owner, partnerId, partnerName, basis } = row;
      const pool = pools.get(row.id) ?? { id: row.id, owner, partnerId, partnerName, basis, periods: [] };
      pools.set(row.id, pool);
      if (row.periodFrom !== null) pool.periods.push(periodOf(row));
    }
    return {
      position: first.reflected,
      body: { facilityId: id, operationsStartedOn, ownershipTransferredOn, pools: [...pools.values()] },
    };
  }
}

const instantOf = (text: string | undefined): string | null =>
  text === undefined ? null : formatInstant(parseInstant(text));

function periodOf(row: PoolPeriodRow): PoolPeriodDto {
  const { periodFrom, periodTo, unit, contributionMinor, entitled, donatedIn, donatedOut, residual } = row;
  const account = {
    ...{ entitled: BigInt(entitled), donatedIn: BigInt(donatedIn), donatedOut: BigInt(donatedOut) },
    ...{ residual: BigInt(residual), allocatedParts: BigInt(row.allocatedParts) },
  };
  return {
    ...{ periodFrom, periodTo, unit, contributionMinor },
    ...{ entitledUnitHours: entitled, donatedInUnitHours: donatedIn, donatedOutUnitHours: donatedOut },
    residualUnitHours: residual,
    allocatedUnitHours: unitHoursOf(account.allocatedParts),
    leftUnitHours: unitHoursOf(leftPartsOf(account)),
  };
}

function tooManyPeriods(): Refusal {
  const detail = `The pools have more than ${POOL_PERIODS_MAX} periods together. Ask for a shorter time with "from" and "to".`;
  return new Refusal('malformed', 'too-many-pool-periods', detail, {}, [{ pointer: '/to', detail }]);
}

interface PoolPeriodRow extends Pick<PoolPeriodDto, 'periodFrom' | 'periodTo' | 'unit' | 'contributionMinor'> {
  readonly entitled: number;
  readonly donatedIn: number;
  readonly donatedOut: number;
  readonly residual: number;
  readonly allocatedParts: string;
}

type PoolRow = Pick<AccessPoolsDto, 'operationsStartedOn' | 'ownershipTransferredOn'> & {
  readonly reflected: number;
  readonly facilityId: string | null;
} & (Omit<AccessPoolDto, 'id' | 'periods'> & { readonly id: string | null }) & // Null where the facility has no pool, and where the pool has no account in the periods.
  (PoolPeriodRow | { readonly periodFrom: null });

export const accessPoolQueryHandlers = [GetAccessPoolsHandler];
