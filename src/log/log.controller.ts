import { createHash } from 'node:crypto';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../ledger/refusal.js';
import { isHeld } from '../http/entity-tags.js';
import { PublicRoute } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { PublishedLog } from './published-log.js';

/** Clients that poll get a fresh checkpoint every few seconds at the latest. */
const CHECKPOINT_CACHE = 'public, max-age=2';
/** Tiles and bundles never change. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
const PREFIX = '/log/';

/** The transparency log, for tools that know nothing of this ledger (C2SP tlog-tiles). */
@ApiTags('log')
@Controller()
export class LogController {
  constructor(private readonly log: PublishedLog) {}

  /**
   * The last signed checkpoint: origin, size and root of the history (C2SP tlog-checkpoint), with the cosignatures that
   * witnesses have given it so far.
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
   * The last checkpoint that the quorum of witnesses has cosigned. On a busy log it is some seconds behind the last
   * signed one, which no witness can have seen yet; a client that insists on the quorum starts from here.
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
   * The policy of the log: its key, its witnesses with theirs, and how many of them make a checkpoint trustworthy (C2SP
   * tlog-policy). A convenience: an auditor brings a copy that was checked.
   */
  @PublicRoute('document')
  @Get('log/policy')
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'A policy file.', schema: { type: 'string', maxLength: 1_000_000 } })
  async getLogPolicy(@Res() reply: FastifyReply): Promise<void> {
    await reply.header('Cache-Control', CHECKPOINT_CACHE).type('text/plain; charset=utf-8').send(this.log.policy);
  }

  /** The verifier key of the log (C2SP signed-note). A convenience: an auditor brings a copy of their own. */
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

  /** Hash tiles and entry bundles. Left out of the OpenAPI document: its paths are those of C2SP tlog-tiles. */
  @PublicRoute('document', ['unknown-tile', 'store-unavailable'])
  @Get('log/tile/*')
  @ApiExcludeEndpoint()
  async getTile(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const path = request.url.split('?', 1)[0] ?? '';
    const bytes = await this.log.tile(path.slice(PREFIX.length));
    if (bytes === undefined)
      throw new Refusal('unknown', 'unknown-tile', `The log has no ${path.slice(PREFIX.length)}.`);
    const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    void reply.header('Cache-Control', IMMUTABLE).header('ETag', tag);
    if (isHeld(request.headers['if-none-match'], tag)) await reply.status(304).send();
    else await reply.type('application/octet-stream').send(bytes);
  }

  /**
   * A receipt: proves offline, with a copy of the verifier key, that this event is part of the history that the log has
   * signed (C2SP tlog-proof). Waits a moment for an event that was recorded just now.
   */
  @PublicRoute('public', ['not-integrated', 'unknown-event'])
  @Get('v1/events/:id/proof')
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'A `.tlog-proof`.', schema: { type: 'string', maxLength: 131_072 } })
  async getEventProof(@Param() { id }: IdParams, @Res() reply: FastifyReply): Promise<void> {
    const proof = await this.log.receipt(id);
    await reply
      .header('Cache-Control', 'no-store')
      .header('Content-Disposition', `attachment; filename="${id}.tlog-proof"`)
      .type('text/plain; charset=utf-8')
      .send(proof);
  }
}
