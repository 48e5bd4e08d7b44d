import type { FactoryProvider, Provider, Type } from '@nestjs/common';
import { Command, CommandHandler } from '@nestjs/cqrs';
import type { Answer, CommandContext, Principal } from './command-context.js';
import type { Decide } from './command-group.js';
import { Ledger } from './ledger.js';
import type { RefusalCode } from './refusal-declaration.js';
import type { Transaction } from './transaction.js';

/** Classes of the input of a request: they check it at the edge, and have its types. */
export interface CommandShape<Params extends object, Body extends object> {
  /** Parameters of the path; left out where the path has none. */
  readonly params?: Type<Params>;
  readonly body: Type<Body>;
  /** Codes that its decision throws, beside those of every command. */
  readonly refusals: readonly RefusalCode[];
}

/** The parameters of the path, and the body, both checked. */
export type CommandInput<Params extends object, Body extends object> = Params & { readonly body: Body };

/** A command whose input is complete: its decision, and what its caller gets beside the recorded answer. */
export interface PreparedCommand {
  readonly decide: Decide;
  /** Runs once the answer is durable, also when it is replayed. */
  readonly finish?: (answer: Answer) => Answer | Promise<Answer>;
}

/** Executes the commands of one kind, or prepares them for a caller who executes several. */
export interface LedgerCommandHandler<Input> {
  /** @throws Refusal before the ledger has seen the command: it is the answer, and is not recorded. */
  prepare(input: Input, caller: Principal): PreparedCommand | Promise<PreparedCommand>;
  execute(message: LedgerMessage<Input>): Promise<Answer>;
}

/** A command on its way to its handler, for the CommandBus. */
export interface LedgerMessage<Input> extends Command<Answer> {
  readonly context: CommandContext;
  readonly input: Input;
}

/** What a route has to know of its command; the class of the message is the token of its handler. */
export interface RoutedCommand {
  readonly shape: CommandShape<object, object>;
  readonly provider: FactoryProvider<LedgerCommandHandler<never>>;
}

/** A command as a value: the class of its message, the classes of its input, and the provider of its handler. */
export interface LedgerCommand<Params extends object, Body extends object> extends RoutedCommand {
  new (context: CommandContext, input: CommandInput<Params, Body>): LedgerMessage<CommandInput<Params, Body>>;
  readonly provider: FactoryProvider<LedgerCommandHandler<CommandInput<Params, Body>>>;
}

/**
 * A command that only decides: on the states of streams, on its input, and on nothing else.
 * @param decide pure and synchronous; it may run more than once
 */
export function ledgerCommand<Params extends object, Body extends object>(
  shape: CommandShape<Params, Body>,
  decide: (tx: Transaction, input: CommandInput<Params, Body>) => object | void,
): LedgerCommand<Params, Body> {
  return preparedLedgerCommand(shape, (_none, input) => ({ decide: (tx) => decide(tx, input) }));
}

/**
 * A command that looks something up before its decision, or does something once its answer is durable.
 * @param shape with the provider that `prepare` uses, if it uses one
 */
export function preparedLedgerCommand<Params extends object, Body extends object, Service = undefined>(
  shape: CommandShape<Params, Body> & { readonly uses?: Type<Service> },
  prepare: (
    service: Service,
    input: CommandInput<Params, Body>,
    caller: Principal,
  ) => PreparedCommand | Promise<PreparedCommand>,
): LedgerCommand<Params, Body> {
  const { uses } = shape;
  type Input = CommandInput<Params, Body>;

  class Handler implements LedgerCommandHandler<Input> {
    constructor(
      private readonly ledger: Ledger,
      private readonly service: Service,
    ) {}

    prepare(input: Input, caller: Principal): PreparedCommand | Promise<PreparedCommand> {
      return prepare(this.service, input, caller);
    }

    async execute({ context, input }: LedgerMessage<Input>): Promise<Answer> {
      const prepared = this.prepare(input, context.principal);
      const { decide, finish } = prepared instanceof Promise ? await prepared : prepared;
      const answer = await this.ledger.execute(context, decide);
      return finish ? finish(answer) : answer;
    }
  }

  class Message extends Command<Answer> implements LedgerMessage<Input> {
    static readonly shape = shape;
    static readonly provider: FactoryProvider<LedgerCommandHandler<Input>> = {
      provide: Message,
      inject: uses ? [Ledger, uses] : [Ledger],
      useFactory: (ledger: Ledger, service: Service) => new Handler(ledger, service),
    };

    constructor(
      readonly context: CommandContext,
      readonly input: Input,
    ) {
      super();
    }
  }

  CommandHandler(Message)(Handler);
  return Message;
}

const isCommand = (value: unknown): value is RoutedCommand => typeof value === 'function' && 'provider' in value;

/** The handlers of all commands that a `*.commands.ts` file exports, for the providers of its module: none can be forgotten. */
export const handlersOf = (file: Readonly<Record<string, unknown>>): Provider[] =>
  Object.values(file).flatMap((value) => (isCommand(value) ? [value.provider] : []));
