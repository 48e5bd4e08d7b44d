import type { OpenAPIObject } from '@nestjs/swagger';
import type { EventVersion } from '../../ledger/event-reader.js';
import type { JsonSchema } from '../../ledger/schema.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type DocumentSchema = Schemas[string];

/** Name of the union of all events, and of the class of its common members. */
const UNION = 'LedgerEvent';
const ENVELOPE = 'EventEnvelope';

/**
 * Adds a schema for each version of each event type, made from the declarations of the aggregates: `CommitmentSignedV1`. The schema
 * `LedgerEvent` becomes their union by `type`; its common members move to `EventEnvelope`.
 */
export function describeEvents({ components }: OpenAPIObject, versions: readonly EventVersion[]): void {
  const schemas = components?.schemas;
  const envelope = schemas?.[UNION];
  if (!schemas || !envelope || '$ref' in envelope) throw new Error(`The document has no schema ${UNION}.`);
  const types = [...new Set(versions.map(({ type }) => type))];
  const named = namedEnums(schemas);
  schemas[ENVELOPE] = { ...envelope, properties: { ...envelope.properties, type: refTo('EventType') } };
  schemas['EventType'] = {
    type: 'string',
    enum: types,
    description: 'What happened: every type that the ledger records.',
  };
  for (const version of versions) schemas[nameOf(version)] = schemaOf(version, named);
  const mapping: Record<string, string> = {};
  for (const type of types) {
    const refs = versions.filter((version) => version.type === type).map((version) => refTo(nameOf(version)));
    // A discriminator maps a type to one schema: the versions of a type with several are a union of their own. Generators ask for an
    // `allOf` there (openapi-typescript 7 warns else).
    const name = refs.length === 1 ? undefined : pascalCase(type);
    if (name !== undefined) {
      schemas[name] = { description: `\`${type}\`, in the schema that \`schema\` names.`, allOf: [{ oneOf: refs }] };
    }
    mapping[type] = name === undefined ? (refs[0]?.$ref ?? '') : refTo(name).$ref;
  }
  schemas[UNION] = {
    description: 'One event: its envelope as it is stored, its position, and `data` by its type and schema.',
    oneOf: Object.values(mapping).map(($ref) => ({ $ref })),
    discriminator: { propertyName: 'type', mapping },
  };
}

const pascalCase = (type: string): string =>
  type.replaceAll(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
const nameOf = ({ type, schema }: EventVersion): string => `${pascalCase(type)}V${schema}`;
const refTo = (name: string): { readonly $ref: string } => ({ $ref: `#/components/schemas/${name}` });

function schemaOf({ type, schema, data }: EventVersion, named: ReadonlyMap<string, string>): DocumentSchema {
  const own = {
    type: 'object',
    required: ['type', 'schema', 'data'],
    properties: {
      type: { type: 'string', enum: [type] },
      schema: { type: 'integer', format: 'int32', enum: [schema], minimum: schema, maximum: schema },
      data: withNames(data, named),
    },
  };
  return { description: `\`${type}\`, schema ${schema}.`, allOf: [refTo(ENVELOPE), own] } as DocumentSchema;
}

/** The names of the lists of words in the document, by their words. */
function namedEnums(schemas: Schemas): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(schemas).flatMap(([name, schema]) =>
      'enum' in schema && schema.enum ? [[JSON.stringify(schema.enum), name] as const] : [],
    ),
  );
}

/** The same schema with a reference wherever the document has a name for a list of words. */
function withNames(schema: JsonSchema, named: ReadonlyMap<string, string>): object {
  const { description, properties, items, oneOf } = schema;
  const name = schema.enum && named.get(JSON.stringify(schema.enum));
  if (name !== undefined) return { ...(description !== undefined && { description }), ...refTo(name) };
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([member, child]) => [member, withNames(child, named)]),
      ),
    }),
    ...(items && { items: withNames(items, named) }),
    ...(oneOf && { oneOf: oneOf.map((form) => withNames(form, named)) }),
  };
}
