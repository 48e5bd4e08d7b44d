import { ApiProperty } from '@nestjs/swagger';
import { TRANCHE_KINDS, type TrancheKind } from '../../capital/fund.js';
import { FACILITY_KINDS, type FacilityKind } from '../../compute/facility-events.js';
import { RATIO_BASES, type PublishedAmounts } from '../method-1/capital-report.js';
import type {
  CapitalRatios,
  CapitalReport,
  CapitalRow,
  FacilityCapital,
  FundPicture,
  Layer,
} from '../method-2/capital-report.js';
import { PARTNER_KINDS, type PartnerKind } from '../method-2/partner-kinds.js';
import type { Reason } from '../measures/measures.js';
import { REASONS_SCHEMA, REPORT_LINES_MAX, ReportHeaderDto } from './report.dto.js';

const SUM = { pattern: '^(0|-?[1-9][0-9]{0,37})$', maxLength: 39 } as const;

/** Sums of minor units, as decimal strings. */
export class PublishedAmountsDto implements PublishedAmounts {
  /**
   * All pledges, whatever their outcome. An amount that an amendment adds was never pledged: only `committedMinor` counts it.
   * @example '250000000000'
   */
  readonly pledgedMinor: string;
  /**
   * Pledged and neither signed nor withdrawn.
   * @example '30000000000'
   */
  readonly openPledgesMinor: string;
  /**
   * Signed, plus amendments, less the amounts that cancellations released.
   * @example '200000000000'
   */
  readonly committedMinor: string;
  /** @example '80000000000' */
  readonly calledMinor: string;
  /** @example '75000000000' */
  readonly paidMinor: string;
  /** @example '0' */
  readonly distributedMinor: string;
  /**
   * Distributed under the condition that it may be called again.
   * @example '0'
   */
  readonly recallableMinor: string;
  /**
   * Signed and may still be called.
   * @example '120000000000'
   */
  readonly unfundedMinor: string;
}

/** One kind of partner in one tranche. */
export class CapitalRowDto extends PublishedAmountsDto implements CapitalRow {
  /** @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658' */
  @ApiProperty({ format: 'uuid' })
  readonly fundId: string;
  /** @example 'InvestAI gigafactory fund' */
  readonly fundName: string;
  /** @example '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95' */
  @ApiProperty({ format: 'uuid' })
  readonly trancheId: string;
  /**
   * 1 takes the first loss.
   * @example 1
   */
  readonly trancheRank: number;
  @ApiProperty({ enum: [...TRANCHE_KINDS], enumName: 'TrancheKind' })
  readonly trancheKind: TrancheKind;
  @ApiProperty({ enum: [...PARTNER_KINDS], enumName: 'MoneyKind' })
  readonly partnerKind: PartnerKind;
  /** @example 'EUR' */
  readonly currency: string;
  /**
   * Commitments pledged.
   * @example 12
   */
  @ApiProperty({ type: 'integer' })
  readonly pledges: number;
  /** @example 10 */
  @ApiProperty({ type: 'integer' })
  readonly signatures: number;
  /** @example 1 */
  @ApiProperty({ type: 'integer' })
  readonly cancellations: number;
}

/** Totals of one currency, for one kind of partner or for all. */
export class CapitalTotalDto extends PublishedAmountsDto {
  /** @example 'EUR' */
  readonly currency: string;
  @ApiProperty({ enum: [...PARTNER_KINDS, 'all'], example: 'all' })
  readonly partnerKind: PartnerKind | 'all';
}

/** Minor units by kind of partner. */
export class ByPartnerKindDto implements Readonly<Record<PartnerKind, string>> {
  /** @example '34000000000' */
  @ApiProperty(SUM)
  readonly union: string;
  /** @example '40000000000' */
  @ApiProperty(SUM)
  readonly 'member-state': string;
  /** @example '12000000000' */
  @ApiProperty(SUM)
  readonly regional: string;
  /** @example '5000000000' */
  @ApiProperty(SUM)
  readonly 'public-other': string;
  /** @example '26000000000' */
  @ApiProperty(SUM)
  readonly 'public-bank': string;
  /** @example '100000000000' */
  @ApiProperty(SUM)
  readonly private: string;
}

/** A tranche in the stack of its fund. */
export class LayerDto extends PublishedAmountsDto implements Layer {
  /** @example '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95' */
  @ApiProperty({ format: 'uuid' })
  readonly trancheId: string;
  /** @example 1 */
  readonly rank: number;
  @ApiProperty({ enum: [...TRANCHE_KINDS], enumName: 'TrancheKind' })
  readonly kind: TrancheKind;
  /** @example '400000000000' */
  readonly capMinor: string;
  /**
   * Losses up to this part of everything committed fall on the layers below.
   * @example 0
   */
  readonly attachmentPoint: number | null;
  /**
   * Losses from this part of everything committed on fall on the layers above.
   * @example 0.2
   */
  readonly detachmentPoint: number | null;
  @ApiProperty({ type: () => ByPartnerKindDto })
  readonly committedByPartnerKind: ByPartnerKindDto;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { attachmentPoint: 'nothing-committed' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** A fund as a stack of layers. */
export class FundPictureDto implements FundPicture {
  /** @example '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658' */
  @ApiProperty({ format: 'uuid' })
  readonly fundId: string;
  /** @example 'InvestAI gigafactory fund' */
  readonly name: string;
  /** @example 'EUR' */
  readonly currency: string;
  /** @example '2000000000000' */
  readonly targetMinor: string;
  /** True once financial close is reached. */
  readonly closed: boolean;
  /** From the most senior down: the first loss is at the bottom. */
  @ApiProperty({ type: () => [LayerDto], maxItems: REPORT_LINES_MAX })
  readonly layers: LayerDto[];
}

/** Ratios on one base. The gap between committed and paid is the meaningful difference. */
export class CapitalRatiosDto implements CapitalRatios {
  /** @example 'EUR' */
  readonly currency: string;
  @ApiProperty({ enum: [...RATIO_BASES], example: 'committed' })
  readonly base: CapitalRatios['base'];
  /**
   * Of the Union, the Member States, regions, other bodies governed by public law, and public banks.
   * @example '100000000000'
   */
  readonly publicMinor: string;
  /** @example '150000000000' */
  readonly privateMinor: string;
  /**
   * Private money for each unit of public money.
   * @example 1.5
   */
  readonly privatePerPublic: number | null;
  /**
   * Everything, the public part included, for each unit of public money.
   * @example 2.5
   */
  readonly mobilisedPerPublic: number | null;
  /**
   * CAPEX contributions and purchases of access time of the Union over the CAPEX of all facilities that have one.
   * @example 0.16
   */
  readonly unionShareOfCapex: number | null;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { unionShareOfCapex: 'no-facility-with-capex' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** Who pays for one facility. */
export class FacilityCapitalDto implements FacilityCapital {
  /** @example '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60' */
  @ApiProperty({ format: 'uuid' })
  readonly facilityId: string;
  /** @example 'Nordic gigafactory' */
  readonly name: string;
  /** @example 'FI' */
  readonly country: string;
  @ApiProperty({ enum: [...FACILITY_KINDS], enumName: 'FacilityKind' })
  readonly kind: FacilityKind;
  /** @example 'EUR' */
  readonly currency: string | null;
  /**
   * Of the computing infrastructure; null when it is not recorded.
   * @example '400000000000'
   */
  readonly capexMinor: string | null;
  @ApiProperty({ type: () => ByPartnerKindDto })
  readonly committedByPartnerKind: ByPartnerKindDto;
  @ApiProperty({ type: () => ByPartnerKindDto })
  readonly paidByPartnerKind: ByPartnerKindDto;
  /**
   * At most 0.17, Art. 12b(5).
   * @example 0.17
   */
  readonly unionShareOfCapexCommitted: number | null;
  /** @example 0.05 */
  readonly unionShareOfCapexPaid: number | null;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { unionShareOfCapexPaid: 'no-facility-with-capex' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** Totals and ratios from the first event on. */
export class CapitalAtEndDto {
  @ApiProperty({ type: () => [CapitalTotalDto], maxItems: REPORT_LINES_MAX })
  readonly totals: CapitalTotalDto[];
  @ApiProperty({ type: () => [CapitalRatiosDto], maxItems: REPORT_LINES_MAX })
  readonly ratios: CapitalRatiosDto[];
}

/** Promised and paid money by layer and kind of partner. */
export class CapitalReportDto extends ReportHeaderDto implements CapitalReport {
  /** By fund, tranche from the first loss up, and kind of partner. */
  @ApiProperty({ type: () => [CapitalRowDto], maxItems: REPORT_LINES_MAX })
  readonly rows: CapitalRowDto[];
  @ApiProperty({ type: () => [CapitalTotalDto], maxItems: REPORT_LINES_MAX })
  readonly totals: CapitalTotalDto[];
  @ApiProperty({ type: () => [CapitalRatiosDto], maxItems: REPORT_LINES_MAX })
  readonly ratios: CapitalRatiosDto[];
  /** With a period: the totals and ratios from the first event on, at its end. Else null. */
  @ApiProperty({ type: () => CapitalAtEndDto, nullable: true })
  readonly atEnd: CapitalAtEndDto | null;
  /** As of the end, also with a period. */
  @ApiProperty({ type: () => [FundPictureDto], maxItems: REPORT_LINES_MAX })
  readonly funds: FundPictureDto[];
  /** By name; as of the end, also with a period. */
  @ApiProperty({ type: () => [FacilityCapitalDto], maxItems: REPORT_LINES_MAX })
  readonly facilities: FacilityCapitalDto[];
}
