import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A refusal as a client gets it. */
export interface Refused {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  /** Media type, without its parameters. */
  readonly type: string;
  readonly body: { readonly code?: string } | undefined;
}

interface Schema {
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly discriminator?: { readonly mapping: Readonly<Record<string, string>> };
}
interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}
type Operations = Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>;
interface Document {
  readonly paths: Readonly<Record<string, Operations>>;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
}

const DOCUMENT_ID = 'urn:ppp-ledger:openapi';
/** What a path that is not in the document can answer. */
const OF_NO_ROUTE = [
  'unknown-route',
  'method-not-allowed',
  'malformed-url',
  'no-table',
  'rate-limited',
  'shutting-down',
  'internal-error',
];

const document = JSON.parse(readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8')) as Document;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ ...document, $id: DOCUMENT_ID });

/** Paths with parameters come last: a path of its own is no parameter. */
const ROUTES = Object.entries(document.paths)
  .map(([path, operations]) => ({
    path,
    operations,
    pattern: RegExp(
      `^${path.replaceAll('.', String.raw`\.`).replaceAll(/\{(\w+)\}/g, (_, name) => (name === 'path' ? '.+' : '[^/]+'))}$`,
    ),
  }))
  .sort((one, other) => Number(one.path.includes('{')) - Number(other.path.includes('{')));

/**
 * Finds a refusal in the committed OpenAPI document: its route lists the status and the code, and the problem has the facts of the
 * code.
 * @throws Error that says what the document lacks
 */
export function requireDocumented({ method, path, status, type, body }: Refused): void {
  const [route = ''] = path.split('?', 1);
  const at = `${method} ${route} answered ${status} ${JSON.stringify(body)}`;
  const found = ROUTES.find(({ pattern }) => pattern.test(route));
  const operation = found?.operations[method.toLowerCase()];
  if (!found || !operation) {
    if (OF_NO_ROUTE.includes(body?.code ?? '')) return;
    throw new Error(`${at}, and the OpenAPI document has no such route.`);
  }
  const ofStatus = operation.responses[status];
  if (!ofStatus) throw new Error(`${at}, and the OpenAPI document lists no ${status} for it.`);
  const response = ofStatus.$ref
    ? `#/components/responses/${nameOf(ofStatus.$ref)}`
    : refTo(found.path, method, status);
  const { schema } = (ofStatus.$ref ? document.components.responses[nameOf(ofStatus.$ref)] : ofStatus)?.content?.[
    type
  ] ?? { schema: undefined };
  if (!schema) throw new Error(`${at}, and the OpenAPI document lists no ${type} for it.`);
  const validate = ajv.getSchema(
    `${DOCUMENT_ID}${response}/content/${encodeURIComponent(type.replaceAll('/', '~1'))}/schema`,
  );
  if (validate?.(body) === true) return;
  throw new Error(
    `${at}; the OpenAPI document has ${JSON.stringify(codesOf(schema))}: ${ajv.errorsText(validate?.errors)}`,
  );
}

const nameOf = (ref: string): string => ref.split('/').at(-1) ?? '';
const refTo = (path: string, method: string, status: number): string =>
  `#/paths/${encodeURIComponent(path.replaceAll('/', '~1'))}/${method.toLowerCase()}/responses/${status}`;
const codesOf = ({ $ref, discriminator }: Schema): readonly string[] =>
  discriminator ? Object.keys(discriminator.mapping) : [$ref ?? 'several'];
