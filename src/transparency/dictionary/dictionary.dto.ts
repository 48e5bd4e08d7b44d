import { ApiProperty } from '@nestjs/swagger';
import {
  AGGREGATIONS,
  CODE_LIST_NAMES,
  ROLES_OF_FIELDS,
  TYPES,
  UNIT_NAMES,
  type CodeListName,
  type FieldType,
  type Label,
  type Meaning,
  type UnitName,
} from './field.js';
import { REPORT_KINDS, type ReportKind } from '../events/publication.js';

const TEXT = { type: 'string', pattern: String.raw`^\S.*$`, maxLength: 1_000 } as const;
const NAME = { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9.-]*$', maxLength: 100 } as const;
/** Bounds of the lists in the document, for clients that allocate memory. */
const [FIELDS_MAX, CODES_MAX] = [500, 1_000];

/** A text in three languages. */
export class LabelDto implements Label {
  /** @example 'Requests submitted' */
  @ApiProperty(TEXT)
  readonly en: string;
  /** @example 'Demandes déposées' */
  @ApiProperty(TEXT)
  readonly fr: string;
  /** @example 'Eingereichte Anträge' */
  @ApiProperty(TEXT)
  readonly de: string;
}

/** A field of a report. */
export class FieldDto implements Meaning {
  /**
   * Column of the CSV; absent when the field is in the JSON only.
   * @example 'submitted'
   */
  @ApiProperty(NAME)
  readonly column?: string;
  /**
   * Paths in the JSON; a list stands for its items. Empty when the field is in the CSV only.
   * @example ['categories.submitted', 'countries.submitted', 'totals.submitted']
   */
  @ApiProperty({ type: 'array', items: NAME, maxItems: 20 })
  readonly members: readonly string[];
  @ApiProperty({ type: () => LabelDto })
  readonly label: LabelDto;
  @ApiProperty({ enum: [...TYPES], example: 'integer' })
  readonly type: FieldType;
  /** Which rows a field belongs to (`dimension`), what it measures, what explains a measure (`note`), or where figures come from. */
  @ApiProperty({ enum: [...ROLES_OF_FIELDS], example: 'measure' })
  readonly role: Meaning['role'];
  /**
   * In English.
   * @example 'All requests. Always withdrawn + ineligible + pending + denied + granted.'
   */
  @ApiProperty(TEXT)
  readonly description: string;
  /** A code of `units`. */
  @ApiProperty({ enum: [...UNIT_NAMES], example: 'requests' })
  readonly unit?: UnitName;
  /** How a measure is put together from rows of one scope; a code of `aggregations`. */
  @ApiProperty({ enum: [...AGGREGATIONS], example: 'sum' })
  readonly aggregation?: NonNullable<Meaning['aggregation']>;
  /** Name of the code list of its values. */
  @ApiProperty({ enum: [...CODE_LIST_NAMES], example: 'categories' })
  readonly codes?: CodeListName;
  /**
   * Clause of the law, or publication, that the figure follows.
   * @example 'Regulation (EU) 2021/1173, Art. 12b(16)'
   */
  @ApiProperty(TEXT)
  readonly source?: string;
}

/** A value of a code list. */
export class CodeDto {
  /** @example 'start-up' */
  @ApiProperty({ type: 'string', pattern: '^[A-Za-z0-9-]+$', maxLength: 64 })
  readonly code: string;
  @ApiProperty({ type: () => LabelDto })
  readonly label: LabelDto;
  /**
   * Currencies only: digits of the minor unit. With 2, an amount is in hundredths.
   * @example 2
   */
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 4 })
  readonly minorUnitDigits?: number;
}

/** A code list by its name. */
export class CodeListDto {
  @ApiProperty({ enum: [...CODE_LIST_NAMES], example: 'categories' })
  readonly name: CodeListName;
  @ApiProperty({ type: () => [CodeDto], maxItems: CODES_MAX })
  readonly codes: readonly CodeDto[];
}

/** The fields of one report. */
export class ReportFieldsDto {
  @ApiProperty({ enum: [...REPORT_KINDS], enumName: 'ReportKind' })
  readonly kind: ReportKind;
  /** In the order of the columns; fields of the JSON alone follow. */
  @ApiProperty({ type: () => [FieldDto], maxItems: FIELDS_MAX })
  readonly fields: readonly FieldDto[];
}

/** What every field of the reports means, with labels. */
export class DictionaryDto {
  /**
   * Version of the method that it describes.
   * @example '2.0'
   */
  @ApiProperty({ pattern: '^[0-9]+\\.[0-9]+$', maxLength: 10 })
  readonly methodVersion: string;
  @ApiProperty({ type: () => [ReportFieldsDto], maxItems: REPORT_KINDS.length })
  readonly reports: readonly ReportFieldsDto[];
  @ApiProperty({ type: () => [CodeListDto], maxItems: CODE_LIST_NAMES.length })
  readonly codeLists: readonly CodeListDto[];
  @ApiProperty({ type: () => [CodeDto], maxItems: UNIT_NAMES.length })
  readonly units: readonly CodeDto[];
  @ApiProperty({ type: () => [CodeDto], maxItems: AGGREGATIONS.length })
  readonly aggregations: readonly CodeDto[];
}
