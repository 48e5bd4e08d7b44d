import { createHash } from 'node:crypto';
import { canonicalize } from '../canonical.js';
import type { Column } from './projection-statements.js';
import type { RowTexts } from './row-pages.js';

/**
 * SHA-256 over the rows of a view. It is the same on every machine, and for a view of no rows that of the empty text. The bytes are UTF-8,
 * one line a row, each ended by a line feed:
 *
 * - tables in the order in which the projection lists them; rows in the order of their `id`, where whole numbers are ordered by value, and
 *   all other ids by the bytes of their text;
 * - a line is the canonical JSON (RFC 8785) of `{"row":{...},"table":"..."}`, and `row` has a member for each column that is stored;
 * - SQL null is `null`, `boolean` is `true` or `false`, `jsonb` is its JSON value, and a value of any other type is the text that
 *   PostgreSQL writes for it with `datestyle` ISO and `timezone` UTC, e.g. `"42"` and `"2026-11-24 05:38:00.25+00"`.
 */
export class ViewDigest {
  private readonly hash = createHash('sha256');
  private count = 0;

  add(table: string, columns: readonly Column[], texts: RowTexts): void {
    const row = Object.fromEntries(columns.map(({ key, type }, at) => [key, valueOf(type, texts[at] ?? null)]));
    this.hash.update(`${canonicalize({ table, row })}\n`);
    this.count += 1;
  }

  get rows(): number {
    return this.count;
  }

  /** Hexadecimal. Nothing can be added afterwards. */
  sha256(): string {
    return this.hash.digest('hex');
  }
}

function valueOf(type: string, text: string | null): unknown {
  if (text === null) return null;
  if (type === 'boolean') return text === 't';
  return type === 'jsonb' ? JSON.parse(text) : text;
}
