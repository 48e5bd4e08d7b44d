import { REPORT_KINDS, type ReportKind } from '../events/publication.js';
import { accessFields } from './access-fields.js';
import { capacityFields } from './capacity-fields.js';
import { capitalFields } from './capital-fields.js';
import { AGGREGATION_CODES, UNITS, codeLists } from './code-lists.js';
import { CODE_LIST_NAMES, type Field } from './field.js';

/** Every field of every report, in the order of the columns of its table. */
export const FIELDS: Readonly<Record<ReportKind, readonly Field[]>> = {
  'equal-access': accessFields,
  capital: capitalFields,
  capacity: capacityFields,
};

/** The columns of a table, in their order. */
export const columnsOf = (kind: ReportKind): readonly string[] =>
  FIELDS[kind].flatMap(({ column }) => (column === undefined ? [] : [column]));

/** The whole dictionary, as it is served. It describes the fields of a method. */
export function dictionaryOf(methodVersion: string) {
  const lists = codeLists();
  return {
    methodVersion,
    reports: REPORT_KINDS.map((kind) => ({ kind, fields: FIELDS[kind] })),
    codeLists: CODE_LIST_NAMES.map((name) => ({ name, codes: lists[name] })),
    units: UNITS,
    aggregations: AGGREGATION_CODES,
  };
}
