import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import type { RefusalOfAll } from '../ledger/job.js';
import { Ledger } from '../ledger/ledger.js';
import { Refusal, STATUS_OF_REFUSAL, invalid } from '../ledger/refusal.js';
import { requireRole } from './route-access.js';
import { BulkCommandDto, BulkDto, type BulkOutcomeDto } from './bulk.dto.js';
import { answerBody, contextUnder, expectedRevision, idempotencyKey } from './command.interceptor.js';
import { CommandRoutes, type CommandRouteInfo, type PreparedCommand } from './command-routes.js';
import { fingerprintOf } from './fingerprint.js';
import { Metrics } from '../platform/metrics.js';
import { isPlainObject } from './plain-json.js';
import { asRefusal, problemOf } from './problem.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { EdgeValidationPipe } from './validation.pipe.js';
import './request.js';

/** Commands whose content is checked in one go, before others have their turn. */
const CHECKED_IN_A_TURN = 50;

/** What a call of many commands came to. */
export interface BulkResult {
  readonly outcomes: BulkOutcomeDto[];
  /** Highest among the answers; undefined when nothing was recorded. */
  readonly position: number | undefined;
  /** Commands that had been answered before. */
  readonly replayed: number;
}

/** A command of the call, with its place and its context. */
interface Item {
  readonly place: number;
  readonly command: BulkCommandDto;
  readonly route: CommandRouteInfo | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly context: CommandContext;
}

interface Call {
  readonly context: CommandContext;
  readonly principal: Principal;
  readonly items: readonly Item[];
}

interface Outcome extends BulkOutcomeDto {
  readonly answer?: Answer;
}

/**
 * Carries out many commands that came in one call, each exactly as if it had come by itself: the same permission, the same check of
 * its content, the same handler, its own key. What is saved is the way there: one request, one look at the credential, and commits
 * that they share.
 */
@Injectable()
export class Bulk {
  private readonly pipe = new EdgeValidationPipe();

  constructor(
    private readonly ledger: Ledger,
    private readonly routes: CommandRoutes,
    private readonly metrics: Metrics,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'wrappingKey' | 'log'>,
  ) {}

  /**
   * @throws Refusal when the call itself is not right, under a key that was used for another request, when there is no room for all
   *   of them, and with `atomic` for the first command that is refused.
   */
  async execute(request: FastifyRequest): Promise<BulkResult> {
    const { body, key } = await this.read(request);
    const call = this.callOf(request, key, body);
    const outcomes = body.atomic === true ? await this.together(call) : await this.oneByOne(call);
    return this.resultOf(call, outcomes);
  }

  private async read({ body, headers }: FastifyRequest): Promise<{ body: BulkDto; key: string }> {
    const key = idempotencyKey(headers['idempotency-key']);
    const bulk = await this.pipe.check(shallow(body));
    requireDistinctKeys(bulk.commands, key);
    return { body: bulk, key };
  }

  private callOf({ id, principal }: FastifyRequest, key: string, { commands, atomic = false }: BulkDto): Call {
    if (!principal) throw new Error('A call needs a principal.');
    const { wrappingKey } = this.runtime;
    const items = commands.map((command, place) => {
      const { route, params = {} } = this.routes.match(command.path) ?? {};
      const { body = {}, ...rest } = command;
      // A body that is left out is an empty one to its route, but the fingerprint is that of the request as it was sent.
      const fingerprint = fingerprintOf(wrappingKey, command.method, command.path, command.body);
      const context = contextUnder(command.key, {
        principal,
        access: route?.access ?? NO_ACCESS,
        fingerprint,
        correlationId: id,
        ifMatch: expectedRevision(command.ifMatch),
      });
      return { place, command: { ...rest, body }, route, params, context };
    });
    // Of the fingerprints, so that no content is gone through twice.
    const named = items.map(({ command, context }) => [command.key, context.fingerprint, command.ifMatch ?? null]);
    const context = contextUnder(key, {
      principal,
      access: NO_ACCESS,
      fingerprint: fingerprintOf(wrappingKey, 'POST', '/v1/bulk', { atomic, named }),
      correlationId: id,
      ifMatch: undefined,
    });
    return { context, principal, items };
  }

  /** Each for itself, in their order; what is refused does not stop those behind it. */
  private async oneByOne({ context, principal, items }: Call): Promise<readonly Outcome[]> {
    // Says, for good, which request the key of the call belongs to. The answers are kept under the keys of the commands.
    await this.ledger.execute(context, (tx) => tx.itself());
    const sequence = this.ledger.inOrder(items.map((item) => item.context));
    const outcomes: Promise<Outcome>[] = [];
    for (const turn of turnsOf(items)) {
      const started = await Promise.all(turn.map((item) => this.start(item, principal)));
      for (const { place, outcome } of started) {
        outcomes[place] = outcome.finally(() => sequence.skip(place));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return Promise.all(outcomes);
  }

  private async together({ context, principal, items }: Call): Promise<readonly Outcome[]> {
    const refusalOfAll = refusalOfAllFor(items);
    const prepared: PreparedCommand[] = [];
    for (const item of items) {
      prepared.push(
        await this.prepare(item, principal).catch((error: unknown) => {
          throw error instanceof Refusal ? refusalOfAll(item.place, error) : error;
        }),
      );
    }
    const all = this.ledger.together(
      context,
      items.map((item) => item.context),
      refusalOfAll,
    );
    const answers = items.map(async (item) => {
      try {
        return await prepared[item.place]?.(item.context);
      } catch (error) {
        const isOfOne = error instanceof Refusal && error.kind !== 'unavailable';
        all.abort(isOfOne ? refusalOfAll(item.place, error) : error);
        throw error;
      }
    });
    const [call] = await Promise.allSettled([all.answer, ...answers]);
    if (call.status === 'rejected') throw call.reason;
    return Promise.all(answers.map(async (answer, place) => this.recorded(items[place], await answer)));
  }

  /** As the guard and the pipes of its route do for a request of its own, in the same order. */
  private prepare({ route, params, command }: Item, principal: Principal): Promise<PreparedCommand> {
    if (!route) return Promise.reject(unknownCommand(command.path));
    try {
      requireRole(principal, route.access);
    } catch (error) {
      return Promise.reject(error as Refusal);
    }
    return route.prepare(params, command.body, this.pipe);
  }

  /** Begins a command, and does not wait for it: the next are checked while it is on its way. */
  private async start(item: Item, principal: Principal): Promise<{ place: number; outcome: Promise<Outcome> }> {
    const { place } = item;
    try {
      const carryOut = await this.prepare(item, principal);
      return { place, outcome: this.outcome(item, carryOut(item.context)) };
    } catch (error) {
      return { place, outcome: Promise.resolve(this.refused(item, error)) };
    }
  }

  private async outcome(item: Item, answer: Promise<Answer>): Promise<Outcome> {
    try {
      return this.recorded(item, await answer);
    } catch (error) {
      return this.refused(item, error);
    }
  }

  private recorded(item: Item | undefined, answer: Answer | undefined): Outcome {
    if (!item || !answer) throw new Error('A command was carried out and not answered.');
    const status = item.route?.access.location === undefined ? 200 : 201;
    return { key: item.command.key, status, body: answerBody(answer), answer };
  }

  private refused({ command: { key, path, method }, context }: Item, error: unknown): Outcome {
    const refusal = asRefusal(error, { method, url: path });
    if (!refusal) this.runtime.log.error({ err: error, traceId: context.correlationId, path }, 'A command failed.');
    const problem = problemOf(refusal, { id: context.correlationId, url: path });
    return { key, status: problem.status, body: problem };
  }

  private resultOf({ items }: Call, all: readonly Outcome[]): BulkResult {
    let position: number | undefined;
    let replayed = 0;
    const outcomes = all.map(({ answer, ...outcome }, place) => {
      if (answer) position = Math.max(position ?? 0, answer.position);
      if (answer?.replayed) replayed += 1;
      this.metrics.command(items[place]?.route?.path ?? 'none', outcome.status);
      return outcome;
    });
    return { outcomes, position, replayed };
  }
}

const NO_ACCESS = { kind: 'bulk', roles: [] } as const;

function* turnsOf(items: readonly Item[]): Generator<readonly Item[]> {
  for (let first = 0; first < items.length; first += CHECKED_IN_A_TURN) {
    yield items.slice(first, first + CHECKED_IN_A_TURN);
  }
}

/** The call as its class, without a copy of the bodies in it: those are made into what their routes want of them. */
function shallow(body: unknown): BulkDto {
  const given = isPlainObject(body) ? body : {};
  const { commands } = given;
  return Object.assign(new BulkDto(), given, {
    ...(Array.isArray(commands) && {
      commands: commands.map((one: unknown) => (isPlainObject(one) ? Object.assign(new BulkCommandDto(), one) : one)),
    }),
  });
}

/** @throws Refusal `idempotency-key-repeated` (422): what would the second be, a retry of the first or a mistake? */
function requireDistinctKeys(commands: readonly BulkCommandDto[], key: string): void {
  const seen = new Set([key]);
  for (const [place, command] of commands.entries()) {
    if (!seen.has(command.key)) {
      seen.add(command.key);
      continue;
    }
    throw invalid(
      'idempotency-key-repeated',
      `/commands/${place}/key`,
      `The key ${command.key} names another command of this call, or the call itself. Give every command a key of its own.`,
      { key: command.key },
    );
  }
}

const unknownCommand = (path: string): Refusal =>
  new Refusal('unknown', 'unknown-route', `There is no command POST ${path.split('?', 1)[0] ?? ''}. See /docs.`);

/** Its own refusal, with the place of the command: the reader finds rule and numbers where they always are. */
const refusalOfAllFor =
  (items: readonly Item[]): RefusalOfAll =>
  (place, { kind, code, detail, facts, errors }) => {
    const key = items[place]?.command.key ?? '';
    const at = `/commands/${place}/${kind === 'malformed' ? 'path' : 'body'}`;
    return new Refusal(
      'conflict',
      code,
      `Command ${place + 1} of ${items.length} (${key}) is refused, and therefore none is carried out: ${detail}`,
      { ...facts, commandIndex: place, commandKey: key, commandStatus: STATUS_OF_REFUSAL[kind] },
      errors.map((error) => ({ ...error, pointer: at + error.pointer })),
    );
  };
