import { readFile } from 'node:fs/promises';
import type { OpenAPIObject } from '@nestjs/swagger';
import pg from 'pg';
import { docsExamples } from '../../src/docs-examples.js';
import { documentForTrying } from '../../src/http/document/docs-document.js';
import type { TestApp } from './app.js';

/** A parameter as Swagger UI gets it. */
export interface ShownParameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly schema?: { readonly example?: unknown };
}
export interface ShownOperation {
  readonly 'x-roles'?: readonly string[];
  readonly parameters?: readonly ShownParameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> };
}
export interface ShownDocument {
  readonly paths: Record<string, Record<string, ShownOperation>>;
}

/**
 * The document that `/docs` shows over a ledger. It is made from the committed document, which a check keeps equal to the code: the code
 * cannot make it here, where each file is compiled alone.
 */
export async function shownDocument(app: TestApp): Promise<ShownDocument> {
  const committed = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as OpenAPIObject;
  const pool = new pg.Pool({ connectionString: app.databaseUrl, max: 1 });
  try {
    return documentForTrying(committed, await docsExamples(pool)()) as unknown as ShownDocument;
  } finally {
    await pool.end();
  }
}
