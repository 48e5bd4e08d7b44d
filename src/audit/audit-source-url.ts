import { HttpReader } from './http-reader.js';
import { NotCheckable } from './audit-finding.js';
import type { LogSource } from './log-source.js';

const READS_MAX = 8;

/** A log at its address. */
export class UrlSource implements LogSource {
  readonly readsMax = READS_MAX;
  readonly others: readonly string[] = [];

  private constructor(
    readonly name: string,
    /** Ends in a slash. */
    private readonly prefix: string,
    private readonly http: HttpReader,
  ) {}

  /**
   * Takes the address of a log (`.../log`) or of the service that has it.
   * @throws NotCheckable if there is no checkpoint at either
   */
  static async open(name: string, http = new HttpReader()): Promise<UrlSource> {
    const address = addressOf(name);
    let why = '';
    for (const prefix of [address, `${address}log/`]) {
      const answer = await http.get(`${prefix}checkpoint`);
      if (answer.found) return new UrlSource(name, prefix, http);
      why ||= answer.why.includes('log-empty') ? 'nothing has been recorded there yet, so that nothing is signed' : '';
    }
    throw new NotCheckable(
      `There is no checkpoint at ${name}: ${why || 'neither at /checkpoint nor at /log/checkpoint'}.`,
      'Give the address of a log, e.g. https://ledger.example.eu/log, and ask again once an event was recorded.',
    );
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const answer = await this.http.get(this.prefix + path);
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
