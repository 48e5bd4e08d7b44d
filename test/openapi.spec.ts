// That the committed document is what the code says is checked with the built program, by `npm run openapi:check`: here, types
// are stripped without being looked at, and the document is made from types.
import { readFile } from 'node:fs/promises';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { ROLES } from '../src/ledger/command-context.js';
import type { Schema } from '../src/http/document/openapi-conventions.js';
import { REFUSALS } from '../src/refusals.js';
import { startTestApp, type TestApp } from './support/app.js';
import { SCRIPT_MS_MAX, runReadmeScript } from './support/readme.js';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Response {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema; readonly examples?: object }>>;
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-roles'?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Response['content'] };
  readonly responses: Readonly<Record<string, Response>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly examples: Readonly<Record<string, { readonly value: { readonly status: number; readonly code: string } }>>;
  };
}

let app: TestApp;
let document: Document;
let operations: readonly { method: string; path: string; operation: Operation; name: string }[];

beforeAll(async () => {
  app = await startTestApp({ env: { RATE_LIMIT_PER_MINUTE: '100000' } });
  document = JSON.parse(await readFile(new URL('../openapi/openapi.json', import.meta.url), 'utf8')) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation, name: `${method} ${path}` })),
  );
});

afterAll(() => app.stop());

describe('the committed OpenAPI document', () => {
  it('names every operation once, says what it does and who may use it', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations) {
      expect([name, operation.operationId, operation.summary]).toEqual([
        name,
        expect.stringMatching(/^[a-z][A-Za-z]+$/),
        // One short sentence: readers see it on one line.
        expect.stringMatching(/^[^\n]{1,120}\.$/),
      ]);
      const { security = [], 'x-roles': roles = [] } = operation;
      const isPublic = security.some((requirement) => Object.keys(requirement).length === 0);
      const isForRoles = roles.length > 0 && roles.every((role) => ROLES.some((known) => known === role));
      expect([name, isPublic !== isForRoles, security.length > 0]).toEqual([name, true, true]);
    }
  });

  it('answers every refusal with a problem', () => {
    for (const { name, operation } of operations) {
      const refused = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
      const always = operation.tags?.includes('Operations') ? ['500', '503'] : ['429', '500', '503'];
      expect([name, refused.map(([status]) => status)]).toEqual([name, expect.arrayContaining(always)]);
      for (const [status, response] of refused) {
        const { schema, examples = {} } = shared(response).content?.['application/problem+json'] ?? {};
        expect([name, status, schema]).not.toEqual([name, status, undefined]);
        // The example of a status is one of that status.
        expect([
          name,
          status,
          Object.keys(examples).map((code) => document.components.examples[code]?.value.status),
        ]).toEqual([name, status, [Number(status)]]);
      }
    }
  });

  it('lets the operator alone record something that is made up', () => {
    const takers = operations.flatMap(({ name, operation }) => {
      const { schema } = operation.requestBody?.content?.['application/json'] ?? {};
      const body = document.components.schemas[schema?.$ref?.split('/').at(-1) ?? ''];
      if (body?.properties?.['illustrative'] === undefined) return [];
      const refusals = JSON.stringify(shared(operation.responses['403'] ?? {}));
      return [{ name, roles: operation['x-roles'] ?? [], refusals }];
    });
    expect(takers.map(({ name }) => name)).toHaveLength(5);
    for (const { name, roles, refusals } of takers) {
      const isRefused = roles.length === 1 || refusals.includes('illustrative-not-allowed');
      expect([name, roles.includes('operator'), isRefused]).toEqual([name, true, true]);
    }
  });

  it('describes every problem by a schema of its code, with facts that say what they are', () => {
    for (const [code, { facts = {} }] of Object.entries(REFUSALS)) {
      const { mapping = {} } = (document.components.schemas['Problem'] as Union).discriminator;
      const schema = document.components.schemas[mapping[code]?.split('/').at(-1) ?? ''];
      const { properties = {}, required = [] } = (schema?.allOf?.[1] ?? {}) as Schema & {
        required?: readonly string[];
      };
      expect([code, properties['code']?.enum]).toEqual([code, [code]]);
      expect([code, Object.keys(properties)]).toEqual([code, ['code', ...Object.keys(facts)]]);
      expect([code, required]).toEqual([
        code,
        ['code', ...Object.keys(facts).filter((name) => !facts[name]?.optional)],
      ]);
    }
  });

  it('asks for an Idempotency-Key on every command, and for nothing but what it knows', () => {
    for (const { name, method, operation } of operations) {
      const key = operation.parameters?.find((parameter) => parameter.name === 'Idempotency-Key');
      expect([name, key?.required ?? false]).toEqual([name, method === 'post']);
      const body = bodyOf(operation);
      if (body) expect([name, resolved(body).additionalProperties]).toEqual([name, false]);
    }
  });
});

describe('the examples of the OpenAPI document', () => {
  it('are valid where they stand', () => {
    const wrong: unknown[] = [];
    for (const [schemaName, schema] of Object.entries(document.components.schemas)) {
      for (const [member, child] of Object.entries(schema.properties ?? {})) {
        const { example } = child;
        if (example === undefined) continue;
        const errors = errorsOf(`#/components/schemas/${schemaName}/properties/${member}`, example);
        if (errors !== undefined) wrong.push({ schemaName, member, example, errors });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('of problems have the members and the facts of their code', () => {
    for (const [code, { value }] of Object.entries(document.components.examples)) {
      expect(value.code).toBe(code);
      expect([code, errorsOf('#/components/schemas/Problem', value)]).toEqual([code, undefined]);
    }
  });

  it('are there for every parameter of a path, and valid', () => {
    for (const { name, path, operation } of operations) {
      for (const [index, parameter] of (operation.parameters ?? []).entries()) {
        const { example } = parameter.schema;
        if (parameter.in === 'path') expect([name, example]).toEqual([name, expect.any(String)]);
        if (example === undefined) continue;
        const ref = `#/paths/${escaped(path)}/${name.split(' ', 1)[0] ?? ''}/parameters/${index}/schema`;
        expect([name, parameter.name, errorsOf(ref, example)]).toEqual([name, parameter.name, undefined]);
      }
    }
  });

  it('make bodies that hold to their schema', () => {
    for (const { name, operation } of operations) {
      const body = bodyOf(operation);
      if (!body?.$ref) continue;
      expect([name, errorsOf(body.$ref, exampleOf(body))]).toEqual([name, undefined]);
    }
  });

  it('pass the edge: what is refused is refused by a rule, because the ids name nothing', async () => {
    for (const { name, method, path, operation } of operations) {
      if (method !== 'post') continue;
      const body = bodyOf(operation);
      const answer = await app.post(withExamples(path, operation), body && exampleOf(body));
      expect([name, answer.status, answer.body]).toEqual([
        name,
        expect.any(Number),
        expect.not.objectContaining({ code: expect.stringMatching(/^(invalid-content|malformed-.*|internal-error)$/) }),
      ]);
      expect([name, [200, 201, 403, 404, 409, 422]]).toEqual([name, expect.arrayContaining([answer.status])]);
    }
  });
});

describe('the answers that the OpenAPI document describes', () => {
  it(
    'are what is answered, for every read of a ledger that something has happened in',
    async () => {
      await runReadmeScript(app.url);
      const records = new Map<string, string>();
      for (const { name, method, path, operation } of operations) {
        if (method !== 'get' || path.endsWith('/stream')) continue;
        const answer = await app.get(withIds(path, operation, records));
        if (answer.status !== 200) {
          expect([name, answer.body]).toEqual([name, expect.objectContaining({ status: 404 })]);
          continue;
        }
        records.set(path, answer.body?.data?.[0]?.id);
        const type = answer.headers['content-type']?.split(';', 1)[0] ?? '';
        const ref = `#/paths/${escaped(path)}/get/responses/200/content/${escaped(type)}/schema`;
        expect([name, errorsOf(ref, answer.body ?? answer.text)]).toEqual([name, undefined]);
      }
      // Nearly all lists have something in them by then.
      expect([...records.values()].filter((id) => id !== undefined).length).toBeGreaterThan(6);
    },
    SCRIPT_MS_MAX,
  );
});

describe('the schema of an event in the OpenAPI document', () => {
  it('fits every recorded event, and none with a member more in its data or with the data of another type', async () => {
    const { body } = await app.get('/v1/events?limit=200');
    const events = body.data as { type: string; schema: number; data: object }[];
    expect(events.length).toBeGreaterThan(20);
    const ref = '#/components/schemas/LedgerEvent';
    for (const [at, event] of events.entries()) {
      expect([event, errorsOf(ref, event)]).toEqual([event, undefined]);
      const other = events[at === 0 ? 1 : at - 1];
      for (const wrong of [
        { ...event, data: { ...event.data, added: 1 } },
        { ...event, schema: event.schema + 1 },
        ...(other?.type === event.type ? [] : [{ ...event, data: other?.data }]),
        { ...event, type: 'nothing-happened' },
      ]) {
        expect([wrong, errorsOf(ref, wrong) !== undefined]).toEqual([wrong, true]);
      }
    }
  });

  it('is there for every type, and for every version of a type with several', () => {
    const { LedgerEvent: union, EventType: types, FinancialCloseReached: close } = document.components.schemas;
    const { mapping = {} } = (union as { discriminator?: { mapping?: Record<string, string> } }).discriminator ?? {};
    expect(Object.keys(mapping)).toEqual(types?.enum);
    expect(Object.values(mapping)).toEqual(union?.oneOf?.map(({ $ref }) => $ref));
    expect(close?.allOf?.[0]?.oneOf?.map(({ $ref }) => $ref?.split('/').at(-1))).toEqual([
      'FinancialCloseReachedV1',
      'FinancialCloseReachedV2',
      'FinancialCloseReachedV3',
    ]);
  });
});

describe('the headers of the OpenAPI document', () => {
  it('come with the answers: limits with all, permission for any page with public reads only', async () => {
    for (const { name, method, path, operation } of operations) {
      if (method !== 'get' || path.endsWith('/stream')) continue;
      const isOpen = 'Access-Control-Allow-Origin' in (operation.responses['200']?.headers ?? {});
      const { headers } = await app.get(withExamples(path, operation), {
        headers: { origin: 'https://example.eu' },
        // What is public to everybody is not so with a credential, which may see more.
        ...(isOpen && { key: null }),
      });
      expect([name, headers['access-control-allow-origin']]).toEqual([name, isOpen ? '*' : undefined]);
      const isLimited = 'RateLimit-Limit' in (operation.responses['200']?.headers ?? {});
      expect([name, isLimited, headers['ratelimit-limit']]).toEqual(
        operation.tags?.includes('Operations') ? [name, false, undefined] : [name, true, '100000'],
      );
    }
  });
});

const bodyOf = (operation: Operation): Schema | undefined =>
  operation.requestBody?.content?.['application/json']?.schema;

interface Union {
  readonly discriminator: { readonly mapping?: Readonly<Record<string, string>> };
}

const shared = (response: Response): Response =>
  document.components.responses[response.$ref?.split('/').at(-1) ?? ''] ?? response;

function resolved(schema: Schema): Schema {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.split('/').at(-1);
  return name === undefined ? schema : (document.components.schemas[name] ?? {});
}

/** What the examples at the members add up to. Of what is optional, whatever has an example is there. */
function exampleOf(schema: Schema): unknown {
  if (schema.example !== undefined) return schema.example;
  const { properties, items, enum: values, example } = resolved(schema);
  if (example !== undefined) return example;
  if (values) return values[0];
  if (items) return [exampleOf(items)];
  const members = Object.entries(properties ?? {}).map(([name, child]) => [name, exampleOf(child)] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** With the id of the first record of the list above it, where that was read before. */
function withIds(path: string, operation: Operation, records: ReadonlyMap<string, string>): string {
  const id = records.get(path.slice(0, path.indexOf('/{id}')));
  return id === undefined ? withExamples(path, operation) : path.replace('{id}', id);
}

function withExamples(path: string, operation: Operation): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = operation.parameters?.find((known) => known.name === name);
    return String(parameter?.schema.example);
  });
}

/** In a JSON pointer that is part of a URI. */
const escaped = (path: string): string => encodeURIComponent(path.replaceAll('/', '~1'));

const DOCUMENT_ID = 'urn:ppp-ledger:openapi';
let ajv: Ajv2020 | undefined;

/** OpenAPI 3.1 schemas are JSON Schema 2020-12. */
function errorsOf(ref: string, value: unknown): ValidateFunction['errors'] | undefined {
  if (!ajv) {
    ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema({ ...document, $id: DOCUMENT_ID });
  }
  const validate = ajv.getSchema(DOCUMENT_ID + ref);
  if (!validate) throw new Error(`There is no ${ref}.`);
  return validate(value) ? undefined : validate.errors;
}
