import { createHash, type Hash as Hasher } from 'node:crypto';
import type { Pool } from 'pg';
import { idOf } from '../../ledger/aggregate.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { METHODS, type MethodRegistry } from '../../transparency/methods.js';
import type { ReportPublished } from '../../transparency/events/publication.js';
import {
  serialise,
  storedStateVersion,
  type MethodState,
  type ReportMethod,
} from '../../transparency/report-method.js';
import { reasonOf } from '../../platform/startup-error.js';
import { textOf, type Finding, type Findings } from '../audit-finding.js';
import { differenceOf, excerpt, storedFinding } from './stored-finding.js';
import type { BesideCheck, Conclusion, EventStretch } from '../verify-beside.js';

/** A method on its way through the history, to be compared with its stored states. */
interface Following {
  readonly method: ReportMethod;
  readonly state: MethodState;
  readonly version: string;
}

/** Every stored state of the reports equals the fold of the events up to its position, by the method that the state names. */
export class FoldStatesCheck implements BesideCheck {
  readonly check = 'fold states';
  private followings: readonly Following[] | undefined;
  private states = 0;
  private position = 0;
  /** Why the events could not be folded to their end, by the version of the states. */
  private readonly failures = new Map<string, string>();

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
    private readonly methods: MethodRegistry = METHODS,
  ) {}

  async accept({ events }: EventStretch): Promise<void> {
    this.followings ??= await this.begin();
    const stored = await this.storedAt(events.map(({ position }) => position));
    for (const event of events) {
      this.position = event.position;
      for (const following of this.followings) {
        const found = stored.get(`${following.version} ${event.position}`);
        if (this.fold(following, event) && found !== undefined) this.judge(following, found);
      }
    }
  }

  async finish(): Promise<Conclusion> {
    const known = this.methods.methods.map(storedStateVersion);
    const { rows } = await this.pool.query<{ version: string; position: number; state: string; isBeyond: boolean }>(
      `select version, position, left(state, 200) as state,
         position < 1 or position > (select h.position from ledger_head h) as "isBeyond"
       from report_states where version <> all ($1) or position > $2 or position < 1 order by position`,
      [known, this.position],
    );
    for (const { version, position, state, isBeyond } of rows) {
      if (!known.includes(version) || !isBeyond) continue;
      const message = 'There is a state of the reports as of a position that there is not.';
      this.findings.add(this.findingAt(version, position, message, undefined, excerpt(state)));
    }
    const others = rows.filter(({ version }) => !known.includes(version)).map(({ version }) => version);
    const isForeign = (version: string): boolean => this.methods.of(version.split('/')[0] ?? '') === undefined;
    const [foreign, earlier] = [others.filter(isForeign), others.filter((version) => !isForeign(version))];
    const cannot = this.cannotOf(foreign);
    return {
      statement: `${this.states} stored states of the reports are what the events give.`,
      ...(cannot && { cannot }),
      ...(earlier.length > 0 && {
        notChecked: `${earlier.length} states of the versions ${namesOf(earlier)}, which this program never reads.`,
      }),
    };
  }

  /** Only methods that have states: each costs a fold of the whole history. */
  private async begin(): Promise<Following[]> {
    const { rows } = await this.pool.query<{ version: string }>('select distinct version from report_states');
    const stored = new Set(rows.map(({ version }) => version));
    return this.methods.methods
      .map((method) => ({ method, state: method.initial(), version: storedStateVersion(method) }))
      .filter(({ version }) => stored.has(version));
  }

  private async storedAt(positions: readonly number[]): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.pool.query<{ version: string; position: number; state: string }>({
      name: 'stored-fold-states',
      text: 'select version, position, state from report_states where version = any ($1) and position = any ($2)',
      values: [this.followings?.map(({ version }) => version), positions],
    });
    return new Map(rows.map(({ version, position, state }) => [`${version} ${position}`, state]));
  }

  private fold({ method, state, version }: Following, event: RecordedEvent): boolean {
    if (this.failures.has(version)) return false;
    try {
      method.fold(state, event);
      return true;
    } catch (error) {
      this.failures.set(
        version,
        `The reports cannot be computed beyond position ${event.position}: ${reasonOf(error)}`,
      );
      return false;
    }
  }

  private judge({ method, state, version }: Following, found: string): void {
    this.states += 1;
    const expected = serialise(method, state);
    if (expected === found) return;
    const at = differenceOf(expected, found);
    const message = `The stored state of the reports is not what the events give; it differs from character ${at} on.`;
    this.findings.add(this.findingAt(version, state.position, message, excerpt(expected, at), excerpt(found, at)));
  }

  private cannotOf(foreign: readonly string[]): Conclusion['cannot'] {
    const [failure] = this.failures.values();
    if (failure !== undefined) return { what: failure, nextStep: 'Look first at what is wrong with the events.' };
    if (foreign.length === 0) return undefined;
    return {
      what: `${foreign.length} stored states are of ${namesOf(foreign)}, by a method that this program does not know; ${this.states} others are what the events give.`,
      nextStep: OTHER_PROGRAM,
    };
  }

  private findingAt(
    version: string,
    position: number,
    message: string,
    expected: string | undefined,
    found: string,
  ): Finding {
    return storedFinding({
      check: this.check,
      artefact: `report_states ${version} ${position}`,
      position,
      message,
      ...(expected !== undefined && { expected }),
      found,
      nextStep: 'Reports as of later positions may be wrong. Delete the row: it is made again from the events.',
    });
  }
}

const namesOf = (versions: readonly string[]): string => [...new Set(versions)].sort().join(', ');

const OTHER_PROGRAM = 'Check it with the version of the program that wrote it, or with a newer one.';

/** Every text that a publication names by its hash is stored unchanged. */
export class PublishedTextsCheck implements BesideCheck {
  readonly check = 'published reports';
  /** The publication of each hash. */
  private readonly named = new Map<string, RecordedEvent>();
  private texts = 0;

  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
    private readonly methods: MethodRegistry = METHODS,
  ) {}

  async accept({ events }: EventStretch): Promise<void> {
    for (const event of events) {
      if (event.type !== 'report-published') continue;
      const { sha256, streams } = event.data as Partial<ReportPublished['data']>;
      for (const hash of [sha256, streams?.sha256]) {
        if (typeof hash === 'string' && !this.named.has(hash)) this.named.set(hash, event);
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
    const absent = [...this.named.keys()].filter((sha256) => !stored.has(sha256));
    const lost = absent.filter((sha256) => this.methodOfLost(sha256) !== undefined);
    return {
      statement: `${this.texts} published texts are stored byte for byte as they were published. That they are what the events give, "audit replay" shows.`,
      ...(absent.length > lost.length && {
        notChecked: `${absent.length - lost.length} published texts are not stored: they are made again from the events when asked for.`,
      }),
      ...(lost.length > 0 && {
        cannot: {
          what: `${lost.length} published reports are not stored, and this program does not know their method: ${namesOf(lost.map((sha256) => this.methodOfLost(sha256) ?? ''))}.`,
          nextStep:
            'Restore them from a backup, or make them again with a version of the program that knows the method.',
        },
      }),
    };
  }

  /** The method of a report that this program cannot make again; an index of streams does not depend on a method. */
  private methodOfLost(sha256: string): string | undefined {
    const data = this.named.get(sha256)?.data as Partial<ReportPublished['data']> | undefined;
    const { methodVersion = '' } = data ?? {};
    return data?.sha256 === sha256 && this.methods.of(methodVersion) === undefined ? textOf(methodVersion) : undefined;
  }

  private judge(sha256: string, expected: string, found: string): void {
    if (expected === found) return;
    const event = this.named.get(sha256);
    const id = event && idOf(event.stream, 'report');
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
