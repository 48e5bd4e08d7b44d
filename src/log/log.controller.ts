import { createHash } from 'node:crypto';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiParam, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../ledger/refusal.js';
import { isHeld } from '../http/answer/entity-tags.js';
import { NoQueryDto } from '../http/list-query.dto.js';
import { ETag, PublicRoute, Revalidated } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { PublishedLog } from './published-log.js';

/** Clients that poll get a fresh checkpoint every few seconds at the latest. */
const CHECKPOINT_CACHE = 'public, max-age=2';
/** Tiles and bundles never change. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Path of a tile behind `tile/`. */
const TILE = String.raw`^(entries|[0-9]{1,2})(/x[0-9]{3})*/[0-9]{3}(\.p/[0-9]{1,3})?$`;

/** The transparency log, for tools that know nothing of this ledger (C2SP tlog-tiles). */
@ApiTags('log')
@Controller()
export class LogController {
  constructor(private readonly log: PublishedLog) {}

  /**
   * Read the last signed checkpoint.
   * @remarks Origin, size and root of the history (C2SP tlog-checkpoint), with the cosignatures that witnesses have given it so far.
   */
  @PublicRoute('document', ['log-empty', 'store-unavailable'])
  @Get('log/checkpoint')
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'A signed note.', schema: { type: 'string', maxLength: 65_536 } })
  async getCheckpoint(@Res() reply: FastifyReply): Promise<void> {
    const note = await this.log.checkpoint();
    await reply.header('Cache-Control', CHECKPOINT_CACHE).type('text/plain; charset=utf-8').send(note);
  }

  /**
   * Read the last checkpoint that the quorum of witnesses has cosigned.
   * @remarks On a busy log it is some seconds behind the last signed one, which no witness can have seen yet; a client that insists on
   * the quorum starts from here.
   */
  @PublicRoute('document', ['log-empty', 'not-witnessed', 'store-unavailable'])
  @Get('log/checkpoint/witnessed')
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'A signed note.', schema: { type: 'string', maxLength: 65_536 } })
  async getWitnessedCheckpoint(@Res() reply: FastifyReply): Promise<void> {
    const note = await this.log.witnessedCheckpoint();
    await reply.header('Cache-Control', CHECKPOINT_CACHE).type('text/plain; charset=utf-8').send(note);
  }

  /**
   * Read the policy of the log.
   * @remarks Its key, its witnesses with theirs, and how many of them make a checkpoint trustworthy (C2SP tlog-policy). A convenience:
   * an auditor brings a copy that was checked.
   */
  @PublicRoute('document')
  @Get('log/policy')
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'A policy file.', schema: { type: 'string', maxLength: 1_000_000 } })
  async getLogPolicy(@Res() reply: FastifyReply): Promise<void> {
    await reply.header('Cache-Control', CHECKPOINT_CACHE).type('text/plain; charset=utf-8').send(this.log.policy);
  }

  /**
   * Read the verifier key of the log (C2SP signed-note).
   * @remarks A convenience: an auditor brings a copy of their own.
   */
  @PublicRoute('document')
  @Get('log/vkey')
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'A verifier key.', schema: { type: 'string', maxLength: 1_024 } })
  async getVerifierKey(@Res() reply: FastifyReply): Promise<void> {
    await reply
      .header('Cache-Control', CHECKPOINT_CACHE)
      .type('text/plain; charset=utf-8')
      .send(`${this.log.verifierKey}\n`);
  }

  /**
   * Read a hash tile or an entry bundle.
   * @remarks C2SP tlog-tiles: `0/x001/067` is tile 1067 of level 0, `entries/000.p/12` the first 12 entries. A tile never changes. Its
   * slashes may be sent as they are or as `%2F`.
   */
  @PublicRoute('document', ['unknown-tile', 'store-unavailable'])
  @Revalidated()
  @Get('log/tile/*')
  @ApiParam({
    name: 'path',
    description: 'Level, or `entries`, and number of the tile, with `.p/` and its width if it is not full.',
    schema: { type: 'string', pattern: TILE, maxLength: 100, example: '0/000.p/1' },
  })
  @ApiProduces('application/octet-stream')
  @ApiResponse({
    status: 200,
    description: 'Hashes of 32 bytes each, or entries with their lengths.',
    headers: { ETag },
    content: { 'application/octet-stream': { schema: {} } },
  })
  async getTile(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const path = `tile/${(request.params as Readonly<Record<string, string>>)['*'] ?? ''}`;
    const bytes = await this.log.tile(path);
    if (bytes === undefined) throw new Refusal('unknown', 'unknown-tile', `The log has no ${path}.`);
    const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    void reply.header('Cache-Control', IMMUTABLE).header('ETag', tag);
    if (isHeld(request.headers['if-none-match'], tag)) await reply.status(304).send();
    else await reply.type('application/octet-stream').send(bytes);
  }

  /**
   * Read the receipt of an event (C2SP tlog-proof).
   * @remarks Proves offline, with a copy of the verifier key, that the event is part of the history that the log has signed. Waits a
   * moment for an event that was recorded just now.
   */
  @PublicRoute('public', ['not-integrated', 'unknown-event'])
  @Get('v1/events/:id/proof')
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'A `.tlog-proof`.', schema: { type: 'string', maxLength: 131_072 } })
  async getEventProof(
    @Param() { id }: IdParams,
    @Query() _query: NoQueryDto,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const proof = await this.log.receipt(id);
    await reply
      .header('Cache-Control', 'no-store')
      .header('Content-Disposition', `attachment; filename="${id}.tlog-proof"`)
      .type('text/plain; charset=utf-8')
      .send(proof);
  }
}
