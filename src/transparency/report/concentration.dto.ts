import { ApiProperty } from '@nestjs/swagger';
import { LORENZ_STEPS, type Concentration, type ConcentrationFigures } from '../method-1/equal-access-report.js';
import type { Reason } from '../measures/measures.js';
import { REASONS_SCHEMA } from './report.dto.js';

/** Inequality of granted chip-hours between ultimate parents. */
export class ConcentrationFiguresDto implements ConcentrationFigures {
  /**
   * Ultimate parents counted.
   * @example 180
   */
  @ApiProperty({ type: 'integer' })
  readonly holders: number;
  /**
   * 0: all have the same; towards 1: one has all.
   * @example 0.61
   */
  readonly gini: number | null;
  /**
   * Herfindahl-Hirschman index, from 1/n to 1.
   * @example 0.021
   */
  readonly hhi: number | null;
  /**
   * Jain's index, 1 / (n HHI).
   * @example 0.26
   */
  readonly jain: number | null;
  /**
   * Theil's T, the sum of the two parts below.
   * @example 0.72
   */
  readonly theil: number | null;
  /**
   * Between categories; a parent counts in the category in which most of its hours were granted.
   * @example 0.11
   */
  readonly theilBetween: number | null;
  /**
   * Within categories.
   * @example 0.61
   */
  readonly theilWithin: number | null;
  /** Why a figure is null, by its name. */
  @ApiProperty({ ...REASONS_SCHEMA, example: { gini: 'nothing-granted' } })
  readonly reasons: Partial<Record<string, Reason>>;
}

/** A point of the Lorenz curve. */
export class LorenzPointDto {
  /**
   * Part of the parents, the parents with the smallest amounts first.
   * @example 0.5
   */
  readonly holders: number;
  /**
   * Part of the chip-hours that they hold together.
   * @example 0.12
   */
  readonly amount: number;
}

/** Concentration over parents that hold a grant, as known at the position, and over two other populations. */
export class ConcentrationDto extends ConcentrationFiguresDto implements Concentration {
  /** In steps of 5 % of the parents; empty when nothing is granted. */
  @ApiProperty({ type: () => [LorenzPointDto], maxItems: LORENZ_STEPS + 1 })
  readonly lorenz: LorenzPointDto[];
  /** With the parents that were known when each request was submitted. */
  @ApiProperty({ type: () => ConcentrationFiguresDto })
  readonly asSubmitted: ConcentrationFiguresDto;
  /** Over all parents that submitted a request, parents without a grant included. */
  @ApiProperty({ type: () => ConcentrationFiguresDto })
  readonly applicants: ConcentrationFiguresDto;
}
