import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { REVALIDATED } from '../../http/answer/caching.js';
import { NoQueryDto } from '../../http/list-query.dto.js';
import { ETag, PublicRoute, Revalidated } from '../../http/routes.js';
import { Refusal } from '../../ledger/refusal.js';
import { DictionaryDto } from './dictionary.dto.js';
import { tableMetadata } from './csvw.js';
import { dictionaryOf } from './dictionary.js';
import { MethodRegistry } from '../methods.js';
import { REPORT_KINDS } from '../events/publication.js';

/** The meaning of every figure, for whoever draws a table or a chart of them. */
@ApiTags('transparency')
@Controller('v1/transparency')
export class DictionaryController {
  private text: string | undefined;

  constructor(private readonly methods: MethodRegistry) {}

  /**
   * Read what every field of the reports means: label in English, French and German, unit, source, and whether it adds up; and the labels of
   * all codes. The CSV of a report links to the same in the form of CSVW, at `/v1/transparency/{kind}.csv-metadata.json`.
   */
  @PublicRoute('public')
  @Revalidated()
  @Get('dictionary')
  @ApiResponse({ status: 200, description: 'The dictionary.', type: DictionaryDto, headers: { ETag } })
  async getDictionary(@Query() _query: NoQueryDto, @Res() reply: FastifyReply): Promise<void> {
    this.text ??= JSON.stringify(dictionaryOf(this.methods.current.version));
    await reply.header('Cache-Control', REVALIDATED).type('application/json; charset=utf-8').send(this.text);
  }

  /** The columns of a table for tools that read CSV on the Web (W3C). Left out of the document: its path is that of the CSV. */
  @PublicRoute('document', ['no-table'])
  @Get(':kind(^[a-z-]+).csv-metadata.json')
  @ApiExcludeEndpoint()
  async getTableMetadata(@Param('kind') name: string, @Res() reply: FastifyReply): Promise<void> {
    const kind = REPORT_KINDS.find((one) => one === name);
    if (kind === undefined) throw new Refusal('unknown', 'no-table', `There is no table ${name}.`);
    await reply
      .header('Cache-Control', REVALIDATED)
      .type('application/csvm+json; charset=utf-8')
      .send(JSON.stringify(tableMetadata(kind)));
  }
}
