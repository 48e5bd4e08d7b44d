import { ApiClient, problemText, type ApiAnswer } from '../client/api-client.js';
import type { Mapping } from './mapping.js';
import { callKeyOf, commandOf, type CheckedRow, type RowCommand } from './row-command.js';
import { rowsOf } from './rows.js';

/** Commands in one call: the maximum that the API takes. */
const CALL_COMMANDS_MAX = 1_000;
/** Length of the text of the commands in one call. The API takes 16 MiB. */
const CALL_LENGTH_MAX = 8 * 1_048_576;
/** How often rows are sent again after the ledger was too busy for them. */
const ROUNDS_MAX = 20;

/** Receives the events of an import while it runs. */
export interface ImportListener {
  /** A row that is wrong, or that the ledger refused. */
  fault(line: number, detail: string): void;
  /** A row that the ledger has recorded. */
  recorded(row: RecordedRow): void;
  /** A recorded row with a flag of the ledger: use that the allocation or its chips cannot give. */
  flagged(line: number, detail: string): void;
  advance(): void;
}

export interface RecordedRow {
  readonly line: number;
  readonly rowId: string;
  readonly id: string;
  readonly position: number;
}

export interface ImportSummary {
  readonly recorded: number;
  /** The part of `recorded` that an earlier run had recorded. */
  readonly known: number;
  readonly refused: number;
}

/** The service rejects the whole import, e.g. because the address or the key is wrong. */
export class ImportFailure extends Error {}

export interface Checked {
  readonly rows: number;
  readonly wrong: number;
  /** Rows of nothing but delimiters, which are skipped. They are no part of `rows`. */
  readonly empty: number;
  /** Columns with a cell that is written in another notation than the mapping states. */
  readonly doubtfulColumns: readonly string[];
}

/** Reads a file and sends nothing: counts its rows, and reports their faults. */
export async function check(file: string, mapping: Mapping, listener: Pick<ImportListener, 'fault'>): Promise<Checked> {
  const counts = { rows: 0, wrong: 0, empty: 0 };
  const doubtfulColumns = new Set<string>();
  for await (const row of rowsOf(file, mapping)) {
    if (row.isEmpty === true) {
      counts.empty += 1;
      continue;
    }
    const { faults } = await commandOf(mapping, row);
    counts.rows += 1;
    if (faults.length > 0) counts.wrong += 1;
    for (const { line, detail, doubtfulColumn } of faults) {
      listener.fault(line, detail);
      if (doubtfulColumn !== undefined) doubtfulColumns.add(doubtfulColumn);
    }
  }
  return { ...counts, doubtfulColumns: [...doubtfulColumns] };
}

type Pending = CheckedRow & { readonly command: RowCommand };

/** Sends the rows of a file, in their order, a thousand in a call. */
export class Import {
  private recorded = 0;
  private known = 0;
  private refused = 0;
  private readonly api: ApiClient;

  constructor(
    baseUrl: string,
    private readonly key: string,
    private readonly listener: ImportListener,
  ) {
    this.api = new ApiClient(baseUrl);
  }

  /** @throws ImportFailure; FileError if the file has changed since the check */
  async send(file: string, mapping: Mapping): Promise<ImportSummary> {
    let batch: Pending[] = [];
    let keys = new Set<string>();
    let length = 0;
    const flush = async (): Promise<void> => {
      await this.sendAll(batch);
      [batch, keys, length] = [[], new Set(), 0];
    };
    for await (const row of rowsOf(file, mapping)) {
      if (row.isEmpty === true) continue;
      const { command, ...rest } = await commandOf(mapping, row);
      if (!command) {
        this.listener.advance();
        continue;
      }
      // Two rows with the same id go into two calls: the ledger then decides whether they are the same row.
      if (batch.length === CALL_COMMANDS_MAX || length > CALL_LENGTH_MAX || keys.has(command.key)) await flush();
      batch.push({ ...rest, command });
      keys.add(command.key);
      length += JSON.stringify(command).length;
    }
    await flush();
    const { recorded, known, refused } = this;
    return { recorded, known, refused };
  }

  private async sendAll(batch: readonly Pending[]): Promise<void> {
    let pending = batch;
    for (let round = 0; pending.length > 0; round += 1) {
      if (round === ROUNDS_MAX)
        throw new ImportFailure('The ledger is too busy. Run the same import again later: nothing is recorded twice.');
      pending = await this.call(pending);
    }
  }

  /** @returns the rows that must be sent again */
  private async call(batch: readonly Pending[]): Promise<readonly Pending[]> {
    const commands = batch.map(({ command }) => command);
    const answer = await this.api.command({
      path: '/v1/bulk',
      key: this.key,
      idempotencyKey: callKeyOf(commands),
      body: { commands },
    });
    if (answer.status !== 200) throw new ImportFailure(`The ledger does not take the import: ${problemText(answer)}`);
    this.known += answer.replayedCommands;
    const outcomes = answer.body['outcomes'] as readonly { status: number; body: ApiAnswer['body'] }[];
    return batch.filter((row, place) => {
      const { status = 503, body = {} } = outcomes[place] ?? {};
      if (status === 503 || body['code'] === 'command-in-progress') return true;
      this.settle(row, { status, body, replayed: false, replayedCommands: 0 });
      return false;
    });
  }

  private settle({ line, rowId }: Pending, answer: ApiAnswer): void {
    const { status, body } = answer;
    this.listener.advance();
    if (status < 300) {
      this.recorded += 1;
      const id = body['allocationId'] ?? body['id'];
      this.listener.recorded({ line, rowId, id: String(id), position: Number(body['position']) });
      for (const { detail } of (body['flags'] ?? []) as readonly { detail: string }[])
        this.listener.flagged(line, detail);
      return;
    }
    this.refused += 1;
    this.listener.fault(line, body['code'] === 'idempotency-key-reused' ? changedRow(rowId) : problemText(answer));
  }
}

const changedRow = (rowId: string): string =>
  `The row ${rowId} was sent before with other content. If it was recorded then, it stays as it is: correct it in the ledger (an ` +
  'amendment, a release, a cancellation). If it was refused then, or is another row, give it an id of its own.';
