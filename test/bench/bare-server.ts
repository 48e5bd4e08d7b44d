import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { RegisterPartnerDto } from '../../src/partners/partner.dto.js';
import { EdgeValidationPipe } from '../../src/http/validation.pipe.js';

/** The upper limit of the same stack: it validates the same body with the same pipe, and stores nothing. */
@Controller('v1/partners')
class BareController {
  @Post()
  registerPartner(@Body() body: RegisterPartnerDto): object {
    return { id: '00000000-0000-8000-8000-000000000000', revision: 0, position: 1, recordedAt: body.legalName };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter(), { logger: false });
app.useGlobalPipes(new EdgeValidationPipe());
await app.listen(0, '127.0.0.1');
process.stdout.write(`${await app.getUrl()}\n`);
