import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../platform/startup-error.js';
import { NotCheckable } from './audit-finding.js';
import { ARTEFACT_BYTES_MAX } from './log-source.js';

export interface HttpLimits {
  /** Time for one attempt, with its redirects and its body. */
  readonly attemptMs: number;
  /** Attempts to read one address. With the waits between them a server may be unreachable for about a minute. */
  readonly attemptsMax: number;
  readonly waitMsMin: number;
  readonly waitMsMax: number;
  /**
   * Sum of all waits, of all attempts that failed, and of the time by which answers were too slow, over all addresses. Eight
   * reads run concurrently, so that a minute of an unreachable server takes eight minutes of it.
   */
  readonly patienceMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  attemptMs: 30_000,
  attemptsMax: 8,
  waitMsMin: 250,
  waitMsMax: 15_000,
  patienceMs: 600_000,
};

const RETRY_AFTER_S_MAX = 60;
const REDIRECTS_MAX = 5;
/** Bytes that are read of the body of an error. The first bytes say what is wrong. A hostile server may send a body without an end. */
const ERROR_BYTES_MAX = 1_000;
/** An answer that takes longer than this time and one second for each 2,000 bytes is too slow. */
const ANSWER_MS = 5_000;
const ANSWER_BYTES_PER_MS = 2;

/** The server is busy or stopping, or a proxy in front of it reports this. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);
const REDIRECT: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export type HttpAnswer =
  { readonly found: true; readonly bytes: Uint8Array } | { readonly found: false; readonly why: string };
type Attempt = HttpAnswer | { readonly retry: string; readonly waitMs?: number };

/** Reads the addresses of one command from a server that may be slow, busy or hostile: bytes, redirects and time are bounded. */
export class HttpReader {
  private waitedMs = 0;

  constructor(private readonly limits: HttpLimits = HTTP_LIMITS) {}

  /**
   * Reads the content of an address and tries again while the server is busy.
   * @throws NotCheckable when the server neither returns the content nor answers that there is none
   */
  async get(url: string): Promise<HttpAnswer> {
    const { attemptsMax, waitMsMin, waitMsMax } = this.limits;
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      const outcome = await this.attempt(url);
      const tookMs = performance.now() - startedAt;
      if (!('retry' in outcome)) {
        const bytes = outcome.found ? outcome.bytes.length : 0;
        this.wait(url, Math.max(0, tookMs - ANSWER_MS - bytes / ANSWER_BYTES_PER_MS));
        return outcome;
      }
      if (attempt >= attemptsMax) {
        throw new NotCheckable(`${url} could not be read in ${attempt} tries: ${outcome.retry}.`, 'Try again later.');
      }
      const waitMs = outcome.waitMs ?? Math.min(waitMsMax, waitMsMin * 2 ** (attempt - 1));
      this.wait(url, tookMs + waitMs);
      await sleep(waitMs);
    }
  }

  private wait(url: string, ms: number): void {
    this.waitedMs += ms;
    if (this.waitedMs <= this.limits.patienceMs) return;
    throw new NotCheckable(
      `The server is too slow: ${Math.round(this.waitedMs / 1_000)} s of waiting until ${url}.`,
      'Try again later, or read another copy.',
    );
  }

  private async attempt(url: string): Promise<Attempt> {
    try {
      const response = await follow(url, AbortSignal.timeout(this.limits.attemptMs));
      const { status } = response;
      if (status === 200) return { found: true, bytes: await contentOf(response, url) };
      const text = Buffer.from(await firstBytes(response, ERROR_BYTES_MAX)).toString('utf8');
      if (status === 404 || status === 410) return { found: false, why: text };
      const cause = `the server answered ${status} ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`;
      if (!TRANSIENT.has(status)) throw new NotCheckable(`${url} could not be read: ${cause}.`, 'Check the address.');
      const seconds = Number(response.headers.get('retry-after') ?? NaN);
      return { retry: cause, ...(seconds <= RETRY_AFTER_S_MAX && { waitMs: Math.max(seconds, 1) * 1_000 }) };
    } catch (error) {
      if (error instanceof NotCheckable) throw error;
      return { retry: reasonOf((error as Error).cause ?? error) };
    }
  }
}

/**
 * Follows redirects on the same host. A server must not make the machine of the auditor call another one, which may be one that
 * only this machine can reach.
 */
async function follow(url: string, signal: AbortSignal): Promise<Response> {
  let address = url;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const response = await fetch(address, { signal, redirect: 'manual' });
    if (!REDIRECT.has(response.status)) return response;
    await response.body?.cancel();
    address = redirectOf(address, response.headers.get('location') ?? '');
  }
  throw new NotCheckable(`${url} is redirected more than ${REDIRECTS_MAX} times.`, 'Give the last address.');
}

function redirectOf(address: string, location: string): string {
  const to = URL.canParse(location, address) ? new URL(location, address) : undefined;
  if (to !== undefined && /^https?:$/.test(to.protocol) && to.hostname === new URL(address).hostname) return to.href;
  throw new NotCheckable(
    `${address} is redirected to ${to?.href ?? `"${location}"`}, which is on another host.`,
    'Give that address, if you trust it.',
  );
}

/** The body, up to the longest artefact that a log can have. */
async function contentOf(response: Response, url: string): Promise<Uint8Array> {
  const bytes = await firstBytes(response, ARTEFACT_BYTES_MAX + 1);
  if (bytes.length <= ARTEFACT_BYTES_MAX) return bytes;
  throw new NotCheckable(
    `${url} is longer than the ${ARTEFACT_BYTES_MAX} bytes that anything of a log may have.`,
    'Check the address.',
  );
}

/** The body up to a number of bytes. The rest is not read. */
async function firstBytes(response: Response, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bytesMax) break;
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined
    ? only.subarray(0, bytesMax)
    : Buffer.concat(chunks).subarray(0, bytesMax);
}
