import { ApiProperty } from '@nestjs/swagger';
import { CATEGORIES, type Category } from '../../partners/partner.js';

/** An end of a period: a date, or an instant. */
export const PERIOD_END = {
  type: 'string',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{8,12}Z)?$',
  maxLength: 24,
} as const;

/** A corrective action, beside the report that it answers. */
export class CorrectiveActionDto {
  /** @example '5b0f6f0a-6b55-8a53-9f5e-3c9a3e0f9d4e' */
  readonly actionId: string;
  /** Null: for all users. */
  @ApiProperty({ type: String, enum: [...CATEGORIES, null] })
  readonly category: Category | null;
  /** @example 'Start-ups asked for 24 % of the chip-hours and were granted 11 %.' */
  readonly reason: string;
  /** @example 'The floor for start-ups rises to 2,000 chips from 1 September 2026.' */
  readonly measure: string;
  /** @example '2026-07-14T10:00:00Z' */
  readonly decidedAt: string;
}

/** A corrective action, as the report on equal access shows it. */
export class ReportedActionDto extends CorrectiveActionDto {
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  readonly reportId: string;
  /** @example '2026-01-01' */
  @ApiProperty(PERIOD_END)
  readonly periodFrom: string;
  /** @example '2026-06-30' */
  @ApiProperty(PERIOD_END)
  readonly periodTo: string;
}
