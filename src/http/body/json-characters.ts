// The characters of JSON (RFC 8259), by their codes in UTF-16.

/** Characters after a backslash, apart from `u`. */
export const ESCAPED = '"\\/bfnrt';

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const LEFT_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const RIGHT_BRACKET = 0x5d;
export const LOWER_U = 0x75;
export const LEFT_BRACE = 0x7b;
export const RIGHT_BRACE = 0x7d;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
/** The letter of a code as lower case; another character becomes no letter. */
const lower = (code: number): number => code | 0x20;
export const isHexadecimal = (code: number): boolean => isDigit(code) || (lower(code) >= 0x61 && lower(code) <= 0x66);
/** Characters of numbers, `true`, `false` and `null`: digits, letters, `+`, `-` and `.`. */
export const isOfWord = (code: number): boolean =>
  isDigit(code) || (lower(code) >= 0x61 && lower(code) <= 0x7a) || code === 0x2b || code === 0x2d || code === 0x2e;
