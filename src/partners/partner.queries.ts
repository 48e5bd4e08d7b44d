import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { ReadModel, type Condition, type Page, type Reading } from '../http/read-model.js';
import { inForceAt, type Timeline } from '../domain/timeline.js';
import type { AffiliationDto, ListPartnersDto, PartnerDto } from './partner.dto.js';
import type { Acquisition, Category, Classification, LegalForm, PartnerKind } from './partner.js';
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

/** The category in force today, read from the dated decisions: it changes with the date, not only with an event. */
const PARTNERS = `(
  select p.*, (
    select c.entry->>'category' from jsonb_array_elements(p.classifications) with ordinality as c (entry, n)
    where (c.entry->>'effectiveFrom')::date <= (now() at time zone 'utc')::date order by c.n desc limit 1
  ) as category
  from partners p
) as partners`;

@QueryHandler(GetPartner)
export class GetPartnerHandler implements IQueryHandler<GetPartner> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, id }: GetPartner): Promise<Reading<PartnerDto>> {
    return this.rows.one({
      projection: 'partners',
      what: 'partner',
      from: PARTNERS,
      columns: '*',
      id,
      where: [ownOnly(reader)],
      map: toPartner,
    });
  }
}

@QueryHandler(ListPartners)
export class ListPartnersHandler implements IQueryHandler<ListPartners> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListPartners): Promise<Reading<Page<PartnerDto>>> {
    const { limit, cursor, category, country, q } = query;
    return this.rows.list({
      projection: 'partners',
      from: PARTNERS,
      columns: '*',
      filters: { category, country, q },
      limit,
      cursor,
      where: (filters) => [
        ownOnly(reader),
        filters['category'] === undefined ? undefined : { column: 'category', value: filters['category'] },
        filters['country'] === undefined ? undefined : { column: 'country', value: filters['country'] },
        filters['q'] === undefined ? undefined : { column: 'legal_name', op: 'contains', value: filters['q'] },
      ],
      map: toPartner,
    });
  }
}

/** A credential that is bound to a partner sees that partner only. */
const ownOnly = (reader: Principal): Condition | undefined =>
  reader.partnerId === undefined ? undefined : { column: 'id', value: reader.partnerId };

interface PartnerRow {
  readonly id: string;
  readonly revision: number;
  readonly legal_name: string;
  readonly country: string;
  readonly legal_form: LegalForm;
  readonly partner_kind: PartnerKind;
  readonly lei: string | null;
  readonly registered_on: string | null;
  readonly category: Category | null;
  readonly classifications: Timeline<Classification>;
  readonly affiliations: readonly AffiliationEntry[];
  readonly acquisitions: Timeline<Acquisition>;
  readonly source: string | null;
  readonly illustrative: boolean;
}

function toPartner(record: object): PartnerDto {
  const row = record as PartnerRow;
  const today = new Date().toISOString();
  const affiliations = holdingsOn(row.affiliations, today);
  const acquirer = inForceAt(row.acquisitions, today)?.acquirerId;
  return {
    id: row.id,
    legalName: row.legal_name,
    country: row.country,
    legalForm: row.legal_form,
    partnerKind: row.partner_kind,
    lei: row.lei,
    registeredOn: row.registered_on,
    category: row.category,
    classifications: [...row.classifications],
    affiliations,
    parentId: acquirer ?? affiliations.find(({ kind }) => kind === 'linked')?.otherPartnerId ?? null,
    source: row.source,
    illustrative: row.illustrative,
    revision: row.revision,
  };
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
