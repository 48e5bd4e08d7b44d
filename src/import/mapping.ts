import { isPlainObject } from '../http/body/plain-json.js';
import { nfc } from '../domain/text.js';
import { NOTATION_OF, decimalsFault, type Kind, type Notation } from './conversion.js';
import { DATE_PATTERNS } from './dates.js';
import { repeatedName, tokensOf } from './json-line.js';
import { TARGETS, TARGET_NAMES, requiredFields, type Target, type TargetName } from './targets.js';

/** The source of a field's value: a column, or a constant. */
export type FieldSource = ({ readonly column: string } & Notation) | { readonly constant: string | number | boolean };

/** How the columns of a file become fields of the API: one JSON document, beside the file. */
export interface Mapping {
  /** Name of the series of files. Rows of two series with the same id are two rows. */
  readonly name: string;
  readonly targetName: TargetName;
  readonly target: Target;
  /** Columns that identify a row, also after the row was corrected. */
  readonly rowId: readonly string[];
  /** Of a CSV file; when left out, a comma, or what the file says in a first line such as `sep=;`. */
  readonly delimiter?: string;
  /** The currency comes first: the digits of an amount are those of the currency. */
  readonly fields: ReadonlyMap<string, FieldSource>;
  /** All columns that the import reads. */
  readonly columns: readonly string[];
}

/** A mapping that cannot be used. The message lists every fault with its correction. */
export class MappingError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

const MEMBERS = ['name', 'target', 'rowId', 'delimiter', 'fields'];
const DELIMITERS = [',', ';', '\t', '|'];
const SEPARATORS = ['.', ',', ' ', "'", '\u00a0', '\u2009', '\u2019', '\u202f'];
const SCALES = [1, 1_000, 1_000_000];
const NAME = /^[a-z0-9][a-z0-9._-]{0,79}$/;
/** No currency of ISO 4217 has more digits after the decimal mark. */
const DECIMALS_MAX = 4;

/** @throws MappingError */
export async function readMapping(text: string): Promise<Mapping> {
  const given = parse(text);
  const faults = new Faults();
  faults.unknownMembers('The mapping', given, MEMBERS);
  const { name, target: targetName, rowId, delimiter, fields } = given;
  faults.unless(
    typeof name === 'string' && NAME.test(name),
    '"name" must name the series of files in small letters, such as "nordlys-commitments": row ids are counted under it.',
  );
  faults.unless(isTarget(targetName), `"target" must be one of ${TARGET_NAMES.join(', ')}.`);
  const ids: readonly unknown[] = Array.isArray(rowId) ? rowId : [];
  faults.unless(
    ids.length > 0 && ids.every((id) => typeof id === 'string' && id !== ''),
    '"rowId" must list the columns that tell a row from all others, such as ["Reference"]: a second run knows it by them.',
  );
  faults.unless(
    delimiter === undefined || DELIMITERS.includes(delimiter as string),
    '"delimiter" must be a comma, a semicolon, a tab or "|".',
  );
  faults.unless(isPlainObject(fields), '"fields" must be an object from fields of the API to columns.');
  const sources = new Map(
    Object.entries(isPlainObject(fields) ? fields : {}).map(([field, source]) => [
      field,
      sourceOf(field, source, isTarget(targetName) ? kindOf(targetName, field) : undefined, faults),
    ]),
  );
  if (isTarget(targetName)) await checkFields(targetName, sources, faults);
  checkDecimals(sources, faults);
  faults.throwIfAny();
  const usable = new Map(
    [...sources]
      .flatMap(([field, source]) => (source ? [[field, source] as const] : []))
      .sort(([one], [other]) => Number(other === 'currency') - Number(one === 'currency')),
  );
  const rowIds = ids as readonly string[];
  const read = [...usable.values()].flatMap((source) => ('column' in source ? source.column : []));
  return {
    name: name as string,
    targetName: targetName as TargetName,
    target: TARGETS[targetName as TargetName],
    rowId: rowIds,
    ...(delimiter === undefined ? {} : { delimiter: delimiter as string }),
    fields: usable,
    columns: [...new Set([...rowIds, ...read])],
  };
}

function parse(given: string): Record<string, unknown> {
  const text = given.replace(/^\ufeff/, '');
  let value: unknown;
  try {
    value = composed(JSON.parse(text));
  } catch (error) {
    throw new MappingError([`It is not JSON: ${error instanceof Error ? error.message : String(error)}.`]);
  }
  if (!isPlainObject(value)) throw new MappingError(['It must be a JSON object.']);
  const repeated = repeatedName(tokensOf(text));
  if (repeated !== undefined) throw new MappingError([`An object of it has "${repeated}" twice. Keep one of them.`]);
  return value;
}

/** All texts in NFC, as those of the file are: "é" has two forms that look the same. */
function composed(value: unknown): unknown {
  if (typeof value === 'string') return nfc(value);
  if (Array.isArray(value)) return value.map(composed);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [nfc(name), composed(member)]));
}

const kindOf = (name: TargetName, field: string): Kind => (TARGETS[name] as Target).kinds[field] ?? 'text';

const isTarget = (name: unknown): name is TargetName => TARGET_NAMES.some((known) => known === name);

/** Checks that the target has every field, and that no required field is missing. */
async function checkFields(name: TargetName, sources: ReadonlyMap<string, unknown>, faults: Faults): Promise<void> {
  const target: Target = TARGETS[name];
  for (const field of await requiredFields(target)) {
    faults.unless(sources.has(field), `"fields" lacks "${field}", which every row of ${name} needs.`);
  }
  const known = new Set([...fieldsOf(target), ...(target.pathField === undefined ? [] : [target.pathField])]);
  for (const field of sources.keys()) {
    faults.unless(known.has(field), `"fields" has "${field}", which is no field of ${name}: ${[...known].join(', ')}.`);
  }
}

/** The fields as in the OpenAPI document, from the decorators of the class. */
function fieldsOf({ row }: Target): readonly string[] {
  const named = Reflect.getMetadata('swagger/apiModelPropertiesArray', row.prototype as object) as string[] | undefined;
  return (named ?? []).map((name) => name.replace(/^:/, ''));
}

/** The digits of a currency that is a column are checked in each row. */
function checkDecimals(sources: ReadonlyMap<string, FieldSource | undefined>, faults: Faults): void {
  const currency = sources.get('currency');
  if (currency === undefined || !('constant' in currency)) return;
  for (const [field, source] of sources) {
    const fault = source && 'column' in source && decimalsFault(String(currency.constant), source.decimals);
    if (fault) faults.add(`"fields.${field}": ${fault}`);
  }
}

function sourceOf(field: string, given: unknown, kind: Kind | undefined, faults: Faults): FieldSource | undefined {
  if (typeof given === 'string' && given !== '') return { column: given };
  const where = `"fields.${field}"`;
  if (!isPlainObject(given)) {
    faults.add(`${where} must be the name of a column, or an object with "column" or "constant".`);
    return undefined;
  }
  if ('constant' in given) {
    faults.unknownMembers(where, given, ['constant']);
    faults.unless(
      ['string', 'number', 'boolean'].includes(typeof given['constant']),
      `${where}: "constant" must be a text, a number, true or false.`,
    );
    return { constant: given['constant'] as string };
  }
  const meant = kind === undefined ? Object.values(NOTATION_OF).flat() : NOTATION_OF[kind];
  faults.unknownMembers(where, given, ['column', ...new Set(meant)]);
  checkNotation(where, given, kind, faults);
  return given as { column: string };
}

function checkNotation(where: string, given: Record<string, unknown>, kind: Kind | undefined, faults: Faults): void {
  const { column, values, decimalMark, thousandsSeparator, decimals, scale, pattern } = given;
  faults.unless(typeof column === 'string' && column !== '', `${where}: "column" must be the name of a column.`);
  faults.unless(
    values === undefined ||
      (isPlainObject(values) && Object.values(values).every((value) => typeof value === 'string')),
    `${where}: "values" must be an object from texts of the column to texts of the API.`,
  );
  faults.oneOf(`${where}: "decimalMark"`, decimalMark, ['.', ',']);
  faults.oneOf(`${where}: "thousandsSeparator"`, thousandsSeparator, SEPARATORS);
  faults.unless(
    thousandsSeparator === undefined || thousandsSeparator !== (decimalMark ?? (kind === 'whole' ? undefined : '.')),
    `${where}: "decimalMark" (a point when left out) and "thousandsSeparator" must differ.`,
  );
  faults.unless(
    decimals === undefined || (Number.isInteger(decimals) && Number(decimals) >= 0 && Number(decimals) <= DECIMALS_MAX),
    `${where}: "decimals" must be a whole number from 0 to ${DECIMALS_MAX}: the digits of the minor unit.`,
  );
  faults.oneOf(`${where}: "scale"`, scale, SCALES);
  faults.oneOf(`${where}: "pattern"`, pattern, DATE_PATTERNS);
}

/** Collects all faults, so that one correction of the mapping is enough. */
class Faults {
  private readonly all: string[] = [];

  add(fault: string): void {
    this.all.push(fault);
  }

  unless(holds: boolean, fault: string): void {
    if (!holds) this.add(fault);
  }

  oneOf(what: string, value: unknown, allowed: readonly unknown[]): void {
    this.unless(
      value === undefined || allowed.includes(value),
      `${what} must be one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}.`,
    );
  }

  unknownMembers(what: string, given: Record<string, unknown>, known: readonly string[]): void {
    for (const member of Object.keys(given)) {
      this.unless(
        known.includes(member),
        `${what} has "${member}", which means nothing here. It may have ${known.join(', ')}.`,
      );
    }
  }

  throwIfAny(): void {
    if (this.all.length > 0) throw new MappingError(this.all);
  }
}
