import { nfc } from '../domain/text.js';

/** The members of a JSON object whose values are texts, numbers, true, false or null. */
export interface JsonCells {
  /** Numbers as they are written: a double would change those with more than 15 digits. */
  readonly cells: ReadonlyMap<string, string>;
  /** Names of the members that are numbers. */
  readonly numbers: ReadonlySet<string>;
}

/** A line that cannot be read. The message states the correct form. */
export class JsonLineError extends Error {}

/**
 * Reads one line of NDJSON. Members that are null are left out.
 * @throws JsonLineError
 */
export function readJsonLine(text: string): JsonCells {
  if (!isJson(text))
    throw new JsonLineError('The line is not JSON. A line holds one whole object: {"column": "text", "other": 1}.');
  const tokens = tokensOf(text);
  if (tokens[0] !== '{') throw new JsonLineError('The line is not a JSON object.');
  const repeated = repeatedName(tokens);
  if (repeated !== undefined) throw new JsonLineError(`The line has "${repeated}" twice. Keep one of them.`);
  const cells = new Map<string, string>();
  const numbers = new Set<string>();
  // Four tokens for each member: name, colon, value, and a comma or the closing brace.
  for (let at = 1; at + 2 < tokens.length; at += 4) {
    const column = textOf(tokens[at]);
    const value = tokens[at + 2] ?? '';
    if (value === '{' || value === '[') {
      throw new JsonLineError(`"${column}" holds an object or a list; a cell is a text, a number, true or false.`);
    }
    if (value === 'null') continue;
    cells.set(column, value.startsWith('"') ? textOf(value).trim() : value);
    if (/^[-\d]/.test(value)) numbers.add(column);
  }
  return { cells, numbers };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The texts, numbers, words and marks of valid JSON. */
export const tokensOf = (json: string): readonly string[] =>
  json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];

const textOf = (token: string | undefined): string => nfc(JSON.parse(token ?? '""') as string);

/** A name that an object has twice: `JSON.parse` would drop the first member in silence. */
export function repeatedName(tokens: readonly string[]): string | undefined {
  const open: Set<string>[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (tokens[at + 1] === ':') {
      const name = textOf(token);
      if (open.at(-1)?.has(name) === true) return name;
      open.at(-1)?.add(name);
    }
  }
  return undefined;
}
