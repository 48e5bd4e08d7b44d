import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { ReadModel, is, mapPage, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsFor } from '../http/visibility.js';
import { inForceAt, type Timeline } from '../domain/timeline.js';
import type { AffiliationDto, ListPartnersDto, PartnerDto } from './partner.dto.js';
import type { Acquisition } from './partner.js';
import type { AffiliationEntry } from './partner.projection.js';

export class GetPartner extends Query<Reading<PartnerDto>> {
  constructor(
    readonly reader: Principal,
    readonly id: string,
  ) {
    super();
  }
}

export class ListPartners extends Query<Reading<Page<PartnerDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListPartnersDto,
  ) {
    super();
  }
}

const PARTNERS = {
  // The category in force today depends on the date, so it is computed from the dated decisions and not only from the
  // last event.
  table: `(
    select p.*, (
      select c.entry->>'category' from jsonb_array_elements(p.classifications) with ordinality as c (entry, n)
      where (c.entry->>'effectiveFrom')::date <= (now() at time zone 'utc')::date order by c.n desc limit 1
    ) as category
    from partners p
  )`,
  name: 'partners',
  belongs: { self: 'id' },
} as const;

/** The holders and the acquirer of a partner depend on the date, so the row keeps their dated changes. */
type PartnerRow = Omit<PartnerDto, 'affiliations' | 'parentId'> & {
  readonly affiliations: readonly AffiliationEntry[];
  readonly acquisitions: Timeline<Acquisition>;
};

const COLUMNS: Columns<PartnerRow> = {
  id: 'id',
  legalName: 'legal_name',
  country: 'country',
  legalForm: 'legal_form',
  partnerKind: 'partner_kind',
  lei: 'lei',
  registeredOn: 'registered_on',
  category: 'category',
  classifications: 'classifications',
  affiliations: 'affiliations',
  acquisitions: 'acquisitions',
  source: 'source',
  illustrative: 'illustrative',
  revision: 'revision',
};

@QueryHandler(GetPartner)
class GetPartnerHandler implements IQueryHandler<GetPartner> {
  constructor(private readonly rows: ReadModel) {}

  async execute({ reader, id }: GetPartner): Promise<Reading<PartnerDto>> {
    const { body, ...reading } = await this.rows.one({
      projection: 'partners',
      what: 'partner',
      rows: rowsFor(reader, PARTNERS),
      columns: COLUMNS,
      id,
    });
    return { ...reading, body: toPartner(body) };
  }
}

@QueryHandler(ListPartners)
class ListPartnersHandler implements IQueryHandler<ListPartners> {
  constructor(private readonly rows: ReadModel) {}

  async execute({ reader, query }: ListPartners): Promise<Reading<Page<PartnerDto>>> {
    const { limit, cursor, category, country, q, from, to } = query;
    const page = await this.rows.list({
      projection: 'partners',
      rows: rowsFor(reader, PARTNERS),
      columns: COLUMNS,
      filters: { category, country, q },
      recorded: { from, to },
      limit,
      cursor,
      where: (filters) => [
        is('category', filters['category']),
        is('country', filters['country']),
        filters['q'] === undefined ? undefined : { column: 'legal_name', op: 'contains', value: filters['q'] },
      ],
    });
    return mapPage(page, toPartner);
  }
}

function toPartner(row: PartnerRow): PartnerDto {
  const { affiliations: entries, acquisitions, source, illustrative, revision, ...partner } = row;
  const today = new Date().toISOString();
  const affiliations = holdingsOn(entries, today);
  const acquirer = inForceAt(acquisitions, today)?.acquirerId;
  const parentId = acquirer ?? affiliations.find(({ kind }) => kind === 'linked')?.otherPartnerId ?? null;
  return { ...partner, affiliations, parentId, source, illustrative, revision };
}

function holdingsOn(entries: readonly AffiliationEntry[], instant: string): AffiliationDto[] {
  const holders = [...new Set(entries.map(({ otherPartnerId }) => otherPartnerId))];
  return holders.flatMap((holder) => {
    const entry = inForceAt(
      entries.filter(({ otherPartnerId }) => otherPartnerId === holder),
      instant,
    );
    return entry === undefined || entry.kind === 'ended' ? [] : [entry];
  });
}

export const partnerQueryHandlers = [GetPartnerHandler, ListPartnersHandler];
