import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { Matches, MaxLength } from 'class-validator';
import { CSV_DIALECTS, type CsvDialect } from './answer/csv.js';
import { CURSOR_LENGTH_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './read-model.js';
import { IsCalendarDate, IsOneOf, Optional } from './validation.js';

/** The parameters of a read that takes none: any is refused, because most are misspelt known ones. */
@ApiSchema({ name: 'NoQuery' })
export class NoQueryDto {}

/** The parameters of every read. */
export class ReadQueryDto {
  /** Waits up to 5 s until the answer reflects this position: read your own write. */
  @Optional()
  @Matches(/^(0|[1-9][0-9]{0,15})$/, { message: 'minPosition must be a position: a whole number from 0.' })
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 9_007_199_254_740_991, example: 42 })
  minPosition?: string;
}

const IsDialect = (): PropertyDecorator => applyDecorators(Optional(), IsOneOf(CSV_DIALECTS, 'CsvDialect'));

/** The parameters of every table. */
export class TableQueryDto extends ReadQueryDto {
  /**
   * Form of the CSV. `comma`: for programs. `comma-bom` and `semicolon-bom` begin with a byte order mark, from which spreadsheets know
   * UTF-8; choose `semicolon-bom` for a spreadsheet that writes decimals with a comma, as in most languages of the Union. JSON is always
   * the same.
   * @example 'comma'
   */
  @IsDialect()
  dialect?: CsvDialect;
}

/** The parameters of a table whose figures never change. */
export class FixedTableQueryDto {
  /**
   * Form of the CSV, as for every table.
   * @example 'comma'
   */
  @IsDialect()
  dialect?: CsvDialect;
}

/** The parameters of every list, beside its filters. */
export class ListQueryDto extends TableQueryDto {
  /** Rows on a page, 1 to 200; 50 when left out. */
  @Optional()
  @Matches(/^([1-9][0-9]?|1[0-9]{2}|200)$/, { message: 'limit must be a whole number from 1 to 200.' })
  @ApiProperty({ type: 'integer', minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT, example: 50 })
  limit?: string;

  /** The `next` of an earlier page. It holds the whole query: other filters beside it are ignored. */
  @Optional()
  @Matches(/^[A-Za-z0-9_-]+$/, { message: 'cursor must be the "next" of an earlier page, unchanged.' })
  @MaxLength(CURSOR_LENGTH_MAX, { message: 'cursor must be the "next" of an earlier page, unchanged.' })
  @ApiProperty({ type: 'string', pattern: '^[A-Za-z0-9_-]+$', maxLength: CURSOR_LENGTH_MAX })
  cursor?: string;
}

const day = (description: string): PropertyDecorator =>
  applyDecorators(Optional(), IsCalendarDate(), ApiProperty({ description, example: '2026-03-01', required: false }));

/**
 * The parameter `from` of a list. All lists have the same two: days in UTC, both included.
 * @param what the row has in that day, to follow "Only".
 */
export const FromDay = (what: string): PropertyDecorator =>
  day(`Only ${what} on this day or later. The day is counted in UTC, from its first instant on.`);

/** The parameter `to` of a list, see `FromDay`. */
export const ToDay = (what: string): PropertyDecorator =>
  day(`Only ${what} on this day or earlier. The day is counted in UTC and is included, up to its last instant.`);
