import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../platform/startup-error.js';

/** An answer of the API, with its body read as JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** True if the answer repeats the answer to an earlier request with the same key. */
  readonly replayed: boolean;
  /** For many commands in one call: the number of commands whose answers repeat earlier answers. */
  readonly replayedCommands: number;
}

export interface ApiRequest {
  /** Path under the root of the API. */
  readonly path: string;
  /** Left out on public routes. */
  readonly key?: string;
}
export interface ApiCommand extends ApiRequest {
  readonly key: string;
  readonly idempotencyKey: string;
  readonly body: unknown;
}

/** A reason why the demo cannot be loaded or shown. The message is complete for the person who started the demo. */
export class ApiFailure extends StartupError {}

/** The service, or a proxy in front of it, is busy or stopping: the same request may succeed a moment later. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The connection broke, and the first attempt of the request may still be running. */
const RUNNING_CODE = 'command-in-progress';
/** With the waits below, a server may be unreachable for about a minute. */
const ATTEMPTS_MAX = 16;
const WAIT_MS_MIN = 50;
const WAIT_MS_MAX = 5_000;
/** Rate limits are counted by the minute. */
const RETRY_AFTER_S_MAX = 60;
const MS_PER_SECOND = 1_000;

/** A client of the ledger like any other: it uses HTTP, and sends the same idempotency key with every retry. */
export class ApiClient {
  constructor(private readonly baseUrl: string) {}

  command({ path, key, idempotencyKey, body }: ApiCommand): Promise<ApiAnswer> {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
    };
    return this.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** @throws ApiFailure if the read is refused. */
  async read({ path, key }: ApiRequest): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.send(path, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
    if (answer.status !== 200) throw new ApiFailure(`GET ${path}: ${problemText(answer)}`);
    return answer.body;
  }

  private async send(path: string, init: RequestInit): Promise<ApiAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.attempt(path, init);
      if (!('wait' in outcome)) return outcome;
      if (attempt >= ATTEMPTS_MAX) throw new ApiFailure(`${path}: given up after ${attempt} tries: ${outcome.why}`);
      await sleep(Math.max(outcome.wait, Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (attempt - 1))));
    }
  }

  private async attempt(path: string, init: RequestInit): Promise<ApiAnswer | { wait: number; why: string }> {
    let response: Response;
    let text: string;
    try {
      // No abort signal for a time-out: it takes a quarter of the time of a load, and fetch gives up after five minutes
      // by itself.
      response = await fetch(new URL(path, this.baseUrl), init);
      text = await response.text();
    } catch (error) {
      return { wait: 0, why: reasonOf(error) };
    }
    const answer = {
      status: response.status,
      body: parse(text),
      replayed: response.headers.get('idempotency-replayed') === 'true',
      replayedCommands: Number(response.headers.get('bulk-replayed') ?? 0),
    };
    const isTransient = RETRIED_STATUSES.has(answer.status) || answer.body['code'] === RUNNING_CODE;
    return isTransient ? { wait: retryAfterMs(response), why: problemText(answer) } : answer;
  }
}

/** One line about a refusal: status, code and detail of the problem. */
export function problemText({ status, body }: ApiAnswer): string {
  const { code, detail, errors } = body;
  const fields = Array.isArray(errors) && errors.length > 0 ? ` ${JSON.stringify(errors)}` : '';
  return `${status} ${String(code ?? '')} ${String(detail ?? '')}${fields}`.trim();
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), RETRY_AFTER_S_MAX) * MS_PER_SECOND : 0;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
