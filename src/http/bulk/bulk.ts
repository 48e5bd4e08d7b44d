import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Answer, CommandContext, Principal } from '../../ledger/command-context.js';
import type { Decide, RefusalOfAll, SubmittedCommand } from '../../ledger/command-group.js';
import type { PreparedCommand } from '../../ledger/ledger-command.js';
import { Ledger } from '../../ledger/ledger.js';
import { STATUS_OF_REFUSAL } from '../../ledger/refusal-declaration.js';
import { Refusal, invalid, refusal } from '../../ledger/refusal.js';
import { hasRole, requireRole } from '../route-access.js';
import { type BulkCommandDto, BulkDto, type BulkOutcomeDto } from './bulk.dto.js';
import { answerBody, contextUnder, expectedRevision, idempotencyKey } from '../command.interceptor.js';
import { CommandRoutes, type CommandMatch, type Preparation } from '../command-routes.js';
import { revisionTag } from '../answer/entity-tags.js';
import { fingerprintOf } from '../body/fingerprint.js';
import { Metrics } from '../../platform/metrics.js';
import { isPlainObject } from '../body/plain-json.js';
import { plainToInstance } from '../plain-to-instance.js';
import { asRefusal, problemOf } from '../problem.js';
import { RUNTIME, type Runtime } from '../../platform/runtime.js';
import { EdgeValidationPipe } from '../validation.pipe.js';
import '../request.js';

/** Commands whose input is checked in one turn of the event loop. After it other requests have a turn. */
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

/** A command whose input was checked. */
interface Checked {
  readonly item: Item;
  readonly prepare: Preparation;
}

/** A command whose preparation has begun. */
class Begun implements SubmittedCommand {
  readonly context: CommandContext;
  readonly ready: Promise<void> | undefined;
  private prepared: PreparedCommand | undefined;

  constructor(
    readonly item: Item,
    prepare: Preparation,
  ) {
    this.context = item.context;
    const prepared = prepare(item.context.principal);
    if (prepared instanceof Promise) {
      this.ready = prepared.then((done) => {
        this.prepared = done;
      });
      // The ledger answers with the error; a call that is not let in must not leave a rejection unhandled.
      this.ready.catch(() => undefined);
    } else this.prepared = prepared;
  }

  readonly decide: Decide = (tx) => this.done.decide(tx);

  /** The answer as the caller of this command gets it. */
  async finish(answer: Answer): Promise<Answer> {
    const { finish } = this.done;
    return finish ? finish(answer) : answer;
  }

  private get done(): PreparedCommand {
    if (!this.prepared) throw new Error('A command is decided before it is prepared.');
    return this.prepared;
  }
}

/** A command whose check ended with an error. */
interface Rejected {
  readonly item: Item;
  readonly error: unknown;
}

/**
 * Executes many commands of one call, each exactly like a request of its own: the same permission, the same check of its content, the
 * same decision, its own key. One call saves HTTP requests, checks of the credential, and commits.
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
    const bulk = await this.pipe.check(plainToInstance(BulkDto, isPlainObject(body) ? body : {}));
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
    const named = items.map(({ command, context: { fingerprint, ifMatch } }) => [
      command.key,
      fingerprint,
      // The same revision in another tag (`W/"3"`) is the same request.
      ifMatch === undefined ? null : revisionTag(ifMatch),
    ]);
    const context = contextUnder(key, {
      principal,
      access: NO_ACCESS,
      fingerprint: fingerprintOf(wrappingKey, 'POST', '/v1/bulk', { atomic, named }),
      correlationId: id,
      ifMatch: undefined,
    });
    return { context, principal, items };
  }

  /** Each command has its own result: a refused command does not stop the commands after it. */
  private async inOrder({ context, principal, items }: Call): Promise<readonly Outcome[]> {
    // Binds the key of the call to this request for ever. The answers are kept under the keys of the commands. A call that may do
    // nothing at all leaves no record: a read-only credential could fill the database.
    if (items.some((item) => isAllowed(item, principal))) await this.ledger.execute(context, (tx) => tx.itself());
    const checked: Checked[] = [];
    const outcomes: Outcome[] = [];
    for (const each of await this.checkAll(items, principal)) {
      if ('error' in each) outcomes[each.item.index] = this.refused(each.item, each.error);
      else checked.push(each);
    }
    // All preparations begin together: one that takes long holds up its own command and the commands behind it alone.
    const begun = checked.map(({ item, prepare }) => new Begun(item, prepare));
    const results = await this.ledger.executeInOrder(begun);
    await Promise.all(
      begun.map(async (command, at) => {
        outcomes[command.item.index] = await this.outcome(command, results[at]);
      }),
    );
    return outcomes;
  }

  private async atomically({ context, principal, items }: Call): Promise<readonly Outcome[]> {
    const refusalOfAll = refusalOfAllFor(items);
    const orRefuseAll = ({ index }: Item, error: unknown): unknown =>
      error instanceof Refusal && error.kind !== 'unavailable' ? refusalOfAll(index, error) : error;
    const checked = (await this.checkAll(items, principal)).map((each) => {
      if ('error' in each) throw orRefuseAll(each.item, each.error);
      return each;
    });
    const begun = checked.map(({ item, prepare }) => new Begun(item, prepare));
    const prepared = await Promise.allSettled(begun.map(({ ready }) => ready));
    for (const [at, { item }] of begun.entries()) {
      const outcome = prepared[at];
      if (outcome?.status === 'rejected') throw orRefuseAll(item, outcome.reason);
    }
    const answers = await this.ledger.executeAtomically(context, begun, refusalOfAll);
    return Promise.all(begun.map((command, at) => this.recorded(command, answers[at])));
  }

  /** Checks the input of all commands, in turns, so that a long call does not hold up other requests. */
  private async checkAll(items: readonly Item[], principal: Principal): Promise<readonly (Checked | Rejected)[]> {
    const all: (Checked | Rejected)[] = [];
    for (const turn of turnsOf(items)) {
      all.push(...(await Promise.all(turn.map((item) => this.check(item, principal)))));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return all;
  }

  /** As the guard and the pipes of its route do for a request of its own, in the same order. */
  private async check(item: Item, principal: Principal): Promise<Checked | Rejected> {
    const { match, command } = item;
    try {
      if (!match) throw unknownCommand(command.path);
      requireRole(principal, match.route.access);
      return { item, prepare: await this.routes.check(match, command.body, this.pipe) };
    } catch (error) {
      return { item, error };
    }
  }

  private async outcome(command: Begun, result: PromiseSettledResult<Answer> | undefined): Promise<Outcome> {
    try {
      if (result?.status === 'rejected') throw result.reason;
      return await this.recorded(command, result?.value);
    } catch (error) {
      return this.refused(command.item, error);
    }
  }

  private async recorded(command: Begun, answer: Answer | undefined): Promise<Outcome> {
    if (!answer) throw new Error('A command was executed and not answered.');
    const { key } = command.item.command;
    const finished = await command.finish(answer);
    const status = command.item.match?.route.access.location === undefined ? 200 : 201;
    return { key, status, body: answerBody(finished), answer: finished };
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

const isAllowed = ({ match }: Item, principal: Principal): boolean =>
  match !== undefined && hasRole(principal, match.route.access);

const NO_ACCESS = { kind: 'bulk', roles: [] } as const;

function* turnsOf(items: readonly Item[]): Generator<readonly Item[]> {
  for (let first = 0; first < items.length; first += CHECKED_IN_A_TURN) {
    yield items.slice(first, first + CHECKED_IN_A_TURN);
  }
}

/** @throws Refusal `idempotency-key-repeated` (422): the second command could be a retry or a mistake */
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

/** The refusal of the command with its index added: its rule and its numbers stay in the same members. */
const refusalOfAllFor =
  (items: readonly Item[]): RefusalOfAll =>
  (index, { kind, code, detail, facts, errors }) => {
    const key = items[index]?.command.key ?? '';
    const at = `/commands/${index}/${kind === 'malformed' ? 'path' : 'body'}`;
    return refusal(
      'conflict',
      code,
      `Command ${index + 1} of ${items.length} (${key}) is refused, and therefore none is carried out: ${detail}`,
      { ...facts, commandIndex: index, commandKey: key, commandStatus: STATUS_OF_REFUSAL[kind] },
      errors.map((error) => ({ ...error, pointer: at + error.pointer })),
    );
  };
