import { JSONParser, TokenType, type ParsedElementInfo, type ParsedTokenInfo } from '@streamparser/json';
import { getMetadataStorage, validateSync } from 'class-validator';
import { Refusal, type FieldError } from '../ledger/refusal.js';
import { FIELD_ERRORS_MAX, VALIDATION, contentRefused, fieldErrors, notAnObject } from './field-errors.js';
import type { ListFingerprint } from './fingerprint.js';
import {
  JSON_DEPTH_MAX,
  MALFORMED_JSON,
  hasPrototype,
  inPointer,
  isPlainObject,
  requirePlainJson,
  tooDeep,
} from './plain-json.js';
import { plainToInstance, type DtoClass } from './plain-to-instance.js';

/** A body that is one long list, `{ "<list>": [...] }`, and is read item by item. */
export interface StreamedList {
  /** Its class, of which the list is the only member. */
  readonly body: DtoClass;
  /** Name of the list in the body. */
  readonly list: string;
  /** Class of an item. */
  readonly item: DtoClass;
  /** The limit that the class of the body sets. Items after this number are not read. */
  readonly itemsMax: number;
}

/** @throws Error for a class with another member: the fingerprint of the body would not cover that member. */
export function requireOnlyList({ body, list }: StreamedList): void {
  const rules = getMetadataStorage().getTargetValidationMetadatas(body, '', false, false);
  if (rules.some(({ propertyName }) => propertyName !== list) || rules.length === 0) {
    throw new Error(`A streamed body holds its list and nothing else: ${body.name} is not "${list}" alone.`);
  }
}

/** A complete item, and the list that holds it: a repeated name in the body begins another list. */
interface Arrived {
  readonly list: readonly unknown[];
  readonly value: unknown;
}

/**
 * A body while it is read, and its items. On its last byte every item becomes an instance of its class and is checked; only the instance is
 * kept. A body that is read as a whole gets the same refusals, in the same words: `write` and `end` refuse JSON that cannot be read,
 * `content` refuses wrong content.
 */
export class StreamedBody {
  // Replaces bytes that are not UTF-8, as for every other body. The tokenizer would refuse them.
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private readonly parser: JSONParser;
  private readonly path = new OpenPath();
  private arrived: Arrived[] = [];
  /** The body itself, with its list emptied. */
  private whole: { readonly value: unknown } | undefined;
  private found: Found;

  constructor(
    private readonly streamed: StreamedList,
    private readonly newFingerprint: () => ListFingerprint,
  ) {
    this.found = new Found(undefined, newFingerprint());
    const { list } = streamed;
    this.parser = new JSONParser({ paths: [`$.${list}.*`, '$'], keepStack: true });
    this.parser.onToken = (token) => this.path.follow(token);
    this.parser.onValue = (element) => this.arrive(element);
  }

  /**
   * Reads the next bytes. They may end anywhere, also inside a character.
   * @throws Refusal `malformed-json` (400), `json-too-deep`, `field-name-refused` (422)
   */
  write(bytes: Uint8Array): void {
    if (this.isFull) return;
    parsed(() => this.parser.write(this.decoder.decode(bytes, { stream: true })));
    this.take();
  }

  /** @throws Refusal as `write` does, and `malformed-json` for an incomplete body */
  end(): void {
    if (this.isFull) return;
    parsed(() => {
      this.parser.write(this.decoder.decode());
      if (!this.parser.isEnded) this.parser.end();
    });
    this.take();
    if (!this.whole) throw MALFORMED_JSON;
    requirePlain(this.whole.value, '');
    const list = isPlainObject(this.whole.value) ? this.whole.value[this.streamed.list] : undefined;
    if (list !== this.found.list) this.found = new Found(list, this.newFingerprint());
    // Content without a canonical form is refused first, also in members beside the list, which are refused later.
    this.found.fingerprint.check(this.whole.value);
  }

  /**
   * The fingerprint that `fingerprintOf` returns for the body. Call it once. It does not cover members beside the list: a body with such
   * members is refused.
   * @throws Refusal `malformed-json` (400) for content that has no canonical form
   */
  fingerprint(): string {
    return this.found.fingerprint.digest();
  }

  /**
   * The body as its class.
   * @throws Refusal as the validation at the edge does: `malformed-json` (400), `invalid-content` (422)
   */
  content(): object {
    const { body, list } = this.streamed;
    const { items, errors } = this.found;
    const all = this.errorsOfBody();
    // A list that is wrong as a whole gets that error alone, and no errors of its items.
    const isOfList = ({ pointer }: FieldError): boolean => pointer === `/${inPointer(list)}`;
    const ofList = errors.filter(isOfList).slice(0, 1);
    if (!all.some(isOfList)) all.push(...(ofList.length > 0 ? ofList : errors));
    if (all.length > 0) throw contentRefused(all);
    return Object.assign(new body(), { [list]: items });
  }

  private get isFull(): boolean {
    return this.found.count > this.streamed.itemsMax;
  }

  private arrive({ value, parent, stack }: ParsedElementInfo): void {
    if (stack.length === 0) {
      this.whole = { value };
    } else if (Array.isArray(parent)) {
      this.arrived.push({ list: parent, value });
      // The parser does not need the item any more.
      parent.length = 0;
    }
  }

  /** Runs after the parser, not in its callbacks: an error in a callback counts as malformed JSON. */
  private take(): void {
    for (const { list, value } of this.arrived) {
      if (this.isFull) break;
      if (list !== this.found.list) this.found = new Found(list, this.newFingerprint());
      this.takeItem(value);
    }
    this.arrived = [];
  }

  private takeItem(value: unknown): void {
    const { found, streamed } = this;
    const pointer = `/${inPointer(streamed.list)}/${found.count}`;
    found.count += 1;
    if (this.isFull) {
      found.items = [];
      return;
    }
    requirePlain(value, pointer);
    found.fingerprint.add(value);
    if (found.errors.length >= FIELD_ERRORS_MAX) return;
    const { item, errors } = isPlainObject(value) ? this.checked(value, pointer) : this.checkedInBody(value, pointer);
    found.errors.push(...errors.slice(0, FIELD_ERRORS_MAX));
    if (found.errors.length > 0) found.items = [];
    else found.items.push(item);
  }

  private checked(value: object, pointer: string): Checked {
    const item = plainToInstance(this.streamed.item, value);
    return { item, errors: fieldErrors(validateSync(item, VALIDATION), pointer) };
  }

  /** Checks an item that is not an object by the rules of the body, as the only item of its list. */
  private checkedInBody(value: unknown, pointer: string): Checked {
    const { body, list } = this.streamed;
    const first = `/${inPointer(list)}/0`;
    const only = plainToInstance(body, { [list]: [value] });
    const errors = fieldErrors(validateSync(only, VALIDATION)).map((error) => ({
      ...error,
      pointer: error.pointer.startsWith(first) ? pointer + error.pointer.slice(first.length) : error.pointer,
    }));
    return { item: (only as Readonly<Record<string, readonly unknown[]>>)[list]?.[0], errors };
  }

  private errorsOfBody(): FieldError[] {
    const { body, list } = this.streamed;
    const whole = this.isFull ? { [list]: [] } : this.whole?.value;
    if (!isPlainObject(whole)) throw notAnObject();
    const checked = Array.isArray(whole[list])
      ? // Of the same length, and empty: the items have been checked, and the rules of the list ask for its length.
        Object.assign(new body(), whole, { [list]: new Array(this.found.count) })
      : plainToInstance(body, whole);
    return fieldErrors(validateSync(checked, VALIDATION));
  }
}

/** An item as its class. */
interface Checked {
  readonly item: unknown;
  readonly errors: readonly FieldError[];
}

/** The items and errors of a list. */
class Found {
  count = 0;
  /** The items so far. Empty as soon as one item is wrong: the body is then refused, so its items are not needed. */
  items: unknown[] = [];
  readonly errors: FieldError[] = [];

  constructor(
    readonly list: unknown,
    readonly fingerprint: ListFingerprint,
  ) {}
}

/** The path of the parser: a name or an index for every open bracket. */
class OpenPath {
  private readonly path: (string | number)[] = [];
  private name = '';

  /** @throws Refusal `json-too-deep` (422): a deeper level is not parsed */
  follow({ token, value }: ParsedTokenInfo): void {
    const last = this.path.length - 1;
    const at = this.path[last];
    switch (token) {
      case TokenType.LEFT_BRACE:
      case TokenType.LEFT_BRACKET:
        if (this.path.length >= JSON_DEPTH_MAX)
          throw tooDeep(this.path.map((one) => `/${inPointer(`${one}`)}`).join(''));
        this.path.push(token === TokenType.LEFT_BRACE ? '' : 0);
        break;
      case TokenType.RIGHT_BRACE:
      case TokenType.RIGHT_BRACKET:
        this.path.pop();
        break;
      case TokenType.STRING:
        this.name = value as string;
        break;
      case TokenType.COLON:
        this.path[last] = this.name;
        break;
      case TokenType.COMMA:
        if (typeof at === 'number') this.path[last] = at + 1;
        break;
      default:
    }
  }
}

/** @throws Refusal `json-too-deep` unchanged, `malformed-json` for every error of the parser */
function parsed(parse: () => void): void {
  try {
    parse();
  } catch (error) {
    throw error instanceof Refusal ? error : MALFORMED_JSON;
  }
}

function requirePlain(value: unknown, pointer: string): void {
  try {
    requirePlainJson(value, pointer);
  } catch (refusal) {
    throw hasPrototype(value) ? MALFORMED_JSON : refusal;
  }
}
