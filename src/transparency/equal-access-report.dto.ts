import { ApiProperty } from '@nestjs/swagger';
import { MODES, type Mode } from '../domain/access-modes.js';
import { CATEGORIES, type Category } from '../partners/partner.js';
import { COUNTRY_CODES } from '../domain/countries.js';
import { ConcentrationDto } from './concentration.dto.js';
import type { EqualAccessReport, Reclassified } from './method-1/equal-access-report.js';
import { IMPACT_FLAGS, type ImpactFlag, type Reason } from './measures.js';
import { ReportedActionDto } from './report-publication.dto.js';
import { REASONS_SCHEMA, REPORT_LINES_MAX, ReportHeaderDto } from './transparency.dto.js';

/** Requested chip-hours by the outcome of the request; they add up to `chipHoursRequested`. */
export class RequestedHoursDto {
  /** @example 12000 */
  @ApiProperty({ type: 'integer' })
  readonly withdrawn: number;
  /** @example 4000 */
  @ApiProperty({ type: 'integer' })
  readonly ineligible: number;
  /** @example 90000 */
  @ApiProperty({ type: 'integer' })
  readonly pending: number;
  /** @example 260000 */
  @ApiProperty({ type: 'integer' })
  readonly denied: number;
  /**
   * Requested, not granted, in requests that were granted.
   * @example 634000
   */
  @ApiProperty({ type: 'integer' })
  readonly granted: number;
}

/** Counts, hours and measures of one group. Measures are rounded to six digits; one that is not defined is null and has a reason. */
export class AccessFiguresDto {
  /**
   * All requests. Always withdrawn + ineligible + pending + denied + granted.
   * @example 120
   */
  @ApiProperty({ type: 'integer' })
  readonly submitted: number;
  /** @example 3 */
  @ApiProperty({ type: 'integer' })
  readonly withdrawn: number;
  /** @example 2 */
  @ApiProperty({ type: 'integer' })
  readonly ineligible: number;
  /** @example 15 */
  @ApiProperty({ type: 'integer' })
  readonly pending: number;
  /** @example 30 */
  @ApiProperty({ type: 'integer' })
  readonly denied: number;
  /**
   * Revoked grants included: they were granted.
   * @example 70
   */
  @ApiProperty({ type: 'integer' })
  readonly granted: number;
  /**
   * Granted free of charge, Art. 12b(15)(b).
   * @example 65
   */
  @ApiProperty({ type: 'integer' })
  readonly grantedFree: number;
  /** @example 5 */
  @ApiProperty({ type: 'integer' })
  readonly grantedPayPerUse: number;
  /**
   * Granted and later revoked.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  readonly revoked: number;
  /**
   * Demand: chip-hours of all submitted requests, whatever their outcome.
   * @example 1000000
   */
  readonly chipHoursRequested: number;
  @ApiProperty({ type: () => RequestedHoursDto })
  readonly chipHoursRequestedBy: RequestedHoursDto;
  /** @example 500000 */
  readonly chipHoursGranted: number;
  /** @example 450000 */
  readonly chipHoursGrantedFree: number;
  /** @example 50000 */
  readonly chipHoursGrantedPayPerUse: number;
  /**
   * Of revoked grants, as granted.
   * @example 8000
   */
  readonly chipHoursRevoked: number;
  /**
   * Chips by the time for which they are allocated, releases taken off; rounded half up once, from an exact sum.
   * @example 430000
   */
  readonly chipHoursAllocated: number;
  /** @example 410000 */
  readonly chipHoursUsed: number;
  /**
   * The part of the used chip-hours beyond or outside their allocation.
   * @example 1200
   */
  readonly chipHoursUsedFlagged: number;
  /**
   * Part of everything that was requested.
   * @example 0.25
   */
  readonly shareRequested: number | null;
  /**
   * Part of everything that was granted.
   * @example 0.3
   */
  readonly shareGranted: number | null;
  /**
   * Share granted over share requested: 1 is in proportion to demand.
   * @example 1.2
   */
  readonly representation: number | null;
  /**
   * Share granted less share requested; 0.05 is five points. Sums to 0 over all groups.
   * @example 0.05
   */
  readonly shareGap: number | null;
  /**
   * Granted among decided requests.
   * @example 0.7
   */
  readonly successRate: number | null;
  /**
   * Wilson's 95 % interval of the success rate: lower and upper bound.
   * @example [0.604155, 0.781067]
   */
  @ApiProperty({ type: [Number], nullable: true, minItems: 2, maxItems: 2 })
  readonly successRateInterval: number[] | null;
  /**
   * Chip-hours granted over chip-hours requested.
   * @example 0.5
   */
  readonly fulfilment: number | null;
  /**
   * Median of granted over requested among granted requests, in steps of 0.001.
   * @example 0.8
   */
  readonly fulfilmentMedian: number | null;
  /**
   * Working days from submission to decision, of decided requests.
   * @example 4
   */
  readonly medianDecisionDays: number | null;
  /**
   * Nine in ten decisions took no longer.
   * @example 11
   */
  readonly p90DecisionDays: number | null;
  /**
   * The median with pending requests as right-censored (Kaplan-Meier): what an applicant may expect.
   * @example 5
   */
  readonly medianDecisionDaysCensored: number | null;
  /**
   * Decided within the limit of the mode of access, among decisions in modes that have one.
   * @example 0.93
   */
  readonly decidedWithinLimit: number | null;
  /**
   * Why a figure is null, by its name.
   * @example { "representation": "no-demand" }
   */
  @ApiProperty(REASONS_SCHEMA)
  readonly reasons: Partial<Record<string, Reason>>;
}

/** The figures of a group, compared with the group that has the best success rate. */
export class ComparedFiguresDto extends AccessFiguresDto {
  /**
   * Success rate over that of the best group with enough decisions.
   * @example 0.85
   */
  readonly impactRatio: number | null;
  /**
   * Fisher's exact test against that group, two-sided.
   * @example 0.21
   */
  readonly impactPValue: number | null;
  /**
   * `low`: below the ratio of the policy `impact-ratio-minimum`, with enough decisions and p < 0.05. Null while there is no such policy.
   * @example 'none'
   */
  @ApiProperty({ title: 'ImpactFlag', type: String, enum: [...IMPACT_FLAGS, null] })
  readonly impactFlag: ImpactFlag | null;
}

/** One category of users. */
export class CategoryFiguresDto extends ComparedFiguresDto {
  @ApiProperty({ enum: [...CATEGORIES], enumName: 'Category' })
  readonly category: Category;
}

/** Users established in one country. */
export class CountryFiguresDto extends ComparedFiguresDto {
  /**
   * ISO 3166-1 alpha-2.
   * @example 'FI'
   */
  readonly country: string;
}

/** Grants that were made under a category which their partner no longer has; they stay where they were counted. */
export class ReclassifiedDto implements Reclassified {
  @ApiProperty({ enum: [...CATEGORIES], enumName: 'Category' })
  readonly from: Category;
  @ApiProperty({ enum: [...CATEGORIES], enumName: 'Category' })
  readonly to: Category;
  /** @example 1 */
  @ApiProperty({ type: 'integer' })
  readonly partners: number;
  /** @example 2 */
  @ApiProperty({ type: 'integer' })
  readonly grants: number;
  /** @example 24000 */
  readonly chipHoursGranted: number;
}

/** Whether access follows demand, by category of user. */
export class EqualAccessReportDto extends ReportHeaderDto implements EqualAccessReport {
  /**
   * The facility that the report is narrowed to; null for all.
   * @example null
   */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  readonly facilityId: string | null;
  /**
   * The mode of access that the report is narrowed to; null for all.
   * @example null
   */
  @ApiProperty({ type: String, enum: [...MODES, null] })
  readonly mode: Mode | null;
  /** All seven, always, in the same order. */
  @ApiProperty({ type: () => [CategoryFiguresDto], minItems: CATEGORIES.length, maxItems: CATEGORIES.length })
  readonly categories: CategoryFiguresDto[];
  @ApiProperty({ type: () => AccessFiguresDto })
  readonly totals: AccessFiguresDto;
  @ApiProperty({ type: () => ConcentrationDto })
  readonly concentration: ConcentrationDto;
  /** Every country with a request, by code. */
  @ApiProperty({ type: () => [CountryFiguresDto], maxItems: COUNTRY_CODES.length })
  readonly countries: CountryFiguresDto[];
  @ApiProperty({ type: () => [ReclassifiedDto], maxItems: CATEGORIES.length * (CATEGORIES.length - 1) })
  readonly reclassified: ReclassifiedDto[];
  /** Decided by the Governing Board where shares were out of balance with demand, over all facilities and modes. */
  @ApiProperty({ type: () => [ReportedActionDto], maxItems: REPORT_LINES_MAX })
  readonly correctiveActions: ReportedActionDto[];
  /** Corrections of published reports. None are recorded yet: empty. */
  @ApiProperty({ type: 'array', items: { type: 'object' }, maxItems: 0, example: [] })
  readonly corrections: never[];
  /** Figures kept back because they would disclose single applicants. This method keeps back none: empty. */
  @ApiProperty({ type: 'array', items: { type: 'object' }, maxItems: 0, example: [] })
  readonly withheld: never[];
}
