import type { OpenAPIObject } from '@nestjs/swagger';

type Schema = Readonly<Record<string, unknown>>;

/**
 * Values of an example by the name of a parameter or of a member of the body, which may be in a list of the body; null: the member is
 * left out.
 */
export type ExampleValues = Readonly<Record<string, unknown>>;

/** Examples by operation, such as `POST /v1/commitments/{id}/signature`. */
export type Examples = ReadonlyMap<string, ExampleValues>;

/** Swagger UI fills a key in for every call, because one that is used twice is refused. */
const IDEMPOTENCY_KEY = 'Idempotency-Key';

/**
 * The document for Swagger UI, which fills every field with its example, optional or not: filters would exclude each other, ids would
 * not exist, and all commands would share one idempotency key. So optional parameters have no example here but name it in their
 * description, and required ones and bodies have the values of things that exist in this ledger.
 */
export function documentForTrying(document: OpenAPIObject, examples: Examples): OpenAPIObject {
  const copy = structuredClone(document) as unknown as { paths: Record<string, Record<string, Operation>> };
  for (const [path, methods] of Object.entries(copy.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const values = examples.get(`${method.toUpperCase()} ${path}`) ?? {};
      operation.parameters?.forEach((parameter) => prepare(resolve(copy, parameter) as unknown as Parameter, values));
      const json = operation.requestBody?.content['application/json'];
      if (json?.schema) json.example = filled(exampleOf(copy, json.schema), values);
    }
  }
  return copy as unknown as OpenAPIObject;
}

interface Operation {
  parameters?: Schema[];
  requestBody?: { content: Record<string, { schema?: Schema; example?: unknown }> };
}

interface Parameter {
  name: string;
  required?: boolean;
  description?: string;
  example?: unknown;
  schema?: { example?: unknown };
}

function prepare(parameter: Parameter, values: ExampleValues): void {
  if (parameter.name === IDEMPOTENCY_KEY) {
    parameter.required = false;
    parameter.description = `${parameter.description ?? ''} This page makes a new one for each call unless you give one.`;
  }
  const example = parameter.example ?? parameter.schema?.example;
  delete parameter.example;
  delete parameter.schema?.example;
  if (parameter.required === true) parameter.example = values[parameter.name] ?? example;
  else if (example !== undefined && parameter.name !== IDEMPOTENCY_KEY) {
    parameter.description = `${parameter.description ?? ''} For example \`${String(example)}\`.`.trim();
  }
}

/** An example of a schema, made from the examples of its members. */
function exampleOf(document: object, reference: Schema): unknown {
  const schema = resolve(document, reference);
  const { example, enum: values, properties, items, minimum } = schema;
  const [first] = [schema['allOf'], schema['oneOf'], schema['anyOf']].find(Array.isArray) ?? [];
  if (example !== undefined) return example;
  if (first) return exampleOf(document, first as Schema);
  if (Array.isArray(values)) return values[0] as unknown;
  if (properties) {
    return Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, exampleOf(document, member as Schema)]),
    );
  }
  if (items) return [exampleOf(document, items as Schema)];
  return { boolean: false, integer: minimum ?? 0, number: minimum ?? 0, object: {} }[String(schema['type'])] ?? '';
}

function resolve(document: object, schema: Schema): Schema {
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  const target = $ref
    .split('/')
    .slice(1)
    .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], document);
  return resolve(document, target as Schema);
}

function filled(example: unknown, values: ExampleValues): unknown {
  if (Array.isArray(example)) return example.map((item) => filled(item, values));
  if (typeof example !== 'object' || example === null) return example;
  const members = Object.entries(example).map(([name, value]) => {
    return [name, name in values ? values[name] : filled(value, values)] as const;
  });
  return Object.fromEntries(members.filter(([, value]) => value !== null));
}
