import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ReadModel, onDays, type Columns, type Page, type Reading } from '../../http/read-model.js';
import { rowsForAll } from '../../http/visibility.js';
import type { AttestationDto, ListAttestationsDto } from './attestation.dto.js';

export class ListAttestations extends Query<Reading<Page<AttestationDto>>> {
  constructor(readonly query: ListAttestationsDto) {
    super();
  }
}

/** Attestations are public. */
const ATTESTATIONS = rowsForAll('attestations');

const COLUMNS: Columns<AttestationDto> = {
  id: 'id',
  position: 'position',
  root: 'root',
  methodVersion: 'method_version',
  views: 'views',
  reports: 'reports',
  attestedAt: 'attested_at',
};

@QueryHandler(ListAttestations)
class ListAttestationsHandler implements IQueryHandler<ListAttestations> {
  constructor(private readonly rows: ReadModel) {}

  execute({ query }: ListAttestations): Promise<Reading<Page<AttestationDto>>> {
    return this.rows.list({
      projection: 'attestations',
      rows: ATTESTATIONS,
      columns: COLUMNS,
      filters: { from: query.from, to: query.to },
      limit: query.limit,
      cursor: query.cursor,
      where: (days) => onDays('attested_at', days, 'instant'),
    });
  }
}

export const attestationQueryHandlers = [ListAttestationsHandler];
