import { createHash } from 'node:crypto';
import { canonicalize } from '../ledger/canonical.js';
import { ConversionError, convert } from './conversion.js';
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
  const ids = mapping.rowId.map((column) => row.cells[column] ?? '');
  const rowId = ids.join(' / ');
  const fault = (detail: string): RowFault => ({ line, detail });
  if (row.fault !== undefined) return { line, rowId, faults: [fault(row.fault)] };
  const faults = ids.some((id) => id === '')
    ? [fault(`The row has no id: fill in ${mapping.rowId.map((column) => `"${column}"`).join(' and ')}.`)]
    : [];
  const { fields, broken } = fieldsOf(mapping, row);
  faults.push(...[...broken].map(([field, detail]) => fault(`${columnOf(mapping, field)}: ${detail}`)));
  for (const { pointer, detail } of await faultsOf(mapping.target, fields)) {
    const field = pointer.slice(1);
    if (!broken.has(field)) faults.push(fault(`${columnOf(mapping, field)}: ${detail}`));
  }
  if (faults.length > 0) return { line, rowId, faults };
  return { line, rowId, faults, command: requestOf(mapping, ids, fields) };
}

function fieldsOf(mapping: Mapping, { cells }: Row): { fields: Record<string, unknown>; broken: Map<string, string> } {
  const fields: Record<string, unknown> = {};
  const broken = new Map<string, string>();
  for (const [field, source] of mapping.fields) {
    if ('constant' in source) {
      fields[field] = source.constant;
      continue;
    }
    const text = cells[source.column] ?? '';
    // An empty cell leaves its field out. The API decides whether the field is required.
    if (text === '') continue;
    try {
      fields[field] = convert(text, mapping.target.kinds[field] ?? 'text', source);
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error;
      broken.set(field, error.message);
    }
  }
  return { fields, broken };
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
