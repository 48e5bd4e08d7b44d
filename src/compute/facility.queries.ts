import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { Refusal, unknown } from '../ledger/refusal.js';
import { MS_PER_DAY, formatInstant, parseInstant } from '../ledger/time.js';
import { ReadModel, is, type Page, type Reading } from '../http/read-model.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import type {
  CapacityDto,
  CapacityQueryDto,
  CapacityStepDto,
  FacilityDto,
  InstalledChipsDto,
  ListFacilitiesDto,
  QuotaPolicyDto,
} from './facility-read.dto.js';
import type { FacilityKind } from './facility.js';

/** Steps in one answer: a megabyte and a half of JSON. Whoever needs more reads the interval in parts. */
export const CAPACITY_STEPS_MAX = 10_000;
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

// Money as text, because a JSON number would round it.
const COLUMNS = `facilities.*, (
  select coalesce(jsonb_agg(jsonb_build_object('chipModel', c.chip_model, 'installed', c.installed) order by c.chip_model), '[]')
  from (
    select chip_model, coalesce(sum(installed_delta) filter (where changes_at <= now()), 0) as installed
    from capacity_changes where facility_id = facilities.id and installed_delta <> 0 group by chip_model
  ) c
) as chips, (
  select coalesce(jsonb_agg(jsonb_build_object(
    'chipModel', q.chip_model, 'version', q.version, 'floors', q.floors, 'caps', q.caps,
    'effectiveFrom', to_char(q.effective_from at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'reason', q.reason)
    order by q.chip_model, q.version), '[]')
  from quota_policies q
  where q.facility_id = facilities.id and not exists (
    select 1 from quota_policies later
    where later.facility_id = q.facility_id and later.chip_model = q.chip_model and later.version > q.version
      and later.effective_from <= greatest(q.effective_from, now())
  )
) as quota_policies`;

/** Each facility once for everyone to whom it belongs: its operator and its hosting state. */
const FACILITIES_BY_VIEWER = `(
  select *, operator_partner_id as viewer_id from facilities
  union all
  select *, host_state_partner_id from facilities where host_state_partner_id is distinct from operator_partner_id
) as facilities`;

@QueryHandler(GetFacility)
export class GetFacilityHandler implements IQueryHandler<GetFacility> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, id }: GetFacility): Promise<Reading<FacilityDto>> {
    return this.rows.one({
      projection: 'compute',
      what: 'facility',
      from: facilitiesFor(reader),
      columns: COLUMNS,
      id,
      where: [is('viewer_id', reader.partnerId)],
      map: toFacility,
    });
  }
}

@QueryHandler(ListFacilities)
export class ListFacilitiesHandler implements IQueryHandler<ListFacilities> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListFacilities): Promise<Reading<Page<FacilityDto>>> {
    const { limit, cursor, kind, country } = query;
    return this.rows.list({
      projection: 'compute',
      from: facilitiesFor(reader),
      columns: COLUMNS,
      filters: { kind, country },
      limit,
      cursor,
      where: (filters) => [
        is('viewer_id', reader.partnerId),
        is('kind', filters['kind']),
        is('country', filters['country']),
      ],
      map: toFacility,
    });
  }
}

const facilitiesFor = (reader: Principal): string =>
  reader.partnerId === undefined ? 'facilities' : FACILITIES_BY_VIEWER;

/**
 * The facility, if the reader may see it, with its steps: the level at `from`, which every chip model has that is known
 * by `to`, and then every instant at which something changes. Position and rows come from one statement, so that they agree.
 */
const CAPACITY = `
  select p.position as reflected, f.id as facility_id, s.*
  from (select position from projections where name = 'compute') p
  left join (
    select id from facilities
    where id = $1 and ($2::uuid is null or operator_partner_id = $2 or host_state_partner_id = $2)
  ) f on true
  left join lateral (
    select chip_model, changes_at as step_from, lead(changes_at, 1, $4::timestamptz) over steps as step_to,
      (sum(installed) over steps)::bigint as installed, (sum(allocated) over steps)::bigint as allocated
    from (
      select chip_model, $3::timestamptz as changes_at,
        coalesce(sum(installed_delta) filter (where changes_at <= $3), 0) as installed,
        coalesce(sum(allocated_delta) filter (where changes_at <= $3), 0) as allocated
      from capacity_changes
      where facility_id = f.id and changes_at < $4 and ($5::text is null or chip_model = $5)
      group by chip_model
      union all
      select chip_model, changes_at, installed_delta, allocated_delta
      from capacity_changes
      where facility_id = f.id and changes_at > $3 and changes_at < $4 and ($5::text is null or chip_model = $5)
        and (installed_delta <> 0 or allocated_delta <> 0)
    ) changes
    window steps as (partition by chip_model order by changes_at)
    order by chip_model, changes_at
    limit $6
  ) s on true
  order by s.chip_model, s.step_from`;

@QueryHandler(GetCapacity)
export class GetCapacityHandler implements IQueryHandler<GetCapacity> {
  constructor(@Inject(RUNTIME) private readonly runtime: Runtime) {}

  async execute({ reader, id, query }: GetCapacity): Promise<Reading<CapacityDto>> {
    const { from, to } = interval(query, this.runtime.clock());
    const values = [id, reader.partnerId ?? null, from, to, query.chipModel ?? null, CAPACITY_STEPS_MAX + 1];
    const { rows } = await this.runtime.readPool.query<CapacityRow>(CAPACITY, values);
    const [first] = rows;
    if (!first?.facility_id) throw unknown('facility', id);
    if (rows.length > CAPACITY_STEPS_MAX) throw tooManySteps();
    const steps = first.chip_model === null ? [] : rows.map(toStep);
    return { position: first.reflected, body: { facilityId: id, from, to, steps } };
  }
}

/** @throws Refusal (400) when the end is not after the start. */
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

const malformed = (code: string, pointer: string, detail: string): Refusal =>
  new Refusal('malformed', code, detail, {}, [{ pointer, detail }]);

interface CapacityRow {
  readonly reflected: number;
  readonly facility_id: string | null;
  /** Null where the facility has no chips known by the end of the interval. */
  readonly chip_model: string | null;
  readonly step_from: string;
  readonly step_to: string;
  readonly installed: number;
  readonly allocated: number;
}

function toStep({ chip_model, step_from, step_to, installed, allocated }: CapacityRow): CapacityStepDto {
  return {
    chipModel: chip_model ?? '',
    from: step_from,
    to: step_to,
    installed,
    allocated,
    free: installed - allocated,
  };
}

interface FacilityRow {
  readonly id: string;
  readonly revision: number;
  readonly name: string;
  readonly country: string;
  readonly kind: FacilityKind;
  readonly operator_partner_id: string | null;
  readonly host_state_partner_id: string | null;
  readonly capex_minor: string | null;
  readonly currency: string | null;
  readonly union_minor: string;
  readonly states_minor: string;
  readonly chips: InstalledChipsDto[];
  readonly quota_policies: QuotaPolicyDto[];
  readonly source: string | null;
  readonly illustrative: boolean;
}

function toFacility(record: object): FacilityDto {
  const row = record as FacilityRow;
  return {
    id: row.id,
    name: row.name,
    country: row.country,
    kind: row.kind,
    operatorPartnerId: row.operator_partner_id,
    hostStatePartnerId: row.host_state_partner_id,
    capexMinor: row.capex_minor,
    currency: row.currency,
    unionMinor: row.union_minor,
    statesMinor: row.states_minor,
    chips: row.chips,
    quotaPolicies: row.quota_policies.map((policy) => ({
      ...policy,
      effectiveFrom: formatInstant(parseInstant(policy.effectiveFrom)),
    })),
    source: row.source,
    illustrative: row.illustrative,
    revision: row.revision,
  };
}

export const facilityQueryHandlers = [GetFacilityHandler, ListFacilitiesHandler, GetCapacityHandler];
