import { AnswerDto } from '../http/answer.dto.js';
import {
  AreChipsBy,
  IsAmountMinor,
  IsChips,
  IsCountryCode,
  IsCurrencyCode,
  IsFlag,
  IsId,
  IsInstantOrDate,
  IsOneOf,
  IsProse,
  IsText,
  NAME_LENGTH_MAX,
  Optional,
  REASON_LENGTH_MAX,
  SOURCE_LENGTH_MAX,
} from '../http/validation.js';
import { FACILITY_KINDS, type FacilityKind } from './facility-events.js';
import { QUOTA_CLASSES } from './pool-events.js';
import type { ChipsByClass } from './quota.js';

/** Names of models are short, because they become part of the ids of rows. */
export const CHIP_MODEL_LENGTH_MAX = 100;

/** A facility to register. It has no chips until capacity is installed. */
export class RegisterFacilityDto {
  /** @example 'AI gigafactory North' */
  @IsText(NAME_LENGTH_MAX)
  readonly name: string;

  /**
   * Country of the facility, ISO 3166-1 alpha-2.
   * @example 'FI'
   */
  @IsCountryCode()
  readonly country: string;

  /**
   * Kind of the facility, by the article that applies to it. The rules of Art. 12b bind `ai-gigafactory`.
   * @example 'ai-gigafactory'
   */
  @IsOneOf(FACILITY_KINDS, 'FacilityKind')
  readonly kind: FacilityKind;

  /**
   * The partner that operates the facility. Keys with the role `facility` that are bound to this partner may allocate
   * its chips.
   * @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37'
   */
  @Optional()
  @IsId()
  readonly operatorPartnerId?: string;

  /**
   * The Member State that hosts the facility. A call for an AI gigafactory opens only after this state has signed a
   * commitment to it (Art. 12b(4)).
   * @example '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11'
   */
  @Optional()
  @IsId()
  readonly hostStatePartnerId?: string;

  /**
   * Capital expenditure on the computing infrastructure, in minor units. The Union covers up to 17 % of it (Art. 12b(5)).
   * @example '400000000000'
   */
  @Optional()
  @IsAmountMinor({ min: '1' })
  readonly capexMinor?: string;

  /**
   * Currency of `capexMinor`. Give both or neither.
   * @example 'EUR'
   */
  @Optional()
  @IsCurrencyCode()
  readonly currency?: string;

  /**
   * Source of the record, if it is a public fact.
   * @example 'https://digital-strategy.ec.europa.eu/en/policies/ai-factories'
   */
  @Optional()
  @IsText(SOURCE_LENGTH_MAX)
  readonly source?: string;

  /**
   * True for a made-up facility. Every table with it states this.
   * @example true
   */
  @Optional()
  @IsFlag()
  readonly illustrative?: boolean;
}

/** Chips to install or to retire. */
export class ChangeCapacityDto {
  /**
   * Model of the chips, as its manufacturer names it. Chips of different models are never added up.
   * @example 'GB300'
   */
  @IsText(CHIP_MODEL_LENGTH_MAX)
  readonly chipModel: string;

  /** @example 25000 */
  @IsChips()
  readonly chips: number;

  /**
   * Start of the change: an instant, or a date, which means its first instant (UTC).
   * @example '2026-03-01'
   */
  @IsInstantOrDate()
  readonly effectiveFrom: string;
}

/** Floors and caps for one chip model of a facility. */
export class AdoptQuotaPolicyDto {
  /** @example 'GB300' */
  @IsText(CHIP_MODEL_LENGTH_MAX)
  readonly chipModel: string;

  /**
   * Chips kept for a category, or for Union-funded projects of all categories (`union-funded`, Art. 12b(15)(c)), whether they are used or
   * not. Their sum is at most the number of chips installed from then on.
   * @example { "start-up": 2000, "sme": 3000, "research": 4000 }
   */
  @AreChipsBy(QUOTA_CLASSES)
  readonly floors: ChipsByClass;

  /**
   * Maximum number of chips that a category may use at one time. A category that is left out has no cap.
   * @example { "tech-giant": 5000 }
   */
  @AreChipsBy(QUOTA_CLASSES)
  readonly caps: ChipsByClass;

  /**
   * Start of the policy: an instant, or a date, which means its first instant (UTC). Not before the start of the
   * previous version.
   * @example '2026-03-01'
   */
  @IsInstantOrDate()
  readonly effectiveFrom: string;

  /**
   * Reason of the board's decision.
   * @example 'Decision 12/2026 of the Governing Board'
   */
  @IsProse(REASON_LENGTH_MAX)
  readonly reason: string;
}

/** The answer to the adoption of a quota policy. */
export class QuotaPolicyAnswerDto extends AnswerDto {
  /**
   * Version of the policy for this chip model, counted from 1.
   * @example 1
   */
  version: number;
}
