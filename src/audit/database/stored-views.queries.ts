import type { Pool } from 'pg';
import type { EventReader } from '../../ledger/event-reader.js';
import { FoldedViews, type ComparedView, type RowDifference } from '../../ledger/projector/folded-views.js';
import type { Projection } from '../../ledger/projector/projection.js';
import { codeOf, reasonOf } from '../../platform/startup-error.js';
import type { Findings } from '../audit-finding.js';
import { excerpt, storedFinding } from './stored-finding.js';
import type { BesideCheck, Conclusion, EventStretch } from '../verify-beside.js';

/** Every row that the API serves is the row that the events give: the rows of lists, of single reads, and those that find events. */
export class ViewsCheck implements BesideCheck {
  readonly check = 'views';
  private views: FoldedViews | undefined;
  private cannot: Conclusion['cannot'];
  private last = 0;

  /** @param projections all views, with the projections that know the events */
  constructor(
    private readonly findings: Findings,
    private readonly pool: Pool,
    private readonly reader: EventReader,
    private readonly projections: readonly Projection[],
  ) {}

  async accept({ first, entries, events }: EventStretch): Promise<void> {
    this.last = first + entries.length - 1;
    await (await this.begun())?.fold(events);
  }

  async finish(): Promise<Conclusion> {
    const views = await this.begun();
    if (views === undefined) return { statement: '', ...(this.cannot && { cannot: this.cannot }) };
    const compared = await views.compare();
    const read = compared.filter((view) => 'sha256' in view);
    for (const view of read) this.report(view);
    const uncompared = compared.filter((view) => 'obstacle' in view);
    const behind = read.filter(({ position }) => position < this.last);
    return {
      statement: statementOf(read),
      ...(uncompared.length > 0 && {
        cannot: {
          what: uncompared.map(({ name, obstacle }) => `The view "${name}" was not compared: ${obstacle}`).join(' '),
          nextStep: 'Let the service follow the history to its end, with this version of the program, and check again.',
        },
      }),
      ...(behind.length > 0 && {
        notChecked: `${behind.map(({ name, position }) => `${name} (up to position ${position})`).join(', ')}: these views have not applied later events yet.`,
      }),
    };
  }

  close(): void {
    this.views?.end();
    this.views = undefined;
  }

  private async begun(): Promise<FoldedViews | undefined> {
    if (this.views !== undefined || this.cannot !== undefined) return this.views;
    try {
      this.views = await FoldedViews.begin(this.pool, this.reader, this.projections);
    } catch (error) {
      const nextStep = NEXT_STEPS.get(codeOf(error) ?? '');
      if (nextStep === undefined) throw error;
      this.cannot = { what: `The views could not be folded a second time: ${reasonOf(error)}.`, nextStep };
    }
    return this.views;
  }

  private report(view: ComparedView): void {
    for (const difference of view.differences) {
      const { table, id, expected, found } = difference;
      this.findings.add(
        storedFinding({
          check: this.check,
          artefact: `${table} ${id}`,
          message: messageOf(view, difference),
          expected: shown(expected),
          found: shown(found),
          nextStep: nextStepOf(view.name),
        }),
      );
    }
  }
}

/** What an operator does about a view that serves other rows. */
export const nextStepOf = (name: string): string =>
  `Run "ppp-ledger rebuild ${name}": it makes the rows again from the events. Find out what changed them: a statement by hand, a disk, or the program.`;

/** A different row in one sentence, without its values. */
export function messageOf(
  { name, differentRows, rows }: ComparedView,
  { table, id, column, expected, found }: RowDifference,
): string {
  const what =
    found === undefined
      ? 'lacks the row'
      : expected === undefined
        ? 'has a row that the events do not give,'
        : `serves another "${column ?? ''}" than the events give in the row`;
  return `The view "${name}" ${what} ${id} of ${table}; different rows: ${differentRows}, rows that the events give: ${rows}.`;
}

function shown(text: string | null | undefined): string {
  if (text === undefined) return 'no row';
  return text === null ? 'null' : excerpt(text, 20);
}

function statementOf(views: readonly ComparedView[]): string {
  const rows = views.reduce((sum, view) => sum + view.rows, 0);
  return `${views.length} views with ${rows} rows, of ${views.map(({ name }) => name).join(', ')}, are row by row what the events give.`;
}

/** What to do, by the code of the error of PostgreSQL. */
const NEXT_STEPS: ReadonlyMap<string, string> = new Map([
  [
    '42501',
    'Use a role that may read all tables of the ledger ("grant select on all tables in schema ... to ROLE") and make temporary ones ("grant temporary on database ... to ROLE").',
  ],
  ['25006', 'Check the primary server with a session that may write: a standby has no temporary tables.'],
]);
