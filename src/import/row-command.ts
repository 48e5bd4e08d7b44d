import { createHash } from 'node:crypto';
import { canonicalize } from '../ledger/canonical.js';
import { spreadsheetFault } from './cell.js';
import { ConversionError, NotationError } from './conversion-error.js';
import { convert, type Notation } from './conversion.js';
import type { Mapping } from './mapping.js';
import type { Row } from './rows.js';
import { faultsOf } from './targets.js';

/** A row as a command of a bulk call. */
export interface RowCommand {
  readonly key: string;
  readonly method: 'POST';
  readonly path: string;
  readonly body: object;
}

/** A fault of a row, with its column. */
export interface RowFault {
  readonly line: number;
  readonly detail: string;
  /** The column, if the cell is written in another notation than the mapping states: its other cells are then in doubt. */
  readonly doubtfulColumn?: string;
}

export interface CheckedRow {
  readonly line: number;
  /** The content of the row's id columns, for messages. */
  readonly rowId: string;
  readonly command?: RowCommand;
  readonly faults: readonly RowFault[];
}

/** Converts a row to a command, and checks as much as is possible without the ledger. */
export async function commandOf(mapping: Mapping, row: Row): Promise<CheckedRow> {
  const { line } = row;
  const ids = mapping.rowId.map((column) => row.cells.get(column) ?? '');
  const rowId = ids.join(' / ');
  if (row.fault !== undefined) return { line, rowId, faults: [{ line, detail: row.fault }] };
  const faults = idFaults(mapping, row);
  const { fields, broken } = fieldsOf(mapping, row);
  faults.push(...broken.values());
  for (const { pointer, detail } of await faultsOf(mapping.target, fields)) {
    const field = pointer.slice(1);
    if (!broken.has(field)) faults.push({ line, detail: `${columnOf(mapping, field)}: ${detail}` });
  }
  if (faults.length > 0) return { line, rowId, faults };
  return { line, rowId, faults, command: requestOf(mapping, ids, fields) };
}

function idFaults({ rowId }: Mapping, { line, cells }: Row): RowFault[] {
  if (rowId.some((column) => (cells.get(column) ?? '') === '')) {
    return [{ line, detail: `The row has no id: fill in ${rowId.map((column) => `"${column}"`).join(' and ')}.` }];
  }
  return rowId.flatMap((column) => {
    const fault = spreadsheetFault(cells.get(column) ?? '');
    return fault === undefined ? [] : [{ line, detail: `column "${column}": ${fault}` }];
  });
}

function fieldsOf(mapping: Mapping, row: Row): { fields: Record<string, unknown>; broken: Map<string, RowFault> } {
  const fields: Record<string, unknown> = {};
  const broken = new Map<string, RowFault>();
  for (const [field, source] of mapping.fields) {
    if ('constant' in source) {
      fields[field] = source.constant;
      continue;
    }
    const { column } = source;
    const text = row.cells.get(column) ?? '';
    // An empty cell leaves its field out. The API decides whether the field is required.
    if (text === '') continue;
    try {
      const fault = spreadsheetFault(text);
      if (fault !== undefined) throw new ConversionError(fault);
      fields[field] = convert(text, mapping.target.kinds[field] ?? 'text', notationOf(source, row), fields['currency']);
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error;
      const fault = { line: row.line, detail: `column "${column}": ${error.message}` };
      broken.set(field, error instanceof NotationError ? { ...fault, doubtfulColumn: column } : fault);
    }
  }
  return { fields, broken };
}

/** JSON has its own notation of numbers; that of the mapping is for texts. */
function notationOf(source: { readonly column: string } & Notation, { numbers }: Row): Notation {
  if (numbers?.has(source.column) !== true) return source;
  const { thousandsSeparator: _, ...others } = source;
  return { ...others, decimalMark: '.' };
}

function columnOf({ fields }: Mapping, field: string): string {
  const source = fields.get(field);
  if (source === undefined) return field;
  return 'column' in source ? `column "${source.column}"` : `constant ${field}`;
}

function requestOf(
  { name, targetName, target }: Mapping,
  ids: readonly string[],
  fields: Record<string, unknown>,
): RowCommand {
  const { pathField } = target;
  const { [pathField ?? '']: id, ...rest } = fields;
  const row = pathField === undefined ? fields : rest;
  const path = pathField === undefined ? target.path : target.path.replace('{id}', encodeURIComponent(String(id)));
  return { key: keyOf(name, targetName, ids), method: 'POST', path, body: target.bodyOf(row) };
}

/**
 * The key depends on the id of the row, not on its content: otherwise a row that was changed after its recording would
 * be recorded a second time. The ledger refuses the changed row, and the sender decides how to correct it.
 */
const keyOf = (name: string, target: string, ids: readonly string[]): string =>
  `import-${target}-${sha256(canonicalize([name, target, ids]))}`;

/** The key of a call with these commands. A call with other commands has another key. */
export const callKeyOf = (commands: readonly RowCommand[]): string => `import-call-${sha256(canonicalize(commands))}`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
