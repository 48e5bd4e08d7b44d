import { createHash, type Hash as Hasher } from 'node:crypto';
import type { Pool } from 'pg';
import type { RecordedEvent } from '../../ledger/event.js';
import { fold, initialFoldState, serialise, STORED_STATE_VERSION } from '../../transparency/method-1/fold.js';
import type { ReportPublished } from '../../transparency/publication.js';
import { reasonOf } from '../../platform/startup-error.js';
import type { Findings } from '../audit-finding.js';
import { differenceOf, excerpt, storedFinding } from './stored-finding.js';
import type { BesideCheck, Conclusion, EventStretch } from '../verify-beside.js';

/** Every stored state of the fold equals the state that is folded from the events up to its position. */
export class FoldStatesCheck implements BesideCheck {
  readonly check = 'fold states';
  private readonly state = initialFoldState();
  private states = 0;
  /** Why the fold stopped before the last event. */
  private failure: string | undefined;

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
  ) {}

  async accept({ events }: EventStretch): Promise<void> {
    const { rows } = await this.pool.query<{ position: number; state: string }>({
      name: 'stored-fold-states',
      text: 'select position, state from report_states where version = $1 and position = any ($2) order by position',
      values: [STORED_STATE_VERSION, events.map(({ position }) => position)],
    });
    const stored = new Map(rows.map(({ position, state }) => [position, state]));
    for (const event of events) {
      if (!this.fold(event)) return;
      const found = stored.get(event.position);
      if (found !== undefined) this.judge(event, found);
    }
  }

  async finish(): Promise<Conclusion> {
    const { rows } = await this.pool.query<{ version: string; position: number; state: string; isBeyond: boolean }>(
      `select version, position, left(state, 200) as state,
         position < 1 or position > (select h.position from ledger_head h) as "isBeyond"
       from report_states where version <> $1 or position > $2 or position < 1 order by position`,
      [STORED_STATE_VERSION, this.state.position],
    );
    const mine = rows.filter(({ version }) => version === STORED_STATE_VERSION);
    for (const { position, state } of mine.filter(({ isBeyond }) => isBeyond)) {
      const message = 'There is a state of the reports as of a position that there is not.';
      this.findings.add(this.findingAt(position, message, undefined, excerpt(state)));
    }
    const others = rows.length - mine.length;
    const cannot = this.failure !== undefined && {
      what: this.failure,
      nextStep: 'Look first at what is wrong with the events.',
    };
    return {
      statement: `${this.states} stored states of the reports are what the events give.`,
      ...(cannot && { cannot }),
      ...(others > 0 && {
        notChecked: `${others} states of other versions than ${STORED_STATE_VERSION}, which this program never reads.`,
      }),
    };
  }

  private fold(event: RecordedEvent): boolean {
    if (this.failure !== undefined) return false;
    try {
      fold(this.state, event);
      return true;
    } catch (error) {
      this.failure = `The reports cannot be computed beyond position ${event.position}: ${reasonOf(error)}`;
      return false;
    }
  }

  private judge({ position }: RecordedEvent, found: string): void {
    this.states += 1;
    const expected = serialise(this.state);
    if (expected === found) return;
    const at = differenceOf(expected, found);
    const message = `The stored state of the reports is not what the events give; it differs from character ${at} on.`;
    this.findings.add(this.findingAt(position, message, excerpt(expected, at), excerpt(found, at)));
  }

  private findingAt(position: number, message: string, expected: string | undefined, found: string) {
    return storedFinding({
      check: this.check,
      artefact: `report_states ${STORED_STATE_VERSION} ${position}`,
      position,
      message,
      ...(expected !== undefined && { expected }),
      found,
      nextStep: 'Reports as of later positions may be wrong. Delete the row: it is made again from the events.',
    });
  }
}

/** Every text that a publication names by its hash is stored as it was published. */
export class PublishedTextsCheck implements BesideCheck {
  readonly check = 'published reports';
  /** The publication of each hash. */
  private readonly named = new Map<string, RecordedEvent>();
  private texts = 0;

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
  ) {}

  async accept({ events }: EventStretch): Promise<void> {
    for (const event of events) {
      if (event.type !== 'report-published') continue;
      const { sha256, streams } = event.data as Partial<ReportPublished['data']>;
      for (const hash of [sha256, streams?.sha256]) {
        if (hash !== undefined && !this.named.has(hash)) this.named.set(hash, event);
      }
    }
  }

  async finish(): Promise<Conclusion> {
    const stored = new Set<string>();
    const { rows } = await this.pool.query<{ sha256: string; textId: string; byteCount: number }>(
      `select encode(sha256, 'hex') as sha256, text_id as "textId", byte_count as "byteCount" from report_texts order by sha256`,
    );
    for (const { sha256, textId, byteCount } of rows) {
      this.texts += 1;
      stored.add(sha256);
      const found = await this.read(textId);
      this.judge(sha256, `${sha256}, ${byteCount} bytes`, `${found.sha256}, ${found.byteCount} bytes`);
    }
    await this.judgeOrphans();
    const absent = [...this.named.keys()].filter((sha256) => !stored.has(sha256)).length;
    return {
      statement: `${this.texts} published texts are stored byte for byte as they were published. That they are what the events give, "audit replay" shows.`,
      ...(absent > 0 && {
        notChecked: `${absent} published texts are not stored: they are made again from the events when asked for.`,
      }),
    };
  }

  private judge(sha256: string, expected: string, found: string): void {
    if (expected === found) return;
    const event = this.named.get(sha256);
    const id = event?.stream.slice('report-'.length);
    this.findings.add(
      storedFinding({
        check: this.check,
        artefact: id === undefined ? `report_texts ${sha256}` : `v1/transparency/reports/${id}`,
        message: 'The stored text is not the one that was published.',
        ...(event && { event }),
        expected,
        found,
        nextStep: 'Restore it from a backup, or make it again with "audit replay --report" as of its position.',
      }),
    );
  }

  /** Hashed part by part, because the index of a long history is long. */
  private async read(textId: string): Promise<{ sha256: string; byteCount: number }> {
    const hash: Hasher = createHash('sha256');
    let byteCount = 0;
    for (let part = 0; ; part += 1) {
      const { rows } = await this.pool.query<{ bytes: Buffer }>({
        name: 'stored-text-part',
        text: 'select bytes from report_text_parts where text_id = $1 and part = $2',
        values: [textId, part],
      });
      const [row] = rows;
      if (!row) return { sha256: hash.digest('hex'), byteCount };
      hash.update(row.bytes);
      byteCount += row.bytes.length;
    }
  }

  private async judgeOrphans(): Promise<void> {
    const { rows } = await this.pool.query<{ textId: string; part: number }>(
      `select text_id as "textId", part from report_text_parts p
       where not exists (select from report_texts t where t.text_id = p.text_id) order by text_id, part limit 1`,
    );
    for (const { textId, part } of rows) {
      const artefact = `report_text_parts ${textId} ${part}`;
      this.findings.add(storedFinding({ check: this.check, artefact, message: 'The part belongs to no text.' }));
    }
  }
}
