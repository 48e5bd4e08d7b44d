import { JsonScanner } from './json-scanner.js';
import { Utf8Decoder, decodeUtf8 } from './utf8.js';

/** Values of a body, at all levels: lists, objects, texts, numbers and the rest. The largest body of a route has a thousand. */
export const JSON_VALUES_MAX = 10_000;
/** Values of a body that may hold thousands of records: 10,000 records of ten. */
export const LARGE_JSON_VALUES_MAX = 100_000;

/** A body of JSON that is read part by part, and becomes a value at its end. */
export class JsonText {
  private readonly decoder = new Utf8Decoder();
  private readonly scanner: JsonScanner;
  private readonly parts: string[] = [];

  /** @param valuesMax values of the body, at all levels */
  constructor(valuesMax: number) {
    this.scanner = new JsonScanner(valuesMax);
  }

  /** @throws Refusal as `JsonScanner` and `Utf8Decoder` do */
  write(bytes: Uint8Array): void {
    const text = this.decoder.decode(bytes);
    this.scanner.write(text);
    this.parts.push(text);
  }

  /** @throws Refusal as `write` does, and `malformed-json` for an incomplete body */
  end(): unknown {
    this.decoder.end();
    this.scanner.end();
    return JSON.parse(this.parts.join(''));
  }
}

/**
 * The value of a JSON text, which is exactly the value that was written.
 * @throws Refusal as `JsonText` does
 */
export function parseJson(bytes: Uint8Array, valuesMax = JSON_VALUES_MAX): unknown {
  const text = decodeUtf8(bytes);
  const scanner = new JsonScanner(valuesMax);
  scanner.write(text);
  scanner.end();
  return JSON.parse(text);
}

/** True for an object as `{...}` in JSON makes it, false for an instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
