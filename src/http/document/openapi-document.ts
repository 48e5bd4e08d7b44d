import { readFileSync } from 'node:fs';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ROLES } from '../../ledger/command-context.js';
import { EventReader } from '../../ledger/event-reader.js';
import type { RefusalCatalogue } from '../../ledger/refusal-declaration.js';
import { REFUSAL_CATALOGUE } from './problem-page.controller.js';
import { describeBulk, describeTables, nameSchemas, publicNames, shareHeaders, versionOf } from './openapi-form.js';
import { ProblemMembersDto } from '../answer.dto.js';
import { applyConventions } from './openapi-conventions.js';
import { describeProblems, shareResponses } from './openapi-problems.js';
import { describeEvents } from './openapi-events.js';

const DESCRIPTION = `Every capital commitment, chip allocation and access grant of the partnership as an immutable event, and
everything that is derived from those events.

Commands are POSTs with an Idempotency-Key: a command that is sent again is not executed again, its answer is replayed. Reads name
in Ledger-Position the position of the history that they reflect. Errors are problem details (RFC 9457) with a stable code: each
operation lists those that it can answer, and the path in type says what a code means.

To generate a client: \`npx @hey-api/openapi-ts -i URL/openapi.json -o client\` (TypeScript), or any generator that reads OpenAPI 3.1; have
it pass the header Idempotency-Key as a parameter (orval: \`headers: true\`).`;

const PROGRAM = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The tags of the controllers, as readers see them and in the order in which they see them: what is public comes first. */
const TAGS: Readonly<Record<string, { readonly name: string; readonly description: string }>> = {
  transparency: {
    name: 'Transparency',
    description: 'The public reports: whether access follows demand, whose money it is, what is installed and used.',
  },
  events: { name: 'Events', description: 'The history itself: every event, in order, for ever.' },
  log: {
    name: 'Transparency log',
    description: 'The same history as a transparency log that anyone can verify with tools of their own.',
  },
  policies: {
    name: 'Policies',
    description: 'Decisions of the governing board that the rules read, each with its reason and date.',
  },
  problems: { name: 'Problems', description: 'What the code of a problem means, and what to do.' },
  partners: { name: 'Partners', description: 'Who takes part: identity, category over time, who holds whom.' },
  capital: {
    name: 'Capital',
    description: 'Funds in layers, what partners commit to them, calls for capital and what is paid.',
  },
  compute: {
    name: 'Facilities',
    description: 'Facilities, their chips over time, and allocations that never oversubscribe them.',
  },
  access: {
    name: 'Access',
    description: 'Calls for access to the chips, requests that answer them, decisions, grants and what was used.',
  },
  bulk: { name: 'Bulk', description: 'Many commands in one call.' },
  'api-keys': { name: 'API keys', description: 'Credentials: issued once, shown once, stored as a hash.' },
  subjects: {
    name: 'Personal data',
    description: 'Whose sealed content is kept beside the public history, and how it is erased.',
  },
  operations: { name: 'Operations', description: 'Health and metrics, for those who run the service.' },
};

const SUMMARY_LENGTH_MAX = 90;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & { 'x-roles'?: readonly string[] };

/** The OpenAPI 3.1 document, made from the code. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, settings(), {
    extraModels: [ProblemMembersDto],
    operationIdFactory: (_controller: string, method: string) => method,
  });
  describeTables(document);
  describeBulk(document);
  const kinds = describeProblems(document, app.get<RefusalCatalogue>(REFUSAL_CATALOGUE));
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post]) if (operation) completeOperation(operation);
  }
  document.components = { ...document.components, headers: HEADERS };
  describeEvents(document, app.get(EventReader).versions);
  document.servers = [
    { url: '/', description: 'This instance: production, staging or local.', 'x-internal': false } as object as {
      url: string;
    },
  ];
  applyConventions(document);
  nameSchemas(document);
  shareHeaders(document);
  shareResponses(document, kinds);
  const named = publicNames(document);
  named.info.version = versionOf(named, PROGRAM.version);
  return named;
}

function settings(): Omit<OpenAPIObject, 'paths'> {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Partnership ledger')
    .setDescription(DESCRIPTION)
    .setVersion(PROGRAM.version)
    .setLicense('EUPL-1.2', 'https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An API key, or an OpenID Connect token, which is checked as RFC8725 asks.',
    });
  for (const { name, description } of Object.values(TAGS)) builder.addTag(name, description);
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
  const isForOperators = operation.tags?.includes('operations') ?? false;
  operation.tags = operation.tags?.map((tag) => TAGS[tag]?.name ?? tag) ?? [];
  const { summary, rest } = shortened((operation.summary ?? '').replaceAll('\n', ' '));
  operation.summary = summary;
  operation.description = [rest, operation.description, accessOf(operation)].filter(Boolean).join('\n\n');
  const names = isForOperators
    ? []
    : [
        'RateLimit-Limit',
        'RateLimit-Remaining',
        'RateLimit-Reset',
        ...(isAnonymous(operation) ? ['Access-Control-Allow-Origin'] : []),
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

/** Swagger UI shows a summary on one line: it is the first sentence, or its part before a colon. The description says the rest. */
function shortened(text: string): { readonly summary: string; readonly rest: string } {
  const [sentence = '', ...sentences] = text.split(/(?<=[\w)`]\.) (?=[A-Z`])/);
  const [head = '', tail] = sentence.length <= SUMMARY_LENGTH_MAX ? [sentence] : sentence.split(/: (.*)/);
  return tail === undefined ? { summary: sentence, rest: sentences.join(' ') } : { summary: `${head}.`, rest: text };
}

/** An empty requirement in the list means that the route needs no credential. */
const isAnonymous = ({ security }: Operation): boolean =>
  security?.some((requirement) => Object.keys(requirement).length === 0) ?? false;

function accessOf(operation: Operation): string {
  const { 'x-roles': roles, security } = operation;
  if (isAnonymous(operation)) {
    return (security?.length ?? 0) > 1
      ? 'Public: needs no credential. One that is sent is checked.'
      : 'Public: needs no credential.';
  }
  if (!roles || roles.length === ROLES.length) return 'For every credential.';
  return `For credentials with the role ${new Intl.ListFormat('en', { type: 'disjunction' }).format(roles)}.`;
}
