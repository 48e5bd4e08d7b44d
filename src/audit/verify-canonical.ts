import { canonicalize } from '../ledger/canonical.js';

const QUOTE = 0x22;
const MINUS = 0x2d;
const COMMA = 0x2c;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const SMALL_E = 0x65;
const CAPITAL_E = 0x45;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const ASCII_MAX = 0x7f;

/**
 * Levels of nesting of an entry. The ledger accepts 16 in the body of a request (`JSON_DEPTH_MAX`), and the envelope adds two:
 * the rest is room for a later version. A few thousand levels would overflow the stack of a recursive function.
 */
export const ENTRY_DEPTH_MAX = 64;

/** A double holds whole numbers of this many digits exactly and prints them unchanged. */
const DIGITS_MAX = 15;
/** Deeper than any event. Deeper values take the slow path. */
const DEPTH_MAX = 16;
/** For each open list or object: the offset of its last name after the quote, or one of the two constants. */
const names = new Int32Array(DEPTH_MAX);
const IN_LIST = -1;
const NO_NAME_YET = -2;

/**
 * True if the bytes of a JSON text are canonical (RFC 8785).
 * @param value the value parsed from the bytes.
 */
export const isCanonical = (bytes: Uint8Array, text: string, value: unknown): boolean =>
  isPlainlyCanonical(bytes) || canonicalText(value) === text;

/** True for JSON with more levels of nesting than an entry may have. The recursion ends there, however deep the value is. */
export const isTooDeep = (value: unknown, levels = ENTRY_DEPTH_MAX): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((member) => isTooDeep(member, levels - 1)));

/** Undefined for a value without a canonical form, and for one with more levels than an entry may have. */
export function canonicalText(value: unknown): string | undefined {
  if (isTooDeep(value)) return undefined;
  try {
    return canonicalize(value);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * Bytes of a JSON text are canonical if they have no white space, if numbers and strings are in their one form, and if
 * members are sorted without repetition. This check knows whole numbers without a sign and strings without a backslash:
 * nearly all values, in a third of the time that printing the value again takes. False is no verdict: the slow path then
 * decides.
 */
function isPlainlyCanonical(bytes: Uint8Array): boolean {
  let depth = -1;
  let isName = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      const begin = at + 1;
      at = endOfString(bytes, begin);
      if (at < 0) return false;
      if (!isName) continue;
      const before = names[depth] ?? IN_LIST;
      if (before !== NO_NAME_YET && !isAscending(bytes, before, begin)) return false;
      names[depth] = begin;
      isName = false;
    } else if (byte === COMMA) isName = names[depth] !== IN_LIST;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      depth += 1;
      if (depth === DEPTH_MAX) return false;
      isName = byte === OPEN_OBJECT;
      names[depth] = isName ? NO_NAME_YET : IN_LIST;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      depth -= 1;
      isName = false;
    } else if (byte >= DIGIT_0 && byte <= DIGIT_9) {
      at = endOfDigits(bytes, at) - 1;
      if (at < 0) return false;
    } else if (byte === MINUS || byte <= SPACE) return false;
  }
  return true;
}

/** Offset of the closing quote; -1 if there is a backslash before it. */
function endOfString(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH || byte === undefined) return -1;
  }
}

/** Offset after the last digit of a whole number; 0 if the number is not whole or too long. */
function endOfDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  let byte = bytes[at] ?? 0;
  while (byte >= DIGIT_0 && byte <= DIGIT_9) byte = bytes[(at += 1)] ?? 0;
  const isWhole = byte !== DOT && byte !== SMALL_E && byte !== CAPITAL_E && at - from <= DIGITS_MAX;
  return isWhole ? at : 0;
}

/**
 * Whether a name sorts before another one in UTF-16 units. Outside ASCII the order of the bytes differs, so that the answer
 * is false there.
 */
function isAscending(bytes: Uint8Array, before: number, name: number): boolean {
  for (let at = 0; ; at += 1) {
    const [left, right] = [bytes[before + at] ?? QUOTE, bytes[name + at] ?? QUOTE];
    if (left === right && left !== QUOTE) continue;
    if (left === QUOTE || right === QUOTE) return left !== right && left === QUOTE;
    return left < right && right <= ASCII_MAX;
  }
}
