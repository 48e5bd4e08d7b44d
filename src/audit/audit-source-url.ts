import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../platform/startup-error.js';
import { NotCheckable } from './audit-finding.js';
import { ARTEFACT_BYTES_MAX, type LogSource } from './log-source.js';

const READS_MAX = 8;
const TIMEOUT_MS = 30_000;
/** With the waits between the attempts a server may be unreachable for about a minute. */
const ATTEMPTS_MAX = 8;
const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 15_000;
const RETRY_AFTER_S_MAX = 60;
/** The server is busy or stopping, or a proxy in front of it reports this. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

/** A log at its address. */
export class UrlSource implements LogSource {
  readonly readsMax = READS_MAX;
  readonly others: readonly string[] = [];

  private constructor(
    readonly name: string,
    /** Ends in a slash. */
    private readonly prefix: string,
  ) {}

  /**
   * Takes the address of a log (`.../log`) or of the service that has it.
   * @throws NotCheckable if there is no checkpoint at either
   */
  static async open(name: string): Promise<UrlSource> {
    const address = addressOf(name);
    let why = '';
    for (const prefix of [address, `${address}log/`]) {
      const answer = await getBytes(`${prefix}checkpoint`);
      if (answer.found) return new UrlSource(name, prefix);
      why ||= answer.why.includes('log-empty') ? 'nothing has been recorded there yet, so that nothing is signed' : '';
    }
    throw new NotCheckable(
      `There is no checkpoint at ${name}: ${why || 'neither at /checkpoint nor at /log/checkpoint'}.`,
      'Give the address of a log, e.g. https://ledger.example.eu/log, and ask again once an event was recorded.',
    );
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const answer = await getBytes(this.prefix + path);
    return answer.found ? answer.bytes : undefined;
  }

  async close(): Promise<void> {}
}

/** The address as a prefix: without query, ending in a slash. */
export function addressOf(name: string): string {
  if (!URL.canParse(name))
    throw new NotCheckable(`${name} is no address.`, 'Give one such as https://ledger.example.eu.');
  const { origin, pathname } = new URL(name);
  return `${origin}${pathname.replace(/\/*(checkpoint)?$/, '')}/`;
}

export type HttpAnswer =
  { readonly found: true; readonly bytes: Uint8Array } | { readonly found: false; readonly why: string };

/**
 * Reads the content of an address and tries again while the server is busy.
 * @throws NotCheckable when the server neither returns the content nor answers that there is none
 */
export async function getBytes(url: string): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptGet(url);
    if (!('retry' in outcome)) return outcome;
    if (attempt >= ATTEMPTS_MAX) {
      throw new NotCheckable(`${url} could not be read in ${attempt} tries: ${outcome.retry}.`, 'Try again later.');
    }
    await sleep(outcome.waitMs ?? Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (attempt - 1)));
  }
}

async function attemptGet(url: string): Promise<HttpAnswer | { readonly retry: string; readonly waitMs?: number }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { status } = response;
    if (status === 200) return { found: true, bytes: await bodyOf(response, url) };
    const text = (await response.text()).slice(0, 1_000);
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

/** The body, up to the longest artefact that a log can have. */
async function bodyOf(response: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ARTEFACT_BYTES_MAX) {
      throw new NotCheckable(
        `${url} is longer than the ${ARTEFACT_BYTES_MAX} bytes that anything of a log may have.`,
        'Check the address.',
      );
    }
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}
