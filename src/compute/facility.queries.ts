import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { Refusal, unknown } from '../ledger/refusal.js';
import { MS_PER_DAY, formatInstant, parseInstant } from '../ledger/time.js';
import { NAME_OF, ReadModel, is, type Columns, type Page, type Reading } from '../http/read-model.js';
import { branchesOf, rowsFor } from '../http/visibility.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import type {
  CapacityDto,
  CapacityQueryDto,
  CapacityStepDto,
  FacilityDto,
  ListFacilitiesDto,
} from './facility-read.dto.js';

/** Steps in one answer: 1.5 MB of JSON. A client that needs more steps reads the interval in parts. */
const CAPACITY_STEPS_MAX = 10_000;
const INTERVAL_DAYS_DEFAULT = 365;

export class GetFacility extends Query<Reading<FacilityDto>> {
  constructor(
    readonly reader: Principal,
    readonly id: string,
  ) {
    super();
  }
}

export class ListFacilities extends Query<Reading<Page<FacilityDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListFacilitiesDto,
  ) {
    super();
  }
}

export class GetCapacity extends Query<Reading<CapacityDto>> {
  constructor(
    readonly reader: Principal,
    readonly id: string,
    readonly query: CapacityQueryDto,
  ) {
    super();
  }
}

const FACILITIES = {
  table: 'facilities',
  name: 'facilities',
  belongs: { operator: 'operator_partner_id', hostState: 'host_state_partner_id' },
} as const;

const COLUMNS: Columns<FacilityDto> = {
  id: 'id',
  name: 'name',
  country: 'country',
  kind: 'kind',
  operatorPartnerId: 'operator_partner_id',
  operatorPartnerName: NAME_OF.partner('operator_partner_id'),
  hostStatePartnerId: 'host_state_partner_id',
  hostStatePartnerName: NAME_OF.partner('host_state_partner_id'),
  capexMinor: 'capex_minor',
  currency: 'currency',
  unionMinor: 'union_minor',
  statesMinor: 'states_minor',
  chips: `(
    select coalesce(jsonb_agg(jsonb_build_object('chipModel', c.chip_model, 'installed', c.installed) order by c.chip_model), '[]')
    from (
      select chip_model, coalesce(sum(installed_delta) filter (where changes_at <= now()), 0) as installed
      from capacity_changes where facility_id = facilities.id and installed_delta <> 0 group by chip_model
    ) c
  )`,
  // Writes instants as `formatInstant` does.
  quotaPolicies: `(
    select coalesce(jsonb_agg(jsonb_build_object(
      'chipModel', q.chip_model, 'version', q.version, 'floors', q.floors, 'caps', q.caps, 'effectiveFrom',
      replace(to_char(q.effective_from at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '.000Z', 'Z'),
      'reason', q.reason) order by q.chip_model, q.version), '[]')
    from quota_policies q
    where q.facility_id = facilities.id and not exists (
      select 1 from quota_policies later
      where later.facility_id = q.facility_id and later.chip_model = q.chip_model and later.version > q.version
        and later.effective_from <= greatest(q.effective_from, now())
    )
  )`,
  source: 'source',
  illustrative: 'illustrative',
  revision: 'revision',
};

@QueryHandler(GetFacility)
class GetFacilityHandler implements IQueryHandler<GetFacility> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, id }: GetFacility): Promise<Reading<FacilityDto>> {
    return this.rows.one({
      projection: 'compute',
      what: 'facility',
      rows: rowsFor(reader, FACILITIES),
      columns: COLUMNS,
      id,
    });
  }
}

@QueryHandler(ListFacilities)
class ListFacilitiesHandler implements IQueryHandler<ListFacilities> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListFacilities): Promise<Reading<Page<FacilityDto>>> {
    const { limit, cursor, kind, country, from, to } = query;
    return this.rows.list({
      projection: 'compute',
      rows: rowsFor(reader, FACILITIES),
      columns: COLUMNS,
      filters: { kind, country },
      recorded: { from, to },
      limit,
      cursor,
      where: (filters) => [is('kind', filters['kind']), is('country', filters['country'])],
    });
  }
}

/**
 * The facility, if the reader may see it, with its steps. The first step of each chip model known by `to` is its level
 * at `from`; the other steps begin at each instant of a change. One statement reads the position and the rows, so that
 * both are consistent.
 */
const capacityOf = (from: string, visible: string): string => `
  select p.position as reflected, f.id as "facilityId", s.chip_model as "chipModel", s.step_from as "from", s.step_to as "to",
    s.installed, s.allocated, s.installed - s.allocated as free
  from (select position from projections where name = 'compute') p
  left join (select id from ${from} where id = $1 and (${visible})) f on true
  left join lateral (
    select chip_model, changes_at as step_from, lead(changes_at, 1, $3::timestamptz) over steps as step_to,
      (sum(installed) over steps)::bigint as installed, (sum(allocated) over steps)::bigint as allocated
    from (
      select chip_model, $2::timestamptz as changes_at,
        coalesce(sum(installed_delta) filter (where changes_at <= $2), 0) as installed,
        coalesce(sum(allocated_delta) filter (where changes_at <= $2), 0) as allocated
      from capacity_changes
      where facility_id = f.id and changes_at < $3 and ($4::text is null or chip_model = $4)
      group by chip_model
      union all
      select chip_model, changes_at, installed_delta, allocated_delta
      from capacity_changes
      where facility_id = f.id and changes_at > $2 and changes_at < $3 and ($4::text is null or chip_model = $4)
        and (installed_delta <> 0 or allocated_delta <> 0)
    ) changes
    window steps as (partition by chip_model order by changes_at)
    order by chip_model, changes_at
    limit $5
  ) s on true
  order by s.chip_model, s.step_from`;

@QueryHandler(GetCapacity)
class GetCapacityHandler implements IQueryHandler<GetCapacity> {
  constructor(@Inject(RUNTIME) private readonly runtime: Runtime) {}

  async execute({ reader, id, query }: GetCapacity): Promise<Reading<CapacityDto>> {
    const { from, to } = interval(query, this.runtime.clock());
    const values = [id, from, to, query.chipModel ?? null, CAPACITY_STEPS_MAX + 1];
    const facilities = rowsFor(reader, FACILITIES);
    const statement = capacityOf(facilities.from, branchesOf(facilities, values).join(' or '));
    const { rows } = await this.runtime.readPool.query<CapacityRow>(statement, values);
    const [first] = rows;
    if (!first?.facilityId) throw unknown('facility', id);
    if (rows.length > CAPACITY_STEPS_MAX) throw tooManySteps();
    const steps = rows.flatMap(({ reflected: _reflected, facilityId: _facilityId, ...step }) =>
      step.chipModel === null ? [] : [step],
    );
    return { position: first.reflected, body: { facilityId: id, from, to, steps } };
  }
}

/** @throws Refusal (400) if the end is not after the start. */
function interval(query: CapacityQueryDto, nowMs: number): { from: string; to: string } {
  const from = query.from === undefined ? nowMs : parseInstant(query.from);
  const to = query.to === undefined ? from + INTERVAL_DAYS_DEFAULT * MS_PER_DAY : parseInstant(query.to);
  if (from >= to) throw malformed('empty-interval', '/to', 'The end is not after the start. Give a later "to".');
  return { from: formatInstant(from), to: formatInstant(to) };
}

function tooManySteps(): Refusal {
  const detail = `The capacity changes more than ${CAPACITY_STEPS_MAX} times in this interval. Ask for a shorter one, or for one chipModel.`;
  return malformed('too-many-steps', '/to', detail);
}

const malformed = (code: 'empty-interval' | 'too-many-steps', pointer: string, detail: string): Refusal =>
  new Refusal('malformed', code, detail, {}, [{ pointer, detail }]);

type CapacityRow = {
  readonly reflected: number;
  readonly facilityId: string | null;
  // Null if the facility has no chips known by the end of the interval.
} & (CapacityStepDto | { readonly chipModel: null });

export const facilityQueryHandlers = [GetFacilityHandler, ListFacilitiesHandler, GetCapacityHandler];
