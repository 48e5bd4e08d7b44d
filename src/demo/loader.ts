import { formatInstant } from '../ledger/time.js';
import { AnsweredIds } from './answered-ids.js';
import { ApiClient, ApiFailure, problemText } from '../client/api-client.js';
import type { ApiAnswer } from '../client/api-client.js';
import { PROGRAMME_END } from './calendar.js';
import type { DemoCommand } from './command-list.js';
import { groupedBy } from './grouping.js';
import type { DemoKeys } from './keys.js';
import { Progress } from '../client/progress.js';
import type { ProgressOutput } from '../client/progress.js';
import { LAST_PARTNER } from './programme.js';
import type { Programme } from './programme.js';

export interface LoaderOptions {
  /** Root of the API, such as `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  readonly keys: DemoKeys;
  readonly progress: ProgressOutput;
}

export interface LoadSummary {
  /** False when the ledger had the programme already. */
  readonly loaded: boolean;
  readonly commands: number;
  /** Number of commands that an earlier, interrupted load executed. */
  readonly replayed: number;
  /** Number of commands that the ledger refused, as the programme expects. */
  readonly refusals: readonly ExpectedRefusal[];
  /** Position of the last event that the load recorded; 0 when nothing was loaded. */
  readonly position: number;
  readonly durationMs: number;
}

export interface ExpectedRefusal {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** Commands in flight: enough to fill group commits, and few enough for the queue of any server. */
const IN_FLIGHT_MAX = 32;
const NOTHING_LOADED: LoadSummary = {
  loaded: false,
  commands: 0,
  replayed: 0,
  refusals: [],
  position: 0,
  durationMs: 0,
};

/**
 * Sends the demo programme to a ledger. Every command has its own idempotency key, so a second load completes an
 * interrupted one.
 */
export class Loader {
  private readonly api: ApiClient;

  constructor(private readonly options: LoaderOptions) {
    this.api = new ApiClient(options.baseUrl);
  }

  /** @throws ApiFailure on an answer that the programme does not expect, or when the ledger does not answer. */
  async load(programme: Pick<Programme, 'keyPrefix' | 'commands'>): Promise<LoadSummary> {
    if (await this.isLoaded()) return NOTHING_LOADED;
    requireClockAfterProgramme(Date.now());
    const { commands, keyPrefix } = programme;
    const progress = new Progress(this.options.progress, { what: 'commands', line: 'kept' });
    progress.begin(commands.length);
    const run = new LoadRun(this.api, this.options.keys, keyPrefix, progress);
    const startedAt = performance.now();
    try {
      for (const wave of groupedBy(commands, (command) => command.wave).values()) await run.sendAll(wave);
    } finally {
      progress.end();
    }
    const { replayed, refusals, position } = run;
    // Wait for the list of partners: a demo that is started again immediately must find the programme loaded.
    await this.isLoaded(position);
    const durationMs = Math.round(performance.now() - startedAt);
    return { loaded: true, commands: commands.length, replayed, refusals, position, durationMs };
  }

  /** The last partner of the programme is registered after all other commands. */
  private async isLoaded(minPosition = 0): Promise<boolean> {
    const path = `/v1/partners?limit=1&minPosition=${minPosition}&q=${encodeURIComponent(LAST_PARTNER)}`;
    const { data } = await this.api.read({ path, key: this.options.keys.operator });
    return Array.isArray(data) && data.length > 0;
  }
}

/** Every date of the programme must be in the past, because the ledger refuses dates in the future. */
function requireClockAfterProgramme(now: number): void {
  if (now >= Date.parse(PROGRAMME_END)) return;
  throw new ApiFailure(
    `The clock says ${formatInstant(now)}, but the demo programme goes on until ${PROGRAMME_END} and the ledger takes ` +
      'nothing that has not happened yet. Set the clock right.',
  );
}

class LoadRun {
  replayed = 0;
  position = 0;
  readonly refusals: ExpectedRefusal[] = [];
  private readonly ids = new AnsweredIds();

  constructor(
    private readonly api: ApiClient,
    private readonly keys: DemoKeys,
    private readonly keyPrefix: string,
    private readonly progress: Progress,
  ) {}

  /** Sends commands that do not depend on each other. After the first unexpected answer no further command is sent. */
  async sendAll(commands: readonly DemoCommand[]): Promise<void> {
    const queue = commands.values();
    let isStopped = false;
    const worker = async (): Promise<void> => {
      for (const command of queue) {
        if (isStopped) return;
        await this.send(command);
      }
    };
    const workers = Array.from({ length: Math.min(IN_FLIGHT_MAX, commands.length) }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      isStopped = true;
      await Promise.allSettled(workers);
      throw error;
    }
  }

  private async send(command: DemoCommand): Promise<void> {
    const answer = await this.api.command({
      path: this.ids.pathOf(command),
      key: this.keys[command.sender],
      idempotencyKey: `${this.keyPrefix}:${command.name}`,
      body: this.ids.resolved(command.body),
    });
    this.record(command, answer);
    this.progress.advance();
  }

  private record(command: DemoCommand, answer: ApiAnswer): void {
    const { name, path, answerField, expectedStatus } = command;
    const { status, body } = answer;
    if (answer.replayed) this.replayed += 1;
    if (status === expectedStatus) {
      this.refusals.push({ name, status, code: String(body['code']), detail: String(body['detail']) });
      return;
    }
    if (expectedStatus !== undefined || (status !== 200 && status !== 201)) {
      const expected = expectedStatus === undefined ? '' : ` (${expectedStatus} was expected)`;
      throw new ApiFailure(`${name} (POST ${path}) was answered with ${problemText(answer)}${expected}`);
    }
    const id = body[answerField];
    if (typeof id !== 'string') throw new ApiFailure(`The answer to ${name} (POST ${path}) has no ${answerField}.`);
    this.ids.note(name, id);
    this.position = Math.max(this.position, Number(body['position'] ?? 0));
  }
}
