import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ProblemDto } from './answer.dto.js';

const DESCRIPTION = `Every capital commitment, chip allocation and access grant of the partnership as an immutable event, and
everything that is derived from those events.

Commands are POSTs with an Idempotency-Key: sent again, they are answered again and not carried out again. Reads say which
position of the history they reflect in Ledger-Position. Errors are problem details (RFC 9457) with a stable code.`;

/** The OpenAPI 3.1 document, as the code says it. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Partnership ledger')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setContact('Partnership ledger', 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories', '')
    .setLicense('EUPL-1.2', 'https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key, or an OpenID Connect token.' })
    .build();
  return SwaggerModule.createDocument(app, settings, {
    extraModels: [ProblemDto],
    operationIdFactory: (_controller: string, method: string) => method,
  });
}
