import { Controller, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Page, Reading } from '../../http/read-model.js';
import { ReadRoute } from '../../http/routes.js';
import { AttestationPageDto, ListAttestationsDto, type AttestationDto } from './attestation.dto.js';
import { ListAttestations } from './attestation.queries.js';

@ApiTags('transparency')
@Controller('v1/transparency')
export class AttestationController {
  constructor(private readonly queries: QueryBus) {}

  /**
   * List what the service attested, in the order of the attestations: the events were folded a second time, and every served row was what
   * they give.
   */
  @ReadRoute({ path: 'attestations', projection: 'attestations', answer: AttestationPageDto })
  listAttestations(@Query() query: ListAttestationsDto): Promise<Reading<Page<AttestationDto>>> {
    return this.queries.execute(new ListAttestations(query));
  }
}
