import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { StoredOutcome } from '../../ledger/event-store.js';
import type { RecordedEvent } from '../../ledger/event.js';
import type { Findings } from '../audit-finding.js';
import { storedFinding } from './stored-finding.js';
import { storedRows } from './stored-rows.queries.js';
import type { BesideCheck, Conclusion, EventStretch } from '../verify-beside.js';

/** An answer may be as long as a request, so that a read of these many rows takes some megabytes. */
const ROWS_PER_READ = 500;

interface AnswerRow extends StoredOutcome {
  readonly digest: Buffer;
}

const COLUMNS = 'command_id as "commandId", fingerprint, position, recorded_at as "recordedAt", outcome, digest';

/**
 * Every command with events has an answer at the position of its last event, and no answer was changed since it was stored.
 * Answers to commands without events, above all refusals, are protected by the digest alone.
 */
export class AnswersCheck implements BesideCheck {
  readonly check = 'idempotency records';
  private answers = 0;
  /** The last event so far. Its command may continue in the next stretch. */
  private open: RecordedEvent | undefined;

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
  ) {}

  async accept({ events }: EventStretch): Promise<void> {
    const ends: RecordedEvent[] = [];
    for (const event of events) {
      if (this.open !== undefined && this.open.commandId !== event.commandId) ends.push(this.open);
      this.open = event;
    }
    await this.judgeEnds(ends);
  }

  async finish(): Promise<Conclusion> {
    if (this.open) await this.judgeEnds([this.open], true);
    for await (const row of this.rows()) this.judgeDigest(row);
    return {
      statement: `${this.answers} answers are as they were stored; every command with events has one, where they end.`,
    };
  }

  /** @param mayGoOn true where the checked log may end within the command. */
  private async judgeEnds(ends: readonly RecordedEvent[], mayGoOn = false): Promise<void> {
    const { rows } = await this.pool.query<AnswerRow>({
      name: 'stored-answers-of',
      text: `select ${COLUMNS} from commands where command_id = any ($1)`,
      values: [ends.map(({ commandId }) => commandId)],
    });
    const byId = new Map(rows.map((row) => [row.commandId, row]));
    for (const event of ends) {
      const { commandId, position, recordedAt } = event;
      const row = byId.get(commandId);
      if (row?.recordedAt === recordedAt && (row.position === position || (mayGoOn && row.position > position)))
        continue;
      this.findings.add(
        storedFinding({
          check: this.check,
          artefact: `commands ${commandId}`,
          event,
          message: row
            ? 'The answer to the command stands elsewhere than its events.'
            : 'The answer to the command is missing: sent again, it would be decided again.',
          expected: `position ${position}, ${recordedAt}`,
          found: row ? `position ${row.position}, ${row.recordedAt}` : 'no row',
        }),
      );
    }
  }

  private rows(): AsyncGenerator<AnswerRow> {
    return storedRows<AnswerRow>(this.pool, {
      text: `select ${COLUMNS} from commands where command_id > $1 order by command_id`,
      before: ['00000000-0000-0000-0000-000000000000'],
      keyOf: ({ commandId }) => [commandId],
      rowsMax: ROWS_PER_READ,
    });
  }

  private judgeDigest(row: AnswerRow): void {
    this.answers += 1;
    const { commandId, position, digest } = row;
    const expected = answerDigest(row);
    if (digest.equals(expected)) return;
    this.findings.add(
      storedFinding({
        check: this.check,
        artefact: `commands ${commandId}`,
        position,
        message: 'What was answered to the command has changed since it was stored, or its digest has.',
        expected: expected.toString('hex'),
        found: digest.toString('hex'),
      }),
    );
  }
}

/** The same digest as the function `answer_digest` of the database. */
function answerDigest({ commandId, fingerprint, position, recordedAt, outcome }: StoredOutcome): Buffer {
  const at = new Date(recordedAt).toISOString();
  return createHash('sha256').update([commandId, fingerprint, position, at, outcome].join('\n')).digest();
}
