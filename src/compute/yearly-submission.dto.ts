import { ApiProperty } from '@nestjs/swagger';
import { AnswerDto } from '../http/answer.dto.js';
import { IsCalendarDate, IsSha256, IsText, IsWhole } from '../http/validation.js';
import { SUBMISSIONS_PER_YEAR_MAX } from './yearly-submission.js';

/** Regulation (EU) 2021/1173 was adopted in this year. */
const YEAR_MIN = 2021;
const YEAR_MAX = 2199;
const METHOD_VERSION_LENGTH_MAX = 10;

/** The submission for one year to the Governing Board: Art. 12b(17)(l). */
export class SubmitYearDto {
  /**
   * Calendar year of the use. It must be over.
   * @example 2025
   */
  @IsWhole(YEAR_MIN, YEAR_MAX)
  readonly year: number;

  /**
   * Day (UTC) on which the Governing Board received it: after the year, not in the future. After 31 January it is late.
   * @example '2026-01-20'
   */
  @IsCalendarDate()
  readonly submittedOn: string;

  /**
   * SHA-256 of the data on the use of access time, hex: of the bytes that `ppp-ledger audit yearly --format json` writes for the year and the
   * facility.
   * @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
   */
  @IsSha256()
  readonly dataSha256: string;

  /**
   * `position` of that file: the data reflect the events up to it.
   * @example 1
   */
  @IsWhole(1, Number.MAX_SAFE_INTEGER)
  readonly dataPosition: number;

  /**
   * `methodVersion` of that file.
   * @example '2.0'
   */
  @IsText(METHOD_VERSION_LENGTH_MAX)
  readonly dataMethodVersion: string;

  /**
   * SHA-256 of the audit report, hex. The report itself is kept outside the ledger.
   * @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
   */
  @IsSha256()
  readonly auditReportSha256: string;
}

/** The answer to a submission. */
export class YearlySubmissionAnswerDto extends AnswerDto {
  /** @example 2025 */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: YEAR_MIN, maximum: YEAR_MAX })
  readonly year: number;
  /**
   * Counted for this year of this facility.
   * @example 1
   */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 1, maximum: SUBMISSIONS_PER_YEAR_MAX })
  readonly version: number;
  /** True for the first version of its year, when it came after 31 January. */
  readonly isLate: boolean;
}
