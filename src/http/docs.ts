import type { RequestListener } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import express from 'express';
import swaggerUi from 'swagger-ui-express';
import { openApiDocument } from './openapi-document.js';

/** The OpenAPI document, and the interactive documentation made from it. */
export function registerDocs(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  let document: object | undefined;
  const read = (): object => (document ??= openApiDocument(app));
  server.get('/openapi.json', (_request, reply) => reply.header('Cache-Control', 'no-cache').send(read()));
  let page: RequestListener | undefined;
  // swagger-ui-express is Express middleware. It gets the raw request, so that the other routes do not need Express.
  const serve = (): RequestListener => (page ??= docsPage(read()));
  for (const path of ['/docs', '/docs/*']) {
    server.get(path, (request, reply) => {
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
      serve()(request.raw, reply.raw);
    });
  }
}

function docsPage(document: object): RequestListener {
  const page = express();
  page.disable('x-powered-by');
  page.use('/docs', swaggerUi.serve, swaggerUi.setup(document, { customSiteTitle: 'Partnership ledger: API' }));
  return page as unknown as RequestListener;
}
