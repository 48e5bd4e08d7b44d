import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { formatInstant, parseInstant, type EpochMs } from '../ledger/time.js';
import {
  NAME_OF,
  ReadModel,
  is,
  mapPage,
  type Columns,
  type Condition,
  type Page,
  type Reading,
} from '../http/read-model.js';
import { rowsFor } from '../http/visibility.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import type { ApiKeyDto, ApiKeyStatus, ListApiKeysDto, MeDto, OwnFacilityDto } from './api-key-read.dto.js';
import { Authentication } from './authentication.service.js';

export class ListApiKeys extends Query<Reading<Page<ApiKeyDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListApiKeysDto,
  ) {
    super();
  }
}

export class GetMe extends Query<Reading<MeDto>> {
  constructor(
    /** The header of the request. */
    readonly authorization: string | undefined,
  ) {
    super();
  }
}

const KEYS = { table: 'api_keys', name: 'keys', belongs: { self: 'partner_id' } } as const;

/** The status of a key depends on the time. */
type KeyRow = Omit<ApiKeyDto, 'status'>;

const COLUMNS: Columns<KeyRow> = {
  id: 'id',
  name: 'name',
  roles: 'roles',
  partnerId: 'partner_id',
  partnerName: NAME_OF.partner('keys.partner_id'),
  issuedAt: 'issued_at',
  expiresAt: 'expires_at',
  revokedAt: 'revoked_at',
  revision: 'revision',
};

@QueryHandler(ListApiKeys)
class ListApiKeysHandler implements IQueryHandler<ListApiKeys> {
  constructor(
    private readonly rows: ReadModel,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  async execute({ reader, query }: ListApiKeys): Promise<Reading<Page<ApiKeyDto>>> {
    const { limit, cursor, partnerId, status, from, to } = query;
    const now = this.runtime.clock();
    const page = await this.rows.list({
      projection: 'api-keys',
      rows: rowsFor(reader, KEYS),
      columns: COLUMNS,
      filters: { partnerId, status },
      recorded: { from, to },
      limit,
      cursor,
      where: (filters) => [is('partner_id', filters['partnerId']), ...statusConditions(filters['status'], now)],
    });
    return mapPage(page, (row) => toKey(row, now));
  }
}

/** The conditions for a status now. A key expires by the clock, without an event, so no row keeps the status. */
function statusConditions(status: string | undefined, now: EpochMs): readonly Condition[] {
  // Instants have whole milliseconds: an instant before the next millisecond is now or earlier.
  const expires = (op: '<' | '>='): Condition => ({
    column: `coalesce(expires_at, 'infinity')`,
    op,
    value: formatInstant(now + 1),
  });
  const isRevoked = (value: boolean): Condition => ({ column: '(revoked_at is not null)', value });
  switch (status) {
    case 'active':
      return [isRevoked(false), expires('>=')];
    case 'expired':
      return [isRevoked(false), expires('<')];
    case 'revoked':
      return [isRevoked(true)];
    // The request names no status, or its cursor was changed by hand.
    default:
      return [];
  }
}

function toKey({ id, name, roles, partnerId, partnerName, ...key }: KeyRow, now: EpochMs): ApiKeyDto {
  return { id, name, roles, partnerId, partnerName, status: statusAt(key, now), ...key };
}

function statusAt({ revokedAt, expiresAt }: Pick<KeyRow, 'revokedAt' | 'expiresAt'>, now: EpochMs): ApiKeyStatus {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && parseInstant(expiresAt) <= now ? 'expired' : 'active';
}

/** A partner operates one or two facilities. */
const FACILITIES_MAX = 200;

@QueryHandler(GetMe)
class GetMeHandler implements IQueryHandler<GetMe> {
  constructor(
    private readonly authentication: Authentication,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  async execute({ authorization }: GetMe): Promise<Reading<MeDto>> {
    const {
      principal,
      kind,
      apiKeyId = null,
      name = null,
      expiresAt = null,
    } = await this.authentication.identify(authorization);
    const { actorId, roles, partnerId = null } = principal;
    const { position, partnerName, facilities } = await this.belongings(principal);
    const rateLimitPerMinute = this.runtime.config.rateLimitPerMinute || null;
    return {
      position,
      body: {
        kind,
        apiKeyId,
        name,
        actorId,
        roles,
        partnerId,
        partnerName,
        facilities,
        expiresAt,
        rateLimitPerMinute,
      },
    };
  }

  private async belongings({ partnerId, roles }: Principal): Promise<Belongings> {
    const { rows } = await this.runtime.readPool.query<Belongings>(
      `select p.position, (select legal_name from partners where id = $1) as "partnerName", (
         select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name) order by f.name, f.id), '[]')
         from (select id, name from facilities where operator_partner_id = $2 order by name, id limit ${FACILITIES_MAX}) f
       ) as facilities
       from projections p where p.name = 'partners'`,
      [partnerId ?? null, roles.includes('facility') ? (partnerId ?? null) : null],
    );
    return rows[0] ?? { position: 0, partnerName: null, facilities: [] };
  }
}

interface Belongings {
  /** The position that the names reflect. */
  readonly position: number;
  readonly partnerName: string | null;
  readonly facilities: readonly OwnFacilityDto[];
}

export const apiKeyQueryHandlers = [ListApiKeysHandler, GetMeHandler];
