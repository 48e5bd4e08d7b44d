import type { RequestListener } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import express from 'express';
import swaggerUi from 'swagger-ui-express';
import { REVALIDATED } from '../answer/caching.js';
import { documentForTrying, type Examples } from './docs-document.js';
import type { CostlyReads } from '../shares/costly-reads.js';
import { openApiDocument } from './openapi-document.js';

/**
 * The OpenAPI document, and the interactive documentation made from it.
 * @param examples of things that exist in this ledger, for the fields of the documentation
 */
export function registerDocs(
  app: NestFastifyApplication,
  examples: () => Promise<Examples>,
  costlyReads: CostlyReads,
): void {
  const server = app.getHttpAdapter().getInstance();
  let document: OpenAPIObject | undefined;
  const read = (): OpenAPIObject => (document ??= openApiDocument(app));
  let plain: Buffer | undefined;
  server.get('/openapi.json', async (request, reply) => {
    await costlyReads.admit(request, reply);
    plain ??= bytesOf(read());
    return reply.header('Cache-Control', REVALIDATED).type(JSON_TYPE).send(plain);
  });
  let forTrying: { readonly of: string; readonly bytes: Buffer } | undefined;
  server.get('/docs/openapi.json', async (request, reply) => {
    await costlyReads.admit(request, reply);
    const found = await examples();
    const of = JSON.stringify(found);
    if (forTrying?.of !== of) forTrying = { of, bytes: bytesOf(documentForTrying(read(), found)) };
    return reply.header('Cache-Control', REVALIDATED).type(JSON_TYPE).send(forTrying.bytes);
  });
  server.get('/', (_request, reply) => reply.redirect('/docs/'));
  // swagger-ui-express is Express middleware. It gets the raw request, so that the other routes do not need Express.
  const serve = docsPage();
  for (const path of ['/docs', '/docs/*']) {
    server.get(path, (request, reply) => {
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
      serve(request.raw, reply.raw);
    });
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';
const bytesOf = (document: object): Buffer => Buffer.from(JSON.stringify(document));

function docsPage(): RequestListener {
  const page = express();
  page.disable('x-powered-by');
  const swaggerOptions = {
    url: './openapi.json',
    persistAuthorization: true,
    filter: true,
    docExpansion: 'none',
    // No badge: it would be drawn by another host, from the document that this page reads.
    validatorUrl: null,
    requestInterceptor: prepareRequest,
  };
  page.use(
    '/docs',
    swaggerUi.serve,
    swaggerUi.setup(undefined, { customSiteTitle: 'Partnership ledger: API', swaggerOptions }),
  );
  return page as unknown as RequestListener;
}

interface BrowserRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  userFetch?: (url: string, request: RequestInit) => Promise<Response>;
}

/**
 * Runs in the browser, which gets its text alone: it uses nothing of this file. Gives every command a new idempotency key, and ends the
 * stream of events, which never ends by itself, after three seconds or 20 kB. `crypto.randomUUID` exists over https only.
 */
function prepareRequest(request: BrowserRequest): BrowserRequest {
  if (request.method === 'POST' && !request.headers['Idempotency-Key']) {
    const random = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0'));
    request.headers['Idempotency-Key'] = random.join('');
  }
  if (new URL(request.url, 'http://page').pathname === '/v1/events/stream') {
    request.userFetch = async (url, options) => {
      const answer = await fetch(url, options);
      const reader = answer.body?.getReader();
      const timer = setTimeout(() => void reader?.cancel(), 3_000);
      const parts: Uint8Array<ArrayBuffer>[] = [];
      let bytes = 0;
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
        parts.push(part.value);
        bytes += part.value.length;
        // The page colours what it shows, and stands still over megabytes.
        if (bytes > 20_000) void reader?.cancel();
      }
      clearTimeout(timer);
      return new Response(new Blob(parts), { status: answer.status, headers: answer.headers });
    };
  }
  return request;
}
