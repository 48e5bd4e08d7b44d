import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { EventReader } from '../../ledger/event-reader.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { EVENT_STORE, type EventStore } from '../../ledger/event-store.js';
import { streamOf } from '../../ledger/aggregate.js';
import { Refusal, unknown } from '../../ledger/refusal.js';
import { ReadModel, is, onDays, type Columns, type Page, type Reading } from '../../http/read-model.js';
import { rowsForAll } from '../../http/visibility.js';
import { MethodRegistry } from '../methods.js';
import { formatInstant } from '../../ledger/time.js';
import {
  normalPeriod,
  periodEnd,
  report,
  type Period,
  type PublishedFacts,
  type ReportKind,
  type ReportPublished,
} from '../events/publication.js';
import { PublicationTexts, TextChanged, type StoredText } from './publication-texts.queries.js';
import type { ListPublishedReportsDto, PublishedReportDto } from './report-publication.dto.js';
import type { ReportMethod } from '../report-method.js';
import { tableOf, type Table } from '../report/report-table.js';
import { Reports } from '../states/reports.service.js';

/** A published text. */
export interface Published<Body> {
  /** The position that the report reflects. */
  readonly position: number;
  readonly kind: ReportKind;
  readonly publishedAt: string;
  /** Hex. */
  readonly sha256: string;
  /** Reads the text. A caller that holds it already does not need it. */
  readonly body: () => Promise<Body>;
}

type ReportFacts = ReportPublished['data'] & { readonly publishedAt: string };

/** Makes the texts of publications from the events, stores them, and returns them as they were published. */
@Injectable()
export class Publications {
  private readonly making = new Map<string, Promise<StoredText>>();

  constructor(
    private readonly reports: Reports,
    private readonly texts: PublicationTexts,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly methods: MethodRegistry,
  ) {}

  /**
   * Makes the report of a kind for a period by the current method, and the completeness index, as of the end of the period. Stores both, so
   * that an event may name them. Undefined when nothing was recorded by then.
   * @throws Refusal (503) while the reports do not follow the history.
   */
  async prepare(kind: ReportKind, period: Period): Promise<PublishedFacts | undefined> {
    const position = await this.store.positionAt(formatInstant(periodEnd(period)));
    if (position === 0) return undefined;
    const { current } = this.methods;
    const { text, root } = await this.made(current, kind, position, normalPeriod(period));
    const { sha256, byteCount } = await this.texts.put(text);
    const streams = await this.texts.putStreams(position);
    return {
      position,
      treeSize: position,
      root: Buffer.from(root).toString('base64'),
      methodVersion: current.version,
      byteCount,
      sha256,
      streams: { count: streams.count, sha256: streams.sha256 },
    };
  }

  /**
   * The report as it was published. Where its bytes are not stored, it is made again by the method that it names.
   * @throws Refusal 404 for an unknown report. Its body: 503 when its bytes are not the published ones, or when they are lost and this
   *   program does not know the method.
   */
  async report(id: string): Promise<Published<Buffer>> {
    const facts = await this.find(id);
    return { ...facts, body: () => this.bytesOf(id, facts) };
  }

  /**
   * The lines of a published report, made from its bytes.
   * @throws Refusal as for the report; its body also when this program does not know the method.
   */
  async table(id: string): Promise<Published<Table>> {
    const facts = await this.find(id);
    const { kind, methodVersion } = facts;
    const body = async (): Promise<Table> => {
      const method = this.methods.of(methodVersion);
      if (method === undefined) throw noTable(id, methodVersion);
      return tableOf(kind, method.rowsOfText((await this.bytesOf(id, facts)).toString(), kind));
    };
    return { ...facts, body };
  }

  /**
   * The completeness index of a report as it was published. The stream ends with an error when its bytes are not the published ones.
   * @throws Refusal 404 for an unknown report.
   */
  async streams(id: string): Promise<Published<Readable>> {
    const facts = await this.find(id);
    const { sha256 } = facts.streams;
    const body = async (): Promise<Readable> => {
      await this.keep(sha256, () => this.texts.putStreams(facts.position));
      return Readable.from(this.texts.parts(sha256), { objectMode: false });
    };
    return { ...facts, sha256, body };
  }

  private async bytesOf(id: string, facts: ReportFacts): Promise<Buffer> {
    const { position, kind, sha256, methodVersion } = facts;
    await this.keep(sha256, async () => {
      const method = this.methods.of(methodVersion);
      if (method === undefined) throw lost(id, methodVersion);
      return this.texts.put((await this.made(method, kind, position, facts)).text);
    });
    return this.whole(id, sha256);
  }

  private async find(id: string): Promise<ReportFacts> {
    const [stored] = await this.store.readStream(streamOf(report, id), 0, 1);
    if (!stored) throw unknown('report', id);
    const { data, recordedAt } = this.reader.read(stored) as unknown as RecordedEvent & ReportPublished;
    return { ...data, publishedAt: recordedAt };
  }

  private async made(
    method: ReportMethod,
    kind: ReportKind,
    position: number,
    { periodFrom, periodTo }: Period,
  ): Promise<{ text: string; root: Uint8Array }> {
    const point = await this.reports.locate({ asOfPosition: position });
    const begin = method.hasPeriods ? await this.reports.beginOf({ periodFrom, periodTo }) : undefined;
    const { body } = await this.reports.make(
      { ...point, begin },
      {
        name: `published ${kind}`,
        method,
        render: (state, root, since) => ({ text: method.text(state, root, { kind }, since), root }),
      },
    );
    return body;
  }

  /** A ledger that was set up from the events alone makes the text again, once for all waiting calls. It must be the same text. */
  private async keep(sha256: string, make: () => Promise<StoredText>): Promise<void> {
    if (await this.texts.has(sha256)) return;
    const making = this.making.get(sha256) ?? make().finally(() => this.making.delete(sha256));
    this.making.set(sha256, making);
    const made = await making;
    if (made.sha256 !== sha256) throw new TextChanged(sha256, made.sha256);
  }

  private async whole(id: string, sha256: string): Promise<Buffer> {
    const parts: Buffer[] = [];
    try {
      for await (const part of this.texts.parts(sha256)) parts.push(part);
    } catch (error) {
      if (error instanceof TextChanged) throw changed(id, error);
      throw error;
    }
    return Buffer.concat(parts);
  }
}

/** A changed report is not served: it would be another report under the same name. */
const changed = (id: string, { expected, found }: TextChanged): Refusal =>
  new Refusal(
    'unavailable',
    'published-report-changed',
    'The stored report is not the one that was published. Restore it, or make it again from the events up to its position.',
    { id, expected, found },
  );

const lost = (id: string, methodVersion: string): Refusal =>
  new Refusal(
    'unavailable',
    'published-report-missing',
    `The report was made by method ${methodVersion}, and its bytes are not stored here. Make it again from the events with that method.`,
    { id, methodVersion },
  );

const noTable = (id: string, methodVersion: string): Refusal =>
  new Refusal(
    'unavailable',
    'published-report-without-table',
    `The report was made by method ${methodVersion}, which this program does not know. Read it as JSON.`,
    { id, methodVersion },
  );

export class ListPublishedReports extends Query<Reading<Page<PublishedReportDto>>> {
  constructor(readonly query: ListPublishedReportsDto) {
    super();
  }
}

/** Published reports are public. */
const REPORTS = rowsForAll('published_reports');

const COLUMNS: Columns<PublishedReportDto> = {
  id: 'id',
  kind: 'kind',
  periodFrom: 'period_from',
  periodTo: 'period_to',
  interim: 'interim',
  position: 'position',
  treeSize: 'position',
  root: 'root',
  methodVersion: 'method_version',
  byteCount: 'byte_count',
  sha256: 'sha256',
  streams: `jsonb_build_object('count', stream_count, 'sha256', streams_sha256)`,
  publishedAt: 'published_at',
  correctiveActions: 'corrective_actions',
  revision: 'revision',
};

@QueryHandler(ListPublishedReports)
class ListPublishedReportsHandler implements IQueryHandler<ListPublishedReports> {
  constructor(private readonly rows: ReadModel) {}

  execute({ query }: ListPublishedReports): Promise<Reading<Page<PublishedReportDto>>> {
    return this.rows.list({
      projection: 'publications',
      rows: REPORTS,
      columns: COLUMNS,
      filters: { kind: query.kind, from: query.from, to: query.to },
      limit: query.limit,
      cursor: query.cursor,
      where: ({ kind, ...days }) => [is('kind', kind), ...onDays('published_at', days, 'instant')],
    });
  }
}

export const publicationQueryHandlers = [ListPublishedReportsHandler];
