import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import type { RefusalOfAll } from '../ledger/command-group.js';
import type { PreparedCommand } from '../ledger/ledger-command.js';
import { Ledger } from '../ledger/ledger.js';
import { Refusal, STATUS_OF_REFUSAL, invalid } from '../ledger/refusal.js';
import { requireRole } from './route-access.js';
import { BulkCommandDto, BulkDto, type BulkOutcomeDto } from './bulk.dto.js';
import { answerBody, contextUnder, expectedRevision, idempotencyKey } from './command.interceptor.js';
import { CommandRoutes, type CommandMatch } from './command-routes.js';
import { fingerprintOf } from './fingerprint.js';
import { Metrics } from '../platform/metrics.js';
import { isPlainObject } from './plain-json.js';
import { asRefusal, problemOf } from './problem.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { EdgeValidationPipe } from './validation.pipe.js';
import './request.js';

/** Commands whose input is checked in one turn of the event loop; other requests have their turn after it. */
const CHECKED_IN_A_TURN = 50;

/** Result of a call of many commands. */
export interface BulkResult {
  readonly outcomes: BulkOutcomeDto[];
  /** Highest position among the answers; undefined when nothing was recorded. */
  readonly position: number | undefined;
  /** Number of commands that had been answered before. */
  readonly replayed: number;
}

/** A command of the call, with its index and its context. */
interface Item {
  readonly index: number;
  readonly command: BulkCommandDto;
  /** Undefined for a path that is no command's. */
  readonly match: CommandMatch | undefined;
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

/** A command whose input was checked, ready for the ledger. */
interface Ready extends PreparedCommand {
  readonly item: Item;
  readonly context: CommandContext;
}

/** A command whose check ended with an error. */
interface Rejected {
  readonly item: Item;
  readonly error: unknown;
}

/**
 * Executes many commands of one call, each exactly as a request of its own would: the same permission, the same check of its
 * content, the same decision, its own key. The call saves requests, looks at the credential, and commits.
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
   * @throws Refusal when the call itself is wrong, when its key was used for another request, when there is no room for all
   *   commands, and with `atomic` for the first command that is refused.
   */
  async execute(request: FastifyRequest): Promise<BulkResult> {
    const { body, key } = await this.read(request);
    const call = this.callOf(request, key, body);
    const outcomes = body.atomic === true ? await this.atomically(call) : await this.inOrder(call);
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
    const items = commands.map((command, index) => {
      const match = this.routes.match(command.path);
      const { body = {}, ...rest } = command;
      // A route reads a missing body as an empty one; the fingerprint is that of the request as it was sent.
      const fingerprint = fingerprintOf(wrappingKey, command.method, command.path, command.body);
      const context = contextUnder(command.key, {
        principal,
        access: match?.route.access ?? NO_ACCESS,
        fingerprint,
        correlationId: id,
        ifMatch: expectedRevision(command.ifMatch),
      });
      return { index, command: { ...rest, body }, match, context };
    });
    // Made of the fingerprints, so that no content is read twice.
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

  /** Each command has its own result: a refused command does not stop the commands behind it. */
  private async inOrder({ context, principal, items }: Call): Promise<readonly Outcome[]> {
    // Binds the key of the call to this request for ever. The answers are kept under the keys of the commands.
    await this.ledger.execute(context, (tx) => tx.itself());
    const ready: Ready[] = [];
    const outcomes: Outcome[] = [];
    for (const checked of await this.checked(items, principal)) {
      if ('error' in checked) outcomes[checked.item.index] = this.refused(checked.item, checked.error);
      else ready.push(checked);
    }
    const results = await this.ledger.executeInOrder(ready);
    await Promise.all(
      ready.map(async (command, at) => {
        outcomes[command.item.index] = await this.outcome(command, results[at]);
      }),
    );
    return outcomes;
  }

  private async atomically({ context, principal, items }: Call): Promise<readonly Outcome[]> {
    const refusalOfAll = refusalOfAllFor(items);
    const ready: Ready[] = [];
    for (const checked of await this.checked(items, principal)) {
      if (!('error' in checked)) ready.push(checked);
      else throw isOfOne(checked.error) ? refusalOfAll(checked.item.index, checked.error) : checked.error;
    }
    const answers = await this.ledger.executeAtomically(context, ready, refusalOfAll);
    return Promise.all(ready.map((command, at) => this.recorded(command, answers[at])));
  }

  /** Checks the input of all commands, in turns, so that a long call does not hold up other requests. */
  private async checked(items: readonly Item[], principal: Principal): Promise<readonly (Ready | Rejected)[]> {
    const all: (Ready | Rejected)[] = [];
    for (const turn of turnsOf(items)) {
      all.push(...(await Promise.all(turn.map((item) => this.check(item, principal)))));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return all;
  }

  /** As the guard and the pipes of its route do for a request of its own, in the same order. */
  private async check(item: Item, principal: Principal): Promise<Ready | Rejected> {
    const { match, command, context } = item;
    try {
      if (!match) throw unknownCommand(command.path);
      requireRole(principal, match.route.access);
      return { ...(await this.routes.prepare(match, command.body, this.pipe)), item, context };
    } catch (error) {
      return { item, error };
    }
  }

  private async outcome(command: Ready, result: PromiseSettledResult<Answer> | undefined): Promise<Outcome> {
    try {
      if (result?.status === 'rejected') throw result.reason;
      return await this.recorded(command, result?.value);
    } catch (error) {
      return this.refused(command.item, error);
    }
  }

  private async recorded({ item, finish }: Ready, answer: Answer | undefined): Promise<Outcome> {
    if (!answer) throw new Error('A command was executed and not answered.');
    const told = finish ? await finish(answer) : answer;
    const status = item.match?.route.access.location === undefined ? 200 : 201;
    return { key: item.command.key, status, body: answerBody(told), answer: told };
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
    const outcomes = all.map(({ answer, ...outcome }, index) => {
      if (answer) position = Math.max(position ?? 0, answer.position);
      if (answer?.replayed) replayed += 1;
      this.metrics.command(items[index]?.match?.route.path ?? 'none', outcome.status);
      return outcome;
    });
    return { outcomes, position, replayed };
  }
}

/** A refusal of the one command; a service that is not available refuses the call. */
const isOfOne = (error: unknown): error is Refusal => error instanceof Refusal && error.kind !== 'unavailable';

const NO_ACCESS = { kind: 'bulk', roles: [] } as const;

function* turnsOf(items: readonly Item[]): Generator<readonly Item[]> {
  for (let first = 0; first < items.length; first += CHECKED_IN_A_TURN) {
    yield items.slice(first, first + CHECKED_IN_A_TURN);
  }
}

/** The call as its class, without a copy of the bodies in it: `CommandRoutes.prepare` makes those into the classes of their routes. */
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
  for (const [index, command] of commands.entries()) {
    if (!seen.has(command.key)) {
      seen.add(command.key);
      continue;
    }
    throw invalid(
      'idempotency-key-repeated',
      `/commands/${index}/key`,
      `The key ${command.key} names another command of this call, or the call itself. Give every command a key of its own.`,
      { key: command.key },
    );
  }
}

const unknownCommand = (path: string): Refusal =>
  new Refusal('unknown', 'unknown-route', `There is no command POST ${path.split('?', 1)[0] ?? ''}. See /docs.`);

/** The refusal of the command with its index added: rule and numbers stay where the reader finds them. */
const refusalOfAllFor =
  (items: readonly Item[]): RefusalOfAll =>
  (index, { kind, code, detail, facts, errors }) => {
    const key = items[index]?.command.key ?? '';
    const at = `/commands/${index}/${kind === 'malformed' ? 'path' : 'body'}`;
    return new Refusal(
      'conflict',
      code,
      `Command ${index + 1} of ${items.length} (${key}) is refused, and therefore none is carried out: ${detail}`,
      { ...facts, commandIndex: index, commandKey: key, commandStatus: STATUS_OF_REFUSAL[kind] },
      errors.map((error) => ({ ...error, pointer: at + error.pointer })),
    );
  };
