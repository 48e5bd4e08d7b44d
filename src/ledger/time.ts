/** Milliseconds since the epoch, UTC. */
export type EpochMs = number;

export const MS_PER_HOUR = 3_600_000;
export const MS_PER_DAY = 86_400_000;

/** Canonical text of an instant: RFC 3339, UTC, `Z`, with milliseconds only where there are any. */
export function formatInstant(at: EpochMs): string {
  const text = new Date(at).toISOString();
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
}

/**
 * Reads an RFC 3339 instant or a date (its first instant, UTC). The edge has validated the text already.
 * @throws RangeError if the text is neither.
 */
export function parseInstant(text: string): EpochMs {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new RangeError(`"${text}" is not an instant.`);
  return at;
}

/** The UTC date of an instant, `YYYY-MM-DD`. */
export const dateOf = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);
