/** A reference to an id that only the answer to an earlier command contains. The loader replaces it by the id. */
export interface Ref {
  readonly ref: string;
}
export type DemoValue =
  string | number | boolean | null | Ref | readonly DemoValue[] | { readonly [field: string]: DemoValue };
export type DemoBody = Readonly<Record<string, DemoValue>>;

/**
 * The sender of the command. The operator submits requests and the panel decides on them: no partner decides on its
 * own request.
 */
export type Sender = 'operator' | 'board' | 'panel';

/** The field of the answer that replaces a reference to the command. */
export type AnswerField = 'id' | 'trancheId' | 'callId' | 'allocationId';

export interface DemoCommand {
  /** Unique in the programme; the idempotency key derives from it. */
  readonly name: string;
  /** Path under the API's root. `{name}` is a reference to the id in the answer to the command of that name. */
  readonly path: string;
  readonly body: DemoBody;
  readonly sender: Sender;
  readonly answerField: AnswerField;
  /**
   * Commands of one wave do not depend on each other. A wave begins when all commands of the previous wave are
   * answered.
   */
  readonly wave: number;
  /** Set if the programme shows a refusal on purpose. */
  readonly expectedStatus?: number;
}

export interface NewCommand {
  readonly name: string;
  readonly path: string;
  readonly body: DemoBody;
  readonly sender?: Sender;
  readonly answerField?: AnswerField;
  /** Names of commands that must be answered earlier, beside the commands that path and body refer to. */
  readonly after?: readonly string[];
  readonly expectedStatus?: number;
}

export const PATH_REFERENCE = /\{([^}]+)\}/g;

export const isRef = (value: DemoValue): value is Ref =>
  typeof value === 'object' && value !== null && 'ref' in value && typeof value.ref === 'string';

/** All names that a path or a body refers to. */
export function referencesOf(path: string, body: DemoValue): string[] {
  const names = [...path.matchAll(PATH_REFERENCE)].map((match) => match[1] ?? '');
  const collect = (value: DemoValue): void => {
    if (isRef(value)) names.push(value.ref);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(body);
  return names;
}

/** Collects the commands of the programme and determines which commands may run concurrently. */
export class CommandList {
  private readonly commands = new Map<string, DemoCommand>();

  /** @throws Error if the name is taken, or if a reference names a command that was not added before. */
  add(command: NewCommand): Ref {
    const { name, path, body, after = [], expectedStatus } = command;
    if (this.commands.has(name)) throw new Error(`The demo programme has two commands named ${name}.`);
    const wave = 1 + Math.max(-1, ...[...referencesOf(path, body), ...after].map((other) => this.waveOf(other, name)));
    this.commands.set(name, {
      name,
      path,
      body,
      sender: command.sender ?? 'operator',
      answerField: command.answerField ?? 'id',
      wave,
      ...(expectedStatus === undefined ? {} : { expectedStatus }),
    });
    return { ref: name };
  }

  /** Adds a command that runs after all others are answered. Its effect proves that the programme is complete. */
  addLast(command: NewCommand): Ref {
    return this.add({ ...command, after: [...this.commands.keys()] });
  }

  has(name: string): boolean {
    return this.commands.has(name);
  }

  /** In the order of sending: by wave, and within a wave in the order of adding. */
  inOrder(): DemoCommand[] {
    return [...this.commands.values()].sort((left, right) => left.wave - right.wave);
  }

  private waveOf(name: string, dependent: string): number {
    const command = this.commands.get(name);
    if (command === undefined) throw new Error(`${dependent} needs ${name}, which the demo programme does not have.`);
    return command.wave;
  }
}
