/** Stands for an id that only the answer to an earlier command gives; the loader puts the id in its place. */
export interface Ref {
  readonly ref: string;
}
export type DemoValue =
  string | number | boolean | null | Ref | readonly DemoValue[] | { readonly [field: string]: DemoValue };
export type DemoBody = Readonly<Record<string, DemoValue>>;

/** Who sends the command. Requests are submitted by the operator and decided by the panel: nobody decides their own. */
export type Sender = 'operator' | 'board' | 'panel';

/** The field of the answer that a reference to the command stands for. */
export type AnswerField = 'id' | 'trancheId' | 'callId' | 'allocationId';

export interface DemoCommand {
  /** Unique in the programme; the idempotency key derives from it. */
  readonly name: string;
  /** Under the API's root; `{name}` stands for the id that the command of that name was answered with. */
  readonly path: string;
  readonly body: DemoBody;
  readonly sender: Sender;
  readonly answerField: AnswerField;
  /** Commands of one wave do not depend on each other; a wave begins when the one before it is answered completely. */
  readonly wave: number;
  /** Set where the programme shows a refusal on purpose. */
  readonly expectedStatus?: number;
}

export interface NewCommand {
  readonly name: string;
  readonly path: string;
  readonly body: DemoBody;
  readonly sender?: Sender;
  readonly answerField?: AnswerField;
  /** Names of commands that must have been answered before, beyond those that path and body refer to. */
  readonly after?: readonly string[];
  readonly expectedStatus?: number;
}

export const PATH_REFERENCE = /\{([^}]+)\}/g;

export const isRef = (value: DemoValue): value is Ref =>
  typeof value === 'object' && value !== null && 'ref' in value && typeof value.ref === 'string';

/** Every name that a path or a body refers to. */
export function referencesOf(path: string, body: DemoValue): string[] {
  const names = [...path.matchAll(PATH_REFERENCE)].map((match) => match[1] ?? '');
  const collect = (value: DemoValue): void => {
    if (isRef(value)) names.push(value.ref);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(body);
  return names;
}

/** Collects the commands of the programme and works out which of them may run side by side. */
export class CommandList {
  private readonly commands = new Map<string, DemoCommand>();

  /** @throws Error on a name that is taken, or on a reference to a command that was not added before. */
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

  /** Adds a command that runs when all others are answered, so that its effect says that the programme is complete. */
  addLast(command: NewCommand): Ref {
    return this.add({ ...command, after: [...this.commands.keys()] });
  }

  has(name: string): boolean {
    return this.commands.has(name);
  }

  /** In the order of sending: by wave, then as added. */
  inOrder(): DemoCommand[] {
    return [...this.commands.values()].sort((left, right) => left.wave - right.wave);
  }

  private waveOf(name: string, dependent: string): number {
    const command = this.commands.get(name);
    if (command === undefined) throw new Error(`${dependent} needs ${name}, which the demo programme does not have.`);
    return command.wave;
  }
}
