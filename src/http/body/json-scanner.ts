import { invalid, type Refusal } from '../../ledger/refusal.js';
import { isExactNumber } from './exact-number.js';
import {
  ESCAPED,
  TAB,
  LF,
  CR,
  SPACE,
  QUOTE,
  COMMA,
  COLON,
  LEFT_BRACKET,
  BACKSLASH,
  RIGHT_BRACKET,
  LOWER_U,
  LEFT_BRACE,
  RIGHT_BRACE,
  isHexadecimal,
  isOfWord,
} from './json-characters.js';
import {
  JSON_DEPTH_MAX,
  JSON_MEMBERS_MAX,
  NAME_LENGTH_MAX,
  NUMBER_LENGTH_MAX,
  TEXT_LENGTH_MAX,
  inPointer,
  inexact,
  malformedJson,
  repeated,
  tooDeep,
  tooManyValues,
} from './json-limits.js';
import { NOT_UTF8 } from './utf8.js';

/**
 * Names that every object inherits. `plainToInstance` leaves them out, so an unknown field with such a name would pass without a
 * refusal, and `__proto__` could change what an object inherits. No body has a field with such a name.
 */
const NAMES_REFUSED: ReadonlySet<string> = new Set(['prototype', ...Object.getOwnPropertyNames(Object.prototype)]);

/** A list at the first level of the body, whose items are read one by one. */
export interface ScannedList {
  readonly name: string;
  /** The scanner stops where the item after this number begins. */
  readonly itemsMax: number;
}

/** What the scanner expects next, outside of texts, numbers and words. */
type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end';

/** An open bracket. */
class Open {
  /** The name or the index of the value that is read. */
  name = '';
  index = 0;

  /** @param names the names so far; undefined for a list */
  constructor(readonly names: Set<string> | undefined) {}
}

/**
 * Checks the text of a JSON body while it arrives, before anything is made of it: the grammar of RFC 8259, and that the value which
 * `JSON.parse` makes is the one that was written. A name stands once in its object (RFC 8259 leaves open which one counts), and every
 * number is one that a double holds exactly. Its work is linear in the text, and its memory bounded by the depth of the brackets.
 *
 * A text that passes is a text that `JSON.parse` accepts.
 */
export class JsonScanner {
  private readonly open: Open[] = [];
  private expected: Expected = 'value';
  private token: 'none' | 'text' | 'name' | 'word' = 'none';
  /** The characters so far of a name or of a word (a number, `true`, `false`, `null`). */
  private kept = '';
  /** Inside an escape of a text: -1 after the backslash, else the number of hexadecimal digits to come; 0 outside. */
  private escape = 0;
  private isEscaped = false;
  /** Characters of the text so far, as they are written. */
  private length = 0;
  /** The column where the word begins. */
  private begunAt = 0;
  private values = 0;
  private items = 0;
  private full = false;
  private line = 1;
  /** Characters of the line before the text that is scanned. Negative where the line begins in this text. */
  private column = 0;

  /** @param valuesMax values of the body, at all levels */
  constructor(
    private readonly valuesMax: number,
    private readonly list?: ScannedList,
  ) {}

  /** More items have begun than the list may have. The rest of the body is not scanned. */
  get isFull(): boolean {
    return this.full;
  }

  /**
   * Scans the next part of the text. It may end anywhere.
   * @returns the places in this part where an item of the list begins or ends, by turns
   * @throws Refusal `malformed-json`, `malformed-utf8`, `name-repeated`, `number-not-exact` (400), `json-too-deep`,
   *   `json-too-many-values`, `field-name-refused` (422)
   */
  write(text: string): readonly number[] {
    const cuts: number[] = [];
    for (let at = 0; at < text.length && !this.full;) {
      if (this.token === 'none') at = this.between(text, at, cuts);
      else if (this.token === 'word') at = this.inWord(text, at, cuts);
      else at = this.inText(text, at, cuts);
    }
    this.column += text.length;
    return cuts;
  }

  /** @throws Refusal as `write` does, and `malformed-json` for an incomplete body */
  end(): void {
    if (this.full) return;
    if (this.token === 'word') this.endWord(0, []);
    if (this.token !== 'none' || this.open.length > 0 || this.expected !== ', or end') throw this.malformed(0);
  }

  private between(text: string, at: number, cuts: number[]): number {
    const code = text.charCodeAt(at);
    switch (code) {
      case LF:
        this.line += 1;
        this.column = -at - 1;
        break;
      case SPACE:
      case TAB:
      case CR:
        break;
      case QUOTE:
        if (this.expected === 'name' || this.expected === 'name or }') this.begin('name');
        else {
          this.beginValue(at, cuts);
          this.begin('text');
        }
        break;
      case LEFT_BRACE:
        this.beginBracket(at, cuts, new Set());
        this.expected = 'name or }';
        break;
      case LEFT_BRACKET:
        this.beginBracket(at, cuts, undefined);
        this.expected = 'value or ]';
        break;
      case RIGHT_BRACE:
        this.endBracket(at, cuts, this.open.at(-1)?.names !== undefined, 'name or }');
        break;
      case RIGHT_BRACKET:
        this.endBracket(at, cuts, this.open.at(-1)?.names === undefined, 'value or ]');
        break;
      case COLON:
        if (this.expected !== ':') throw this.malformed(at);
        this.expected = 'value';
        break;
      case COMMA:
        this.next(at);
        break;
      default:
        // UTF-16 and UTF-32 write a zero beside every character of ASCII.
        if (code === 0) throw NOT_UTF8;
        if (!isOfWord(code)) throw this.malformed(at);
        this.beginValue(at, cuts);
        this.begin('word');
        this.begunAt = this.column + at + 1;
        return at;
    }
    return at + 1;
  }

  private begin(token: 'text' | 'name' | 'word'): void {
    this.token = token;
    this.kept = '';
    this.length = 0;
    this.isEscaped = false;
  }

  private beginValue(at: number, cuts: number[]): void {
    if (this.expected !== 'value' && this.expected !== 'value or ]') throw this.malformed(at);
    this.values += 1;
    if (this.values > this.valuesMax) throw tooManyValues(this.pointer(), 'The body', this.valuesMax, 'values');
    if (!this.isOfList()) return;
    this.items += 1;
    this.full = this.items > (this.list?.itemsMax ?? 0);
    if (!this.full) cuts.push(at);
  }

  private endValue(at: number, cuts: number[]): void {
    this.expected = ', or end';
    if (this.isOfList()) cuts.push(at);
  }

  /** True where the innermost open bracket is that of the list. */
  private isOfList(): boolean {
    return (
      this.list !== undefined && this.open.length === 2 && this.open[0]?.name === this.list.name && !this.isObject()
    );
  }

  private isObject(): boolean {
    return this.open.at(-1)?.names !== undefined;
  }

  private beginBracket(at: number, cuts: number[], names: Set<string> | undefined): void {
    this.beginValue(at, cuts);
    if (this.open.length >= JSON_DEPTH_MAX) throw tooDeep(this.pointer());
    this.open.push(new Open(names));
  }

  private endBracket(at: number, cuts: number[], isItsKind: boolean, whenEmpty: Expected): void {
    const isComplete = this.expected === ', or end' || this.expected === whenEmpty;
    if (!isItsKind || !isComplete || this.open.pop() === undefined) throw this.malformed(at);
    this.endValue(at + 1, cuts);
  }

  private next(at: number): void {
    const open = this.open.at(-1);
    if (this.expected !== ', or end' || open === undefined) throw this.malformed(at);
    open.index += 1;
    this.expected = open.names === undefined ? 'value' : 'name';
  }

  private inText(text: string, from: number, cuts: number[]): number {
    let at = from;
    while (at < text.length) {
      if (this.escape !== 0) {
        this.inEscape(text.charCodeAt(at), at);
        at += 1;
        continue;
      }
      let code = text.charCodeAt(at);
      while (code !== QUOTE && code !== BACKSLASH && code >= SPACE) {
        at += 1;
        // Not a number at the end of the text, which ends the loop.
        code = text.charCodeAt(at);
      }
      if (this.token === 'text' && this.length + at - from > TEXT_LENGTH_MAX) throw this.longText();
      if (at >= text.length) break;
      if (code < SPACE) throw this.malformed(at);
      if (code === QUOTE) {
        if (this.token === 'name') {
          this.keep(text, from, at);
          this.endName(at);
        } else this.endValue(at + 1, cuts);
        this.token = 'none';
        return at + 1;
      }
      this.escape = -1;
      this.isEscaped = true;
      at += 1;
    }
    this.length += at - from;
    if (this.token === 'name') this.keep(text, from, at);
    return at;
  }

  private inEscape(code: number, at: number): void {
    if (this.escape > 0) {
      if (!isHexadecimal(code)) throw this.malformed(at);
      this.escape -= 1;
    } else if (code === LOWER_U) this.escape = 4;
    else if (ESCAPED.includes(String.fromCharCode(code))) this.escape = 0;
    else throw this.malformed(at);
  }

  private keep(text: string, from: number, to: number): void {
    // An escaped character has up to six.
    if (this.kept.length + to - from > 6 * NAME_LENGTH_MAX) throw this.longName();
    this.kept += text.slice(from, to);
  }

  private endName(at: number): void {
    const open = this.open.at(-1);
    if (open?.names === undefined) throw this.malformed(at);
    const name = this.isEscaped ? (JSON.parse(`"${this.kept}"`) as string) : this.kept;
    if (name.length > NAME_LENGTH_MAX) throw this.longName();
    open.name = name;
    if (NAMES_REFUSED.has(name)) {
      throw invalid('field-name-refused', this.pointer(), `No field may be named "${name}". Remove it.`);
    }
    if (open.names.has(name)) throw repeated(name, this.pointer());
    open.names.add(name);
    if (open.names.size > JSON_MEMBERS_MAX) {
      throw tooManyValues(this.pointer(), 'An object', JSON_MEMBERS_MAX, 'members');
    }
    this.expected = ':';
  }

  private longText(): Refusal {
    return tooManyValues(this.pointer(), 'A text', TEXT_LENGTH_MAX, 'characters');
  }

  private longName(): Refusal {
    const detail = `A name has more than ${NAME_LENGTH_MAX} characters. No field has such a name.`;
    return invalid('field-name-refused', this.pointer(-1), detail, { limit: NAME_LENGTH_MAX });
  }

  private inWord(text: string, from: number, cuts: number[]): number {
    let at = from;
    while (at < text.length && isOfWord(text.charCodeAt(at))) at += 1;
    // A longer word is refused, whatever it goes on with.
    this.kept += text.slice(from, Math.min(at, from + NUMBER_LENGTH_MAX + 1));
    if (at < text.length) this.endWord(at, cuts);
    else if (this.kept.length > NUMBER_LENGTH_MAX) this.kept = this.kept.slice(0, NUMBER_LENGTH_MAX + 1);
    return at;
  }

  private endWord(at: number, cuts: number[]): void {
    this.token = 'none';
    const word = this.kept;
    if (word !== 'true' && word !== 'false' && word !== 'null') this.requireNumber(word);
    this.endValue(at, cuts);
  }

  private requireNumber(word: string): void {
    const isLong = word.length > NUMBER_LENGTH_MAX;
    if (!(isLong ? BEGINNING_OF_NUMBER : NUMBER).test(word)) throw malformedJson(this.line, this.begunAt);
    if (isLong || !isExactNumber(word)) throw inexact(word, this.pointer());
  }

  /** The JSON pointer (RFC 6901) of the value that is read. `to`: leaves the last levels out. */
  private pointer(to?: number): string {
    return this.open
      .slice(0, to)
      .map(({ names, name, index }) => `/${names === undefined ? index : inPointer(name)}`)
      .join('');
  }

  private malformed(at: number): Refusal {
    return malformedJson(this.line, this.column + at + 1);
  }
}

const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const BEGINNING_OF_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]*)?$/;
