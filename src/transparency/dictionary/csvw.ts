import type { ReportKind } from '../events/publication.js';
import { FIELDS } from './dictionary.js';
import type { FieldType, Meaning } from './field.js';

const DATATYPES: Readonly<Record<FieldType, string>> = {
  string: 'string',
  integer: 'integer',
  number: 'decimal',
  boolean: 'boolean',
  'date-time': 'dateTime',
  date: 'string',
  month: 'gYearMonth',
  list: 'string',
  object: 'string',
  any: 'string',
};

/** The columns of a table as W3C "Metadata Vocabulary for Tabular Data" (CSVW): names, labels, types and meanings. */
export const tableMetadata = (kind: ReportKind) => ({
  '@context': ['http://www.w3.org/ns/csvw', { '@language': 'en' }],
  url: `${kind}.csv`,
  dialect: { encoding: 'utf-8', delimiter: ',', header: true },
  tableSchema: {
    columns: FIELDS[kind].flatMap(({ column, ...meaning }) =>
      column === undefined ? [] : [{ name: column, titles: titlesOf(column, meaning), ...described(meaning) }],
    ),
  },
});

/** The first title is the one in the header of the file. */
const titlesOf = (column: string, { label }: Meaning) => ({ en: [column, label.en], fr: label.fr, de: label.de });

const described = ({ type, unit, description, source }: Meaning) => ({
  // An amount is a text in the JSON, because it may be larger than a number there; in the file it is digits.
  datatype: unit === 'minor-units' ? 'integer' : DATATYPES[type],
  'dc:description': description,
  ...(source !== undefined && { 'dc:source': source }),
});
