import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ROLES } from '../ledger/command-context.js';
import type { RefusalCatalogue } from '../ledger/refusal-declaration.js';
import { ProblemMembersDto } from './answer.dto.js';
import { applyConventions } from './openapi-conventions.js';
import { describeProblems, shareResponses } from './openapi-problems.js';

const DESCRIPTION = `Every capital commitment, chip allocation and access grant of the partnership as an immutable event, and
everything that is derived from those events.

Commands are POSTs with an Idempotency-Key: a command that is sent again is not executed again, its answer is replayed. Reads name
in Ledger-Position the position of the history that they reflect. Errors are problem details (RFC 9457) with a stable code.`;

const TAGS: Readonly<Record<string, string>> = {
  access: 'Calls for access to the chips, requests that answer them, decisions, grants and what was used.',
  'api-keys': 'Credentials: issued once, shown once, stored as a hash.',
  bulk: 'Many commands in one call.',
  capital: 'Funds in layers, what partners commit to them, calls for capital and what is paid.',
  compute: 'Facilities, their chips over time, and allocations that never oversubscribe them.',
  events: 'The history itself: every event, in order, for ever.',
  log: 'The same history as a transparency log that anyone can verify with tools of their own.',
  partners: 'Who takes part: identity, category over time, who holds whom.',
  policies: 'Decisions of the governing board that the rules read, each with its reason and date.',
  subjects: 'Whose sealed content is kept beside the public history, and how it is erased.',
  transparency: 'The public report: whether access follows demand, whose money it is, what is installed and used.',
};

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & { 'x-roles'?: readonly string[] };

/** The OpenAPI 3.1 document, made from the code. */
export function openApiDocument(app: INestApplication, catalogue: RefusalCatalogue): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, settings(), {
    extraModels: [ProblemMembersDto],
    operationIdFactory: (_controller: string, method: string) => method,
  });
  const kinds = describeProblems(document, catalogue);
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post]) if (operation) completeOperation(operation);
  }
  document.components = { ...document.components, headers: HEADERS };
  document.servers = [
    { url: '/', description: 'This instance: production, staging or local.', 'x-internal': false } as object as {
      url: string;
    },
  ];
  applyConventions(document);
  shareResponses(document, kinds);
  return document;
}

function settings(): Omit<OpenAPIObject, 'paths'> {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Partnership ledger')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('EUPL-1.2', 'https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An API key, or an OpenID Connect token, which is checked as RFC8725 asks.',
    });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const { info, ...rest } = builder.build();
  return {
    ...rest,
    info: {
      ...info,
      contact: { name: 'Partnership ledger', url: 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories' },
    },
  };
}

const whole = { type: 'integer', format: 'int64', minimum: 0, maximum: 1_000_000 } as const;

const HEADERS = {
  'RateLimit-Limit': { description: 'Requests in a minute, while a limit is set.', schema: whole },
  'RateLimit-Remaining': { description: 'Requests left of them, while a limit is set.', schema: whole },
  'RateLimit-Reset': { description: 'Seconds until there are as many again, while a limit is set.', schema: whole },
  'Access-Control-Allow-Origin': {
    description: 'Public reads may be fetched by any page.',
    schema: { type: 'string', enum: ['*'] },
  },
} satisfies NonNullable<OpenAPIObject['components']>['headers'];

/** Plain text is lines, each with its line feed: other tools read it line by line. */
const LINES = String.raw`^([^\n]*\n)+$`;

/** Adds to a route the roles that may use it, and the headers of every answer. */
function completeOperation(operation: Operation): void {
  const isPublic = isAnonymous(operation);
  operation.description = [operation.description, accessOf(operation)].filter(Boolean).join('\n\n');
  const names = [
    'RateLimit-Limit',
    'RateLimit-Remaining',
    'RateLimit-Reset',
    ...(isPublic ? ['Access-Control-Allow-Origin'] : []),
  ];
  // The plugin lists an empty 200 for every handler, also for a route that answers 201.
  if (operation.responses['201']) delete operation.responses['200'];
  const common = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
  for (const response of Object.values(operation.responses)) {
    if (!response || '$ref' in response) continue;
    response.headers = { ...response.headers, ...common };
    const text = response.content?.['text/plain']?.schema;
    if (text && !('$ref' in text)) text.pattern ??= LINES;
  }
  const { requestBody } = operation;
  if (requestBody && 'content' in requestBody && JSON.stringify(requestBody.content).includes('/EmptyBody"')) {
    requestBody.required = false;
  }
}

/** An empty requirement in the list means that the route needs no credential. */
const isAnonymous = ({ security }: Operation): boolean =>
  security?.some((requirement) => Object.keys(requirement).length === 0) ?? false;

function accessOf(operation: Operation): string {
  const { 'x-roles': roles, security } = operation;
  if (isAnonymous(operation)) {
    return (security?.length ?? 0) > 1
      ? 'Public; shows more to credentials that may see more.'
      : 'Public: needs no credential.';
  }
  if (!roles || roles.length === ROLES.length) return 'For every credential.';
  return `For credentials with the role ${new Intl.ListFormat('en', { type: 'disjunction' }).format(roles)}.`;
}
