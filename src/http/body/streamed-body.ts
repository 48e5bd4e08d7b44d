import { getMetadataStorage, validateSync } from 'class-validator';
import type { FieldError } from '../../ledger/refusal.js';
import { FIELD_ERRORS_MAX, VALIDATION, contentRefused, fieldErrors, notAnObject } from '../field-errors.js';
import type { ListFingerprint } from './fingerprint.js';
import { inPointer } from './json-limits.js';
import { JsonScanner } from './json-scanner.js';
import { LARGE_JSON_VALUES_MAX, isPlainObject } from './plain-json.js';
import { plainToInstance, type DtoClass } from '../plain-to-instance.js';
import { Utf8Decoder } from './utf8.js';

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

/**
 * A body while it is read, and its items. On its last byte every item becomes an instance of its class and is checked; only the instance is
 * kept. A body that is read as a whole gets the same refusals, in the same words: `write` and `end` refuse JSON that cannot be read,
 * `content` refuses wrong content. Of a body with several faults the first one is named, as far as it has arrived.
 */
export class StreamedBody {
  private readonly decoder = new Utf8Decoder();
  private readonly scanner: JsonScanner;
  /** The text of the body around the items. Each item stands in it as 0. */
  private around = '';
  /** The text so far of the item that is read; undefined between items. */
  private item: string | undefined;
  /** The value of the text around the items. */
  private whole: unknown;
  private count = 0;
  /** The items so far. Empty as soon as one item is wrong: the body is then refused, so its items are not needed. */
  private items: unknown[] = [];
  private readonly errors: FieldError[] = [];

  constructor(
    private readonly streamed: StreamedList,
    private readonly listFingerprint: ListFingerprint,
  ) {
    this.scanner = new JsonScanner(LARGE_JSON_VALUES_MAX, { name: streamed.list, itemsMax: streamed.itemsMax });
  }

  /**
   * Reads the next bytes. They may end anywhere, also inside a character.
   * @throws Refusal as `JsonScanner` and `Utf8Decoder` do
   */
  write(bytes: Uint8Array): void {
    if (this.scanner.isFull) return;
    const text = this.decoder.decode(bytes);
    let from = 0;
    for (const cut of this.scanner.write(text)) {
      this.take(text.slice(from, cut));
      this.turn();
      from = cut;
    }
    this.take(text.slice(from));
    if (this.scanner.isFull) this.items = [];
  }

  /** @throws Refusal as `write` does, and `malformed-json` for an incomplete body */
  end(): this {
    if (this.scanner.isFull) return this;
    this.decoder.end();
    this.scanner.end();
    this.whole = JSON.parse(this.around);
    // Content without a canonical form is refused first, also in members beside the list, which are refused later.
    this.listFingerprint.check(this.whole);
    return this;
  }

  /**
   * The fingerprint that `fingerprintOf` returns for the body. Call it once. It does not cover members beside the list: a body with such
   * members is refused.
   * @throws Refusal `malformed-json` (400) for content that has no canonical form
   */
  fingerprint(): string {
    return this.listFingerprint.digest();
  }

  /**
   * The body as its class.
   * @throws Refusal as the validation at the edge does: `malformed-json` (400), `invalid-content` (422)
   */
  content(): object {
    const { body, list } = this.streamed;
    const all = this.errorsOfBody();
    // A list that is wrong as a whole gets that error alone, and no errors of its items.
    const isOfList = ({ pointer }: FieldError): boolean => pointer === `/${inPointer(list)}`;
    const ofList = this.errors.filter(isOfList).slice(0, 1);
    if (!all.some(isOfList)) all.push(...(ofList.length > 0 ? ofList : this.errors));
    if (all.length > 0) throw contentRefused(all);
    return Object.assign(new body(), { [list]: this.items });
  }

  private take(text: string): void {
    if (this.item === undefined) this.around += text;
    else this.item += text;
  }

  /** An item begins or ends. */
  private turn(): void {
    if (this.item === undefined) {
      this.around += '0';
      this.item = '';
      return;
    }
    const value: unknown = JSON.parse(this.item);
    this.item = undefined;
    this.takeItem(value);
  }

  private takeItem(value: unknown): void {
    const { errors } = this;
    const pointer = `/${inPointer(this.streamed.list)}/${this.count}`;
    this.count += 1;
    this.listFingerprint.add(value);
    if (errors.length >= FIELD_ERRORS_MAX) return;
    const checked = isPlainObject(value) ? this.checked(value, pointer) : this.checkedInBody(value, pointer);
    errors.push(...checked.errors.slice(0, FIELD_ERRORS_MAX));
    if (errors.length > 0) this.items = [];
    else this.items.push(checked.item);
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
    if (this.scanner.isFull) return this.errorsOf({ [this.streamed.list]: [] }, this.streamed.itemsMax + 1);
    if (!isPlainObject(this.whole)) throw notAnObject();
    return this.errorsOf(this.whole, this.count);
  }

  private errorsOf(whole: Record<string, unknown>, count: number): FieldError[] {
    const { body, list } = this.streamed;
    const checked = Array.isArray(whole[list])
      ? // Of the same length, and empty: the items have been checked, and the rules of the list ask for its length.
        Object.assign(new body(), whole, { [list]: new Array(count) })
      : plainToInstance(body, whole);
    return fieldErrors(validateSync(checked, VALIDATION));
  }
}

/** An item as its class. */
interface Checked {
  readonly item: unknown;
  readonly errors: readonly FieldError[];
}
