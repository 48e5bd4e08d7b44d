import { ApiProperty } from '@nestjs/swagger';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { IsId, Optional } from '../http/validation.js';
import { YEAR_STATES, type SubmissionState, type SubmittedYear, type YearlyVersion } from './yearly-duties.js';
import { SUBMISSIONS_PER_YEAR_MAX } from './yearly-submission.js';

const HEX_HASH = { pattern: '^[0-9a-f]{64}$', maxLength: 64 } as const;
const COUNT = { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const DAY = { type: 'string', format: 'date', maxLength: 10 } as const;
/** Bound in the API document, for clients that allocate memory. */
const YEARS_MAX = 230;

/** One version of the submission for a year. */
export class YearlyVersionDto implements YearlyVersion {
  /** @example 1 */
  @ApiProperty(COUNT)
  readonly version: number;
  /** @example '2026-01-20' */
  @ApiProperty(DAY)
  readonly submittedOn: string;
  /** @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' */
  @ApiProperty(HEX_HASH)
  readonly dataSha256: string;
  /** @example 4217 */
  @ApiProperty(COUNT)
  readonly dataPosition: number;
  /** @example '2.0' */
  @ApiProperty({ pattern: String.raw`\S`, maxLength: 10 })
  readonly dataMethodVersion: string;
  /** @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' */
  @ApiProperty(HEX_HASH)
  readonly auditReportSha256: string;
  /**
   * Position of its event.
   * @example 4230
   */
  @ApiProperty(COUNT)
  readonly position: number;
}

/** One year for which a facility owes, or made, a submission. */
export class SubmittedYearDto implements SubmittedYear {
  /** @example 2025 */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 1970, maximum: 2199 })
  readonly year: number;
  /** @example '2026-01-31' */
  @ApiProperty(DAY)
  readonly dueOn: string;
  @ApiProperty({ enum: [...YEAR_STATES], enumName: 'SubmissionState' })
  readonly state: SubmissionState;
  @ApiProperty({ type: () => [YearlyVersionDto], maxItems: SUBMISSIONS_PER_YEAR_MAX })
  readonly versions: readonly YearlyVersionDto[];
}

/** The yearly submissions of a facility. */
export class YearlySubmissionsDto {
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  readonly id: string;
  /** @example 7 */
  readonly revision: number;
  /** @example 'AI gigafactory North' */
  readonly name: string;
  /**
   * Day on which operations started: from the year of this day on, an AI gigafactory owes a submission for each year. Null while it is not
   * recorded.
   * @example '2025-09-01'
   */
  @ApiProperty({ ...DAY, nullable: true })
  readonly operationsStartedOn: string | null;
  @ApiProperty({ type: () => [SubmittedYearDto], maxItems: YEARS_MAX })
  readonly years: readonly SubmittedYearDto[];
}

/** One page of facilities. */
export class YearlySubmissionsPageDto {
  @ApiProperty({ type: () => [YearlySubmissionsDto] })
  readonly data: YearlySubmissionsDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Which facilities. */
export class ListYearlySubmissionsDto extends ListQueryDto {
  /**
   * Only this facility.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @Optional()
  @IsId()
  readonly facilityId?: string;

  @FromDay('facilities that were recorded')
  readonly from?: string;

  @ToDay('facilities that were recorded')
  readonly to?: string;
}
