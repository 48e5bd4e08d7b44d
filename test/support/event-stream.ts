/** One block of a stream of server-sent events, as the HTML standard reads it. `data` is undefined in a block without data. */
export interface Message {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** A reader of `GET /v1/events/stream`. */
export class EventStreamReader {
  private readonly ending = new AbortController();
  private readonly messages: Message[] = [];
  private arrived: () => void = () => undefined;
  private rest = '';

  private constructor(readonly response: Response) {}

  /** Opens the stream. Its answer may be a refusal. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventStreamReader> {
    const ending = new AbortController();
    const response = await fetch(url, { headers, signal: ending.signal });
    const reader = new EventStreamReader(response);
    reader.ending.signal.addEventListener('abort', () => ending.abort());
    if (response.status === 200) void reader.read();
    return reader;
  }

  /** Waits for the first message from `from` on that meets the condition, and returns all messages up to it. */
  async until(meets: (message: Message) => boolean, from = 0): Promise<readonly Message[]> {
    for (;;) {
      const at = this.messages.findIndex((message, index) => index >= from && meets(message));
      if (at >= 0) return this.messages.slice(from, at + 1);
      await new Promise<void>((resolve) => (this.arrived = resolve));
    }
  }

  /** The messages with data, up to the one with this position. */
  async eventsTo(position: number): Promise<readonly Record<string, unknown>[]> {
    const messages = await this.until(({ id }) => Number(id) >= position);
    return messages.flatMap(({ data }) => (data === undefined ? [] : [JSON.parse(data) as Record<string, unknown>]));
  }

  close(): void {
    this.ending.abort();
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body ?? [])
        this.take(decoder.decode(chunk as Uint8Array, { stream: true }));
    } catch {
      // The reader was closed.
    }
  }

  private take(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split('\n').flatMap((line) => {
        const [, name, value] = /^(id|event|data): (.*)$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, value] as const];
      });
      this.messages.push(Object.fromEntries(fields) as Message);
    }
    this.arrived();
  }
}
