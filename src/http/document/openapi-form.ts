import { createHash } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Schema } from './openapi-conventions.js';
import { TABLE } from '../routes.js';

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['get']> & { [TABLE]?: boolean };
type Response = NonNullable<Operation['responses'][string]>;
type Named = Record<string, Schema>;

const CSV = {
  'text/csv': { schema: { type: 'string', pattern: String.raw`^([^\n]*\n)*$`, maxLength: 1_000_000_000 } },
};

/** Adds the `.csv` form of every table as a path of its own: `/v1/partners.csv` beside `/v1/partners`. */
export function describeTables(document: OpenAPIObject): void {
  document.paths = Object.fromEntries(
    Object.entries(document.paths).flatMap(([path, item]) => {
      const table = item.get as Operation | undefined;
      if (!table?.[TABLE]) return [[path, item]];
      delete table[TABLE];
      const csv = structuredClone(table);
      csv.operationId = `${table.operationId}Csv`;
      csv.summary = `Read \`${path}\` as CSV.`;
      csv.description = 'The rows of the same answer as JSON. The first line has the names of the columns.';
      const found = csv.responses['200'];
      if (found && !('$ref' in found)) Object.assign(found, { content: CSV, description: 'A table (RFC 4180).' });
      return [
        [path, item],
        [`${path}.csv`, { get: csv }],
      ];
    }),
  );
}

/** Types the commands and the outcomes of a bulk call: bodies and answers of all commands. */
export function describeBulk(document: OpenAPIObject): void {
  const { BulkCommandDto: command, BulkOutcomeDto: outcome } = (document.components?.schemas ?? {}) as Named;
  const commands = Object.values(document.paths).flatMap(({ post }) =>
    post && post.operationId !== 'executeBulk' ? [post] : [],
  );
  const refsIn = (part: unknown): string[] =>
    [...JSON.stringify(part ?? null).matchAll(/"\$ref":"([^"]+)"/g)].slice(0, 1).map(([, ref]) => ref ?? '');
  const bodies = commands.flatMap(({ requestBody }) => refsIn(requestBody));
  const answers = commands.flatMap(({ responses }) => refsIn((responses['201'] ?? responses['200']) as Response));
  be(command?.properties?.['body'], bodies);
  be(outcome?.properties?.['body'], [...answers, '#/components/schemas/Problem']);
}

function be(member: Schema | undefined, refs: readonly string[]): void {
  if (!member) throw new Error('A bulk call has no body to describe.');
  delete member.additionalProperties;
  delete member.type;
  member.anyOf = [...new Set(refs)].map(($ref) => ({ $ref }));
}

/**
 * Gives every list of words one name. A schema with a `title` becomes a component of that name; a list of words that a component has
 * already becomes a reference to it, also where null may stand beside the words.
 */
export function nameSchemas(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Named & Record<string, { title?: string }>;
  const titled: Named = {};
  replaceAll(document, (schema) => {
    const { title, description, example, ...rest } = schema as Schema & { title?: string; description?: string };
    // `properties` of a record with a title have a `title` as well: it is a schema and no text.
    if (typeof title !== 'string') return schema;
    titled[title] ??= rest;
    return referTo(title, { description, example });
  });
  Object.assign(schemas, titled);
  const words = new Map(
    Object.entries(schemas).flatMap(([name, { enum: values }]) => (values ? [[JSON.stringify(values), name]] : [])),
  );
  replaceAll(document, (schema) => {
    const { enum: values, type: _type, ...rest } = schema;
    const name = values && words.get(JSON.stringify(values.filter((value) => value !== null)));
    if (name === undefined || schemas[name] === schema) return schema;
    if (!values?.includes(null)) return referTo(name, rest);
    return { ...rest, anyOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'null' }] };
  });
}

function referTo(name: string, beside: Schema & { description?: string | undefined }): Schema {
  const $ref = `#/components/schemas/${name}`;
  const kept = Object.fromEntries(Object.entries(beside).filter(([, value]) => value !== undefined));
  return Object.keys(kept).length === 0 ? { $ref } : { ...kept, allOf: [{ $ref }] };
}

/** Visits every object below a node, from the inside to the outside. What is no schema has neither `title` nor `enum`. */
function replaceAll(node: unknown, replacement: (schema: Schema) => Schema): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, child] of Object.entries(node)) {
    if (typeof child !== 'object' || child === null || key === 'info' || key === 'examples') continue;
    replaceAll(child, replacement);
    if (!Array.isArray(child)) (node as Record<string, unknown>)[key] = replacement(child as Schema);
  }
}

/** Names of classes end in `Dto`, public names do not. */
export function publicNames(document: OpenAPIObject): OpenAPIObject {
  const names = Object.keys(document.components?.schemas ?? {});
  const taken = new Set(names);
  for (const name of names) {
    if (name.endsWith('Dto') && taken.has(name.slice(0, -3)))
      throw new Error(`Two schemas are called ${name.slice(0, -3)}.`);
  }
  const text = JSON.stringify(document).replaceAll(/("#\/components\/schemas\/\w+)Dto"/g, '$1"');
  const renamed = JSON.parse(text) as OpenAPIObject;
  const schemas = Object.entries(renamed.components?.schemas ?? {});
  renamed.components = {
    ...renamed.components,
    schemas: Object.fromEntries(schemas.map(([name, schema]) => [name.replace(/Dto$/, ''), schema])),
  };
  return renamed;
}

/**
 * The version of the program, and of its API: a part of the SHA-256 of the document. It changes exactly when the document does, so that
 * nobody has to remember to change it.
 */
export function versionOf(document: OpenAPIObject, program: string): string {
  return `${program}+${createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 12)}`;
}

/** Moves headers that several answers have into the components. A header that differs from another of its name stays where it is. */
export function shareHeaders(document: OpenAPIObject): void {
  const { headers = {} } = document.components ?? {};
  const known = new Map(Object.entries(headers).map(([name, header]) => [name, JSON.stringify(header)]));
  for (const { get, post } of Object.values(document.paths)) {
    for (const response of [get, post].flatMap((operation) => Object.values(operation?.responses ?? {}))) {
      const own = response && 'headers' in response ? (response.headers ?? {}) : {};
      for (const [name, header] of Object.entries(own)) {
        if ('$ref' in header) continue;
        const text = JSON.stringify(header);
        if (!known.has(name)) known.set(name, text);
        if (known.get(name) !== text) continue;
        headers[name] = header;
        own[name] = { $ref: `#/components/headers/${name}` };
      }
    }
  }
}
