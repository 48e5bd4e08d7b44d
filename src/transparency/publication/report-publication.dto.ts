import { ApiProperty } from '@nestjs/swagger';
import { CATEGORIES, type Category } from '../../partners/partner.js';
import { AnswerDto } from '../../http/answer.dto.js';
import { FromDay, ListQueryDto, ToDay } from '../../http/list-query.dto.js';
import { IsId, IsInstantOrDate, IsOneOf, IsProse, Optional, REASON_LENGTH_MAX } from '../../http/validation.js';
import { ACTIONS_PER_REPORT_MAX, REPORT_KINDS, type ReportKind } from '../events/publication.js';
import { CorrectiveActionDto, PERIOD_END } from '../report/corrective-action.dto.js';

const HEX_HASH = { pattern: '^[0-9a-f]{64}$', maxLength: 64 } as const;
const ROOT = { pattern: '^[A-Za-z0-9+/]{43}=$', maxLength: 44 } as const;

/** A report to be published. */
export class PublishReportDto {
  /** Which report: over all facilities and modes of access. */
  @IsOneOf(REPORT_KINDS, 'ReportKind')
  readonly kind: ReportKind;

  /**
   * Begin of the period: a date or an instant. The figures are of what was recorded from then on.
   * @example '2026-01-01'
   */
  @IsInstantOrDate()
  readonly periodFrom: string;

  /**
   * End of the period: the report contains the events that were recorded by then. A date stands for the whole day. Before the period is
   * over the report is marked as interim, and reflects all recorded events.
   * @example '2026-06-30'
   */
  @IsInstantOrDate()
  readonly periodTo: string;
}

/** The completeness index of a report. */
export class PublishedStreamsDto {
  /**
   * Streams that the history had.
   * @example 812
   */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
  readonly count: number;
  /**
   * SHA-256 of the index as it is served, hex.
   * @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
   */
  @ApiProperty(HEX_HASH)
  readonly sha256: string;
}

/** The answer to a publication, with the members that its event commits to. */
export class PublishedReportAnswerDto extends AnswerDto {
  /** True while the period is not over. */
  readonly interim: boolean;
  /**
   * Number of events that the report reflects: its position.
   * @example 4217
   */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
  readonly treeSize: number;
  /**
   * Merkle root over these events, base64.
   * @example '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
   */
  @ApiProperty(ROOT)
  readonly root: string;
  /** @example '2.0' */
  @ApiProperty({ pattern: '^[0-9]+\\.[0-9]+$', maxLength: 10 })
  readonly methodVersion: string;
  /**
   * Of the published bytes, hex.
   * @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
   */
  @ApiProperty(HEX_HASH)
  readonly sha256: string;
  @ApiProperty({ type: () => PublishedStreamsDto })
  readonly streams: PublishedStreamsDto;
}

/** A measure of the Governing Board against an imbalance: Art. 12b(16). */
export class DecideCorrectiveActionDto {
  /**
   * The published report on equal access that shows the imbalance.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @IsId()
  readonly reportId: string;

  /** The users of the measure; all users when left out. */
  @Optional()
  @IsOneOf(CATEGORIES, 'Category')
  readonly category?: Category;

  /**
   * The imbalance.
   * @example 'Start-ups asked for 24 % of the chip-hours and were granted 11 %.'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly reason: string;

  /**
   * The measure against it.
   * @example 'The floor for start-ups rises to 2,000 chips from 1 September 2026.'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly measure: string;
}

/** The answer to a corrective action. */
export class CorrectiveActionAnswerDto extends AnswerDto {
  /** @example '5b0f6f0a-6b55-8a53-9f5e-3c9a3e0f9d4e' */
  readonly actionId: string;
}

/** A published report; its bytes are at its own address. */
export class PublishedReportDto {
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  readonly id: string;
  @ApiProperty({ enum: [...REPORT_KINDS], enumName: 'ReportKind' })
  readonly kind: ReportKind;
  /** @example '2026-01-01' */
  @ApiProperty(PERIOD_END)
  readonly periodFrom: string;
  /** @example '2026-06-30' */
  @ApiProperty(PERIOD_END)
  readonly periodTo: string;
  /** True when the period was not over at publication. */
  readonly interim: boolean;
  /**
   * The position that the report reflects.
   * @example 4217
   */
  readonly position: number;
  /** @example 4217 */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
  readonly treeSize: number;
  /** @example '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' */
  @ApiProperty(ROOT)
  readonly root: string;
  /** @example '2.0' */
  @ApiProperty({ pattern: '^[0-9]+\\.[0-9]+$', maxLength: 10 })
  readonly methodVersion: string;
  /**
   * Length of the report.
   * @example 18244
   */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
  readonly byteCount: number;
  /** @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' */
  @ApiProperty(HEX_HASH)
  readonly sha256: string;
  @ApiProperty({ type: () => PublishedStreamsDto })
  readonly streams: PublishedStreamsDto;
  /** @example '2026-07-01T09:00:00Z' */
  readonly publishedAt: string;
  @ApiProperty({ type: () => [CorrectiveActionDto], maxItems: ACTIONS_PER_REPORT_MAX })
  readonly correctiveActions: CorrectiveActionDto[];
  /** @example 0 */
  readonly revision: number;
}

/** One page of published reports. */
export class PublishedReportPageDto {
  @ApiProperty({ type: () => [PublishedReportDto] })
  readonly data: PublishedReportDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Which published reports. */
export class ListPublishedReportsDto extends ListQueryDto {
  /** One kind only. */
  @Optional()
  @IsOneOf(REPORT_KINDS, 'ReportKind')
  readonly kind?: ReportKind;

  @FromDay('reports that were published')
  readonly from?: string;

  @ToDay('reports that were published')
  readonly to?: string;
}
