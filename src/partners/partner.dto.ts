import { ApiProperty } from '@nestjs/swagger';
import {
  IsCalendarDate,
  IsCountryCode,
  IsFlag,
  IsId,
  IsMatching,
  IsOneOf,
  IsPercent,
  IsText,
  NAME_LENGTH_MAX,
  Optional,
  REGISTRATION_YEAR_MIN,
  SOURCE_LENGTH_MAX,
} from '../http/validation.js';
import { FromDay, ListQueryDto, ToDay } from '../http/list-query.dto.js';
import { LEI_PATTERN } from './lei.js';
import {
  AFFILIATION_KINDS,
  CATEGORIES,
  LEGAL_FORMS,
  PARTNER_KINDS,
  type AffiliationKind,
  type Category,
  type LegalForm,
  type PartnerKind,
} from './partner.js';

/** Length of the name of a provision, e.g. `Recommendation 2003/361/EC`. */
const BASIS_LENGTH_MAX = 200;
/** Length of a reference to a document, or of its address. */
const EVIDENCE_LENGTH_MAX = 500;
/** Length of an identifier by ISO 17442. */
const LEI_LENGTH = 20;
/** A search matches a part of a name. Nobody types a longer one. */
const SEARCH_LENGTH_MAX = 100;

/** A partner to register: a body that brings money, runs a facility or requests access. */
export class RegisterPartnerDto {
  /**
   * Name in the register of its country.
   * @example 'Nordlys Materials AS'
   */
  @IsText(NAME_LENGTH_MAX)
  readonly legalName: string;

  /**
   * Country in which the partner is established, ISO 3166-1 alpha-2. Access is for users established in a Member State
   * or an associated country (Art. 12b(15)(a)).
   * @example 'SE'
   */
  @IsCountryCode()
  readonly country: string;

  /**
   * Legal form of the partner. `company` and `consortium` bring private money, all others public money: `region` is a regional or local
   * authority, and a university or research organisation under private control is registered as a `company`. `member-state` is
   * only for the 27 Member States.
   * @example 'company'
   */
  @IsOneOf(LEGAL_FORMS, 'LegalForm')
  readonly legalForm: LegalForm;

  /**
   * Legal entity identifier, ISO 17442. The ledger verifies the check digits, but not whether the identifier was ever
   * issued.
   * @example '506700GE1G29325QX363'
   */
  @Optional()
  @IsMatching(LEI_PATTERN, LEI_LENGTH, 'a legal entity identifier: 18 capital letters or digits and 2 check digits')
  readonly lei?: string;

  /**
   * Date of its entry in the register of its country; not in the future. A partner can be a start-up for at most five
   * years from this date.
   * @example '2023-05-17'
   */
  @Optional()
  @IsCalendarDate({ yearMin: REGISTRATION_YEAR_MIN })
  readonly registeredOn?: string;

  /**
   * Source of the record, if it is a public fact.
   * @example 'https://www.eib.org/en/about/index'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly source?: string;

  /**
   * True for a made-up partner. Every table with this partner states it.
   * @example true
   */
  @Optional()
  @IsFlag()
  readonly illustrative?: boolean;
}

/** The category of a partner from a date on, with its evidence. */
export class ClassifyPartnerDto {
  /**
   * Category for the report on equal access. A request counts under the category that is in force at its submission.
   * @example 'sme'
   */
  @IsOneOf(CATEGORIES, 'Category')
  readonly category: Category;

  /**
   * The rule that the category is based on.
   * @example 'Recommendation 2003/361/EC, Annex, Art. 2'
   */
  @IsText(BASIS_LENGTH_MAX)
  readonly basis: string;

  /**
   * Place of the evidence. For `tech-giant`: the reference of the decision that designates the gatekeeper.
   * @example 'SME self-assessment 2026-0417'
   */
  @IsText(EVIDENCE_LENGTH_MAX)
  readonly evidenceRef: string;

  /**
   * First day of the category (UTC). Not before the first day of the category in force.
   * @example '2026-02-01'
   */
  @IsCalendarDate()
  readonly effectiveFrom: string;
}

/** A share of this partner that another partner holds. */
export class RecordAffiliationDto {
  /**
   * The partner that holds the share.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @IsId()
  readonly otherPartnerId: string;

  /**
   * `partner` for a share of 25 to 50 %, `linked` for a larger one (Recommendation 2003/361/EC, Annex, Art. 3).
   * @example 'partner'
   */
  @IsOneOf(AFFILIATION_KINDS, 'AffiliationKind')
  readonly kind: AffiliationKind;

  /**
   * Percent of the capital or of the votes, whichever is higher. The shares of all holders add up to 100 at most.
   * @example 33.4
   */
  @IsPercent()
  readonly percent: number;

  /**
   * First day on which the share is held (UTC).
   * @example '2026-02-01'
   */
  @IsCalendarDate()
  readonly effectiveFrom: string;
}

/** The end of another partner's share of this partner. */
export class EndAffiliationDto {
  /**
   * The partner that held the share.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @IsId()
  readonly otherPartnerId: string;

  /**
   * First day on which the share is no longer held (UTC).
   * @example '2026-09-01'
   */
  @IsCalendarDate()
  readonly effectiveFrom: string;
}

/** The acquisition of this partner by another. */
export class RecordAcquisitionDto {
  /**
   * The partner that acquired this partner. From that day on, concentration is measured on the acquirer.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @IsId()
  readonly acquirerId: string;

  /**
   * First day of the acquisition (UTC).
   * @example '2026-06-01'
   */
  @IsCalendarDate()
  readonly effectiveFrom: string;
}

/** A category with its first day. */
export class ClassificationDto {
  @ApiProperty({ enum: [...CATEGORIES], enumName: 'Category' })
  readonly category: Category;
  /** @example 'Recommendation 2003/361/EC, Annex, Art. 2' */
  readonly basis: string;
  /** @example 'SME self-assessment 2026-0417' */
  readonly evidenceRef: string;
  /** @example '2026-02-01' */
  @ApiProperty({ format: 'date' })
  readonly effectiveFrom: string;
}

/** A share that another partner holds. */
export class AffiliationDto {
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  @ApiProperty({ format: 'uuid' })
  readonly otherPartnerId: string;
  @ApiProperty({ enum: [...AFFILIATION_KINDS], enumName: 'AffiliationKind' })
  readonly kind: AffiliationKind;
  /** @example 33.4 */
  readonly percent: number;
  /** @example '2026-02-01' */
  @ApiProperty({ format: 'date' })
  readonly effectiveFrom: string;
}

/** The current state of a partner. */
export class PartnerDto {
  /** @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11' */
  @ApiProperty({ format: 'uuid' })
  readonly id: string;
  /** @example 'Nordlys Materials AS' */
  readonly legalName: string;
  /**
   * ISO 3166-1 alpha-2.
   * @example 'SE'
   */
  readonly country: string;
  @ApiProperty({ enum: [...LEGAL_FORMS], enumName: 'LegalForm' })
  readonly legalForm: LegalForm;
  /** Kind of money that the partner brings; follows from the legal form. */
  @ApiProperty({ enum: [...PARTNER_KINDS], enumName: 'PartnerKind' })
  readonly partnerKind: PartnerKind;
  /** @example '506700GE1G29325QX363' */
  readonly lei: string | null;
  /** @example '2023-05-17' */
  readonly registeredOn: string | null;
  /**
   * Category in force now; null before the first classification.
   * @example 'sme'
   */
  @ApiProperty({ type: String, enum: [...CATEGORIES, null] })
  readonly category: Category | null;
  /** All categories in order of time: earlier ones, the one in force, and later ones. */
  @ApiProperty({ type: () => [ClassificationDto] })
  readonly classifications: ClassificationDto[];
  /** Shares in force now. */
  @ApiProperty({ type: () => [AffiliationDto] })
  readonly affiliations: AffiliationDto[];
  /**
   * Acquirer, or holder of the majority, in force now; null if the partner has no owner of this kind.
   * @example null
   */
  readonly parentId: string | null;
  /** @example 'https://www.eib.org/en/about/index' */
  readonly source: string | null;
  /** True for a made-up partner. */
  readonly illustrative: boolean;
  /**
   * Revision of the record, to send in `If-Match`.
   * @example 3
   */
  readonly revision: number;
}

/** Filters of the list of partners. */
export class ListPartnersDto extends ListQueryDto {
  /** Only partners of this category today. */
  @Optional()
  @IsOneOf(CATEGORIES, 'Category')
  readonly category?: Category;

  /** Only partners established in this country. */
  @Optional()
  @IsCountryCode()
  readonly country?: string;

  /**
   * Part of the legal name. Upper and lower case are the same.
   * @example 'materials'
   */
  @Optional()
  @IsText(SEARCH_LENGTH_MAX)
  readonly q?: string;

  @FromDay('partners that were recorded')
  readonly from?: string;

  @ToDay('partners that were recorded')
  readonly to?: string;
}

/** One page of partners. */
export class PartnerPageDto {
  @ApiProperty({ type: () => [PartnerDto] })
  readonly data: PartnerDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}
