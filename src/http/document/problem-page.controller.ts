import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RefusalCatalogue, RefusalDeclaration } from '../../ledger/refusal-declaration.js';
import { unknown } from '../../ledger/refusal.js';
import { problemHtml, problemListHtml, problemTypeOf } from './problem-page.js';
import { ProblemParams, ProblemTypeDto, ProblemTypesDto } from './problem-page.dto.js';
import { PublicRoute } from '../routes.js';

/** Token of the declarations of all refusals. */
export const REFUSAL_CATALOGUE = Symbol('catalogue of refusals');

/** The pages change with the program only. */
const CACHE = 'public, max-age=300';
const HTML = { type: 'string', pattern: String.raw`^<!doctype html>[\s\S]+$`, maxLength: 1_000_000 } as const;

const page = (body: new () => object, description: string): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: `${description} Browsers get a page.`,
    content: { 'application/json': { schema: { $ref: getSchemaPath(body) } }, 'text/html': { schema: HTML } },
  });

/** What the codes of problems mean: the `type` of a problem is the path of its page. */
@ApiTags('problems')
@ApiExtraModels(ProblemTypeDto, ProblemTypesDto)
@Controller('problems')
export class ProblemPageController {
  private readonly types: ReadonlyMap<string, ProblemTypeDto>;

  constructor(@Inject(REFUSAL_CATALOGUE) catalogue: RefusalCatalogue) {
    const declared = Object.entries<RefusalDeclaration>(catalogue);
    this.types = new Map(declared.map(([code, declaration]) => [code, problemTypeOf(code, declaration)]));
  }

  /** List every problem that the service can answer. */
  @PublicRoute('document')
  @Get()
  @page(ProblemTypesDto, 'Every code, with its status.')
  async listProblems(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const data = [...this.types.values()];
    await send(request, reply, { data }, () => problemListHtml(data));
  }

  /** Read what a problem means, and what to do. */
  @PublicRoute('public', ['unknown-problem'])
  @Get(':code')
  @page(ProblemTypeDto, 'The meaning of the code.')
  async getProblem(
    @Param() { code }: ProblemParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const type = this.types.get(code);
    if (!type) throw unknown('problem', code);
    await send(request, reply, type, () => problemHtml(type));
  }
}

/** Browsers ask for HTML by name; programs that take anything get JSON. */
async function send({ headers }: FastifyRequest, reply: FastifyReply, body: object, html: () => string): Promise<void> {
  void reply.header('Cache-Control', CACHE).header('Vary', 'Accept');
  if (headers.accept?.includes('text/html')) await reply.type('text/html; charset=utf-8').send(html());
  else await reply.type('application/json; charset=utf-8').send(body);
}
