import { ApiProperty } from '@nestjs/swagger';
import { MODES, type Mode } from '../../domain/access-modes.js';
import { CATEGORIES, type Category } from '../../partners/partner.js';
import { COUNTRY_CODES } from '../../domain/countries.js';
import { ConcentrationDto } from './concentration.dto.js';
import { AccessTimeLineDto, DonatedTimeDto, PreferentialAccessDto } from './access-time.dto.js';
import { FREE_REASONS } from '../../domain/free-access.js';
import { DEMAND_BASES, type DemandBasis, type DemandFigures } from '../method-2/access-figures.js';
import type { Scope } from '../method-2/access-scope.js';
import type { Reclassified } from '../method-1/equal-access-report.js';
import type { EqualAccessReport, Unassigned } from '../method-2/equal-access-report.js';
import { IMPACT_FLAGS, type ImpactFlag, type Reason } from '../measures/measures.js';
import { ReportedActionDto } from './corrective-action.dto.js';
import { POOL_SCOPE, REASONS_SCHEMA, REPORT_LINES_MAX, ReportHeaderDto } from './report.dto.js';

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

/** Demand on one basis, and how the granted hours compare with it. */
export class DemandFiguresDto implements DemandFigures {
  /** @example 1000000 */
  @ApiProperty({ type: 'integer' })
  readonly chipHours: number;
  /**
   * Part of the demand of all.
   * @example 0.25
   */
  readonly share: number | null;
  /**
   * Share granted over share of the demand: 1 is in proportion to demand.
   * @example 1.2
   */
  readonly representation: number | null;
  /**
   * Share granted less share of the demand.
   * @example 0.05
   */
  readonly shareGap: number | null;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { representation: 'no-demand' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** The same on every basis of demand. */
export class DemandDto implements Readonly<Record<DemandBasis, DemandFigures>> {
  /** All submitted requests, whatever their outcome. */
  @ApiProperty({ type: () => DemandFiguresDto })
  readonly all: DemandFiguresDto;
  /** All but those that were refused as not eligible. */
  @ApiProperty({ type: () => DemandFiguresDto })
  readonly eligible: DemandFiguresDto;
  /** Denied and granted requests. */
  @ApiProperty({ type: () => DemandFiguresDto })
  readonly decided: DemandFiguresDto;
}

/** Counts, hours and measures of one group. Measures are rounded to six digits; one that is not defined is null and has a reason. */
export class AccessFiguresDto {
  /**
   * All requests. Always withdrawn + ineligible + pending + denied + granted. In a report of a period every count and sum is what was
   * added in the period, and may be negative.
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
  /**
   * In a report of a period: by how many there are more than before it.
   * @example 15
   */
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
   * Pending at the end, and past the limit of their mode of access.
   * @example 2
   */
  @ApiProperty({ type: 'integer' })
  readonly overdue: number;
  /**
   * Decisions that were recorded on a later day than that on which they took effect.
   * @example 3
   */
  @ApiProperty({ type: 'integer' })
  readonly recordedLate: number;
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
   * Granted less revoked.
   * @example 492000
   */
  readonly chipHoursGrantedNet: number;
  /**
   * Granted to projects that a Union programme funds, Art. 12b(15)(c).
   * @example 120000
   */
  readonly chipHoursUnionFunded: number;
  /**
   * Granted for commercial use, Arts. 17 and 18.
   * @example 60000
   */
  readonly chipHoursCommercial: number;
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
  @ApiProperty({ type: () => DemandDto })
  readonly demand: DemandDto;
  /**
   * Part of the demand of all, on the basis of the report.
   * @example 0.25
   */
  readonly shareRequested: number | null;
  /**
   * Part of everything that was granted.
   * @example 0.3
   */
  readonly shareGranted: number | null;
  /**
   * The same, revoked grants taken off.
   * @example 0.29
   */
  readonly shareGrantedNet: number | null;
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
   * Median of granted over requested among decided requests, in steps of 0.001; 0 for a denial.
   * @example 0.6
   */
  readonly fulfilmentMedian: number | null;
  /**
   * The same among granted requests.
   * @example 0.8
   */
  readonly grantedFulfilmentMedian: number | null;
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
   * The median with requests that were not decided as right-censored (Kaplan-Meier): pending, withdrawn and not eligible ones.
   * @example 5
   */
  readonly medianDecisionDaysCensored: number | null;
  /**
   * Working days from submission to an answer: a decision, or the refusal of eligibility.
   * @example 3
   */
  readonly medianAnswerDays: number | null;
  /**
   * Nine in ten answers took no longer.
   * @example 10
   */
  readonly p90AnswerDays: number | null;
  /**
   * The median time to an answer with pending and withdrawn requests as right-censored (Kaplan-Meier).
   * @example 4
   */
  readonly medianAnswerDaysCensored: number | null;
  /**
   * Decided within the limit of the mode of access, among decisions in modes that have one and pending requests past it.
   * @example 0.93
   */
  readonly decidedWithinLimit: number | null;
  /**
   * Median of the days from a decision to its recording, of those that were recorded late.
   * @example 12
   */
  readonly recordedLateMedianDays: number | null;
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

/** Whose access time a report counts. */
export class ScopeDto implements Scope {
  /**
   * `union`, `all`, or the id of the partner whose time it is.
   * @example 'union'
   */
  @ApiProperty({ type: 'string', pattern: POOL_SCOPE.source, maxLength: 36 })
  readonly pool: string;
  /** Ids of the access pools that count; empty when everybody's time counts. */
  @ApiProperty({
    type: 'array',
    items: { type: 'string', format: 'uuid', maxLength: 36 },
    maxItems: REPORT_LINES_MAX,
    example: [],
  })
  readonly poolIds: readonly string[];
  /** @example 'Access time of the Union, which Art. 12b(16) monitors.' */
  @ApiProperty({ type: 'string', pattern: String.raw`\S`, maxLength: 500 })
  readonly statement: string;
}

/** Grants, allocations and use whose access pool is not recorded, of everybody. */
export class UnassignedDto implements Unassigned {
  /** @example 4 */
  @ApiProperty({ type: 'integer' })
  readonly granted: number;
  /** @example 48000 */
  readonly chipHoursGranted: number;
  /** @example 40000 */
  readonly chipHoursAllocated: number;
  /** @example 38000 */
  readonly chipHoursUsed: number;
}

/** Chip-hours granted free of charge for one reason. */
export class FreeAccessHoursDto {
  /** `none`: the grant is from before grants named a reason. */
  @ApiProperty({ enum: [...FREE_REASONS, 'none'], example: 'sme-innovation' })
  readonly reason: string;
  /** @example 52000 */
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
  @ApiProperty({ type: () => ScopeDto })
  readonly scope: ScopeDto;
  /** The policy `demand-basis` in force, `all` without one: what `shareRequested`, `representation` and `shareGap` count as demand. */
  @ApiProperty({ enum: [...DEMAND_BASES], enumName: 'DemandBasis' })
  readonly demandBasis: DemandBasis;
  /** All seven, always, in the same order. */
  @ApiProperty({ type: () => [CategoryFiguresDto], minItems: CATEGORIES.length, maxItems: CATEGORIES.length })
  readonly categories: CategoryFiguresDto[];
  @ApiProperty({ type: () => AccessFiguresDto })
  readonly totals: AccessFiguresDto;
  /** With a period: the totals from the first event on, at its end. Else null. */
  @ApiProperty({ type: () => AccessFiguresDto, nullable: true })
  readonly atEnd: AccessFiguresDto | null;
  @ApiProperty({ type: () => ConcentrationDto })
  readonly concentration: ConcentrationDto;
  /** Every country with a request, by code. */
  @ApiProperty({ type: () => [CountryFiguresDto], maxItems: COUNTRY_CODES.length })
  readonly countries: CountryFiguresDto[];
  @ApiProperty({ type: () => [ReclassifiedDto], maxItems: CATEGORIES.length * (CATEGORIES.length - 1) })
  readonly reclassified: ReclassifiedDto[];
  @ApiProperty({ type: () => [FreeAccessHoursDto], maxItems: FREE_REASONS.length + 1 })
  readonly freeReasons: FreeAccessHoursDto[];
  @ApiProperty({ type: () => UnassignedDto })
  readonly unassigned: UnassignedDto;
  /** From the euro to the hour, by facility, period and pool; as of the end, also with a period, and of every mode. */
  @ApiProperty({ type: () => [AccessTimeLineDto], maxItems: REPORT_LINES_MAX })
  readonly accessTime: AccessTimeLineDto[];
  @ApiProperty({ type: () => DonatedTimeDto })
  readonly donatedTime: DonatedTimeDto;
  /** The register of preferential access. */
  @ApiProperty({ type: () => [PreferentialAccessDto], maxItems: REPORT_LINES_MAX })
  readonly preferentialAccess: PreferentialAccessDto[];
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
