import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import {
  STATUS_OF_REFUSAL,
  type RefusalCatalogue,
  type RefusalCode,
  type RefusalDeclaration,
} from '../../ledger/refusal-declaration.js';
import { ProblemMembersDto } from '../answer.dto.js';
import { TITLES, typeOf } from '../problem.js';
import { REFUSALS_OF_ROUTE, ROUTE_KINDS, type RouteKind, type RouteRefusals } from '../route-refusals.js';

type Components = NonNullable<OpenAPIObject['components']>;
type Schema = NonNullable<Components['schemas']>[string];
type Response = Exclude<NonNullable<Components['responses']>[string], { $ref: string }>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & { [REFUSALS_OF_ROUTE]?: RouteRefusals };

/** Why a status is answered, whatever the code. */
const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request could not be read.',
  401: 'There is no credential, or one that is not valid here.',
  403: 'The credential may not do this.',
  404: 'Something that is named does not exist.',
  409: 'A rule refuses it; the problem names the rule and the numbers that decided.',
  412: 'The record has changed since the revision in `If-Match`.',
  413: 'The content is too large.',
  415: 'The body is not JSON.',
  422: 'The content cannot be right, or the Idempotency-Key was used for another request.',
  428: 'The Idempotency-Key is missing.',
  429: 'Too many requests.',
  500: 'A bug; quote the traceId.',
  503: 'Not now: send it again after the seconds of `Retry-After`.',
};

const SECONDS = { type: 'integer', format: 'int32', minimum: 0, maximum: 60 } as const;
const RETRY_AFTER = { 'Retry-After': { description: 'Seconds to wait.', schema: SECONDS } };

/** The refusal of an atomic call: the problem of one of its commands, with the command. */
const ATOMIC_REFUSAL: Schema = {
  description: 'The problem of the first refused command of an atomic call.',
  allOf: [
    { $ref: '#/components/schemas/Problem' },
    {
      type: 'object',
      required: ['commandIndex', 'commandKey', 'commandStatus'],
      properties: {
        commandIndex: {
          type: 'integer',
          format: 'int32',
          minimum: 0,
          maximum: 999,
          description: 'Index of the command, from 0.',
          example: 17,
        },
        commandKey: {
          type: 'string',
          pattern: '^[!-~]{1,255}$',
          maxLength: 255,
          description: 'Its key.',
          example: 'partner-register-2026-row-17',
        },
        commandStatus: {
          type: 'integer',
          format: 'int32',
          minimum: 400,
          maximum: 599,
          description: 'Status of the answer to a request of its own.',
          example: 409,
        },
      },
    },
  ],
};

/**
 * Writes into the document what each operation refuses: a response for each status that its codes have, with the union of their
 * problems. Every code is a schema, and `Problem` is the union of all.
 */
export function describeProblems(document: OpenAPIObject, catalogue: RefusalCatalogue): KindsOfResponses {
  const codes = Object.keys(catalogue) as RefusalCode[];
  const schemas: Record<string, Schema> = Object.fromEntries(
    codes.map((code) => [schemaOf(code), problemSchema(code, catalogue[code])]),
  );
  document.components = {
    ...document.components,
    schemas: {
      ...document.components?.schemas,
      ...schemas,
      Problem: { description: 'Any problem of this service. Branch on `code`.', ...unionOf(codes) },
      AtomicRefusal: ATOMIC_REFUSAL,
    },
  };
  const kinds = new Map(operationsOf(document).map((one) => [one.responses, describe(one, catalogue)] as const));
  const shown = JSON.stringify(document.paths);
  const examples = codes.filter((code) => shown.includes(`"#/components/examples/${code}"`));
  document.components.examples = Object.fromEntries(examples.map((code) => [code, exampleOf(code, catalogue[code])]));
  return kinds;
}

function describe(operation: Operation, catalogue: RefusalCatalogue): RouteKind {
  const { [REFUSALS_OF_ROUTE]: refusals } = operation;
  if (!refusals) throw new Error(`${operation.operationId} does not say what it refuses.`);
  delete operation[REFUSALS_OF_ROUTE];
  const byStatus = new Map<number, RefusalCode[]>();
  // The codes of the route come first: the first of a status is its example.
  for (const code of new Set([...refusals.own, ...ROUTE_KINDS[refusals.kind]])) {
    const status = STATUS_OF_REFUSAL[catalogue[code].kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, codes] of [...byStatus].sort(([one], [other]) => one - other)) {
    const response = responseOf(status, codes);
    const other = operation.responses[status];
    operation.responses[status] =
      refusals.kind === 'bulk' && status === 409 ? orAtomic(response) : other ? orOther(response, other) : response;
  }
  return refusals.kind;
}

function responseOf(status: number, codes: readonly RefusalCode[]): Response {
  const [example] = codes;
  return {
    description: DESCRIPTIONS[status] ?? 'Refused.',
    content: {
      'application/problem+json': {
        schema: unionOf(codes),
        examples: { [`${example}`]: { $ref: `#/components/examples/${example}` } },
      },
    },
    ...(status === 429 || status === 503 ? { headers: RETRY_AFTER } : {}),
  };
}

/** An atomic call answers 409 with the problem of a command, whatever the status of that would be. */
function orAtomic({ description, content }: Response): Response {
  const { schema, examples } = content?.['application/problem+json'] ?? {};
  return {
    description: `${description} With \`atomic\`: the problem of the first refused command.`,
    content: {
      'application/problem+json': {
        schema: { oneOf: [...(schema ? [schema] : []), { $ref: '#/components/schemas/AtomicRefusal' }] },
        ...(examples && { examples }),
      },
    },
  };
}

/** A status may also have an answer that is no problem: the report of a service that is not ready. */
function orOther(response: Response, other: Operation['responses'][string]): Response {
  if (!other || '$ref' in other) return response;
  return { ...response, description: other.description, content: { ...other.content, ...response.content } };
}

/** `tranche-cap-exceeded` is described by `TrancheCapExceededProblem`. */
const schemaOf = (code: RefusalCode): string => `${pascal(code)}Problem`;
const pascal = (code: string): string =>
  code
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
const refOf = (code: RefusalCode): string => `#/components/schemas/${schemaOf(code)}`;

function unionOf(codes: readonly RefusalCode[]): Schema {
  const [first] = codes;
  if (first !== undefined && codes.length === 1) return { $ref: refOf(first) };
  return {
    oneOf: codes.map((code) => ({ $ref: refOf(code) })),
    discriminator: { propertyName: 'code', mapping: Object.fromEntries(codes.map((code) => [code, refOf(code)])) },
  };
}

function problemSchema(code: RefusalCode, { means, next, facts = {} }: RefusalDeclaration): Schema {
  const names = Object.keys(facts);
  return {
    description: `${means} ${next}`,
    allOf: [
      { $ref: getSchemaPath(ProblemMembersDto) },
      {
        type: 'object',
        required: ['code', ...names.filter((name) => !facts[name]?.optional)],
        properties: {
          code: { type: 'string', enum: [code] },
          ...(Object.fromEntries(names.map((name) => [name, { ...facts[name]?.schema }])) as Record<string, Schema>),
        },
      },
    ],
  };
}

function exampleOf(code: RefusalCode, { kind, means, next, facts = {} }: RefusalDeclaration): object {
  const status = STATUS_OF_REFUSAL[kind];
  return {
    summary: means,
    value: {
      ...Object.fromEntries(Object.entries(facts).map(([name, { schema }]) => [name, schema.example])),
      type: typeOf(code),
      title: TITLES[status],
      status,
      detail: `${means} ${next}`,
      instance: '/v1/bulk',
      code,
      errors: [],
      traceId: '5b0f6f0a-6b55-4a53-9f5e-3c9a3e0f9d4e',
    },
  };
}

/** The kinds of the routes, by their responses. */
export type KindsOfResponses = ReadonlyMap<object, RouteKind>;

/** Moves responses that several operations have into the components. */
export function shareResponses(document: OpenAPIObject, kinds: KindsOfResponses): void {
  const users = new Map<string, Operation['responses'][]>();
  for (const { responses } of operationsOf(document)) {
    for (const [status, response] of Object.entries(responses)) {
      if (Number(status) < 400) continue;
      const key = `${status} ${JSON.stringify(response)}`;
      users.set(key, [...(users.get(key) ?? []), responses]);
    }
  }
  const shared: Record<string, Response> = {};
  for (const [key, each] of users) {
    const [first] = each;
    if (first === undefined || each.length === 1) continue;
    const status = key.slice(0, 3);
    const response = first[status] as Response;
    const name = nameOf(status, response, kinds.get(first) ?? 'document', shared);
    shared[name] = response;
    for (const responses of each) responses[status] = { $ref: `#/components/responses/${name}` };
  }
  document.components = { ...document.components, responses: shared };
}

/** Tells the code, or the status if it has several, and the kind of route where another kind has another response. */
function nameOf(
  status: string,
  { content }: Response,
  kind: RouteKind,
  taken: Readonly<Record<string, unknown>>,
): string {
  const { schema, examples = {} } = content?.['application/problem+json'] ?? {};
  const [code = ''] = schema && '$ref' in schema ? Object.keys(examples) : [];
  const base = pascal(code || (TITLES[Number(status)] ?? '').replaceAll(' ', '-'));
  const names = [base, `${base}For${pascal(kind)}`];
  for (let number = 2; ; number += 1) {
    const name = names.find((each) => !(each in taken));
    if (name !== undefined) return name;
    names.push(`${base}For${pascal(kind)}${number}`);
  }
}

const operationsOf = ({ paths }: OpenAPIObject): readonly Operation[] =>
  Object.values(paths).flatMap(({ get, post }) => [get, post].flatMap((operation) => (operation ? [operation] : [])));
