/** An entity tag of RFC 9110, 8.8.3: `"3"`, or `W/"3"`. */
export interface EntityTag {
  /** A proxy that recodes an answer (nginx with gzip) makes its tag weak: the bytes are others, the content is the same. */
  readonly isWeak: boolean;
  /** The text between the quotes. */
  readonly value: string;
}

/** One tag, with the comma or the end of the header that follows it. An empty element of the list is allowed (RFC 9110, 5.6.1). */
const ELEMENT = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)")?[ \t]*(?:,|$)/y;

/**
 * The tags of an `If-Match` or `If-None-Match`.
 * @returns `*` for any tag, undefined for a header that is not well formed
 */
export function parseEntityTags(header: string): readonly EntityTag[] | '*' | undefined {
  if (header.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  for (ELEMENT.lastIndex = 0; ELEMENT.lastIndex < header.length;) {
    const element = ELEMENT.exec(header);
    if (element === null) return undefined;
    const [, weak, value] = element;
    if (value !== undefined) tags.push({ isWeak: weak !== undefined, value });
  }
  return tags.length > 0 ? tags : undefined;
}

/** Strong comparison (RFC 9110, 8.8.3.2): the bytes are the same. For ranges. */
export const isSameStrongly = (one: EntityTag, other: EntityTag): boolean =>
  !one.isWeak && !other.isWeak && one.value === other.value;

/** Weak comparison (RFC 9110, 8.8.3.2): the content is the same. For `If-None-Match`. */
export const isSameWeakly = (one: EntityTag, other: EntityTag): boolean => one.value === other.value;

/**
 * Whether the caller holds the content already, so that the answer is 304. A header that is not well formed counts as none.
 * @param ifNoneMatch the header `If-None-Match`
 * @param tag the `ETag` of the answer, with its quotes
 */
export function isHeld(ifNoneMatch: string | undefined, tag: string): boolean {
  const held = ifNoneMatch === undefined ? undefined : parseEntityTags(ifNoneMatch);
  const [current] = parsedTag(tag);
  return held === '*' || (held?.some((one) => isSameWeakly(one, current)) ?? false);
}

/** The `ETag` of a record at a revision. */
export const revisionTag = (revision: number): string => `"${revision}"`;

const REVISION = /^(0|[1-9][0-9]{0,14})$/;

/**
 * The revision that an `If-Match` names; undefined for a header that is not exactly one tag of ours.
 *
 * A weak tag counts. RFC 9110, 13.1.1 wants the strong comparison, because two contents with one weak tag may differ. With our tags
 * they cannot: the value is the revision of the record, and the service sends no weak tag, so `W/"3"` is our `"3"` behind a proxy
 * that compressed the answer. Refused, every `If-Match` behind such a proxy would fail, and callers would leave it out.
 */
export function revisionOf(ifMatch: string): number | undefined {
  const tags = parseEntityTags(ifMatch);
  if (tags === undefined || tags === '*' || tags.length !== 1) return undefined;
  const [{ value } = { value: '' }] = tags;
  return REVISION.test(value) ? Number(value) : undefined;
}

function parsedTag(tag: string): readonly [EntityTag] {
  const tags = parseEntityTags(tag);
  const [first] = tags === undefined || tags === '*' ? [] : tags;
  if (first === undefined) throw new Error(`${tag} is no entity tag.`);
  return [first];
}
