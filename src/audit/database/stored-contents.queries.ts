import type { Pool } from 'pg';
import type { RecordedEvent, Sealed } from '../../ledger/event.js';
import type { Vault } from '../../ledger/vault.js';
import { reasonOf } from '../../platform/startup-error.js';
import type { Findings } from '../audit-finding.js';
import { storedFinding } from './stored-finding.js';
import type { BesideCheck, Conclusion, EventStretch } from '../verify-beside.js';

type SealedEvent = RecordedEvent & { readonly sealed: Sealed };

interface ContentRow {
  readonly eventId: string;
  readonly subject: string;
  readonly wrappedKey: Buffer;
  /** Null for a key without content. */
  readonly ciphertext: Buffer | null;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CONTENT_ROWS = `select event_id as "eventId", subject, wrapped_key as "wrappedKey", ciphertext
  from content_keys left join sealed_contents using (event_id)`;

/**
 * Every sealed content opens and fits the commitment of its event, or its erasure is on record; and erased content is gone.
 * Memory grows with the missing contents only.
 */
export class ContentsCheck implements BesideCheck {
  readonly check = 'sealed content';
  private opened = 0;
  private erased = 0;
  private unopened = 0;
  /** Contents that are missing and not erased so far: the erasure may follow later in the history. */
  private readonly missing = new Map<string, SealedEvent>();
  /** Erased according to the history, and still stored. */
  private readonly left = new Map<string, RecordedEvent>();

  /** @param vault undefined without the wrapping key. */
  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
    private readonly vault: Vault | undefined,
  ) {}

  async accept({ events }: EventStretch): Promise<void> {
    const sealed = events.filter((event): event is SealedEvent => event.sealed !== undefined);
    if (sealed.length > 0) await this.judge(sealed);
    for (const event of events) if (event.type === 'personal-data-erased') await this.takeErasure(event);
  }

  async finish(): Promise<Conclusion> {
    const imported = await this.takeImported();
    for (const event of this.missing.values()) {
      this.add(
        event,
        `sealed_contents ${event.id}`,
        'The sealed content is missing, and no erasure of it is on record.',
      );
    }
    await this.judgeLeft();
    await this.judgeOrphans();
    const statement = `${this.opened} sealed contents are those that their events commit to; ${this.erased} are erased on record, and gone.`;
    return {
      statement,
      ...(this.unopened > 0 && {
        cannot: { what: `${this.unopened} sealed contents were not opened.`, nextStep: NO_KEY },
      }),
      ...(imported > 0 && {
        notChecked: `${imported} sealed contents belong to events that were imported: an import brings none.`,
      }),
    };
  }

  private async judge(sealed: readonly SealedEvent[]): Promise<void> {
    const rows = new Map((await this.rowsOf(sealed.map(({ id }) => id))).map((row) => [row.eventId, row]));
    for (const event of sealed) {
      const row = rows.get(event.id);
      if (row === undefined) this.missing.set(event.id, event);
      else this.judgeContent(event, row);
    }
  }

  private judgeContent(event: SealedEvent, { subject, wrappedKey, ciphertext }: ContentRow): void {
    const { id, sealed } = event;
    if (subject !== sealed.subject) {
      this.add(event, `content_keys ${id}`, 'The key is kept under another subject.', sealed.subject, subject);
    }
    if (ciphertext === null) this.add(event, `sealed_contents ${id}`, 'There is a key, but no content.');
    else if (this.vault === undefined) this.unopened += 1;
    else {
      try {
        this.vault.open(sealed, { eventId: id, wrappedKey, ciphertext });
        this.opened += 1;
      } catch (error) {
        this.add(
          event,
          `sealed_contents ${id}`,
          `The sealed content does not open. ${reasonOf(error)} ${WRAPPING_KEY}`,
        );
      }
    }
  }

  private async takeErasure(event: RecordedEvent): Promise<void> {
    const { eventIds } = event.data as { readonly eventIds?: unknown };
    const ids = Array.isArray(eventIds)
      ? eventIds.filter((id): id is string => typeof id === 'string' && UUID.test(id))
      : [];
    for (const id of ids) {
      this.missing.delete(id);
      this.erased += 1;
    }
    for (const { eventId } of await this.rowsOf(ids)) this.left.set(eventId, event);
  }

  /** Reads these rows again: the service deletes content shortly after its erasure is on record. */
  private async judgeLeft(): Promise<void> {
    for (const { eventId } of await this.rowsOf([...this.left.keys()])) {
      const event = this.left.get(eventId);
      if (event === undefined) continue;
      this.findings.add(
        storedFinding({
          check: this.check,
          artefact: `content_keys ${eventId}`,
          event,
          message: 'The content was erased on record, but it is still there.',
          nextStep: 'Start the service on this database: it deletes within seconds what was erased. Then check again.',
        }),
      );
    }
  }

  private async judgeOrphans(): Promise<void> {
    const { rows } = await this.pool.query<{ eventId: string }>(
      `select event_id as "eventId" from content_keys k where not exists (select from events e where e.id = k.event_id)
       order by event_id limit 1`,
    );
    for (const { eventId } of rows) {
      const artefact = `content_keys ${eventId}`;
      const message = 'Content is kept for an event that there is not.';
      this.findings.add(storedFinding({ check: this.check, artefact, message }));
    }
  }

  /** @returns how many of the missing contents belong to imported commands. */
  private async takeImported(): Promise<number> {
    if (this.missing.size === 0) return 0;
    const { rows } = await this.pool.query<{ commandId: string }>(
      `select command_id as "commandId" from commands where command_id = any ($1) and fingerprint = ''
         and outcome like '%"answer-not-imported"%'`,
      [[...this.missing.values()].map(({ commandId }) => commandId)],
    );
    const imported = new Set(rows.map(({ commandId }) => commandId));
    const before = this.missing.size;
    for (const [id, { commandId }] of this.missing) if (imported.has(commandId)) this.missing.delete(id);
    return before - this.missing.size;
  }

  private async rowsOf(eventIds: readonly string[]): Promise<readonly ContentRow[]> {
    if (eventIds.length === 0) return [];
    const text = `${CONTENT_ROWS} where event_id = any ($1::uuid[])`;
    return (await this.pool.query<ContentRow>({ name: 'stored-contents', text, values: [eventIds] })).rows;
  }

  private add(event: SealedEvent, artefact: string, message: string, expected?: string, found?: string): void {
    const facts = { ...(expected !== undefined && { expected }), ...(found !== undefined && { found }) };
    this.findings.add(storedFinding({ check: this.check, artefact, event, message, ...facts }));
  }
}

const WRAPPING_KEY = 'If none of them opens, the wrapping key is another one.';
const NO_KEY = 'Set DATA_DIR to the folder that holds the file "wrapping-key" of this ledger.';
